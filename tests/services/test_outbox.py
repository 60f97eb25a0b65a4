import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from standardwebhooks.webhooks import Webhook
from uuid_utils.compat import uuid7

from app.adapters.callbacks import Outcome, RecordingCaller
from app.adapters.keys import Keys
from app.adapters.sealing import Sealer
from app.dispatch.calendar import LOCAL_ZONE
from app.dispatch.retries import GIVE_UP_AFTER
from app.models.people import Partner
from app.models.work import OutboxEvent, OutboxLane
from app.repositories.engine import open_sessions
from app.repositories.lanes import LaneRepository
from app.repositories.step_writing import StepRows, StepWriting, lanes_of
from app.services.outbox import LEASE, Outbox
from app.services.partner_secrets import PartnerSecrets
from app.services.transaction import Sessions, writing
from tests.partners_stored import SECRET, Clock, store_partner
from tests.towns import Town

FAILED = Outcome(status=500, error="status 500")


@pytest.fixture
async def city(fresh_city: Town) -> AsyncIterator[Sessions]:
    engine = create_async_engine(fresh_city.app_url, pool_size=20)
    yield open_sessions(engine)
    await engine.dispose()
    owner = create_async_engine(fresh_city.owner_url)
    async with owner.begin() as connection:
        for table in (OutboxEvent, OutboxLane, Partner):
            await connection.execute(delete(table))
    await owner.dispose()


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime.now(UTC).replace(microsecond=0))


def outbox(city: Sessions, keys: Keys, caller: Any, clock: Clock, *, demo: bool = True) -> Outbox:
    return Outbox(city, caller, PartnerSecrets(Sealer(keys)), clock, demo=demo, chance=lambda: 0.5)


def event(partner_id: UUID, order_no: str, kind: str, at: datetime) -> dict[str, Any]:
    return {
        "id": uuid7(),
        "lane": f"{partner_id}:{order_no}",
        "partner_id": partner_id,
        "kind": kind,
        "payload": {"order_no": order_no, "category_name": "暴露垃圾"},
        "created_at": at,
        "sent_at": None,
        "parked_at": None,
        "tries": 0,
        "last_error": None,
    }


async def tell(city: Sessions, *rows: dict[str, Any]) -> None:
    async with writing(city) as session:
        await _add(session, *rows)


async def _add(session: AsyncSession, *rows: dict[str, Any]) -> None:
    await StepWriting(session).store(StepRows(events=list(rows), lanes=lanes_of(rows)))


async def stored(city: Sessions) -> list[OutboxEvent]:
    async with city() as session:
        return list(await session.scalars(select(OutboxEvent).order_by(OutboxEvent.id)))


def kinds(caller: RecordingCaller) -> list[str]:
    return [json.loads(call.body)["type"] for call in caller.calls]


async def test_a_message_arrives_signed_as_another_implementation_verifies_it(
    city: Sessions, keys: Keys, clock: Clock
) -> None:
    partner_id = await store_partner(city, keys, "p", callback_url="http://p.test/in")
    row = event(partner_id, "A1", "case.filed", clock.at)
    await tell(city, row)
    caller = RecordingCaller()
    assert await outbox(city, keys, caller, clock).send_due() == 1
    (call,) = caller.calls
    assert Webhook(SECRET).verify(call.body, call.headers) == {
        "type": "case.filed",
        "id": str(row["id"]),
        "timestamp": clock.at.astimezone(LOCAL_ZONE).isoformat(),
        "data": {"order_no": "A1", "category_name": "暴露垃圾"},
    }
    assert call.url == "http://p.test/in"
    assert call.headers["webhook-id"] == str(row["id"])
    assert [(one.sent_at, one.tries, one.last_error) for one in await stored(city)] == [(clock.at, 1, None)]
    assert await outbox(city, keys, caller, clock).send_due() == 0


async def test_the_order_within_a_lane_holds_over_failures(city: Sessions, keys: Keys, clock: Clock) -> None:
    partner_id = await store_partner(city, keys, "p", callback_url="http://p.test")
    await tell(city, *(event(partner_id, "A1", kind, clock.at) for kind in ("1", "2", "3")))
    caller = RecordingCaller(answers=[Outcome(status=200), FAILED])
    sender = outbox(city, keys, caller, clock)
    await sender.send_due()
    assert kinds(caller) == ["1", "2"]
    await sender.send_due()
    assert kinds(caller) == ["1", "2"]
    clock.pass_by(seconds=5)
    await sender.send_due()
    assert kinds(caller) == ["1", "2", "2", "3"]


async def test_the_id_and_the_body_stay_over_tries_and_the_signed_time_is_renewed(
    city: Sessions, keys: Keys, clock: Clock
) -> None:
    partner_id = await store_partner(city, keys, "p", callback_url="http://p.test")
    await tell(city, event(partner_id, "A1", "case.filed", clock.at))
    caller = RecordingCaller(answers=[FAILED])
    sender = outbox(city, keys, caller, clock)
    await sender.send_due()
    clock.pass_by(minutes=10)
    await sender.send_due()
    first, second = caller.calls
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 600


async def test_a_failing_lane_delays_neither_other_orders_nor_other_partners(
    city: Sessions, keys: Keys, clock: Clock
) -> None:
    bad = await store_partner(city, keys, "bad", callback_url="http://bad.test")
    good = await store_partner(city, keys, "good", callback_url="http://good.test")

    class Choosy(RecordingCaller):
        async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
            await super().post(url, headers, body)
            return FAILED if json.loads(body)["data"]["order_no"] == "B1" else Outcome(status=200)

    await tell(
        city,
        event(bad, "B1", "b1", clock.at),
        event(bad, "B1", "b1'", clock.at),
        event(bad, "B2", "b2", clock.at),
        event(good, "G1", "g1", clock.at),
    )
    caller = Choosy()
    await outbox(city, keys, caller, clock).send_due()
    assert sorted(kinds(caller)) == ["b1", "b2", "g1"]


async def test_a_partner_that_does_not_answer_holds_up_itself_alone(city: Sessions, keys: Keys, clock: Clock) -> None:
    slow = await store_partner(city, keys, "slow", callback_url="http://slow.test")
    quick = await store_partner(city, keys, "quick", callback_url="http://quick.test")
    answered = asyncio.Event()

    class Slow(RecordingCaller):
        async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
            if url == "http://slow.test":
                await answered.wait()
            return await super().post(url, headers, body)

    await tell(city, *(event(slow, f"S{n}", "s", clock.at) for n in range(30)))
    caller = Slow()
    sender = outbox(city, keys, caller, clock)
    await sender.look()
    await tell(city, event(quick, "Q1", "q", clock.at))
    for _ in range(200):
        await sender.look()
        if kinds(caller):
            break
        await asyncio.sleep(0.02)
    assert kinds(caller) == ["q"]
    answered.set()
    await sender.send_due()
    assert len(caller.calls) == 31


async def test_two_workers_send_everything_once_and_in_order(city: Sessions, keys: Keys, clock: Clock) -> None:
    partner_id = await store_partner(city, keys, "p", callback_url="http://p.test")
    wanted = [event(partner_id, f"A{n % 7}", f"{n:03d}", clock.at) for n in range(60)]
    await tell(city, *wanted)

    class Yielding(RecordingCaller):
        async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
            await asyncio.sleep(0)
            return await super().post(url, headers, body)

    caller = Yielding()
    workers = [outbox(city, keys, caller, clock) for _ in range(3)]
    while sum(await asyncio.gather(*(one.send_due() for one in workers))):
        continue
    assert sorted(kinds(caller)) == [row["kind"] for row in wanted]
    for lane in range(7):
        sent = [kind for kind in kinds(caller) if int(kind) % 7 == lane]
        assert sent == sorted(sent)


async def test_a_worker_that_lost_its_lease_records_nothing(city: Sessions, keys: Keys, clock: Clock) -> None:
    partner_id = await store_partner(city, keys, "p", callback_url="http://p.test")
    await tell(city, event(partner_id, "A1", "1", clock.at), event(partner_id, "A1", "2", clock.at))

    async def lease() -> Any:
        async with writing(city) as session:
            return await LaneRepository(session).lease(str(partner_id), clock.at, LEASE)

    first = await lease()
    assert await lease() is None
    clock.pass_by(seconds=LEASE.total_seconds() + 1)
    second = await lease()
    assert (first.kind, second.kind) == ("1", "1")
    async with writing(city) as session:
        late = await LaneRepository(session).settle(
            first, sent_at=None, parked_at=clock.at, error="late", next_at=clock.at
        )
    assert late is False
    assert [one.parked_at for one in await stored(city)] == [None, None]
    async with writing(city) as session:
        assert await LaneRepository(session).settle(
            second, sent_at=clock.at, parked_at=None, error=None, next_at=clock.at
        )
    caller = RecordingCaller()
    await outbox(city, keys, caller, clock).send_due()
    assert kinds(caller) == ["2"]


async def test_an_event_added_while_the_last_one_is_being_settled_is_not_forgotten(
    city: Sessions, keys: Keys, clock: Clock
) -> None:
    partner_id = await store_partner(city, keys, "p", callback_url="http://p.test")
    await tell(city, event(partner_id, "A1", "1", clock.at))
    async with writing(city) as session:
        leased = await LaneRepository(session).lease(str(partner_id), clock.at, LEASE)
    assert leased is not None
    async with city() as adding, city() as settling:
        await adding.execute(insert(OutboxEvent), [event(partner_id, "A1", "2", clock.at)])
        assert await LaneRepository(settling).settle(
            leased, sent_at=clock.at, parked_at=None, error=None, next_at=clock.at
        )
        waking = asyncio.create_task(_add(adding, event(partner_id, "A1", "3", clock.at)))
        await asyncio.sleep(0.1)
        assert not waking.done()
        await settling.commit()
        await waking
        await adding.commit()
    caller = RecordingCaller()
    await outbox(city, keys, caller, clock).send_due()
    assert kinds(caller) == ["2", "3"]


async def test_after_three_days_an_event_is_parked_and_the_next_goes_on(
    city: Sessions, keys: Keys, clock: Clock
) -> None:
    partner_id = await store_partner(city, keys, "p", callback_url="http://p.test")
    await tell(city, event(partner_id, "A1", "1", clock.at), event(partner_id, "A1", "2", clock.at + timedelta(days=2)))
    caller = RecordingCaller(answers=[FAILED] * 40)
    sender = outbox(city, keys, caller, clock)
    start = clock.at
    while clock.at - start < GIVE_UP_AFTER + timedelta(hours=12):
        await sender.send_due()
        clock.pass_by(hours=1)
    first, second = await stored(city)
    assert first.parked_at is not None
    assert first.sent_at is None
    assert first.last_error == "status 500"
    assert first.tries >= 10
    assert second.parked_at is None
    assert second.tries >= 1
    caller.answers.clear()
    clock.pass_by(hours=8)
    await sender.send_due()
    assert (await stored(city))[1].sent_at == clock.at


async def test_an_address_that_is_gone_is_not_tried_again(city: Sessions, keys: Keys, clock: Clock) -> None:
    partner_id = await store_partner(city, keys, "p", callback_url="http://p.test")
    await tell(city, event(partner_id, "A1", "1", clock.at))
    caller = RecordingCaller(answers=[Outcome(status=410, error="status 410", final=True)])
    sender = outbox(city, keys, caller, clock)
    await sender.send_due()
    clock.pass_by(days=1)
    await sender.send_due()
    assert len(caller.calls) == 1
    assert (await stored(city))[0].parked_at is not None


async def test_a_wish_to_wait_is_honoured(city: Sessions, keys: Keys, clock: Clock) -> None:
    partner_id = await store_partner(city, keys, "p", callback_url="http://p.test")
    await tell(city, event(partner_id, "A1", "1", clock.at))
    wish = Outcome(status=429, error="status 429", retry_after=timedelta(minutes=7))
    caller = RecordingCaller(answers=[wish])
    sender = outbox(city, keys, caller, clock)
    await sender.send_due()
    clock.pass_by(minutes=6, seconds=59)
    assert await sender.send_due() == 0
    clock.pass_by(seconds=1)
    assert await sender.send_due() == 1


async def test_the_demo_partner_is_told_nothing_in_production(city: Sessions, keys: Keys, clock: Clock) -> None:
    partner_id = await store_partner(city, keys, "demo", callback_url="http://p.test", demo=True)
    await tell(city, event(partner_id, "A1", "1", clock.at))
    caller = RecordingCaller()
    await outbox(city, keys, caller, clock, demo=False).send_due()
    assert caller.calls == []
    assert (await stored(city))[0].parked_at is not None


async def test_closing_finishes_what_is_under_way_and_begins_nothing(city: Sessions, keys: Keys, clock: Clock) -> None:
    partner_id = await store_partner(city, keys, "p", callback_url="http://p.test")
    await tell(city, *(event(partner_id, f"A{n}", "x", clock.at) for n in range(20)))
    begun, go = asyncio.Event(), asyncio.Event()

    class Held(RecordingCaller):
        async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
            begun.set()
            await go.wait()
            return await super().post(url, headers, body)

    caller = Held()
    sender = outbox(city, keys, caller, clock)
    await sender.look()
    await begun.wait()
    closing = asyncio.create_task(sender.close())
    await asyncio.sleep(0)
    go.set()
    await closing
    sent = [one for one in await stored(city) if one.sent_at is not None]
    assert 1 <= len(sent) == len(caller.calls) <= 4
    await outbox(city, keys, caller, clock).send_due()
    assert len(caller.calls) == 20
