"""Single reports that come at once: stored in common, answered each, and nobody suffers for another."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app.adapters.keys import Keys
from app.dispatch.arrival import Arrival, Reporter
from app.dispatch.codes import Kind, LocationFrom, Post, Source
from app.dispatch.errors import ClientIdTaken, GridcaseError, IdempotencyMismatch, Unavailable
from app.dispatch.points import Point
from app.main import wire
from app.models.facts import ReportFactsRow
from app.models.history import HistoryRow
from app.models.reports import MediaUse, Report, VaultItem
from app.models.work import IdempotencyKey
from app.repositories.engine import open_engine, open_sessions
from app.repositories.sets import SetRepository
from app.services.arrivals import Incoming, Received
from app.services.audit import Audit
from app.services.grouping import Grouped
from app.services.idempotency import KeyUse
from app.services.intake import Intake
from app.services.ledger import Acting
from app.services.report_queries import ReportQueries
from app.services.singles import Singles
from app.services.transaction import Sessions
from tests.small_city import IN_WEST, store_small_city
from tests.towns import Town

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
POISON = "有\x00毒"
"""PostgreSQL holds no NUL in a text."""


@dataclass(slots=True)
class Desk:
    """The intake over a database in which things are committed, and how often that happened."""

    intake: Intake
    queries: ReportQueries
    sessions: Sessions
    commits: int = 0

    async def count(self, table: type, *where: object) -> int:
        async with self.sessions() as session:
            query = select(func.count()).select_from(table)
            return (await session.execute(query.where(*where))).scalar_one()  # type: ignore[arg-type]


@pytest.fixture
async def desk(fresh_city: Town, keys: Keys, tmp_path: Path) -> AsyncIterator[Desk]:
    engine = open_engine(fresh_city.app_url)
    sessions = open_sessions(engine)
    async with sessions() as session:
        empty = await SetRepository(session).book_number() == 0
    if empty:
        await store_small_city(sessions)
    wired = wire(fresh_city.settings(tmp_path), sessions, keys, now=lambda: NOW)
    await wired.books.refresh()
    queries = ReportQueries(sessions, wired.books, wired.vault, wired.now)
    desk = Desk(intake=wired.intake, queries=queries, sessions=sessions)

    def count(_: object) -> None:
        desk.commits += 1

    event.listen(engine.sync_engine, "commit", count)
    yield desk
    await wired.intake.drain()
    await engine.dispose()


def _one(description: str = "路面有渣土", **given: object) -> Incoming:
    lon, lat = IN_WEST
    point = Point(lon=lon, lat=lat, raw_lon=lon, raw_lat=lat, datum="cgcs2000", located_from=LocationFrom.DEVICE)
    arrival = Arrival(
        id=uuid7(),
        source=Source.CITIZEN,
        description=description,
        kind=Kind.EVENT,
        category="0305",
        point=point,
        reporter=Reporter(name="张三", phone="13800001234"),
        body_digest=description.encode(),
    )
    return Incoming(arrival=replace(arrival, **given), acting=Acting(now=NOW, post=Post.CITIZEN))  # type: ignore[arg-type]


def _key(key: str, body: bytes = b"body") -> KeyUse:
    return KeyUse(scope="citizen", route="create", key=key, body_digest=body)


def _unseen(_: int) -> None:
    """Watch no progress."""


async def _settled(waiting: Sequence[Awaitable[Received]]) -> list[Received | BaseException]:
    return list(await asyncio.gather(*waiting, return_exceptions=True))


async def test_three_hundred_at_once_are_three_hundred_reports_and_few_commits(desk: Desk) -> None:
    answers = await asyncio.gather(*(desk.intake.receive_one(_one(media=(uuid7(),)), None) for _ in range(300)))
    ids = {one.report_id for one in answers}
    assert len(ids) == 300
    assert all(one.created for one in answers)
    assert desk.commits < 10
    for table, column in (
        (Report, Report.id),
        (HistoryRow, HistoryRow.subject_id),
        (ReportFactsRow, ReportFactsRow.report_id),
        (MediaUse, MediaUse.subject_id),
    ):
        assert await desk.count(table, column.in_(ids)) == 300, table
    assert await desk.count(VaultItem, VaultItem.report_id.in_(ids)) == 900, "a name, a phone and a text each"
    audit = Audit(desk.sessions)
    assert (await audit.verify(_unseen)).wrong == 0
    assert (await audit.facts(_unseen)).wrong == 0


async def test_what_the_maker_is_shown_is_what_is_stored(desk: Desk) -> None:
    incoming = _one(address="东门", tags=("扬尘",), media=(uuid7(), uuid7()), occurred_at=NOW, component_code="X1")
    received = await desk.intake.receive_one(incoming, None)
    shown = await desk.queries.received(received)
    stored = (await desk.queries.many([received.report_id]))[received.report_id]
    assert replace(shown, report=None) == replace(stored, report=None)  # type: ignore[arg-type]
    unsaid = {"geom", "geog"}
    for column in set(Report.__table__.columns.keys()) - unsaid:
        assert getattr(shown.report, column) == getattr(stored.report, column), column


async def test_a_poisoned_one_fails_alone(desk: Desk) -> None:
    all_of_them = [_one() for _ in range(40)]
    all_of_them[17] = _one(POISON)
    answers = await _settled([desk.intake.receive_one(one, None) for one in all_of_them])
    assert [place for place, one in enumerate(answers) if isinstance(one, BaseException)] == [17]
    assert isinstance(answers[17], DBAPIError)
    assert await desk.count(Report, Report.id.in_([one.arrival.id for one in all_of_them])) == 39


async def test_the_same_client_id_many_times_in_a_group_is_one_report(desk: Desk) -> None:
    client_id = uuid4()
    answers = await asyncio.gather(*(desk.intake.receive_one(_one(client_id=client_id), None) for _ in range(20)))
    assert len({one.report_id for one in answers}) == 1
    assert sum(one.created for one in answers) == 1
    again = await desk.intake.receive_one(_one(client_id=client_id), None)
    assert (again.report_id, again.created) == (answers[0].report_id, False)


async def test_another_ones_client_id_is_refused_to_him_alone_and_his_key_may_try_again(desk: Desk) -> None:
    taken, use = uuid4(), _key("mine")
    await desk.intake.receive_one(_one("甲", client_id=taken), None)
    waiting = [
        desk.intake.receive_one(_one(), None),
        desk.intake.receive_one(_one("乙", client_id=taken), use),
        desk.intake.receive_one(_one(), None),
    ]
    first, refused, last = await _settled(waiting)
    assert isinstance(first, Received)
    assert isinstance(last, Received)
    assert isinstance(refused, ClientIdTaken)
    assert await desk.count(IdempotencyKey, IdempotencyKey.key == "mine") == 0
    assert (await desk.intake.receive_one(_one("乙", client_id=uuid4()), use)).created


async def test_a_key_many_times_in_a_group_acts_once(desk: Desk) -> None:
    others = [desk.intake.receive_one(_one(), _key(f"other-{number}")) for number in range(10)]
    same = [desk.intake.receive_one(_one(), _key("same")) for _ in range(10)]
    wrong = desk.intake.receive_one(_one(), _key("same", b"another body"))
    answers = await _settled([*others, *same, wrong])
    told = [one for one in answers if isinstance(one, Received)]
    assert len(told) == 20
    assert len({one.report_id for one in told}) == 11
    assert all(one.created for one in told), "a repeat is answered like the first time"
    assert isinstance(answers[-1], IdempotencyMismatch)
    assert await desk.count(Report, Report.id.in_({one.report_id for one in told})) == 11


async def test_a_key_very_many_times_in_a_group_costs_no_commit_each(desk: Desk) -> None:
    answers = await _settled([desk.intake.receive_one(_one(), _key("often")) for _ in range(100)])
    assert all(isinstance(one, Received) and one.created for one in answers)
    assert len({one.report_id for one in answers if isinstance(one, Received)}) == 1
    assert desk.commits < 10


@pytest.mark.parametrize("by_key", [True, False])
async def test_who_waits_for_another_process_lets_the_others_pass(desk: Desk, *, by_key: bool) -> None:
    errors: list[object] = []
    event.listen(desk.sessions.kw["bind"].sync_engine, "handle_error", errors.append)
    begun, go, client_id = asyncio.Event(), asyncio.Event(), None if by_key else uuid4()
    use = _key("held") if by_key else None

    async def slowly(session: AsyncSession, incoming: Sequence[Incoming]) -> Sequence[Received]:
        stored = await desk.intake.receive(incoming, within=session)
        begun.set()
        await go.wait()
        return stored

    first = asyncio.create_task(Singles(desk.sessions, slowly).receive(_one(client_id=client_id), use))
    await begun.wait()
    others = [desk.intake.receive_one(_one(client_id=uuid4()), _key(f"free-{number}-{by_key}")) for number in range(9)]
    again = asyncio.create_task(desk.intake.receive_one(_one(client_id=client_id), use))
    assert len({one.report_id for one in await asyncio.gather(*others)}) == 9
    assert not again.done()
    go.set()
    assert (await again).report_id == (await first).report_id
    assert (await again).created is by_key
    assert errors == [], "nobody waited for a lock"


async def test_a_key_of_a_report_that_was_known_says_so_the_next_time(desk: Desk) -> None:
    client_id = uuid4()
    first = await desk.intake.receive_one(_one(client_id=client_id), None)
    for _ in range(2):
        answer = await desk.intake.receive_one(_one(client_id=client_id), _key(f"k-{client_id}"))
        assert (answer.report_id, answer.created) == (first.report_id, False)


async def test_who_goes_away_takes_nothing_from_the_others(desk: Desk) -> None:
    incoming = [_one() for _ in range(30)]
    tasks = [asyncio.create_task(desk.intake.receive_one(one, None)) for one in incoming]
    await asyncio.sleep(0)
    for task in tasks[::3]:
        task.cancel()
    answers = await _settled(tasks)
    gone = [place for place, one in enumerate(answers) if isinstance(one, asyncio.CancelledError)]
    assert gone == list(range(0, 30, 3))
    assert {one.report_id for one in answers if isinstance(one, Received)} == {
        one.arrival.id for place, one in enumerate(incoming) if place % 3
    }
    await desk.intake.drain()
    assert await desk.count(Report, Report.id.in_([one.arrival.id for one in incoming])) == 30


async def test_each_arrival_of_a_batch_has_its_own_instant_and_account(desk: Desk) -> None:
    early, late = (datetime(2026, 3, day, tzinfo=UTC) for day in (3, 4))
    batch = [replace(_one(), acting=Acting(now=at, post=Post.CITIZEN)) for at in (early, late)]
    received = await desk.intake.receive(batch)
    async with desk.sessions() as session:
        found = await session.execute(select(Report.id, Report.received_at, Report.updated_at))
        stored: dict[UUID, tuple[datetime, datetime]] = {one: (at, touched) for one, at, touched in found}
        steps = await session.execute(select(HistoryRow.subject_id, HistoryRow.recorded_at))
        recorded: dict[UUID, datetime] = {one: at for one, at in steps}  # noqa: C416  # rows are not tuples to mypy
    for one, at in zip(received, (early, late), strict=True):
        assert stored[one.report_id] == (at, at)
        assert recorded[one.report_id] == at


async def test_a_group_that_takes_too_long_is_no_reason_to_wait_for_ever() -> None:
    begun, go = asyncio.Event(), asyncio.Event()
    done: list[int] = []

    async def work(asked: Sequence[int]) -> list[int | Exception]:
        begun.set()
        await go.wait()
        done.extend(asked)
        return list(asked)

    grouped = Grouped(work, answer_within_s=0.05)
    with pytest.raises(Unavailable):
        await grouped.ask(1)
    assert begun.is_set()
    go.set()
    await grouped.drain()
    assert done == [1], "what was asked is done although nobody waits any more"


async def test_a_failing_group_leaves_nobody_waiting() -> None:
    async def work(_: Sequence[int]) -> list[int | Exception]:
        raise GridcaseError("out")

    grouped = Grouped(work)
    answers = await asyncio.gather(*(grouped.ask(number) for number in range(5)), return_exceptions=True)
    assert [type(one) for one in answers] == [GridcaseError] * 5


async def test_the_first_goes_at_once_and_those_that_come_meanwhile_go_together() -> None:
    groups: list[list[int]] = []
    begun, go = asyncio.Event(), asyncio.Event()

    async def work(asked: Sequence[int]) -> list[int | Exception]:
        groups.append(list(asked))
        begun.set()
        await go.wait()
        return list(asked)

    grouped = Grouped(work, at_most=4)
    waiting = [asyncio.create_task(grouped.ask(0))]
    await begun.wait()
    waiting += [asyncio.create_task(grouped.ask(number)) for number in range(1, 7)]
    await asyncio.sleep(0)
    go.set()
    assert await asyncio.gather(*waiting) == list(range(7))
    assert groups == [[0], [1, 2, 3, 4], [5, 6]]
