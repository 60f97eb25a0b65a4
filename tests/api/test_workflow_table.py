"""Every cell of the life of a report and of a case through the API: allowed or refused as the table by hand says."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest

from app.adapters.keys import Keys
from app.dispatch.codes import Action, CaseState, ReportState
from tests.api import workflow_by_hand as by_hand
from tests.api.workflow_by_hand import Person, Row
from tests.api.workflow_scenes import BODIES, PEOPLE, WAYS, Json, Stage, Way, staged
from tests.towns import Town

ROWS = [(things, row) for things, (table, states) in by_hand.TABLES.items() for row in by_hand.rows(table, states)]
TAKEN = [(things, row) for things, row in ROWS if row.who != ("nobody",)]
WITH_TASK = {"verifying", "checking"}


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

    def fits(self, status: int, code: str | None) -> bool:
        """Tell whether an answer is what the table says."""
        by_contents = self.row.action in by_hand.BY_REQUEST and (status, code) == (422, "unknown_request")
        return status == self.expected or (self.expected == 409 and by_contents)

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


def ways(stage: Stage, things: str, row: Row) -> Iterator[tuple[str, Way]]:
    """Return how every possible cell is taken: the state, and the way."""
    for state in row.cells:
        if not row.to(state):
            continue
        told = (one for one in WAYS.get(row.action, ()) if (things, one.scene) in stage.scenes)
        found = [one for one in told if stage.scenes[things, one.scene].state == state]
        plain = Way(scene=state, to=row.to(state)[0])
        named = {one.to for one in found or [plain]}
        assert named == set(row.to(state)), f"{row.action} from {state}: the ways lead to {named}"
        yield from ((state, one) for one in found or [plain])


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
    leases = {(things, one) for things in by_hand.TABLES for one in by_hand.LEASES}
    orders = {("orders", one) for one in by_hand.ORDERS}
    assert found == {(things, row.action) for things, row in TAKEN} | leases | orders


each_row = pytest.mark.parametrize(
    ("things", "row"), TAKEN, ids=lambda one: one.action if isinstance(one, Row) else one
)


@each_row
async def test_what_is_refused_changes_nothing(stage: Stage, things: str, row: Row) -> None:
    before, wrong = await stage.versions(), []
    await stage.connection.rollback()
    for number, person in enumerate(PEOPLE):
        refused = [cell for state in row.cells if (cell := Cell(things, row, state, person)).expected != 200]
        if not refused:
            continue
        async with stage.undone():
            wrong += await _refused_together(stage, refused)
            if (number + len(row.action)) % 4 == 0:
                wrong += await _refused_alone(stage, refused[number % len(refused)])
            if await stage.versions() != before:
                wrong.append(f"{row.action} by {person.name}: something changed")
    assert not wrong, "\n".join(wrong)


async def _refused_together(stage: Stage, cells: list[Cell]) -> list[str]:
    row, things, person = cells[0].row, cells[0].things, cells[0].person
    scenes = [stage.scenes[things, cell.state] for cell in cells]
    body = {**stage.filled(BODIES[row.action], scenes[0]), "ids": [scene.id(things) for scene in scenes]}
    answer = await stage.post(person.name, f"{things}/actions/{row.action}", body)
    if answer.status_code != 200:
        return [f"{row.action} for many by {person.name}: {answer.status_code} {answer.text}"]
    return [
        f"{cell}: {one['status']}, not {cell.expected}"
        for cell, one in zip(cells, answer.json()["items"], strict=True)
        if not cell.fits(one["status"], (one["problem"] or {}).get("code"))
    ]


async def _refused_alone(stage: Stage, cell: Cell) -> list[str]:
    scene = stage.scenes[cell.things, cell.state]
    answer = await stage.act(cell.person, cell.things, cell.row.action, scene, BODIES[cell.row.action])
    problem = answer.json()
    if not cell.fits(answer.status_code, problem.get("code")):
        return [f"{cell}, alone: {answer.status_code}, not {cell.expected} {answer.text}"]
    if answer.status_code == 409 and (problem["code"], problem["state"]) != ("action_not_allowed", cell.state):
        return [f"{cell}, alone: {problem}"]
    return []


@each_row
async def test_what_is_allowed_leads_where_the_table_says(stage: Stage, things: str, row: Row) -> None:
    """Everybody takes all ways together that need the same body; the first of them takes each way alone, too."""
    wrong, found = [], list(ways(stage, things, row))
    for person in PEOPLE:
        mine = [(state, way) for state, way in found if _asked(Cell(things, row, state, person), way)]
        for body in {json.dumps(_body(stage, things, row, way)): None for _, way in mine}:
            same = [(state, way) for state, way in mine if json.dumps(_body(stage, things, row, way)) == body]
            async with stage.undone():
                wrong += await _together(stage, [(Cell(things, row, state, person), way) for state, way in same])
    for state, way in found:
        cells = (Cell(things, row, state, person) for person in PEOPLE)
        first = next(cell for cell in cells if _asked(cell, way) and _is_his(cell, way))
        async with stage.undone():
            wrong += await _alone(stage, first, way)
    assert not wrong, "\n".join(wrong)


def _asked(cell: Cell, way: Way) -> bool:
    return cell.expected == 200 and (not way.only or cell.person.name in way.only)


def _is_his(cell: Cell, way: Way) -> bool:
    return way.who is None or way.who in cell.person.posts


def _body(stage: Stage, things: str, row: Row, way: Way) -> Json:
    body = way.body if way.body is not None else BODIES[row.action]
    return stage.filled(body, stage.scenes[things, way.scene])


async def _together(stage: Stage, taken: list[tuple[Cell, Way]]) -> list[str]:
    cell, way = taken[0]
    ids = [stage.scenes[cell.things, one.scene].id(cell.things) for _, one in taken]
    body = {**_body(stage, cell.things, cell.row, way), "ids": ids}
    answer = await stage.post(cell.person.name, f"{cell.things}/actions/{cell.row.action}", body)
    if answer.status_code != 200:
        return [f"{cell} for many: {answer.status_code} {answer.text[:300]}"]
    after, wrong = await stage.states(), []
    for (each, one), subject, item in zip(taken, ids, answer.json()["items"], strict=True):
        status, to = (200, one.to) if _is_his(each, one) else (403, each.state)
        if (item["status"], after[subject]) != (status, to):
            wrong.append(f"{each} in {one.scene}: {item['status']} {after[subject]}, not {status} {to} {item}")
    return wrong


async def _alone(stage: Stage, cell: Cell, way: Way) -> list[str]:
    scene = stage.scenes[cell.things, way.scene]
    offered = await stage.offered(cell.person, cell.things, scene)
    wrong = [] if cell.row.action in offered else [f"{cell} in {way.scene}: not among what /actions offers"]
    body = way.body if way.body is not None else BODIES[cell.row.action]
    answer = await stage.act(cell.person, cell.things, cell.row.action, scene, body)
    if answer.status_code != 200 or answer.json()["state"] != way.to:
        wrong.append(f"{cell} in {way.scene}, alone: {answer.status_code}, not {way.to}: {answer.text[:300]}")
    return wrong


@pytest.mark.parametrize("things", ["reports", "cases"])
async def test_nothing_is_offered_that_the_table_refuses(stage: Stage, things: str) -> None:
    wrong = []
    rows = [row for of, row in TAKEN if of == things]
    for state in by_hand.TABLES[things][1].values():
        for person in PEOPLE:
            cells = [Cell(things, row, state, person) for row in rows]
            if cells[0].sees:
                offered = await stage.offered(person, things, stage.scenes[things, state])
                surplus = offered - {cell.row.action for cell in cells if cell.expected == 200} - set(by_hand.LEASES)
                wrong += [f"{things} {state} to {person.name}: {action}" for action in sorted(surplus)]
    await stage.connection.rollback()
    assert not wrong, "\n".join(wrong)


async def test_the_city_sees_what_a_town_has_and_leaves_it_alone(stage: Stage) -> None:
    """Remarks of those who oversee apart, every act of the city on a town's own case is 403."""
    wrong = []
    async with stage.undone():
        scene = await stage.town_case()
        before = await stage.versions()
        for person in (one for one in PEOPLE if one.name.endswith(("of the city", "another inspector"))):
            for row in (row for things, row in TAKEN if things == "cases"):
                if person.posts in {("admin",), ("data_officer",)}:
                    expected = 404
                elif row.who == ("seeing",) and person.posts[0] in by_hand.OVERSEEING:
                    continue
                else:
                    expected = 403
                answer = await stage.act(person, "cases", row.action, scene, BODIES[row.action])
                if answer.status_code != expected:
                    wrong.append(f"{row.action} by {person.name}: {answer.status_code}, not {expected}")
        assert await stage.versions() == before
        for post in by_hand.OVERSEEING:
            name = "another inspector" if post == "inspector" else f"{post} of the city"
            for action in ("urge", "note", "tag"):
                person = next(one for one in PEOPLE if one.name == name)
                answer = await stage.act(person, "cases", action, scene, BODIES[action])
                wrong += [] if answer.status_code == 200 else [f"{action} by {name}: {answer.text}"]
    assert not wrong, "\n".join(wrong)


ON: dict[str, dict[str, tuple[str, str]]] = {
    "reports": {
        "received": ("accept", "operator of the city"),
        "verifying": ("verify", "inspector with the task"),
        "accepted": ("file", "shift_lead of the city"),
    },
    "cases": {
        "filed": ("dispatch", "dispatcher of the city"),
        "dispatched": ("dispose", "unit above"),
        "suspended": ("resume", "shift_lead of the city"),
        "disposed": ("send_check", "operator of the city"),
        "checking": ("check", "inspector with the task"),
        "checked": ("close", "shift_lead of the city"),
    },
}
"""From every open state one act that leads on, and who takes it."""
LEADING: dict[str, Json] = {
    "send_check": {"inspector": "@tasked"},
    "dispatch": {"unit_code": "E", "reason_code": "local_knowledge"},
}
"""What is sent with it, where that is not the plain body."""
BEFORE = {
    ("given", "dispose"): (("unit above", "return_sub"),),
    ("read_first", "close"): (("operator of the city", "approve_answer"),),
}
"""What must be done before, by the scene's first words and the act."""


@pytest.mark.parametrize("things", ["reports", "cases"])
async def test_every_scene_can_be_brought_to_an_end(stage: Stage, things: str) -> None:
    """Nothing is a trap, whatever lies behind it: from every open scene the plain acts lead to an end."""
    people, stuck = {one.name: one for one in PEOPLE}, []
    for (of, name), scene in stage.scenes.items():
        if of != things or scene.state not in ON[things]:
            continue
        async with stage.undone():
            path = [scene.state]
            while path[-1] in ON[things] and len(path) < 9:
                action, who = ON[things][path[-1]]
                for before, first in BEFORE.get((name.rsplit("_", 1)[0], action), ()):
                    done = await stage.act(people[before], things, first, scene, BODIES[first])
                    assert done.status_code == 200, done.text
                answer = await stage.act(people[who], things, action, scene, LEADING.get(action, BODIES[action]))
                path.append(answer.json().get("state", "") if answer.status_code == 200 else answer.text[:200])
            if path[-1] not in {"filed", "closed"}:
                stuck.append(f"{things} {name}: {' > '.join(path)}")
    assert not stuck, "\n".join(stuck)
