"""Orders that nobody answers, and those that a partner's supervision makes: on a clock of our own, and committed."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select
from uuid_utils.compat import uuid7

from app.adapters.keys import Keys
from app.dispatch import commands
from app.dispatch.access import Actor, Appointment
from app.dispatch.codes import CaseState, Kind, LimitUnit, Post
from app.dispatch.errors import NotVisible
from app.dispatch.limits import Limit
from app.dispatch.order_codes import OrderAction, OrderKind, OrderState
from app.dispatch.order_decisions import OrderWanted, OrderWish, Span
from app.dispatch.policies import DEFAULTS
from app.models.cases import Case
from app.models.orders import OrderCase, OrderRow, OrderStep, OrderText
from app.models.work import Timer
from app.services.frame import Meta
from app.services.timers import LEASE, Timers
from tests.hotline_city import PLACE, City, open_city
from tests.people_stored import store_account
from tests.small_city import UNIT_EAST, UNIT_WEST
from tests.towns import Town

HOUR = timedelta(hours=1)


@pytest.fixture
async def city(fresh_city: Town, keys: Keys, tmp_path: Path) -> AsyncIterator[City]:
    async with open_city(fresh_city, keys, tmp_path) as opened:
        yield opened


async def somebody(city: City, post: Post, unit: str | None = None) -> Actor:
    held = Appointment(post=post, desk="city", unit_code=unit)
    account_id = await store_account(city.sessions, f"o-{uuid7()}", held)
    return Actor(account_id=account_id, username="o", name="王敏", appointments=(held,))


@pytest.fixture
async def supervisor(city: City) -> Actor:
    return await somebody(city, Post.SUPERVISOR)


@pytest.fixture
async def west(city: City) -> Actor:
    return await somebody(city, Post.UNIT, UNIT_WEST)


async def issue(city: City, by: Actor, *case_ids: UUID, unit: str = UNIT_WEST, hours: int = 1) -> UUID:
    wanted = OrderWanted(
        kind=OrderKind.ASSIGNMENT,
        title="积水",
        text="限时排水",
        unit_code=unit,
        case_ids=case_ids,
        span=Span(limit=Limit(value=hours, unit=LimitUnit.CONTINUOUS_HOUR)),
    )
    return await city.orders.issue(wanted, by, Meta())


async def row(city: City, order_id: UUID) -> OrderRow:
    async with city.sessions() as session:
        return (await session.scalars(select(OrderRow).where(OrderRow.id == order_id))).one()


async def after(city: City, order_id: UUID) -> Sequence[OrderRow]:
    async with city.sessions() as session:
        return (await session.scalars(select(OrderRow).where(OrderRow.follows == order_id))).all()


async def steps(city: City, order_id: UUID) -> list[str]:
    async with city.sessions() as session:
        query = select(OrderStep.action).where(OrderStep.order_id == order_id).order_by(OrderStep.number)
        return [str(one) for one in await session.scalars(query)]


async def waiting(city: City, order_id: UUID) -> list[datetime]:
    async with city.sessions() as session:
        query = select(Timer.due_at).where(Timer.subject_id == order_id, Timer.done_at.is_(None))
        return list(await session.scalars(query))


async def test_a_miss_marks_the_order_and_another_follows(city: City, supervisor: Actor) -> None:
    taken = await city.say("O1", content="x", location=PLACE)
    case = await city.file(taken.report_id)
    order_id = await issue(city, supervisor, case.id)
    city.clock.at += HOUR
    await city.timers.fire_due()
    assert await steps(city, order_id) == ["issue"]
    city.clock.at += timedelta(microseconds=1)
    await city.timers.fire_due()
    missed = await row(city, order_id)
    assert (missed.state, missed.misses, missed.missed_at) == (OrderState.OPEN, 1, city.clock.at)
    assert await steps(city, order_id) == ["issue", "miss"]
    (following,) = await after(city, order_id)
    assert (following.title, following.unit_code, following.generation) == ("积水", UNIT_WEST, 1)
    assert (following.issued_by, following.kind, following.desk) == (None, OrderKind.ASSIGNMENT, "city")
    assert following.due_at > city.clock.at
    async with city.sessions() as session:
        about = await session.scalars(select(OrderCase.case_id).where(OrderCase.order_id == following.id))
        assert about.all() == [case.id]
        step = (await session.scalars(select(OrderStep).where(OrderStep.order_id == following.id))).one()
    assert (step.post, step.policy, step.payload["follows"]) == (Post.POLICY, "order_follow_up_limit", str(order_id))
    await city.timers.fire_due()
    assert len(await after(city, order_id)) == 1


async def test_misses_in_a_row_are_followed_so_often_and_no_more(city: City, supervisor: Actor) -> None:
    order_id, seen = await issue(city, supervisor), 0
    while True:
        city.clock.at += timedelta(days=15)
        await city.timers.fire_due()
        found = await after(city, order_id)
        if not found:
            break
        order_id, seen = found[0].id, seen + 1
    assert seen == DEFAULTS.order_follow_ups_at_most
    assert (await row(city, order_id)).misses == 1


async def test_an_answer_in_time_leaves_nothing_to_miss(city: City, supervisor: Actor, west: Actor) -> None:
    order_id = await issue(city, supervisor)
    city.clock.at += HOUR
    await city.orders.act(order_id, OrderWish(action=OrderAction.ANSWER, text="已办"), west, Meta())
    assert await waiting(city, order_id) == []
    city.clock.at += HOUR
    await city.timers.fire_due()
    assert await steps(city, order_id) == ["issue", "answer"]


async def test_an_answer_before_the_worker_came_is_late_all_the_same(
    city: City, supervisor: Actor, west: Actor
) -> None:
    order_id = await issue(city, supervisor)
    city.clock.at += 2 * HOUR
    await city.orders.act(order_id, OrderWish(action=OrderAction.ANSWER, text="已办"), west, Meta())
    assert await steps(city, order_id) == ["issue", "miss", "answer"]
    assert (await row(city, order_id)).misses == 1
    await city.timers.fire_due()
    assert await after(city, order_id) == []
    back = OrderWish(action=OrderAction.SEND_BACK, text="再办", span=Span(due_at=city.clock.at + HOUR))
    await city.orders.act(order_id, back, supervisor, Meta())
    assert (await row(city, order_id)).missed_at is None
    city.clock.at += 2 * HOUR
    await city.timers.fire_due()
    assert (await row(city, order_id)).misses == 2
    assert len(await after(city, order_id)) == 1


async def test_sent_back_without_a_due_time_it_keeps_what_is_left_or_gets_a_day(
    city: City, supervisor: Actor, west: Actor
) -> None:
    long = await issue(city, supervisor, hours=24 * 40)
    short = await issue(city, supervisor, hours=1)
    given = {one: (await row(city, one)).due_at for one in (long, short)}
    for one in given:
        await city.orders.act(one, OrderWish(action=OrderAction.ANSWER, text="已办"), west, Meta())
        await city.orders.act(one, OrderWish(action=OrderAction.SEND_BACK, text="再办"), supervisor, Meta())
    assert (await row(city, long)).due_at == given[long]
    assert (await row(city, short)).due_at > given[short]
    for one in given:
        (at,) = await waiting(city, one)
        assert at == (await row(city, one)).due_at + timedelta(microseconds=1)


async def test_nobody_acts_on_an_order_that_he_does_not_see(city: City, supervisor: Actor) -> None:
    order_id = await issue(city, supervisor)
    stranger = await somebody(city, Post.UNIT, UNIT_EAST)
    for unseen in (order_id, uuid7()):
        with pytest.raises(NotVisible):
            await city.orders.act(unseen, OrderWish(action=OrderAction.ANSWER, text="已办"), stranger, Meta())
    assert await steps(city, order_id) == ["issue"]


async def test_several_workers_notice_a_miss_once(city: City, supervisor: Actor) -> None:
    made = [await issue(city, supervisor) for _ in range(6)]
    city.clock.at += 2 * HOUR
    workers = [Timers(city.sessions, city.acts, city.clock, city.orders) for _ in range(4)]
    await asyncio.gather(*(one.fire_due() for one in workers))
    for order_id in made:
        assert await steps(city, order_id) == ["issue", "miss"]
        assert len(await after(city, order_id)) == 1


async def test_a_miss_that_could_not_be_noticed_comes_later(city: City, supervisor: Actor) -> None:
    order_id = await issue(city, supervisor)
    city.clock.at += 2 * HOUR

    class Dying:
        lock = staticmethod(city.orders.lock)

        async def miss(self, *given: object) -> bool:
            await city.orders.miss(*given)  # type: ignore[arg-type]  # as they come
            raise KeyError(order_id)

    await Timers(city.sessions, city.acts, city.clock, Dying()).fire_due()
    assert await steps(city, order_id) == ["issue"]
    assert await waiting(city, order_id) != []
    city.clock.at += LEASE + timedelta(seconds=1)
    await city.timers.fire_due()
    assert await steps(city, order_id) == ["issue", "miss"]


async def test_racing_answers_and_misses_leave_one_story(city: City, supervisor: Actor, west: Actor) -> None:
    for _ in range(5):
        order_id = await issue(city, supervisor)
        city.clock.at += 2 * HOUR
        answer = city.orders.act(order_id, OrderWish(action=OrderAction.ANSWER, text="已办"), west, Meta())
        await asyncio.gather(answer, city.timers.fire_due())
        assert await steps(city, order_id) == ["issue", "miss", "answer"]


# What a partner's supervision does


async def _orders(city: City, order_no: str) -> list[OrderRow]:
    async with city.sessions() as session:
        query = select(OrderRow).where(OrderRow.document_no == order_no).order_by(OrderRow.unit_code)
        return list(await session.scalars(query))


async def test_supervision_by_the_hotline_orders_the_units_at_work(city: City) -> None:
    taken = await city.say("S1", content="x", location=PLACE, caller={"name": "张三丰", "phone": "13800001234"})
    await city.on_report(taken.report_id, commands.Accept(kind=Kind.EVENT, category="0305"))
    two = (commands.CaseWanted(condition=1), commands.CaseWanted(condition=2))
    await city.on_report(taken.report_id, commands.File(cases=two))
    async with city.sessions() as session:
        first, second = await session.scalars(select(Case).order_by(Case.filed_at.desc(), Case.id.desc()).limit(2))
    await city.on_case(first.id, commands.Dispatch())
    due_at = city.clock.at + timedelta(days=2)
    said = "领导批示：回复张三丰 13800001234"
    await city.say("S1", "supervise", content=said, due_at=due_at.isoformat(), event_id="s1")
    await city.say("S1", "supervise", content=said, due_at=due_at.isoformat(), event_id="s1")
    (made,) = await _orders(city, "S1")
    assert (made.kind, made.unit_code, made.due_at) == (OrderKind.SUPERVISION, UNIT_WEST, due_at)
    assert (made.on_behalf_of, made.issued_by) == (city.code, None)
    async with city.sessions() as session:
        assert (await session.scalars(select(OrderCase.case_id).where(OrderCase.order_id == made.id))).all() == [
            first.id
        ]
        texts = (await session.scalars(select(OrderText.body).where(OrderText.order_id == made.id))).all()
        cases = list(await session.scalars(select(Case).where(Case.id.in_([first.id, second.id]))))
    assert not any("张三丰" in one or "13800001234" in one for one in (*texts, made.body, made.title))
    assert all("supervised" in one.attention for one in cases)
    assert {one.state for one in cases} == {CaseState.DISPATCHED, CaseState.FILED}


async def test_supervision_with_a_due_time_long_gone_is_ordered_by_the_policy(city: City) -> None:
    taken = await city.say("S2", content="x", location=PLACE)
    case = await city.file(taken.report_id)
    await city.on_case(case.id, commands.Dispatch(unit_code=UNIT_EAST, reason_code="local"))
    await city.say("S2", "supervise", due_at="2020-01-01T00:00:00+08:00")
    (made,) = await _orders(city, "S2")
    assert (made.unit_code, made.body) == (UNIT_EAST, "（来单没有正文）")
    assert made.due_at > city.clock.at
    answer = await somebody(city, Post.UNIT, UNIT_EAST)
    await city.orders.act(made.id, OrderWish(action=OrderAction.ANSWER, text="已办"), answer, Meta())
    lead = await somebody(city, Post.SHIFT_LEAD)
    await city.orders.act(made.id, OrderWish(action=OrderAction.ACCEPT), lead, Meta())
    assert (await row(city, made.id)).state is OrderState.ACCEPTED


async def test_supervision_before_any_unit_is_at_work_orders_nobody(city: City) -> None:
    taken = await city.say("S3", content="x", location=PLACE)
    await city.say("S3", "supervise", content="请重视")
    case = await city.file(taken.report_id)
    await city.say("S3", "supervise", content="请重视", event_id="later")
    assert await _orders(city, "S3") == []
    assert "supervised" in (await city.case_of(taken.report_id)).attention
    assert await city.steps(case.id) == ["file", "supplement"]
