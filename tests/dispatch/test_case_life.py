"""The life of a case told in examples; all times are local, of March 2026, the 10th being a Tuesday."""

from dataclasses import replace
from uuid import UUID

import pytest

from app.dispatch.case_fold import fold
from app.dispatch.case_life import limit_json, limit_of
from app.dispatch.codes import (
    Action,
    CaseState,
    CheckResult,
    DisposalResult,
    EndKind,
    FailCode,
    LegEnd,
    LegKind,
    LimitUnit,
    Post,
    RequestState,
    ReworkClock,
    WorkDayRule,
)
from app.dispatch.commands import (
    CallBack,
    Check,
    Close,
    Dispatch,
    Dispose,
    GrantRequest,
    Note,
    Recall,
    RefuseRequest,
    Reopen,
    RequestExtension,
    RequestReturn,
    RequestSuspension,
    Resume,
    SendCheck,
    Sign,
    Supplement,
    Tag,
    Urge,
    Void,
)
from app.dispatch.limits import Limit
from app.dispatch.policies import DEFAULTS
from tests.dispatch.cases import AUTHOR, INSPECTOR, OTHER_INSPECTOR, Tale, at, local

SOLVED = Dispose(result=DisposalResult.SOLVED)
PASS = Check(result=CheckResult.PASS)


def failed(code: FailCode = FailCode.INCOMPLETE) -> Check:
    return Check(result=CheckResult.FAIL, code=code)


def ask_return(tale: Tale, when: str) -> None:
    tale.do(RequestReturn(reason_code="not_mine", proposed_unit="roads"), when)


def granted(tale: Tale, when: str, post: Post = Post.SHIFT_LEAD) -> None:
    assert tale.life.round.pending is not None
    tale.do(GrantRequest(request_id=tale.life.round.pending.id), when, post=post)


def refused(tale: Tale, when: str, post: Post = Post.SHIFT_LEAD) -> None:
    assert tale.life.round.pending is not None
    tale.do(RefuseRequest(request_id=tale.life.round.pending.id, text="不同意"), when, post=post)


def test_the_whole_way_to_a_closed_case() -> None:
    tale = Tale()
    assert (tale.life.state, tale.life.unit_code, tale.dues) == (CaseState.FILED, "greens", (None, None))
    tale.do(Dispatch(), "10 09:00")
    assert (tale.life.state, tale.dues) == (CaseState.DISPATCHED, ("11 09:00", "11 09:00"))
    tale.do(Sign(), "10 09:20")
    tale.do(SOLVED, "10 16:00")
    tale.do(SendCheck(), "10 16:10")
    tale.do(PASS, "10 17:00", actor_id=tale.life.inspector_id)
    tale.do(CallBack(report_id=UUID(int=200), reached=True, satisfaction=5), "10 17:10")
    tale.do(Close(), "10 17:30")
    turn = tale.life.round
    assert [entry.action for entry in tale.entries] == [
        *(Action.FILE, Action.DISPATCH, Action.SIGN, Action.DISPOSE),
        *(Action.SEND_CHECK, Action.CHECK, Action.CALL_BACK, Action.CLOSE),
    ]
    assert (tale.life.state, turn.end_kind, local(turn.closed_at)) == (CaseState.CLOSED, EndKind.SOLVED, "10 17:30")
    assert (local(tale.leg.signed_at), local(tale.leg.ended_at)) == ("10 09:20", "10 16:00")
    assert tale.leg.end is LegEnd.DISPOSED
    assert tale.life.number == 8
    assert tale.dues == ("11 09:00", "11 09:00")


def test_the_checker_is_another_than_the_reporter_where_there_is_one() -> None:
    tale = Tale.dispatched()
    tale.do(SOLVED, "10 10:00")
    sent = tale.do(SendCheck(), "10 10:10")
    assert tale.life.inspector_id in {INSPECTOR, OTHER_INSPECTOR}
    assert sent.policy == "who_may_check"
    alone = Tale.dispatched()
    alone.do(SOLVED, "10 10:00")
    alone.do(SendCheck(), "10 10:10", inspectors=(AUTHOR,))
    assert alone.life.inspector_id == AUTHOR


def test_nobody_at_home_offers_the_check_to_another() -> None:
    tale = Tale.dispatched()
    tale.do(SOLVED, "10 10:00")
    tale.do(SendCheck(inspector_id=INSPECTOR), "10 10:10")
    tale.do(Check(result=CheckResult.NO_ACCESS), "10 11:00", actor_id=INSPECTOR)
    assert tale.life.state is CaseState.CHECKING
    assert tale.life.inspector_id not in {None, INSPECTOR}
    tale.do(Check(result=CheckResult.NO_ACCESS), "10 11:30", actor_id=AUTHOR, inspectors=())
    assert tale.life.inspector_id is not None


@pytest.mark.parametrize(
    ("result", "state"),
    [
        pytest.param(DisposalResult.GONE, CaseState.CHECKED, id="what is gone cannot be found: a pass"),
        pytest.param(DisposalResult.SOLVED, CaseState.DISPOSED, id="what was put right should be there"),
    ],
)
def test_nothing_found_at_the_check(result: DisposalResult, state: CaseState) -> None:
    tale = Tale.dispatched()
    tale.do(Dispose(result=result), "10 10:00")
    tale.do(SendCheck(), "10 10:10")
    tale.do(Check(result=CheckResult.NOT_FOUND), "10 11:00")
    assert tale.life.state is state
    assert tale.life.round.standing is not None


def reworked(code: FailCode, clock: ReworkClock) -> Tale:
    """Dispose on the 10th at 11:00 with six hours left, fail the check at 16:00: four counted hours with the desk."""
    tale = Tale.dispatched(policies=replace(DEFAULTS, rework_clock=clock))
    tale.do(SOLVED, "10 11:00")
    tale.do(SendCheck(), "10 11:30")
    tale.do(failed(code), "10 16:00")
    return tale


@pytest.mark.parametrize(
    ("clock", "code", "leg_due"),
    [
        pytest.param(ReworkClock.UNIT_TIME, FailCode.INCOMPLETE, "11 12:00", id="three hours are given back"),
        pytest.param(ReworkClock.UNIT_TIME, FailCode.WRONG_PLACE, "11 12:00", id="wrong place too"),
        pytest.param(ReworkClock.UNIT_TIME, FailCode.NOT_DONE, "11 09:00", id="nothing to who did nothing"),
        pytest.param(ReworkClock.DEADLINE_KEPT, FailCode.INCOMPLETE, "11 09:00", id="never given back"),
        pytest.param(ReworkClock.FRESH, FailCode.INCOMPLETE, "11 16:00", id="the full limit anew"),
        pytest.param(ReworkClock.FRESH, FailCode.NOT_DONE, "11 16:00", id="the full limit anew, whatever the code"),
    ],
)
def test_a_failed_check_opens_the_same_leg(clock: ReworkClock, code: FailCode, leg_due: str) -> None:
    tale = reworked(code, clock)
    assert tale.life.state is CaseState.DISPATCHED
    assert (tale.leg.number, tale.leg.ended_at, tale.leg.end) == (1, None, None)
    assert tale.dues == ("11 09:00", leg_due)
    assert (tale.life.round.reworks, tale.life.round.failed_code) == (1, code)
    assert tale.life.round.standing is None
    assert tale.life.inspector_id is None


def test_after_a_fresh_start_old_pauses_and_extensions_are_forgotten() -> None:
    tale = Tale.dispatched(policies=replace(DEFAULTS, rework_clock=ReworkClock.FRESH))
    tale.do(RequestExtension(reason_code="rain"), "10 09:30")
    granted(tale, "10 09:40")
    tale.do(SOLVED, "10 11:00")
    tale.do(SendCheck(), "10 11:30")
    tale.do(failed(), "10 16:00")
    tale.do(RequestSuspension(reason_code="frost", until=at("13 10:00")), "11 08:00")
    granted(tale, "11 08:00")
    tale.do(Resume(), "11 09:00")
    assert tale.dues[1] == "11 17:00"


def test_rework_of_what_was_overdue_stays_overdue() -> None:
    tale = Tale.dispatched()
    tale.do(SOLVED, "11 10:00")
    tale.do(SendCheck(), "11 10:10")
    tale.do(failed(), "11 15:00")
    assert tale.dues == ("11 09:00", "11 09:00")


def test_a_granted_return_annuls_the_leg_and_the_next_unit_gets_the_full_limit() -> None:
    tale = Tale.dispatched()
    ask_return(tale, "10 10:00")
    granted(tale, "10 10:30", post=Post.DISPATCHER)
    assert (tale.life.state, tale.life.leg, tale.dues) == (CaseState.FILED, None, ("11 09:00", None))
    assert tale.life.round.legs[0].annulled
    tale.do(Dispatch(unit_code="roads", reason_code="after_return"), "10 15:00")
    assert (tale.leg.number, tale.leg.unit_code) == (2, "roads")
    assert tale.dues == ("11 09:00", "11 15:00")


def test_a_refused_return_leaves_the_clock_running() -> None:
    tale = Tale.dispatched()
    ask_return(tale, "10 10:00")
    refused(tale, "10 10:59", post=Post.DISPATCHER)
    assert (tale.life.state, tale.dues) == (CaseState.DISPATCHED, ("11 09:00", "11 09:00"))
    assert tale.life.round.requests[0].state is RequestState.REFUSED


@pytest.mark.parametrize(
    ("asked", "ruled", "leg_due"),
    [
        pytest.param("10 10:00", "10 11:00", "11 09:00", id="within the desk's hour"),
        pytest.param("10 10:00", "10 15:00", "11 11:00", id="two counted hours too late"),
        pytest.param("11 08:30", "11 11:30", "11 12:00", id="the leg would have run out first: the whole wait"),
    ],
)
def test_ruling_time_beyond_the_desks_limit_is_given_back(asked: str, ruled: str, leg_due: str) -> None:
    tale = Tale.dispatched()
    tale.do(RequestExtension(reason_code="rain"), asked)
    refused(tale, ruled)
    assert tale.dues == ("11 09:00", leg_due)


def test_a_disposal_while_the_desk_is_late_gets_the_wait_back() -> None:
    tale = Tale.dispatched()
    tale.do(RequestExtension(reason_code="rain"), "10 17:00")
    tale.do(SOLVED, "11 10:00")
    assert tale.life.round.requests[0].state is RequestState.WITHDRAWN
    assert tale.dues == ("11 09:00", "11 11:00")
    assert (tale.facts.leg_on_time, tale.facts.case_on_time) == (True, False)
    assert local(tale.facts.leg_to_close_at) == "11 10:00"


def test_the_desks_limit_for_round_the_clock_cases_is_a_quarter_of_an_hour() -> None:
    tale = Tale.dispatched(Limit(value=4, unit=LimitUnit.CONTINUOUS_HOUR))
    assert tale.dues == ("10 13:00", "10 13:00")
    tale.do(RequestExtension(reason_code="rain"), "10 10:00")
    refused(tale, "10 12:00")
    assert tale.dues == ("10 13:00", "10 14:45")


def test_an_extension_moves_leg_and_case() -> None:
    tale = Tale.dispatched()
    tale.do(RequestExtension(reason_code="rain", limit=Limit(value=2, unit=LimitUnit.WORK_HOUR)), "10 10:00")
    granted(tale, "10 10:20")
    assert (tale.life.state, tale.dues) == (CaseState.DISPATCHED, ("11 11:00", "11 11:00"))
    tale.do(RequestExtension(reason_code="rain"), "10 11:00")
    granted(tale, "10 11:30")
    assert tale.dues == ("12 11:00", "12 11:00")


def test_an_extension_may_leave_the_case_clock_alone() -> None:
    """Also later, when another step computes the case's due time again."""
    tale = Tale.dispatched(policies=replace(DEFAULTS, extension_moves_case=False))
    tale.do(RequestExtension(reason_code="rain"), "10 10:00")
    granted(tale, "10 10:20")
    assert tale.dues == ("11 09:00", "12 09:00")
    tale.do(RequestSuspension(reason_code="frost", until=at("12 11:00")), "10 11:00")
    granted(tale, "10 11:00")
    tale.do(Resume(), "10 15:00")
    assert tale.dues == ("11 11:00", "12 11:00")


def test_an_extension_granted_too_late_still_counts_with_the_wait() -> None:
    tale = Tale.dispatched()
    tale.do(RequestExtension(reason_code="rain", limit=Limit(value=2, unit=LimitUnit.WORK_HOUR)), "10 17:00")
    granted(tale, "11 11:00")
    assert tale.dues == ("11 11:00", "11 16:00")


def test_a_suspension_moves_both_clocks_by_the_counted_time() -> None:
    tale = Tale.dispatched()
    tale.do(RequestSuspension(reason_code="frost", until=at("12 10:00")), "10 10:00")
    granted(tale, "10 11:00")
    assert (tale.life.state, tale.dues) == (CaseState.SUSPENDED, ("12 18:00", "12 18:00"))
    tale.do(Resume(), "10 15:00")
    assert (tale.life.state, tale.dues) == (CaseState.DISPATCHED, ("11 11:00", "11 11:00"))
    assert (tale.life.round.suspended_since, tale.life.round.suspensions) == (None, 1)


def test_a_suspension_that_nobody_ended_in_time_is_no_overdue() -> None:
    """The timer comes a day late: what was paused was paused."""
    tale = Tale.dispatched()
    tale.do(RequestSuspension(reason_code="frost", until=at("11 10:00")), "10 10:00")
    granted(tale, "10 10:00")
    tale.do(Resume(), "13 10:00")
    assert tale.dues == ("16 09:00", "16 09:00")
    assert (tale.life.round.clock.fixed_at, tale.leg.clock.fixed_at) == (None, None)


def test_a_suspension_granted_after_due_counts_from_its_asking() -> None:
    tale = Tale.dispatched()
    tale.do(RequestSuspension(reason_code="frost", until=at("16 09:00")), "11 08:30")
    granted(tale, "11 09:15")
    tale.do(Resume(), "12 08:00")
    assert tale.dues == ("12 08:30", "12 08:30")
    tale.do(Note(text="再看"), "12 08:20")
    assert tale.life.round.clock.fixed_at is None


def test_a_recall_annuls_the_leg() -> None:
    tale = Tale.dispatched()
    tale.do(Recall(), "10 12:00")
    assert (tale.life.state, tale.life.round.legs[0].end) == (CaseState.FILED, LegEnd.RECALLED)
    tale.do(Dispatch(), "10 15:00")
    assert tale.dues == ("11 09:00", "11 15:00")


def test_a_recall_withdraws_what_was_asked() -> None:
    tale = Tale.dispatched()
    ask_return(tale, "10 10:00")
    tale.do(Recall(), "10 10:10")
    assert tale.life.round.pending is None


def test_units_that_help_have_legs_of_their_own() -> None:
    tale = Tale()
    tale.do(Dispatch(co_units=("roads", "greens", "roads", "lamps")), "10 09:00")
    assert [(leg.number, leg.kind, leg.unit_code) for leg in tale.life.round.legs] == [
        (1, LegKind.MAIN, "greens"),
        (2, LegKind.ASSIST, "roads"),
        (3, LegKind.ASSIST, "lamps"),
    ]
    assert tale.life.unit_code == "greens"
    ask_return(tale, "10 09:30")
    granted(tale, "10 09:40", post=Post.DISPATCHER)
    tale.do(Dispatch(unit_code="roads", reason_code="after_return"), "10 10:00")
    assert (tale.leg.number, tale.leg.kind) == (4, LegKind.MAIN)


def closed(limit: Limit | None = None) -> Tale:
    tale = Tale.dispatched(limit) if limit else Tale.dispatched()
    tale.do(SOLVED, "10 16:00")
    tale.do(SendCheck(), "10 16:10")
    tale.do(PASS, "10 17:00")
    tale.do(Close(), "10 17:30")
    return tale


def test_a_redo_is_a_round_of_its_own() -> None:
    tale = closed()
    before = tale.life.rounds[0]
    tale.do(Reopen(reason_code="dissatisfied"), "12 09:00")
    turn = tale.life.round
    assert (turn.number, len(tale.life.rounds), tale.life.state) == (2, 2, CaseState.DISPATCHED)
    assert turn.clock.limit == Limit(value=3, unit=LimitUnit.WORK_DAY)
    assert tale.dues == ("17 09:00", "17 09:00")
    assert tale.life.rounds[0] == before
    tale.do(SOLVED, "13 09:00")
    assert tale.life.rounds[0] == before


def test_a_call_back_changes_nothing_but_the_number() -> None:
    tale = closed()
    before = tale.life
    tale.do(CallBack(report_id=UUID(int=200), reached=False), "11 09:00")
    turn = replace(before.round, updated_at=at("11 09:00"))
    assert tale.life == replace(before, number=before.number + 1, updated_at=at("11 09:00"), rounds=(turn,))


def test_a_void_withdraws_and_releases() -> None:
    tale = Tale.dispatched()
    tale.do(RequestExtension(reason_code="rain"), "10 10:00")
    tale.do(Void(reason_code="duplicate"), "10 10:10")
    assert tale.life.state is CaseState.VOIDED
    assert tale.life.round.pending is None
    assert local(tale.life.voided_at) == "10 10:10"


def test_urges_tags_and_attention_add_up() -> None:
    tale = Tale.dispatched(tags=("market",), attention=("snapped",))
    tale.do(Urge(), "10 09:10")
    tale.do(Urge(), "10 09:20")
    tale.do(Tag(add=("school", "school"), remove=("market",)), "10 09:30")
    tale.do(Supplement(attention="supplemented", text="又来电"), "10 09:40")
    assert (tale.life.urges, tale.life.tags) == (2, ("school",))
    assert tale.life.attention == {"snapped", "supplemented"}


def test_texts_stay_out_of_the_payload() -> None:
    tale = Tale.dispatched()
    draft = tale.decide(
        Dispose(result=DisposalResult.SOLVED, public_answer="已清理", internal_note="张三", note="附注"), "10 10:00"
    )
    assert draft.texts == {"public_answer": "已清理", "internal_note": "张三", "note": "附注"}
    assert not {"已清理", "张三", "附注"} & {str(value) for value in draft.payload.values()}


def test_a_case_begins_with_a_step() -> None:
    with pytest.raises(ValueError, match="at least the step"):
        fold([])


def test_folding_does_not_ask_who_is_looking() -> None:
    tale = closed()
    assert fold(tale.entries) == tale.life
    assert fold(tale.entries[3:], fold(tale.entries[:3])) == tale.life


@pytest.mark.parametrize("rule", [None, WorkDayRule.DAY_END])
def test_a_limit_comes_back_from_the_payload_as_it_went(rule: WorkDayRule | None) -> None:
    limit = Limit(value=3, unit=LimitUnit.WORK_DAY, rule=rule)
    assert limit_of(limit_json(limit)) == limit
