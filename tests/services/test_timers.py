import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app.adapters.keys import Keys
from app.dispatch import commands
from app.dispatch.codes import Post
from app.dispatch.policies import DEFAULTS
from app.models.cases import Case
from app.models.history import HistoryRow
from app.models.work import IdempotencyKey, InboxEvent, Timer
from app.services import idempotency
from app.services.acts import Act, Done
from app.services.idempotency import KeyUse
from app.services.timers import KEPT, LEASE, Due, Timers
from app.services.transaction import writing
from tests.hotline_city import PLACE, City, open_city
from tests.statements import counted
from tests.towns import Town

SIGN_AFTER = DEFAULTS.auto_sign_after or timedelta()


@pytest.fixture
async def city(fresh_city: Town, keys: Keys, tmp_path: Path) -> AsyncIterator[City]:
    async with open_city(fresh_city, keys, tmp_path) as opened:
        yield opened


async def _dispatched(city: City, order_no: str) -> Case:
    taken = await city.say(order_no, content="x", location=PLACE)
    case = await city.file(taken.report_id)
    await city.on_case(case.id, commands.Dispatch())
    return case


async def _timers(city: City, case_id: UUID) -> list[Timer]:
    async with city.sessions() as session:
        return list(await session.scalars(select(Timer).where(Timer.subject_id == case_id).order_by(Timer.id)))


async def _suspend(city: City, case_id: UUID, until: datetime) -> None:
    await city.on_case(case_id, commands.RequestSuspension(reason_code="rain", until=until))
    async with city.sessions() as session:
        query = select(HistoryRow.payload).where(HistoryRow.subject_id == case_id).order_by(HistoryRow.number.desc())
        payload = (await session.scalars(query)).first()
    assert payload is not None
    await city.on_case(case_id, commands.GrantRequest(request_id=UUID(payload["request_id"])), post=Post.SHIFT_LEAD)


async def test_nobody_signs_and_the_policy_does(city: City) -> None:
    case = await _dispatched(city, "T1")
    city.clock.at += SIGN_AFTER - timedelta(seconds=1)
    await city.timers.fire_due()
    assert "sign" not in await city.steps(case.id)
    city.clock.pass_by(seconds=1)
    await city.timers.fire_due()
    assert (await city.steps(case.id))[-1] == "sign"
    async with city.sessions() as session:
        row = (await session.scalars(select(HistoryRow).where(HistoryRow.subject_id == case.id))).all()[-1]
    assert (row.post, row.policy, row.actor_id) == (Post.POLICY, "auto_sign", None)
    assert [one.done_at for one in await _timers(city, case.id)] == [city.clock.at]


async def test_a_suspension_ends_by_itself(city: City) -> None:
    case = await _dispatched(city, "T2")
    until = city.clock.at + timedelta(days=3)
    await _suspend(city, case.id, until)
    await city.timers.fire_due()
    assert (await city.steps(case.id))[-1] == "grant"
    city.clock.at = until
    await city.timers.fire_due()
    assert (await city.steps(case.id))[-1] == "resume"


async def test_a_timer_that_came_too_late_lapses_quietly(city: City) -> None:
    case = await _dispatched(city, "T3")
    (timer,) = await _timers(city, case.id)
    await city.on_case(case.id, commands.Sign())
    nobody = uuid7()
    row = {"id": uuid7(), "kind": "auto_sign", "subject_id": case.id, "due_at": timer.due_at, "payload": timer.payload}
    async with writing(city.sessions) as session:
        again = row | {"claimed_until": None, "attempt": 0, "done_at": None}
        lost = again | {"id": uuid7(), "subject_id": nobody}
        await session.execute(insert(Timer), [again, lost])
    city.clock.at += SIGN_AFTER
    await city.timers.fire_due()
    assert (await city.steps(case.id)).count("sign") == 1
    assert all(one.done_at for one in await _timers(city, case.id))
    assert all(one.done_at for one in await _timers(city, nobody))


async def test_several_workers_fire_each_timer_once(city: City) -> None:
    cases = [await _dispatched(city, f"T4-{n}") for n in range(6)]
    city.clock.at += SIGN_AFTER
    workers = [Timers(city.sessions, city.acts, city.clock) for _ in range(4)]
    counts = await asyncio.gather(*(one.fire_due() for one in workers))
    assert sum(counts) == len(cases)
    for case in cases:
        assert (await city.steps(case.id)).count("sign") == 1


async def test_a_worker_that_lost_its_lease_changes_nothing(city: City) -> None:
    case = await _dispatched(city, "T5")
    city.clock.at += SIGN_AFTER
    held, go = asyncio.Event(), asyncio.Event()
    acts: list[UUID] = []

    class Counting:
        async def play(self, given: Sequence[Act], *, within: AsyncSession | None = None) -> list[Done]:  # noqa: ARG002
            acts.extend(one.subject_id for one in given)
            return [Done(subject_id=one.subject_id) for one in given]

    class Slow(Timers):
        async def _fire(self, due: Sequence[Due]) -> None:
            held.set()
            await go.wait()
            await super()._fire(due)

    slow = asyncio.create_task(Slow(city.sessions, Counting(), city.clock).fire_due())
    await held.wait()
    other = Timers(city.sessions, Counting(), city.clock)
    assert await other.fire_due() == 0
    city.clock.at += LEASE + timedelta(seconds=1)
    assert await other.fire_due() == 1
    go.set()
    await slow
    assert acts == [case.id]


async def test_a_worker_that_dies_half_way_leaves_the_timer_to_the_next(city: City) -> None:
    case = await _dispatched(city, "T6")
    city.clock.at += SIGN_AFTER

    class Dying:
        async def play(self, given: Sequence[Act], *, within: AsyncSession | None = None) -> list[Done]:
            await city.acts.play(given, within=within)
            raise KeyError(given[0].subject_id)

    await Timers(city.sessions, Dying(), city.clock).fire_due()
    assert "sign" not in await city.steps(case.id)
    assert [one.done_at for one in await _timers(city, case.id)] == [None]
    city.clock.at += LEASE + timedelta(seconds=1)
    await city.timers.fire_due()
    assert (await city.steps(case.id))[-1] == "sign"


async def test_one_that_cannot_be_fired_keeps_none_of_the_others_waiting(city: City) -> None:
    cases = [await _dispatched(city, f"T9-{n}") for n in range(3)]
    city.clock.at += SIGN_AFTER

    class Refusing:
        async def play(self, given: Sequence[Act], *, within: AsyncSession | None = None) -> list[Done]:
            if any(one.subject_id == cases[1].id for one in given):
                raise KeyError(cases[1].id)
            return await city.acts.play(given, within=within)

    await Timers(city.sessions, Refusing(), city.clock).fire_due()
    signed = ["sign" in await city.steps(case.id) for case in cases]
    assert signed == [True, False, True]
    assert [one.done_at for one in await _timers(city, cases[1].id)] == [None]
    city.clock.at += LEASE + timedelta(seconds=1)
    assert await city.timers.fire_due() == 1
    assert (await city.steps(cases[1].id))[-1] == "sign"


async def test_many_timers_fire_in_as_many_statements_as_one(city: City) -> None:
    counts = []
    for number in (1, 8):
        for n in range(number):
            await _dispatched(city, f"T10-{number}-{n}")
        city.clock.at += SIGN_AFTER
        with counted(city.sessions) as statements:
            assert await city.timers.fire_due() == number
        counts.append(len(statements))
    assert counts[0] == counts[1]


async def test_a_timer_of_an_unknown_kind_holds_up_none_behind_it(city: City) -> None:
    case = await _dispatched(city, "T7")
    odd = {"id": uuid7(), "kind": "explode", "subject_id": case.id, "due_at": city.clock.at, "payload": {}}
    async with writing(city.sessions) as session:
        await session.execute(insert(Timer), [odd | {"claimed_until": None, "attempt": 0, "done_at": None}])
    city.clock.at += SIGN_AFTER
    await city.timers.fire_due()
    assert (await city.steps(case.id))[-1] == "sign"


async def test_a_recalled_dispatch_is_not_signed(city: City) -> None:
    case = await _dispatched(city, "T8")
    await city.on_case(case.id, commands.Recall())
    city.clock.at += SIGN_AFTER
    await city.timers.fire_due()
    assert (await city.steps(case.id))[-1] == "recall"


async def test_what_had_its_time_is_forgotten_and_nothing_younger(city: City) -> None:
    now = city.clock.at
    async with writing(city.sessions) as session:
        for name, age in (("old", KEPT + timedelta(seconds=1)), ("young", KEPT - timedelta(seconds=1))):
            at = now - age
            inbox = {"event_key": name, "action": "x", "body_digest": b"", "report_id": uuid7(), "received_at": at}
            await session.execute(insert(InboxEvent), [inbox | {"partner_id": city.partner_id}])
            use = KeyUse(scope="s", route=city.code, key=name, body_digest=b"")
            assert await idempotency.begin(session, use, resource_id=uuid7(), status=200, now=at) is None
    await city.timers.forget()
    async with city.sessions() as session:
        events = await session.scalars(select(InboxEvent.event_key).where(InboxEvent.partner_id == city.partner_id))
        assert events.all() == ["young"]
        keys = await session.scalars(select(IdempotencyKey.key).where(IdempotencyKey.route == city.code))
        assert keys.all() == ["young"]
