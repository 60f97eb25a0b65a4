"""A new grid comes into force: open cases are located anew once, closed ones keep theirs, figures follow."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from app.adapters.keys import Keys
from app.dispatch import commands
from app.dispatch.codes import Action, Kind, Post
from app.dispatch.policies import DEFAULTS
from app.dispatch.set_codes import SetKind
from app.models.cases import Case
from app.models.facts import RoundFactsRow
from app.models.history import HistoryRow
from app.repositories.sets import SetRepository
from app.services.acts import Act, Done
from app.services.audit import Audit
from app.services.books import Books
from app.services.held import ENDED
from app.services.relocations import Plays, Relocations
from app.services.transaction import writing
from tests.hotline_city import PLACE, City, open_city
from tests.sets_stored import store_draft, two_cells
from tests.small_city import WEST, WEST_CELL
from tests.towns import Town

NEW_CELL = f"{WEST}001009"


@pytest.fixture
async def city(fresh_city: Town, keys: Keys, tmp_path: Path) -> AsyncIterator[City]:
    async with open_city(fresh_city, keys, tmp_path) as opened:
        yield opened


def relocations(city: City, acts: Plays | None = None) -> Relocations:
    books = Books(city.sessions, now=city.clock)
    return Relocations(city.sessions, books, acts or city.acts, DEFAULTS, city.clock, at_once=2)


async def new_grid(city: City, rows: Sequence[dict[str, object]]) -> None:
    """Put other cells in force now."""
    draft = await store_draft(city.sessions, SetKind.CELLS, rows)
    city.clock.pass_by(seconds=1)
    async with writing(city.sessions) as session:
        await SetRepository(session).activate([draft], city.clock.at)


async def opened(city: City, order_no: str) -> UUID:
    taken = await city.say(order_no, content="工地扬尘", location=PLACE)
    case = await city.file(taken.report_id)
    return case.id


async def case(city: City, case_id: UUID) -> Case:
    async with city.sessions() as session:
        return (await session.scalars(select(Case).where(Case.id == case_id))).one()


async def moves(city: City, case_id: UUID) -> list[HistoryRow]:
    async with city.sessions() as session:
        query = select(HistoryRow).where(HistoryRow.subject_id == case_id, HistoryRow.action == Action.RELOCATE)
        return list(await session.scalars(query))


async def rounds(city: City, case_id: UUID) -> list[str | None]:
    async with city.sessions() as session:
        query = select(RoundFactsRow.cell_code).where(RoundFactsRow.case_id == case_id).order_by(RoundFactsRow.round)
        return list(await session.scalars(query))


async def is_whole(city: City) -> bool:
    audit = Audit(city.sessions)
    chains, facts = await audit.verify(lambda _: None), await audit.facts(lambda _: None)
    return (chains.wrong, facts.wrong) == (0, 0)


@dataclass(slots=True)
class Killed(Plays):
    """Take steps up to the batch that moves one case, then die before anything is noted."""

    of: Plays
    case_id: UUID

    async def play(self, acts: Sequence[Act]) -> list[Done]:
        done = await self.of.play(acts)
        if any(act.subject_id == self.case_id for act in acts):
            raise InterruptedError
        return done


async def test_open_cases_move_once_and_closed_ones_stay(city: City) -> None:
    cases = [await opened(city, f"A{number}") for number in range(5)]
    await city.on_case(cases[1], commands.Dispatch(), commands.Sign())
    await city.close(cases[2])
    await city.close(cases[3])
    await city.on_case(cases[3], commands.Reopen(reason_code="dissatisfied"))
    units = {one: (await case(city, one)).unit_code for one in cases}
    assert {(await case(city, one)).cell_code for one in cases} == {WEST_CELL}
    waiting = await city.say("late", content="工地扬尘", location=PLACE)
    await city.on_report(waiting.report_id, commands.Accept(kind=Kind.EVENT, category="0305"))
    async with writing(city.sessions) as slow:  # decided on the old ground, committed after all was looked at
        wanted = commands.File(cases=(commands.CaseWanted(condition=1),))
        await city.reports.act_within(slow, waiting.report_id, wanted, post=Post.OPERATOR)
        await new_grid(city, two_cells())
        assert await relocations(city).look() == 4
    assert [(await case(city, one)).cell_code for one in cases] == [NEW_CELL, NEW_CELL, WEST_CELL, NEW_CELL, NEW_CELL]
    assert {one: (await case(city, one)).unit_code for one in cases} == units
    (step,) = await moves(city, cases[0])
    assert (step.post, step.policy, step.actor_id) == (Post.POLICY, "relocate", None)
    assert step.payload["spot"]["cell_code"] == NEW_CELL
    assert step.payload["versions"]["cells"] == 2
    assert await moves(city, cases[2]) == []
    assert await rounds(city, cases[3]) == [WEST_CELL, NEW_CELL]
    assert await is_whole(city)

    late = await city.case_of(waiting.report_id)
    assert late.cell_code == WEST_CELL
    city.clock.pass_by(minutes=5)
    assert await relocations(city).look() == 1
    assert (await case(city, late.id)).cell_code == NEW_CELL
    assert await relocations(city).look() == 0
    assert [len(await moves(city, one)) for one in cases] == [1, 1, 0, 1, 1]
    assert await is_whole(city)


async def test_a_kill_between_two_batches_repeats_nothing(city: City) -> None:
    cases = [await opened(city, f"B{number}") for number in range(5)]
    await new_grid(city, [{**row, "code": f"{str(row['code'])[:12]}077"} for row in two_cells()])
    killed = Killed(city.acts, cases[1])
    with pytest.raises(InterruptedError):
        await relocations(city, killed).look()
    assert 0 < sum([bool(await moves(city, one)) for one in cases]) < len(cases)
    await relocations(city).look()
    city.clock.at += timedelta(minutes=5)
    await relocations(city).look()
    assert [len(await moves(city, one)) for one in cases] == [1] * len(cases)
    assert {(await case(city, one)).cell_code for one in cases} == {f"{WEST}001077"}
    assert await is_whole(city)


@dataclass(slots=True)
class Overtaken(Plays):
    """Take the first steps only after another grid came into force, and another worker moved every case to it."""

    city: City
    newer: Sequence[dict[str, object]]
    overtaken: bool = False

    async def play(self, acts: Sequence[Act]) -> list[Done]:
        if not self.overtaken:
            self.overtaken = True
            await new_grid(self.city, self.newer)
            await relocations(self.city).look()
        return await self.city.acts.play(acts)


async def test_who_was_overtaken_by_a_newer_grid_moves_nothing_back(city: City) -> None:
    await opened(city, "overtaken")
    older, newer = ([{**row, "code": f"{str(row['code'])[:12]}{end}"} for row in two_cells()] for end in ("011", "088"))
    await new_grid(city, older)
    slow = Overtaken(city, newer)
    await relocations(city, slow).look()
    assert slow.overtaken
    async with city.sessions() as session:
        codes = await session.scalars(select(Case.cell_code).where(Case.state.not_in(ENDED)))
        assert set(codes) == {f"{WEST}001088"}
    assert await is_whole(city)
