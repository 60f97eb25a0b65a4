"""Inspectors' tasks over a real database: load, rosters, what nobody takes up, what is looked over, one statement."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select
from uuid_utils.compat import uuid7

from app.adapters.keys import Keys
from app.dispatch import commands
from app.dispatch.access import Appointment
from app.dispatch.codes import CaseState, CheckResult, Post, ReportState, VerifyResult
from app.dispatch.errors import ActionNotAllowed
from app.dispatch.policies import DEFAULTS
from app.models.cases import Case
from app.models.history import HistoryRow
from app.models.people import Account
from app.models.rosters import RosterRow
from app.models.work import Timer
from app.services.acts import Act, Acts
from app.services.ledger import Acting, Subject
from app.services.timers import Timers
from app.services.transaction import writing
from app.services.wiring import stepping
from tests.acts_played import DISPOSE, PASS, dispatched, errors, on_cases, reported, sound
from tests.hotline_city import City, open_city
from tests.people_stored import store_account
from tests.small_city import EAST, WEST
from tests.statements import counted
from tests.towns import Town

SOON = timedelta(minutes=15)


@pytest.fixture
async def city(fresh_city: Town, keys: Keys, tmp_path: Path) -> AsyncIterator[City]:
    """Return a city in which nobody is an inspector but those whom the test appoints."""
    async with open_city(fresh_city, keys, tmp_path) as opened:
        async with writing(opened.sessions) as session:
            for one in await session.scalars(select(Account)):
                one.active = False
        yield opened


async def appoint(city: City, number: int, region: str | None = None) -> list[UUID]:
    held = Appointment(post=Post.INSPECTOR, desk="city", region_code=region)
    return [await store_account(city.sessions, f"i-{uuid7()}", held) for _ in range(number)]


async def roster(city: City, account_id: UUID, *beats: str, lasting: timedelta | None = None) -> None:
    now = city.clock.at
    row = {"beat_codes": list(beats), "slots": [], "valid_from": now, "valid_to": now + lasting if lasting else None}
    async with writing(city.sessions) as session:
        session.add(RosterRow(id=uuid7(), account_id=account_id, recorded_at=now, **row))


def acting_by(city: City, **policies: Any) -> Acts:
    """Return who takes steps under other policies."""
    sittings = city.acts.sittings
    changed = replace(DEFAULTS, **policies)
    return stepping(city.sessions, sittings.books, sittings.vault, changed, city.clock, city="T").acts


def step(city: City, subject: Subject, one: UUID, command: commands.Command, by: UUID | None = None) -> Act:
    city.clock.pass_by(seconds=1)
    acting = Acting(now=city.clock.at, post=Post.INSPECTOR if by else Post.OPERATOR, actor_id=by)
    return Act(subject=subject, subject_id=one, command=command, acting=acting)


async def sent(city: City, number: int = 1, acts: Acts | None = None) -> list[UUID]:
    """Have checks given to inspectors, all in one batch."""
    cases = await dispatched(city, number)
    done = await (acts or city.acts).play(on_cases(city, cases, DISPOSE, commands.SendCheck()))
    assert {one.error for one in done} == {None}
    return cases


async def checkers(city: City, cases: list[UUID]) -> list[UUID | None]:
    async with city.sessions() as session:
        found = await session.execute(select(Case.id, Case.inspector_id).where(Case.id.in_(cases)))
        holders: dict[UUID, UUID | None] = {one: holder for one, holder in found}  # noqa: C416  # rows are no tuples
    return [holders[one] for one in cases]


async def last(city: City, subject_id: UUID) -> HistoryRow:
    async with city.sessions() as session:
        query = select(HistoryRow).where(HistoryRow.subject_id == subject_id).order_by(HistoryRow.number.desc())
        return (await session.scalars(query.limit(1))).one()


async def test_a_batch_spreads_its_checks_and_counts_what_each_has_in_hand(city: City) -> None:
    people = await appoint(city, 3)
    first = await checkers(city, await sent(city, 7))
    assert sorted(Counter(first).values()) == [2, 2, 3]
    again = await checkers(city, await sent(city, 2))
    assert sorted(Counter([*first, *again]).values()) == [3, 3, 3]
    assert set(first) == set(people)


async def test_what_a_refused_step_gave_is_not_counted(city: City) -> None:
    await appoint(city, 2)
    (known,) = await dispatched(city, 1)
    gone = [commands.SendCheck()] * 3  # not disposed: refused
    done = await city.acts.play(on_cases(city, [known], *gone, DISPOSE, commands.SendCheck()))
    assert errors(done) == [ActionNotAllowed] * 3 + [None, None]
    first = await checkers(city, [known])
    again = await checkers(city, await sent(city, 1))
    assert len({*first, *again}) == 2


async def test_of_the_beat_before_anybody_else_and_only_on_shift(city: City) -> None:
    walker, other, elsewhere = await appoint(city, 3)
    await roster(city, walker, "B1", lasting=timedelta(hours=8))
    await roster(city, other, lasting=timedelta(hours=8))
    await roster(city, elsewhere, "B1", lasting=timedelta(minutes=5))
    city.clock.pass_by(minutes=10)
    cases = await sent(city, 3)
    assert await checkers(city, cases) == [walker] * 3
    assert (await last(city, cases[0])).payload["because"] == "of_beat"
    city.clock.pass_by(hours=9)
    (late,) = await sent(city, 1)
    assert (await last(city, late)).payload["because"] == "off_shift"


async def test_who_serves_another_street_is_not_sent(city: City) -> None:
    (western,) = await appoint(city, 1, WEST)
    await appoint(city, 2, EAST)
    assert await checkers(city, await sent(city, 4)) == [western] * 4


async def test_what_is_not_taken_up_goes_to_the_next_until_nobody_else_is_there(city: City) -> None:
    people = await appoint(city, 3)
    acts = acting_by(city, take_up_within=SOON)
    timers = Timers(city.sessions, acts, city.clock)
    (case,) = await sent(city, 1, acts)
    had = await checkers(city, [case])
    for _ in range(2):
        city.clock.at += SOON - timedelta(seconds=2)
        await timers.fire_due()
        assert await checkers(city, [case]) == had[-1:], "not a second before"
        city.clock.at += timedelta(seconds=2)
        await timers.fire_due()
        had += await checkers(city, [case])
        row = await last(city, case)
        assert (row.action, row.post, row.policy, row.actor_id) == ("hand_over", Post.POLICY, "take_up_within", None)
    assert set(had) == set(people)
    city.clock.at += SOON
    await timers.fire_due()
    assert await checkers(city, [case]) == had[-1:], "it stays with the last"
    async with city.sessions() as session:
        waiting = select(func.count()).where(Timer.subject_id == case, Timer.done_at.is_(None))
        assert await session.scalar(waiting.where(Timer.kind == "task_untaken")) == 0
    await sound(city)


async def test_what_was_taken_up_or_checked_stays(city: City) -> None:
    await appoint(city, 2)
    acts = acting_by(city, take_up_within=SOON)
    cases = await sent(city, 2, acts)
    (first, second) = await checkers(city, cases)
    done = await acts.play(
        [step(city, "case", cases[0], commands.TakeUp(), first), step(city, "case", cases[1], PASS, second)]
    )
    assert errors(done) == [None, None]
    async with city.sessions() as session:
        waiting = select(func.count()).where(Timer.subject_id.in_(cases), Timer.kind == "task_untaken")
        assert await session.scalar(waiting.where(Timer.done_at.is_(None))) == 0
        assert await session.scalar(waiting) == 2
    city.clock.at += 2 * SOON
    await Timers(city.sessions, acts, city.clock).fire_due()
    assert await checkers(city, cases) == [first, None]
    assert await city.steps(cases[0]) == ["file", "dispatch", "dispose", "send_check", "take_up"]
    async with city.sessions() as session:
        case = (await session.scalars(select(Case).where(Case.id == cases[0]))).one()
    assert case.task_taken_up_at is not None
    assert errors(await acts.play([step(city, "case", cases[0], commands.TakeUp(), first)])) == [ActionNotAllowed]
    await sound(city)


async def test_a_look_before_filing_goes_to_the_next_as_well(city: City) -> None:
    people = await appoint(city, 2)
    acts = acting_by(city, take_up_within=SOON)
    (report,) = await reported(city, 1)
    assert errors(await acts.play([step(city, "report", report, commands.RequestVerification())])) == [None]
    first = (await city.report(report)).verifier_id
    city.clock.at += SOON
    await Timers(city.sessions, acts, city.clock).fire_due()
    second = (await city.report(report)).verifier_id
    assert {first, second} == set(people)
    done = await acts.play([step(city, "report", report, commands.Verify(result=VerifyResult.TRUE), second)])
    assert errors(done) == [None]
    row = await city.report(report)
    assert (row.state, row.verifier_id, row.task_due_at) == (ReportState.RECEIVED, None, None)
    assert (await last(city, report)).payload["in_window"] is True
    await sound(city)


async def test_many_untaken_tasks_go_on_in_as_many_statements_as_one(city: City) -> None:
    await appoint(city, 4)
    acts = acting_by(city, take_up_within=SOON)
    timers = Timers(city.sessions, acts, city.clock)
    counts = []
    for number in (1, 6):
        cases = await sent(city, number, acts)
        before = await checkers(city, cases)
        city.clock.at += SOON
        with counted(city.sessions) as statements:
            assert await timers.fire_due() >= number
        counts.append(len(statements))
        assert all(one != two for one, two in zip(before, await checkers(city, cases), strict=True))
        await acts.play(on_cases(city, cases, PASS))
        city.clock.at += timedelta(days=1)
        await timers.fire_due()
    assert counts[0] == counts[1]


async def test_who_passes_what_he_reported_is_looked_over_once(city: City) -> None:
    (reporter,) = await appoint(city, 1)
    acts = acting_by(city, recheck_share=1.0)
    cases = await dispatched(city, 2, reporter)
    await acts.play(on_cases(city, cases, DISPOSE, commands.SendCheck()))
    assert await checkers(city, cases) == [reporter, reporter], "nobody else is there"
    assert errors(await acts.play([step(city, "case", cases[0], PASS, reporter)])) == [None]
    assert (await last(city, cases[0])).to_state == CaseState.CHECKED
    (other,) = await appoint(city, 1)
    with counted(city.sessions) as statements:
        assert errors(await acts.play([step(city, "case", cases[1], PASS, reporter)])) == [None]
    assert len([one for one in statements if "FROM rosters" in one]) == 1
    row = await last(city, cases[1])
    assert (row.to_state, row.policy, row.payload["result"]) == (CaseState.CHECKING, "recheck_share", "pass")
    assert await checkers(city, [cases[1]]) == [other]
    assert errors(await acts.play([step(city, "case", cases[1], PASS, other)])) == [None]
    assert (await last(city, cases[1])).to_state == CaseState.CHECKED
    await sound(city)


async def test_a_check_by_another_asks_for_nobody(city: City) -> None:
    await appoint(city, 2)
    (case,) = await sent(city, 1)
    (checker,) = await checkers(city, [case])
    with counted(city.sessions) as statements:
        await city.acts.play([step(city, "case", case, PASS, checker)])
    assert not [one for one in statements if "rosters" in one]


async def test_after_the_window_a_look_is_taken_all_the_same_and_marked(city: City) -> None:
    await appoint(city, 1)
    (case,) = await sent(city, 1)
    city.clock.pass_by(minutes=31)
    failed = commands.Check(result=CheckResult.NOT_FOUND)
    assert errors(await city.acts.play([step(city, "case", case, failed)])) == [None]
    row = await last(city, case)
    assert (row.to_state, row.payload["in_window"]) == (CaseState.DISPOSED, False)
