"""Every process goes by a new row at once: hinted, looked up once a second, and inside each writing transaction."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from uuid_utils.compat import uuid7

from app.adapters.keys import Keys
from app.dispatch.access import Actor, Appointment
from app.dispatch.codes import Post, Source
from app.dispatch.errors import Conflict
from app.dispatch.policy_book import CITY, Selectors
from app.dispatch.policy_rows import PolicyWanted
from app.models.policies import PolicyRecord
from app.repositories.engine import open_engine, open_sessions
from app.repositories.hints import Hints
from app.repositories.sets import SetRepository
from app.repositories.work import WorkRepository
from app.services.books import Books
from app.services.policies import PolicyService
from app.services.timers import LEASE, Timers
from app.services.transaction import reading, writing
from tests.hotline_city import PLACE, open_city
from tests.small_city import store_small_city
from tests.towns import Town

ADMIN = Actor(account_id=uuid7(), username="a", name="a", appointments=(Appointment(post=Post.ADMIN, desk="city"),))
HOTLINE: Final = Source.HOTLINE_12345
HANGS_AFTER_S: Final = 20.0
"""A process looks once a second; this only keeps a test that fails from hanging."""


def _now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
async def processes(fresh_city: Town) -> AsyncIterator[list[Books]]:
    """Return the books of three processes, each with connections of its own: one writes, two follow."""
    async with AsyncExitStack() as stack:
        found = []
        for number in range(3):
            engine = open_engine(fresh_city.app_url)
            stack.push_async_callback(engine.dispose)
            sessions = open_sessions(engine)
            async with sessions() as session:
                empty = await SetRepository(session).book_number() == 0
            if empty:
                await store_small_city(sessions)
            books = await stack.enter_async_context(Books(sessions))
            if number != 1:  # the second one hears no hints, as a process whose listening connection is cut
                await stack.enter_async_context(Hints(engine).heard(books.hint))
            found.append(books)
        yield found


async def _until(books: Books, wanted: bool) -> None:  # noqa: FBT001  # the value itself
    while books.current.city_policies(_now()).auto_close is not wanted:  # noqa: ASYNC110  # nothing tells when it changed
        await asyncio.sleep(0.01)


async def test_two_workers_follow_a_row_and_its_end(processes: list[Books], fresh_city: Town) -> None:
    writer, *others = processes
    engine = open_engine(fresh_city.app_url)
    service = PolicyService(open_sessions(engine), writer, _now)
    row = await service.add(PolicyWanted(policy="auto_close", value=True, selectors=Selectors(), reason="x"), ADMIN)
    async with asyncio.timeout(HANGS_AFTER_S):
        await asyncio.gather(*(_until(books, True) for books in others))
    assert len({books.current.number for books in processes}) == 1
    await service.end(row.id, ADMIN, "over")
    async with asyncio.timeout(HANGS_AFTER_S):
        await asyncio.gather(*(_until(books, False) for books in others))
    await engine.dispose()


async def test_of_two_who_lay_down_otherwise_at_the_same_time_one_wins(fresh_city: Town) -> None:
    engine = open_engine(fresh_city.app_url)
    sessions = open_sessions(engine)
    async with sessions() as session:
        if await SetRepository(session).book_number() == 0:
            await store_small_city(sessions)
    service = PolicyService(sessions, Books(sessions), _now)
    rows = [PolicyWanted(policy="desk_check", value=bool(n % 2), selectors=Selectors(), reason="x") for n in range(8)]
    done = await asyncio.gather(*(service.add(one, ADMIN) for one in rows), return_exceptions=True)
    laid = [one for one in done if isinstance(one, PolicyRecord)]
    assert {one.value for one in laid} in ({True}, {False})
    assert len(laid) == len(rows) / 2  # the same once more is no contradiction
    assert all(isinstance(one, Conflict) for one in done if one not in laid)
    for one in laid:
        await service.end(one.id, ADMIN, None)
    await engine.dispose()


async def test_what_policy_accepts_is_accepted_once_by_whoever_looks_and_never_lost(
    fresh_city: Town, keys: Keys, tmp_path: Path
) -> None:
    async with open_city(fresh_city, keys, tmp_path) as city:
        service = PolicyService(city.sessions, Books(city.sessions), city.clock)
        wanted = PolicyWanted(policy="auto_accept", value=True, selectors=Selectors(source=HOTLINE), reason="x")
        row = await service.add(wanted, ADMIN)
        city.clock.at = row.valid_from + timedelta(seconds=1)
        said: dict[str, Any] = {"content": "x", "location": PLACE, "kind": "event", "category": "0305"}
        clear = [(await city.say(f"P{number}", **said)).report_id for number in range(3)]
        unclear = (await city.say("P9", content="x")).report_id
        await service.end(row.id, ADMIN, None)
        async with writing(city.sessions) as session:  # a worker takes them and dies
            assert len(await WorkRepository(session).lease_timers(city.clock.at, LEASE, 50)) == len(clear)
        await city.timers.fire_due()
        assert await city.steps(clear[0]) == ["receive"]
        city.clock.at += LEASE + timedelta(seconds=1)
        others = [Timers(city.sessions, city.acts, city.clock) for _ in range(4)]
        await asyncio.gather(*(one.fire_due() for one in others))
        assert [await city.steps(one) for one in clear] == [["receive", "accept"]] * 3
        assert await city.steps(unclear) == ["receive"]
        city.clock.at += LEASE + timedelta(seconds=1)
        await city.timers.fire_due()
        assert [len(await city.steps(one)) for one in clear] == [2, 2, 2]


async def test_a_writing_transaction_follows_before_it_decides_and_the_past_keeps_what_held_then(
    fresh_city: Town,
) -> None:
    engine = open_engine(fresh_city.app_url)
    sessions = open_sessions(engine)
    async with sessions() as session:
        if await SetRepository(session).book_number() == 0:
            await store_small_city(sessions)
    worker, writer = Books(sessions), Books(sessions)  # neither looks by itself
    for books in (worker, writer):
        await books.refresh()
    service, earlier = PolicyService(sessions, writer, _now), _now()
    wanted = PolicyWanted(
        policy="redo_limit", value={"value": 9, "unit": "work_day"}, selectors=Selectors(), reason="x"
    )
    row = await service.add(wanted, ADMIN)
    assert str(row.id) not in {one.id for one in worker.current.policies.rows}
    async with reading(sessions) as session:
        book = await worker.agreed(session)
        assert book.city_policies(_now()).redo_limit.value == 9
    then = _now()
    await service.end(row.id, ADMIN, None)
    async with reading(sessions) as session:
        now_held = (await worker.agreed(session)).policies.of(CITY, _now()).redo_limit.value
        held_then = (await worker.at(session, then)).book.city_policies(then).redo_limit.value
        assert (held_then, now_held) == (9, 3)
        known = [(await worker.at(session, at)).book for at in (earlier, then)]
        assert [str(row.id) in {one.id for one in book.policies.rows} for book in known] == [False, True]
        assert known[0].number < known[1].number < worker.current.number
    await engine.dispose()
