from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.dispatch import figures
from app.dispatch.counts import COUNTS, TIMES, Count, Counted
from app.dispatch.figure_codes import ClockKind
from app.dispatch.figures import Key, Question, Thing
from app.dispatch.tallies import add_up
from app.repositories import stats_terms
from app.repositories.stats import Stats
from tests.dispatch.facts_drawn import Facts, facts, first_known, last_known, questions
from tests.repositories.facts_stored import case_no, cases_of, store

# the factory is shared on purpose: every example rolls its own session back
with_database = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

Sessions = async_sessionmaker[AsyncSession]


def _fresh(drawn: Facts, question: Question) -> list[Thing]:
    return [thing for thing in drawn.things if last_known(thing) <= question.as_of]


def _stale(drawn: Facts, question: Question, of: Counted) -> set[tuple[UUID, int]]:
    things: list[Thing] = [*drawn.reports] if of is Counted.REPORT else [*drawn.rounds]
    return {figures.subject_of(thing) for thing in things if first_known(thing) <= question.as_of < last_known(thing)}


@with_database
@given(drawn=facts(), question=questions())
async def test_sums_in_sql_are_the_sums_by_hand(sessions: Sessions, drawn: Facts, question: Question) -> None:
    async with sessions() as session:
        await store(session, drawn)
        sums = {of: await Stats(session).sums(of, question) for of in Counted}
        stale = {of: await Stats(session).stale(of, question) for of in Counted}
        await session.rollback()
    assert add_up(*(one.rows for one in sums.values())) == figures.tally(_fresh(drawn, question), question)
    assert {of: one.stale for of, one in sums.items()} == {of: _stale(drawn, question, of) for of in Counted}
    assert stale[Counted.ROUND] == sums[Counted.ROUND].stale
    assert stale[Counted.LEG] == sums[Counted.LEG].stale
    assert stale[Counted.REPORT] == sums[Counted.REPORT].stale


@with_database
@given(drawn=facts(), question=questions(), names=st.lists(st.sampled_from(COUNTS), min_size=4, max_size=8))
async def test_pages_hold_in_order_exactly_what_is_counted(
    sessions: Sessions, drawn: Facts, question: Question, names: list[Count]
) -> None:
    async with sessions() as session:
        await store(session, drawn)
        for count in (name.under(question.clock) for name in names):
            listed = await _all_pages(Stats(session), count, question)
            expected = [
                thing
                for thing in _fresh(drawn, question)
                if figures.counted_as(thing) is count.of
                if figures.seen(thing, question) and figures.applies(count, thing, question)
            ]
            assert listed == sorted(expected, key=lambda thing: figures.key_of(thing, count))
        await session.rollback()


async def _all_pages(stats: Stats, count: Count, question: Question) -> list[Thing]:
    listed: list[Thing] = []
    after: Key | None = None
    while page := await stats.page(count, question, after, limit=2):
        listed += page
        after = figures.key_of(page[-1], count)
    return listed


@with_database
@given(drawn=facts())
async def test_case_numbers_are_found_at_once(sessions: Sessions, drawn: Facts) -> None:
    ids = list(cases_of(drawn))
    async with sessions() as session:
        await store(session, drawn)
        assert await Stats(session).case_numbers(ids) == {case_id: case_no(case_id) for case_id in ids}
        await session.rollback()


@pytest.mark.parametrize("count", COUNTS, ids=lambda count: count.name)
def test_every_count_stands_on_columns_that_exist(count: Count) -> None:
    for clock in ClockKind:
        under = count.under(clock)
        for name in (under.at, *(flag.column for flag in under.flags)):
            assert stats_terms.column(under.of, name) is not None, name


@pytest.mark.parametrize("name", TIMES.values())
def test_how_often_stands_on_columns_of_rounds(name: str) -> None:
    assert stats_terms.column(Counted.ROUND, name) is not None
