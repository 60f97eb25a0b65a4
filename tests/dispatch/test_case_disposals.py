"""Made safe, not to be done, put right and come back: what a unit says beyond "it is done"."""

from dataclasses import replace

import pytest

from app.dispatch.case_disposal import CLAIMS
from app.dispatch.case_facts import case_flags
from app.dispatch.clock_story import tell
from app.dispatch.codes import (
    CaseState,
    CheckResult,
    DisposalResult,
    EndKind,
    FailCode,
    LegEnd,
    LimitUnit,
    Post,
    RequestKind,
    RequestState,
)
from app.dispatch.commands import (
    Check,
    Close,
    Dispatch,
    Dispose,
    GrantRequest,
    Recall,
    RequestExtension,
    RequestReturn,
    SendCheck,
)
from app.dispatch.errors import ActionNotAllowed, BadInput
from app.dispatch.limits import Limit
from app.dispatch.policies import DEFAULTS
from tests.dispatch.cases import CALENDAR, Tale, at, local

SOLVED = Dispose(result=DisposalResult.SOLVED)
SAFE = Dispose(result=DisposalResult.TEMPORARY)
PASS = Check(result=CheckResult.PASS)


def pending(tale: Tale) -> GrantRequest:
    assert tale.life.round.pending is not None
    return GrantRequest(request_id=tale.life.round.pending.id)


def made_safe(when: str = "10 15:00") -> Tale:
    """Eight work hours from the 10th, 9:00, end on the 11th at 9:00; ten work days from the 10th end on the 24th."""
    tale = Tale.dispatched()
    tale.do(SAFE, when)
    return tale


def test_made_safe_in_time_starts_both_clocks_anew_and_keeps_the_first_dispatch() -> None:
    tale = made_safe()
    assert tale.life.state is CaseState.DISPATCHED
    first, second = tale.life.round.legs
    assert (first.end, first.ended_at, second.follows, second.unit_code) == (
        LegEnd.DISPOSED,
        at("10 15:00"),
        1,
        "greens",
    )
    assert second.clock.limit == Limit(value=10, unit=LimitUnit.WORK_DAY)
    assert tale.dues == ("24 15:00", "24 15:00")
    assert tale.facts.first_dispatch_at == at("10 09:00")
    assert tale.facts.case_to_close_at == at("24 15:00")
    assert (tale.facts.disposed, tale.life.round.standing) == (False, None)
    assert "made_safe" in case_flags(tale.life)
    tale.do(SOLVED, "24 15:00")
    assert (tale.facts.case_on_time, tale.facts.leg_on_time) == (True, True)
    assert tale.life.round.standing is not None
    assert tale.life.round.standing.leg == 2


def test_what_follows_too_late_is_late_by_both_clocks() -> None:
    tale = made_safe()
    tale.do(SOLVED, "24 15:01")
    assert (tale.facts.case_on_time, tale.facts.leg_on_time) == (False, False)
    assert tale.facts.case_to_close_at == at("24 15:00")


def test_made_safe_too_late_moves_no_case_clock_and_nothing_done_after_it_is_in_time() -> None:
    tale = made_safe("11 09:01")
    assert tale.dues == ("11 09:00", "25 09:01")
    assert (tale.facts.case_to_close_at, tale.facts.leg_to_close_at) == (at("11 09:00"), at("11 09:00"))
    tale.do(SOLVED, "11 10:00")
    assert (tale.facts.case_on_time, tale.facts.leg_on_time) == (False, False)


def test_more_time_for_what_follows_leaves_a_case_alone_that_was_late_before() -> None:
    late, in_time = made_safe("11 09:01"), made_safe()
    for tale, case in ((late, "11 09:00"), (in_time, "07 15:00")):
        tale.do(RequestExtension(reason_code="rain"), "11 10:00")
        tale.do(pending(tale), "11 10:10")
        assert tale.dues[0] == case  # ten work days once more: into April


def test_it_is_made_safe_once_a_round() -> None:
    tale = made_safe()
    with pytest.raises(ActionNotAllowed):
        tale.decide(SAFE, "10 16:00")


def test_what_follows_was_not_sent_and_is_not_taken_back() -> None:
    with pytest.raises(ActionNotAllowed):
        made_safe().decide(Recall(), "10 15:01")


def test_the_clocks_are_explained_across_a_temporary_disposal() -> None:
    tale = made_safe()
    told = tell(tale.entries, CALENDAR, at("11 10:00"))
    (before,) = told.case.earlier
    assert before.account is not None
    assert told.case.account is not None
    assert (before.limit_source, told.case.limit_source) == ("city practice", "policy follow_up_limit")
    assert (before.account.used_minutes, told.case.account.used_minutes) == (4 * 60, 5 * 60)
    assert (local(before.account.due_at), local(told.case.account.due_at)) == ("11 09:00", "24 15:00")
    assert told.leg is not None
    assert len(told.leg.earlier) == 1
    late = tell(made_safe("11 09:01").entries, CALENDAR, at("11 10:00"))
    assert late.case.earlier == ()
    assert late.leg is not None
    assert len(late.leg.earlier) == 1


def test_a_wait_beyond_the_ruling_limit_is_given_back_to_the_leg_that_ends() -> None:
    tale = Tale.dispatched(Limit(value=2, unit=LimitUnit.WORK_HOUR))
    tale.do(RequestExtension(reason_code="rain"), "10 09:10")
    tale.do(SAFE, "10 11:20")
    first, second = tale.life.round.legs
    assert local(first.clock.due_at) == "10 14:10"
    assert second.late is False
    assert [one.state for one in tale.life.round.requests] == [RequestState.WITHDRAWN]


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (Dispose(result=DisposalResult.CANNOT), "claim_required"),
        (Dispose(result=DisposalResult.CANNOT, claim=EndKind.SOLVED), "claim_unknown"),
        (Dispose(result=DisposalResult.CANNOT, claim=EndKind.MERGED), "claim_unknown"),
        (Dispose(result=DisposalResult.SOLVED, claim=EndKind.EXPLAINED), "claim_unexpected"),
    ],
)
def test_a_claim_goes_with_what_cannot_be_done_whatever_the_state(command: Dispose, code: str) -> None:
    for tale in (Tale.dispatched(), Tale()):
        with pytest.raises(BadInput) as error:
            tale.decide(command, "10 10:00")
        assert error.value.code == code


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_claim_asks_for_an_end_and_stops_no_clock(claim: EndKind) -> None:
    tale = Tale.dispatched()
    entry = tale.do(Dispose(result=DisposalResult.CANNOT, claim=claim), "10 10:00")
    request = tale.life.round.pending
    assert request is not None
    assert (request.kind, request.claim, request.in_time) == (RequestKind.END, claim, True)
    assert (entry.payload["claim"], tale.life.state) == (claim.value, CaseState.DISPATCHED)
    assert tale.dues == ("11 09:00", "11 09:00")
    assert (tale.leg.ended_at, tale.leg.signed_at) == (None, at("10 10:00"))
    assert tale.life.round.disposals == ()
    assert {"end_asked", "request_pending"} <= set(case_flags(tale.life))
    with pytest.raises(ActionNotAllowed):
        tale.decide(Dispose(result=DisposalResult.CANNOT, claim=claim), "10 10:10")


def test_a_claim_takes_the_place_of_another_request_and_a_disposal_its_own() -> None:
    tale = Tale.dispatched()
    tale.do(RequestExtension(reason_code="rain"), "10 09:10")
    tale.do(Dispose(result=DisposalResult.CANNOT, claim=EndKind.PROBLEM_BANK), "10 09:20")
    assert [one.state for one in tale.life.round.requests] == [RequestState.WITHDRAWN, RequestState.PENDING]
    tale.do(SOLVED, "10 09:30")
    assert tale.life.round.pending is None
    assert tale.life.state is CaseState.DISPOSED


def test_what_came_back_has_passed() -> None:
    tale = Tale.dispatched(policies=replace(DEFAULTS, desk_check=True))
    tale.do(SOLVED, "10 10:00")
    tale.do(SendCheck(), "10 10:10")
    tale.do(Check(result=CheckResult.FAIL, code=FailCode.RELAPSED), "10 10:20")
    assert (tale.life.state, tale.life.round.reworks) == (CaseState.CHECKED, 0)
    assert tale.life.round.standing is not None
    tale.do(Close(), "10 10:30")
    assert tale.facts.closed


def test_a_follow_up_that_is_given_back_goes_to_another_with_the_long_limit() -> None:
    tale = made_safe()

    tale.do(RequestReturn(reason_code="not_ours"), "10 15:10")
    tale.do(pending(tale), "10 15:20", post=Post.DISPATCHER)
    assert (tale.life.state, tale.life.leg) == (CaseState.FILED, None)
    assert tale.facts.unit_code is None
    tale.do(Dispatch(unit_code="roads", reason_code="x"), "10 16:00")
    assert tale.dues == ("24 15:00", "24 16:00")
    assert tale.facts.first_dispatch_at == at("10 09:00")
