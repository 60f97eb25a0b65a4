"""Schedules that fall due while somebody else is changing the plan: the order of the plan is that of time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

import pytest
from sqlalchemy import func, select, text
from uuid_utils.compat import uuid7

from app.dispatch.access import Actor, Appointment
from app.dispatch.codes import Post, Scope
from app.dispatch.errors import Conflict
from app.dispatch.ruling import RulingWanted
from app.dispatch.set_codes import SetKind, SetState
from app.models.activations import BookChange
from app.models.sets import BookVersion, DataSet
from app.repositories.engine import open_engine, open_sessions
from app.repositories.plans import PlanRepository
from app.repositories.sets import SetRepository
from app.services.books import Books
from app.services.rulings import Rulings
from app.services.sets import Sets, Wanted
from app.services.transaction import Sessions
from tests.partners_stored import Clock
from tests.sets_stored import rule, store_draft
from tests.small_city import SINCE, UNIT_EAST, UNIT_TOP, store_small_city
from tests.towns import Town

T = TypeVar("T")
HOUR = timedelta(hours=1)
_WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
ADMIN = Actor(account_id=uuid7(), username="a", name="甲", appointments=(Appointment(post=Post.ADMIN, desk="city"),))


@pytest.fixture
async def committed(fresh_city: Town) -> AsyncIterator[Sessions]:
    engine = open_engine(fresh_city.app_url)
    found = open_sessions(engine)
    async with found() as session:
        empty = await SetRepository(session).book_number() == 0
    if empty:
        await store_small_city(found)
    yield found
    await engine.dispose()


@pytest.fixture
async def clock(committed: Sessions) -> Clock:
    """Stand an hour behind everything that has happened to the city, or was going to."""
    async with committed() as session:
        return Clock((await session.scalar(select(func.max(DataSet.active_from))) or SINCE) + HOUR)


@pytest.fixture
async def sets(committed: Sessions, clock: Clock) -> Sets:
    books = Books(committed, now=clock)
    await books.refresh()
    return Sets(committed, books, clock)


async def _scheduled(sessions: Sessions, sets: Sets, clock: Clock) -> UUID:
    """Let other rules begin in an hour."""
    draft = await store_draft(sessions, SetKind.RULES, [rule("planned", UNIT_TOP)])
    await sets.activate(Wanted(ids=(draft,), since=clock.at + HOUR), None)
    return draft


async def _behind_the_lock(sessions: Sessions, clock: Clock, wanted: Awaitable[T]) -> T:
    """Await what waits for the plan while an hour and a half passes."""
    async with sessions() as session:
        await session.execute(select(BookVersion).with_for_update())
        task = asyncio.ensure_future(wanted)
        async with sessions() as watch:
            while not await watch.scalar(_WAITING):
                await watch.rollback()  # within a transaction the answer stays what it was
                assert not task.done(), task
                await asyncio.sleep(0.01)
        clock.at += 1.5 * HOUR
        await session.rollback()
    return await task


async def _begun(sessions: Sessions, clock: Clock) -> Sequence[BookChange]:
    """Record what has begun; return the changes of the book in the order of their numbers."""
    async with sessions() as session:
        await PlanRepository(session).begin_due(clock.at)
        await session.commit()
        return (await session.scalars(select(BookChange).order_by(BookChange.number))).all()


async def test_what_is_activated_after_a_schedule_fell_due_comes_after_it(
    committed: Sessions, sets: Sets, clock: Clock
) -> None:
    planned = await _scheduled(committed, sets, clock)
    now = await store_draft(committed, SetKind.RULES, [rule("now", UNIT_EAST)])
    await _behind_the_lock(committed, clock, sets.activate(Wanted(ids=(now,)), None))
    changes = await _begun(committed, clock)
    assert [one.effective_from for one in changes] == sorted(one.effective_from for one in changes)
    async with committed() as session:
        first, last = await session.get_one(DataSet, planned), await session.get_one(DataSet, now)
    assert (first.state, last.state) == (SetState.SUPERSEDED, SetState.ACTIVE)
    assert (first.active_to, last.active_to) == (last.active_from, None)


async def test_what_is_ruled_after_a_schedule_fell_due_comes_after_it(
    committed: Sessions, sets: Sets, clock: Clock
) -> None:
    await _scheduled(committed, sets, clock)
    rulings = Rulings(committed, Books(committed, now=clock), clock)
    ruled = RulingWanted(unit_code=UNIT_TOP, scope=Scope.CITY)
    row = await _behind_the_lock(committed, clock, rulings.record(ruled, by=None))
    changes = await _begun(committed, clock)
    assert [one.effective_from for one in changes] == sorted(one.effective_from for one in changes)
    assert row.recorded_at == changes[-1].effective_from == clock.at


async def test_a_schedule_whose_instant_has_come_stays(committed: Sessions, sets: Sets, clock: Clock) -> None:
    planned = await _scheduled(committed, sets, clock)
    clock.at += HOUR
    with pytest.raises(Conflict) as refused:
        await sets.discard(planned, ADMIN)
    assert refused.value.code == "set_in_use"


async def test_nobody_need_have_recorded_that_a_schedule_began(committed: Sessions, sets: Sets, clock: Clock) -> None:
    planned = await _scheduled(committed, sets, clock)
    now = await store_draft(committed, SetKind.RULES, [rule("now", UNIT_EAST)])
    clock.at += 2 * HOUR
    done = await sets.activate(Wanted(ids=(now,)), None)
    async with committed() as session:
        assert (await session.get_one(DataSet, planned)).active_to == done.activation.active_from
