"""Every cell of the life of a report and of a case through the API: allowed or refused as the table by hand says."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest

from app.adapters.keys import Keys
from app.dispatch.codes import Action, CaseState, ReportState
from tests.api import workflow_by_hand as by_hand
from tests.api.workflow_by_hand import Person, Row
from tests.api.workflow_scenes import BODIES, PEOPLE, SCENES, WAYS, Json, Scene, Stage, Way, staged
from tests.towns import Town

ROWS = [(things, row) for things, (table, states) in by_hand.TABLES.items() for row in by_hand.rows(table, states)]
TAKEN = [(things, row) for things, row in ROWS if row.who != ("nobody",)]
WITH_TASK = {"verifying", "checking", "checking_gone"}


@pytest.fixture(scope="module")
async def stage(fresh_city: Town, keys: Keys, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with staged(fresh_city, keys, tmp_path_factory.mktemp("home")) as ready:
        yield ready


@dataclass(frozen=True, slots=True)
class Cell:
    """What the table says of one person, one action, one state."""

    things: str
    row: Row
    state: str
    person: Person

    @property
    def expected(self) -> int:
        """Return the status: out of sight before never his, never his before not now."""
        if not self.sees:
            return 404
        if not self.may:
            return 403
        return 200 if self.row.to(self.state) else 409

    @property
    def sees(self) -> bool:
        thing, task = self.things.removesuffix("s"), self.state in WITH_TASK
        return self.person.sees(thing, task=task, worked=self.state != "filed")

    @property
    def may(self) -> bool:
        held = self.person.tokens(task=self.state in WITH_TASK) | ({"seeing"} if self.sees else set())
        return not held.isdisjoint(self.row.who)

    def __str__(self) -> str:
        return f"{self.things} {self.state} {self.row.action} by {self.person.name}"


def ways(things: str, row: Row) -> Iterator[tuple[str, Way]]:
    """Return how every possible cell is taken: the state, and the way."""
    scenes = SCENES[things]
    for state in row.cells:
        if not row.to(state):
            continue
        found = [one for one in WAYS.get(row.action, ()) if _state(one.scene) == state]
        assert all(one.scene in scenes for one in found)
        plain = Way(scene=state, to=row.to(state)[0])
        named = {one.to for one in found} if found else {plain.to}
        assert named == set(row.to(state)), f"{row.action} from {state}: the ways lead to {named}"
        yield from ((state, one) for one in found or [plain])


def _state(scene: str) -> str:
    return {"asked": "dispatched", "checking": "checking"}.get(scene.split("_", maxsplit=1)[0], scene)


def test_the_table_lists_every_action_and_every_state() -> None:
    assert {row.action for _, row in ROWS} == {action.value for action in Action}
    assert set(by_hand.REPORT_STATES.values()) == set(ReportState)
    assert set(by_hand.CASE_STATES.values()) == set(CaseState)
    assert all(set(row.cells) == set(by_hand.TABLES[things][1].values()) for things, row in ROWS)


async def test_the_table_lists_every_route(stage: Stage) -> None:
    routes = (await stage.client.get("/openapi.json")).json()["paths"]
    found = set()
    for path in routes:
        before, actions, action = path.removeprefix("/api/v1/").partition("/actions/")
        if actions:
            found.add((before.split("/")[0], action))
    assert found == {(things, row.action) for things, row in TAKEN}


@pytest.mark.parametrize(("things", "row"), TAKEN, ids=lambda one: one.action if isinstance(one, Row) else one)
async def test_what_is_refused_changes_nothing(stage: Stage, things: str, row: Row) -> None:
    before, wrong = await stage.versions(), []
    await stage.connection.rollback()
    for person in PEOPLE:
        cells = [Cell(things, row, state, person) for state in row.cells]
        refused = [cell for cell in cells if cell.expected != 200]
        async with stage.undone():
            wrong += await _refused_together(stage, refused)
            if refused:
                wrong += await _refused_alone(stage, refused[len(person.name) % len(refused)])
            if await stage.versions() != before:
                wrong.append(f"{row.action} by {person.name}: something changed")
    assert not wrong, "\n".join(wrong)


async def _refused_together(stage: Stage, cells: list[Cell]) -> list[str]:
    if not cells:
        return []
    row, things, person = cells[0].row, cells[0].things, cells[0].person
    scenes = [stage.scenes[things, cell.state] for cell in cells]
    body = {**stage.filled(BODIES[row.action], scenes[0]), "ids": [scene.id(things) for scene in scenes]}
    answer = await stage.post(person.name, f"{things}/actions/{row.action}", body)
    if answer.status_code != 200:
        return [f"{row.action} for many by {person.name}: {answer.status_code} {answer.text}"]
    return [
        f"{cell}: {one['status']}, not {cell.expected}"
        for cell, one in zip(cells, answer.json()["items"], strict=True)
        if one["status"] != cell.expected
    ]


async def _refused_alone(stage: Stage, cell: Cell) -> list[str]:
    scene = stage.scenes[cell.things, cell.state]
    answer = await stage.act(cell.person, cell.things, cell.row.action, scene, BODIES[cell.row.action])
    if answer.status_code != cell.expected:
        return [f"{cell}, alone: {answer.status_code}, not {cell.expected} {answer.text}"]
    problem = answer.json()
    if cell.expected == 409 and (problem["code"], problem["state"]) != ("action_not_allowed", cell.state):
        return [f"{cell}, alone: {problem}"]
    return []


@pytest.mark.parametrize(("things", "row"), TAKEN, ids=lambda one: one.action if isinstance(one, Row) else one)
async def test_what_is_allowed_leads_where_the_table_says(stage: Stage, things: str, row: Row) -> None:
    wrong = []
    for state, way in ways(things, row):
        scene = stage.scenes[things, way.scene]
        for person in PEOPLE:
            cell = Cell(things, row, state, person)
            if cell.expected == 200:
                async with stage.undone():
                    wrong += await _allowed(stage, cell, way, scene)
    assert not wrong, "\n".join(wrong)


async def _allowed(stage: Stage, cell: Cell, way: Way, scene: Scene) -> list[str]:
    body: Json = way.body if way.body is not None else BODIES[cell.row.action]
    offered = {
        one["action"]
        for one in (
            await stage.client.get(
                f"/api/v1/{cell.things}/{scene.id(cell.things)}/actions", headers=stage.headers[cell.person.name]
            )
        ).json()["items"]
    }
    answer = await stage.act(cell.person, cell.things, cell.row.action, scene, body)
    mine = way.who is None or way.who in cell.person.posts
    if not mine:
        return [] if answer.status_code == 403 else [f"{cell} in {way.scene}: {answer.status_code}, not 403"]
    if answer.status_code != 200 or answer.json()["state"] != way.to:
        return [f"{cell} in {way.scene}: {answer.status_code}, not {way.to}: {answer.text[:300]}"]
    return [] if cell.row.action in offered else [f"{cell} in {way.scene}: not among what /actions offers"]
