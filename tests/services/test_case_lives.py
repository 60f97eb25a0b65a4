"""What cases do to each other and to their reports: merged, begun again, amended, ended unsolved, voided."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, update
from uuid_utils.compat import uuid7

from app.adapters.keys import Keys
from app.dispatch import commands
from app.dispatch.access import Actor, Appointment
from app.dispatch.codes import (
    CaseState,
    CheckResult,
    DisposalResult,
    EndKind,
    FailCode,
    Kind,
    LegEnd,
    LocationFrom,
    Post,
)
from app.dispatch.errors import ActionNotAllowed, BadInput
from app.dispatch.points import Point
from app.dispatch.policies import DEFAULTS
from app.models.cases import Case, CaseReport, LegFacts
from app.models.facts import RoundFactsRow
from app.models.history import HistoryRow
from app.models.reports import Report
from app.services.acts import Act, Acts, Done
from app.services.cases import Meta
from app.services.ledger import Acting
from tests.acts_played import (
    ACCEPT,
    AT_ONCE,
    DISPOSE,
    PASS,
    TO_THE_CHECK,
    act,
    checked,
    dispatched,
    errors,
    on_cases,
    reported,
    sound,
)
from tests.hotline_city import PLACE, City, open_city
from tests.people_stored import store_account
from tests.small_city import EAST_CELL, IN_EAST, UNIT_EAST, UNIT_WEST, WEST
from tests.statements import counted
from tests.towns import Town

RELAPSED = commands.Check(result=CheckResult.FAIL, code=FailCode.RELAPSED)
EAST = Point(lon=IN_EAST[0], lat=IN_EAST[1], raw_lon=1, raw_lat=1, datum="cgcs2000", located_from=LocationFrom.BY_HAND)


@pytest.fixture
async def city(fresh_city: Town, keys: Keys, tmp_path: Path) -> AsyncIterator[City]:
    async with open_city(fresh_city, keys, tmp_path) as opened:
        yield opened


def under(city: City, **policies: Any) -> Acts:
    """Return who acts where the city has decided otherwise."""
    sittings = replace(city.acts.sittings, policies=replace(DEFAULTS, **policies))
    return replace(city.acts, sittings=sittings)


async def case(city: City, case_id: UUID) -> Case:
    async with city.sessions() as session:
        return (await session.scalars(select(Case).where(Case.id == case_id))).one()


async def reports_of(city: City, case_id: UUID) -> set[UUID]:
    query = select(CaseReport.report_id).where(CaseReport.case_id == case_id, CaseReport.until.is_(None))
    async with city.sessions() as session:
        return set(await session.scalars(query))


async def last_payload(city: City, subject_id: UUID) -> dict[str, Any]:
    query = select(HistoryRow.payload).where(HistoryRow.subject_id == subject_id).order_by(HistoryRow.number.desc())
    async with city.sessions() as session:
        return dict((await session.scalars(query.limit(1))).one())


async def done(city: City, case_id: UUID, *wanted: commands.Command, acts: Acts | None = None) -> list[Done]:
    played = await (acts or city.acts).play(on_cases(city, [case_id], *wanted))
    assert errors(played) == [None] * len(wanted), [one.error for one in played]
    return played


async def refused(city: City, case_id: UUID, command: commands.Command, acts: Acts | None = None) -> Exception:
    (played,) = await (acts or city.acts).play(on_cases(city, [case_id], command))
    assert played.error is not None
    return played.error


async def filed(city: City, number: int = 1) -> list[tuple[UUID, UUID]]:
    """Return (report, dispatched case) pairs."""
    reports = await reported(city, number)
    played = await city.acts.play([act(city, "report", one, AT_ONCE) for one in reports])
    return [(report, one.opened[0]) for report, one in zip(reports, played, strict=True)]


async def test_what_came_back_passes_and_becomes_a_case_of_its_own(city: City) -> None:
    ((report, first),) = await filed(city)
    *_, found = await done(city, first, DISPOSE, commands.SendCheck(), RELAPSED)
    (second,) = found.opened
    assert (await case(city, first)).state is CaseState.CHECKED
    again = await case(city, second)
    assert (again.state, again.category, again.condition, again.unit_code) == (CaseState.FILED, "0305", 1, UNIT_WEST)
    assert "recurrent" in again.flags
    assert again.case_no != (await case(city, first)).case_no
    assert (await last_payload(city, first))["opened_case"] == str(second)
    assert (await last_payload(city, second))["relapse_of"] == str(first)
    assert await reports_of(city, second) == {report}
    await done(city, first, commands.Close())
    assert "reply" not in await city.steps(report)
    await done(city, second, commands.Dispatch(), *TO_THE_CHECK, commands.Close())
    assert (await city.steps(report)).count("reply") == 1
    await sound(city)


async def test_a_case_ends_in_another_which_answers_for_both(city: City) -> None:
    (one, first), (two, second) = await filed(city, 2)
    await done(city, first, commands.MergeCase(into_case=second))
    gone = await case(city, first)
    assert (gone.state, gone.end_kind) == (CaseState.CLOSED, EndKind.MERGED)
    assert await reports_of(city, second) == {one, two}
    async with city.sessions() as session:
        facts = (await session.scalars(select(RoundFactsRow).where(RoundFactsRow.case_id == first))).one()
        leg = (await session.scalars(select(LegFacts).where(LegFacts.case_id == first))).one()
    assert (facts.counted, leg.end) == (False, LegEnd.SUPERSEDED)
    assert "reply" not in await city.steps(one)
    await done(city, second, *TO_THE_CHECK, commands.Close())
    assert [(await city.steps(each)).count("reply") for each in (one, two)] == [1, 1]
    assert isinstance(await refused(city, first, commands.Reopen(reason_code="x")), ActionNotAllowed)
    await sound(city)


async def test_merged_and_closed_in_one_batch(city: City) -> None:
    (one, first), (two, second) = await filed(city, 2)
    wanted = [
        act(city, "case", first, commands.MergeCase(into_case=second)),
        *on_cases(city, [second], *TO_THE_CHECK, commands.Close()),
    ]
    assert set(errors(await city.acts.play(wanted))) == {None}
    assert [(await city.steps(each)).count("reply") for each in (one, two)] == [1, 1]
    await sound(city)


async def test_a_merged_case_gives_its_report_back(city: City) -> None:
    (one, first), (two, second) = await filed(city, 2)
    unmerge = commands.Unmerge(reason_code="not_same")
    (early,) = await city.acts.play([act(city, "report", one, unmerge)])
    assert isinstance(early.error, ActionNotAllowed)
    await done(city, first, commands.MergeCase(into_case=second))
    (left,) = await city.acts.play([act(city, "report", one, unmerge)])
    assert left.error is None
    assert (await city.report(one)).state == "accepted"
    assert await reports_of(city, second) == {two}
    assert await reports_of(city, first) == set()
    await sound(city)


async def test_into_what_a_case_does_not_merge(city: City) -> None:
    (_, first), (_, second), (_, third) = await filed(city, 3)
    codes = {first: "same_case", uuid7(): "unknown_case"}
    for into, code in codes.items():
        error = await refused(city, first, commands.MergeCase(into_case=into))
        assert isinstance(error, BadInput)
        assert error.code == code
    await done(city, second, commands.MergeCase(into_case=third))
    assert isinstance(await refused(city, first, commands.MergeCase(into_case=second)), ActionNotAllowed)
    await done(city, first, DISPOSE)
    assert isinstance(await refused(city, first, commands.MergeCase(into_case=third)), ActionNotAllowed)


async def test_amending_routes_anew_and_counts_from_the_first_dispatch(city: City) -> None:
    ((_, moved),) = await filed(city)
    before = await case(city, moved)
    city.clock.pass_by(hours=5)
    await done(city, moved, commands.Amend(condition=2, point=EAST, reroute=True))
    after = await case(city, moved)
    assert (after.condition, after.cell_code, after.unit_code) == (2, EAST_CELL, UNIT_EAST)
    assert (after.dispatched_at, after.state) == (before.dispatched_at, CaseState.DISPATCHED)
    assert after.case_due_at is not None
    assert after.leg_due_at is not None
    assert before.dispatched_at is not None
    assert (after.case_due_at - before.dispatched_at).total_seconds() == 2 * 3600, "two hours, and overdue at once"
    assert (after.leg_due_at - city.clock.at).total_seconds() == 2 * 3600
    async with city.sessions() as session:
        legs = (
            await session.scalars(select(LegFacts).where(LegFacts.case_id == moved).order_by(LegFacts.number))
        ).all()
        east = await session.scalar(select(func.ST_X(Case.geom)).where(Case.id == moved))
    assert [(leg.unit_code, leg.end) for leg in legs] == [(UNIT_WEST, LegEnd.SUPERSEDED), (UNIT_EAST, None)]
    assert east == pytest.approx(IN_EAST[0])
    await sound(city)


async def test_amending_what_was_not_sent_yet_proposes_anew(city: City) -> None:
    (report,) = await reported(city, 1)
    filing = commands.File(cases=(commands.CaseWanted(condition=1),))
    *_, opened = await city.acts.play([act(city, "report", report, one) for one in (ACCEPT, filing)])
    (waiting,) = opened.opened
    await done(city, waiting, commands.Amend(point=EAST, reroute=True), commands.Dispatch())
    assert (await case(city, waiting)).unit_code == UNIT_EAST
    await sound(city)


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (commands.Amend(), "nothing_to_amend"),
        (commands.Amend(category="9999"), "unknown_category"),
        (commands.Amend(kind=Kind.COMPONENT), "unknown_category"),
        (commands.Amend(condition=9), "unknown_condition"),
    ],
)
async def test_what_cannot_be_amended_is_said_before_the_state_is_looked_at(
    city: City, wanted: commands.Amend, code: str
) -> None:
    (late,) = await dispatched(city, 1)
    await done(city, late, DISPOSE)
    error = await refused(city, late, wanted)
    assert isinstance(error, BadInput)
    assert error.code == code
    assert isinstance(await refused(city, late, commands.Amend(condition=2)), ActionNotAllowed)


async def test_a_granted_claim_closes_and_gives_the_units_answer(city: City) -> None:
    taken = await city.say("C1", content="x", location=PLACE)
    played = await city.acts.play([act(city, "report", taken.report_id, AT_ONCE)])
    (claimed,) = played[0].opened
    cannot = commands.Dispose(
        result=DisposalResult.CANNOT, claim=EndKind.PROBLEM_BANK, public_answer="需列入改造计划", internal_note="无资金"
    )
    await done(city, claimed, cannot)
    assert (await case(city, claimed)).public_answer is None
    request_id = UUID((await last_payload(city, claimed))["request_id"])
    await done(city, claimed, commands.GrantRequest(request_id=request_id))
    ended = await case(city, claimed)
    assert (ended.state, ended.end_kind, ended.public_answer) == (
        CaseState.CLOSED,
        EndKind.PROBLEM_BANK,
        "需列入改造计划",
    )
    assert (await city.steps(taken.report_id))[-1] == "reply"
    kind, told = (await city.told("C1"))[-1]
    assert (kind, told["end_kind"], told["public_answer"]) == ("case.closed", "problem_bank", "需列入改造计划")
    assert "case.disposed" not in [one for one, _ in await city.told("C1")]
    await sound(city)


async def test_whoever_waits_for_a_voided_case_is_told(city: City) -> None:
    taken = await city.say("V1", content="x", location=PLACE)
    two = commands.File(cases=(commands.CaseWanted(condition=1), commands.CaseWanted(condition=2)))
    played = await city.acts.play([act(city, "report", taken.report_id, replace(AT_ONCE, file=two))])
    first, second = played[0].opened
    await done(city, first, *TO_THE_CHECK, commands.Close())
    assert "reply" not in await city.steps(taken.report_id)
    await done(city, second, commands.Void(reason_code="duplicate"))
    assert (await city.steps(taken.report_id)).count("reply") == 1
    assert await last_payload(city, taken.report_id) == {"case_id": str(second), "end_kind": None}
    assert [(kind, told["state"]) for kind, told in await city.told("V1")][-1] == ("case.closed", "voided")
    await sound(city)


async def test_what_is_withdrawn_after_filing_wants_a_look_at_the_case(city: City) -> None:
    ((report, its),) = await filed(city)
    (left,) = await city.acts.play([act(city, "report", report, commands.Withdraw(reason_code="solved_itself"))])
    assert left.error is None
    assert (await case(city, its)).attention == ["withdrawn_by_reporter"]
    await sound(city)


async def test_who_is_dissatisfied_wants_a_look_until_it_is_taken_up_again(city: City) -> None:
    ((report, its),) = await filed(city)
    await done(city, its, *TO_THE_CHECK, commands.Close())
    unhappy = commands.CallBack(report_id=report, reached=True, solved=False, satisfaction=1, opinion="还在")
    await done(city, its, unhappy, replace(unhappy, solved=True, satisfaction=3, opinion="好些"))
    assert (await case(city, its)).attention == ["dissatisfied"]
    said = (await city.report(report)).opinions
    assert [(one["satisfaction"], one["solved"]) for one in said] == [(1, False), (3, True)]
    await done(city, its, commands.CallBack(report_id=report, reached=True, satisfaction=5))
    kept = await city.report(report)
    assert [one["satisfaction"] for one in kept.opinions] == [1, 5]
    assert kept.called_back_at == city.clock.at
    await done(city, its, commands.Reopen(reason_code="dissatisfied"))
    assert (await case(city, its)).attention == []
    (evaluated,) = await city.acts.play([act(city, "report", report, commands.Evaluate(satisfaction=2))])
    assert evaluated.error is None
    assert (await case(city, its)).attention == ["dissatisfied"]
    await sound(city)


async def test_an_answer_goes_out_once_somebody_has_read_it(city: City) -> None:
    taken = await city.say("A1", content="x", location=PLACE)
    acts = under(city, answer_approval=True)
    played = await acts.play([act(city, "report", taken.report_id, AT_ONCE)])
    (read,) = played[0].opened
    await done(city, read, *TO_THE_CHECK, acts=acts)
    assert (await case(city, read)).public_answer is None
    assert "answer_to_approve" in (await case(city, read)).flags
    error = await refused(city, read, commands.Close(), acts)
    assert isinstance(error, ActionNotAllowed)
    assert error.fields["missing"] == ["approve_answer"]
    assert [told["public_answer"] for kind, told in await city.told("A1") if kind == "case.disposed"] == [None]
    await done(city, read, commands.ApproveAnswer(public_answer="已处理，谢谢"), commands.Close(), acts=acts)
    assert (await case(city, read)).public_answer == "已处理，谢谢"
    assert (await city.told("A1"))[-1][1]["public_answer"] == "已处理，谢谢"
    assert {"已处理", "已处理，谢谢"} <= set(await city.texts(read))
    assert isinstance(await refused(city, read, commands.ApproveAnswer(public_answer="x"), acts), ActionNotAllowed)
    await sound(city)


async def test_nobody_closes_before_who_asked_for_it_was_called(city: City) -> None:
    acts = under(city, call_back_before_closing=True)
    ((report, its), (other, second)) = await filed(city, 2)
    async with city.sessions() as session, session.begin():
        await session.execute(update(Report).where(Report.id == report).values(asks_call=True))
    await done(city, its, *TO_THE_CHECK, acts=acts)
    error = await refused(city, its, commands.Close(), acts)
    assert isinstance(error, ActionNotAllowed)
    assert (error.fields["missing"], error.fields["reports"]) == (["call_back"], [str(report)])
    await done(city, its, commands.CallBack(report_id=report, reached=False), commands.Close(), acts=acts)
    await done(city, second, *TO_THE_CHECK, commands.Close(), acts=acts)
    await done(city, its, commands.Reopen(reason_code="x"), *TO_THE_CHECK, acts=acts)
    assert isinstance(await refused(city, its, commands.Close(), acts), ActionNotAllowed), other


async def test_a_second_person_reaches_the_case_himself(city: City) -> None:
    (late,) = await dispatched(city, 1)
    city.clock.pass_by(days=9)
    lead = Appointment(post=Post.SHIFT_LEAD, desk="city")
    people = {
        "here": replace(lead, region_code=WEST),
        "elsewhere": replace(lead, region_code="510107009"),
        "no_lead": replace(lead, post=Post.OPERATOR),
    }
    ids = {name: await store_account(city.sessions, f"{name}-{uuid7()}", held) for name, held in people.items()}
    account = await store_account(city.sessions, f"lead-{uuid7()}", lead)
    actor = Actor(account_id=account, username="lead", name="值班长", appointments=(lead,))
    for name in ("elsewhere", "no_lead"):
        with pytest.raises(BadInput) as error:
            await city.cases.act(late, commands.Void(reason_code="x", second_person=ids[name]), actor, Meta())
        assert error.value.code == "second_person_unknown"
    assert await city.cases.act(late, commands.Void(reason_code="x", second_person=ids["here"]), actor, Meta())


async def test_a_wrong_unit_is_said_before_the_state_is_looked_at(city: City) -> None:
    (sent,) = await dispatched(city, 1)
    error = await refused(city, sent, commands.Dispatch(unit_code="nobody"))
    assert isinstance(error, BadInput)
    assert isinstance(await refused(city, sent, PASS), ActionNotAllowed)
    (report,) = await reported(city, 1)
    bad = commands.File(cases=(commands.CaseWanted(condition=9),))
    (early,) = await city.acts.play([act(city, "report", report, bad)])
    assert isinstance(early.error, BadInput)
    unknown = replace(AT_ONCE, dispatch=commands.Dispatch(unit_code="nobody", reason_code="x"))
    await city.acts.play([act(city, "report", report, AT_ONCE)])
    (again,) = await city.acts.play([act(city, "report", report, unknown)])
    assert isinstance(again.error, BadInput)


async def test_merging_takes_few_statements(city: City) -> None:
    (_, first), (_, second) = await filed(city, 2)
    with counted(city.sessions) as statements:
        acting = Acting(now=city.clock.at, post=Post.SHIFT_LEAD)
        command = commands.MergeCase(into_case=second)
        await city.acts.play([Act(subject="case", subject_id=first, command=command, acting=acting)])
    assert len(statements) <= 6, statements
    assert (await checked(city, 1)) != []
