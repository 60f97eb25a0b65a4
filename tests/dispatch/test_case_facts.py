"""The facts that figures read, told in examples; local times of March 2026, the limit eight work hours."""

from dataclasses import replace

import pytest

from app.dispatch.case_facts import case_flags, round_facts
from app.dispatch.case_projection import AUTO_SIGN, RESUME, lapsed, present, requests, timers
from app.dispatch.codes import Action, CaseState, CheckResult, DisposalResult, FailCode, LegEnd, Post
from app.dispatch.commands import (
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
    Urge,
    Void,
)
from app.dispatch.errors import BadInput
from app.dispatch.policies import DEFAULTS
from tests.dispatch.cases import AUTHOR, CASE_ID, LEAD, Tale, at, local

SOLVED = Dispose(result=DisposalResult.SOLVED)
MORE = RequestExtension(reason_code="rain")


def answer(tale: Tale, when: str, *, yes: bool = True, post: Post = Post.SHIFT_LEAD) -> None:
    assert tale.life.round.pending is not None
    request_id = tale.life.round.pending.id
    command = GrantRequest(request_id=request_id) if yes else RefuseRequest(request_id=request_id, text="否")
    tale.do(command, when, post=post)


def check(tale: Tale, when: str, code: FailCode | None = None) -> None:
    tale.do(SendCheck(), when)
    tale.do(Check(result=CheckResult.FAIL if code else CheckResult.PASS, code=code), when)


def finish(tale: Tale, when: str) -> None:
    check(tale, when)
    tale.do(Close(), when)


def returned(tale: Tale, asked: str, ruled: str) -> None:
    tale.do(RequestReturn(reason_code="not_mine"), asked)
    answer(tale, ruled, post=Post.DISPATCHER)


def to_close(tale: Tale) -> tuple[str | None, str | None]:
    return local(tale.facts.case_to_close_at), local(tale.facts.leg_to_close_at)


def test_before_the_dispatch_there_is_nothing_to_close() -> None:
    facts = Tale().facts
    assert (local(facts.filed_at), facts.first_dispatch_at, facts.case_to_close_at) == ("10 08:30", None, None)
    assert (facts.counted, facts.dispatched, facts.accurate, facts.unit_code) == (True, False, False, None)


def test_an_open_case_is_to_be_closed_when_it_falls_due() -> None:
    facts = Tale.dispatched().facts
    assert local(facts.case_to_close_at) == local(facts.leg_to_close_at) == "11 09:00"
    assert (facts.dispatched, facts.accurate, facts.disposed, facts.closed) == (True, True, False, False)
    assert (facts.case_on_time, facts.leg_on_time) == (False, False)
    assert (facts.unit_code, facts.inspector_id, facts.dispatcher_id) == ("greens", AUTHOR, LEAD)


@pytest.mark.parametrize(
    ("when", "fixed", "on_time"),
    [
        pytest.param("10 16:00", "10 16:00", True, id="disposed first"),
        pytest.param("11 09:00", "11 09:00", True, id="disposed at the last moment"),
        pytest.param("11 09:01", "11 09:00", False, id="due first"),
    ],
)
def test_what_comes_first_fixes_when_a_round_is_to_be_closed(when: str, fixed: str, *, on_time: bool) -> None:
    tale = Tale.dispatched()
    tale.do(SOLVED, when)
    assert to_close(tale) == (fixed, fixed)
    assert (tale.facts.case_on_time, tale.facts.leg_on_time) == (on_time, on_time)


def test_no_rework_moves_it() -> None:
    tale = Tale.dispatched()
    tale.do(SOLVED, "10 16:00")
    check(tale, "10 17:00", FailCode.INCOMPLETE)
    assert to_close(tale) == ("10 16:00", "10 16:00")
    assert (tale.facts.disposed, tale.facts.reworks) == (False, 1)
    tale.do(SOLVED, "11 09:30")
    assert to_close(tale) == ("10 16:00", "10 16:00")
    assert (tale.facts.case_on_time, tale.facts.leg_on_time) == (False, True)


def test_no_extension_or_suspension_moves_it_once_it_is_fixed() -> None:
    tale = Tale.dispatched()
    tale.do(SOLVED, "10 16:00")
    check(tale, "10 16:00", FailCode.INCOMPLETE)
    tale.do(MORE, "10 16:10")
    answer(tale, "10 16:20")
    assert tale.dues == ("12 09:00", "12 09:00")
    tale.do(RequestSuspension(reason_code="frost", until=at("13 09:00")), "10 16:30")
    answer(tale, "10 16:40")
    assert to_close(tale) == ("10 16:00", "10 16:00")


def test_before_that_an_extension_and_a_suspension_do() -> None:
    tale = Tale.dispatched()
    tale.do(MORE, "10 10:00")
    answer(tale, "10 10:00")
    assert to_close(tale) == ("12 09:00", "12 09:00")
    tale.do(RequestSuspension(reason_code="frost", until=at("13 09:00")), "10 11:00")
    answer(tale, "10 11:00")
    assert (to_close(tale), tale.facts.dispatched) == ((None, None), False)
    tale.do(Resume(), "10 12:00")
    assert (to_close(tale), tale.facts.dispatched) == (("12 10:00", "12 10:00"), True)


def test_a_passed_due_time_stays_fixed_by_any_later_step() -> None:
    tale = Tale.dispatched()
    tale.do(Note(text="催过"), "11 10:00")
    assert tale.life.round.clock.fixed_at == at("11 09:00")
    tale.do(SOLVED, "12 10:00")
    check(tale, "12 11:00", FailCode.INCOMPLETE)
    assert to_close(tale) == ("11 09:00", "11 09:00")


def test_a_request_asked_in_time_holds_it_open_while_it_waits() -> None:
    tale = Tale.dispatched()
    tale.do(MORE, "11 08:30")
    tale.do(Urge(), "11 10:00")
    assert to_close(tale) == (None, None)
    answer(tale, "11 10:30")
    tale.do(Note(text="准"), "11 10:40")
    assert to_close(tale) == ("12 09:00", "12 11:00")
    refused = Tale.dispatched()
    refused.do(MORE, "11 08:30")
    answer(refused, "11 09:10", yes=False)
    assert to_close(refused) == ("11 09:00", "11 09:00")


def test_the_desks_delay_is_not_the_units() -> None:
    tale = Tale.dispatched()
    tale.do(SOLVED, "11 09:00")
    finish(tale, "25 17:00")
    facts = tale.facts
    assert (facts.closed, facts.case_on_time, facts.leg_on_time) == (True, True, True)
    assert local(facts.case_to_close_at) == "11 09:00"
    assert (local(facts.closed_at), facts.end_kind) == ("25 17:00", "solved")


def test_on_time_is_judged_by_the_disposal_that_stands() -> None:
    tale = Tale.dispatched()
    tale.do(SOLVED, "10 10:00")
    check(tale, "10 10:10", FailCode.NOT_DONE)
    tale.do(SOLVED, "12 10:00")
    finish(tale, "12 11:00")
    facts = tale.facts
    assert (local(facts.standing_disposed_at), facts.case_on_time, facts.leg_on_time) == ("12 10:00", False, False)


def test_in_time_by_the_leg_and_late_by_the_case() -> None:
    """Lost in handover: the first unit sat on it, the second did its part."""
    tale = Tale.dispatched()
    returned(tale, "10 10:50", "10 17:30")
    tale.do(Dispatch(unit_code="roads", reason_code="after_return"), "11 08:30")
    assert tale.dues == ("11 09:00", "12 08:30")
    tale.do(SOLVED, "11 16:00")
    finish(tale, "11 17:00")
    facts = tale.facts
    assert (facts.leg_on_time, facts.case_on_time, facts.closed, facts.counted) == (True, False, True, True)
    assert to_close(tale) == ("11 09:00", "11 16:00")
    assert (facts.unit_code, facts.accurate, facts.returns) == ("roads", False, 1)


def test_a_round_without_a_unit_stands_under_nobody() -> None:
    tale = Tale.dispatched()
    returned(tale, "10 10:00", "10 10:30")
    facts = tale.facts
    assert (facts.unit_code, facts.leg_due_at, facts.leg_to_close_at, facts.leg_on_time) == (None, None, None, False)
    assert (facts.dispatched, facts.accurate, local(facts.case_to_close_at)) == (True, False, "11 09:00")


def test_the_legs_tell_of_their_returns() -> None:
    tale = Tale.dispatched()
    returned(tale, "10 10:00", "10 10:30")
    tale.do(Dispatch(unit_code="roads", reason_code="x"), "10 11:00")
    tale.do(RequestReturn(reason_code="not_mine"), "10 11:10")
    answer(tale, "10 11:20", yes=False, post=Post.DISPATCHER)
    first, second = tale.leg_facts
    assert (first.end, first.return_granted, local(first.return_ruled_at)) == (LegEnd.RETURNED, True, "10 10:30")
    assert (second.end, second.return_granted, local(second.return_ruled_at)) == (None, False, "10 11:20")
    assert tale.facts.returns == 1


def test_a_recall_is_a_wrong_dispatch_but_no_return() -> None:
    tale = Tale.dispatched()
    tale.do(Recall(), "10 09:10")
    tale.do(Dispatch(unit_code="roads", reason_code="x"), "10 09:20")
    assert (tale.facts.accurate, tale.facts.returns, tale.leg_facts[0].end) == (False, 0, LegEnd.RECALLED)
    assert tale.leg_facts[0].return_ruled_at is None


def test_what_is_voided_counts_nowhere() -> None:
    tale = Tale.dispatched()
    tale.do(Void(reason_code="x"), "10 10:00")
    assert (tale.facts.counted, tale.facts.dispatched) == (False, False)


def test_a_redo_that_is_voided_leaves_the_first_round_in_its_month() -> None:
    tale = Tale.dispatched(recurrent=True)
    tale.do(SOLVED, "10 16:00")
    finish(tale, "10 17:00")
    first = tale.facts
    tale.do(Reopen(reason_code="dissatisfied"), "12 09:00")
    tale.do(Void(reason_code="x"), "12 10:00")
    before, second = round_facts(CASE_ID, tale.life)
    assert before == first
    assert (second.counted, second.filed_at, local(second.reopened_at)) == (False, None, "12 09:00")
    assert (before.recurrent, second.recurrent) == (True, False)


def test_extensions_are_counted_over_all_legs_of_a_round() -> None:
    tale = Tale.dispatched(policies=replace(DEFAULTS, extension_moves_case=False))
    tale.do(MORE, "10 09:10")
    answer(tale, "10 09:20")
    tale.do(Recall(), "10 09:30")
    tale.do(Dispatch(unit_code="roads", reason_code="x"), "10 09:40")
    tale.do(MORE, "10 09:50")
    answer(tale, "10 10:00")
    tale.do(MORE, "10 10:10")
    answer(tale, "10 10:20", yes=False)
    assert tale.facts.extensions == 2


def test_flags_name_what_happened_at_least_once() -> None:
    tale = Tale.dispatched()
    assert case_flags(tale.life) == []
    tale.do(Urge(), "10 09:10")
    tale.do(MORE, "10 09:20")
    assert case_flags(tale.life) == ["urged", "request_pending"]
    answer(tale, "10 09:30")
    returned(tale, "10 09:40", "10 09:50")
    assert case_flags(tale.life) == ["returned", "extended", "urged"]
    with pytest.raises(BadInput):  # the routed unit has given it back
        tale.decide(Dispatch(), "10 10:00")
    tale.do(Dispatch(unit_code="greens", reason_code="x"), "10 10:00")
    tale.do(RequestSuspension(reason_code="x", until=at("12 09:00")), "10 10:10")
    answer(tale, "10 10:20")
    tale.do(Resume(), "10 10:30")
    tale.do(SOLVED, "10 11:00")
    check(tale, "10 11:10", FailCode.INCOMPLETE)
    assert case_flags(tale.life) == ["reworked", "returned", "extended", "suspended", "urged"]
    tale.do(SOLVED, "10 11:30")
    finish(tale, "10 11:40")
    tale.do(Reopen(reason_code="x"), "10 12:00")
    assert case_flags(tale.life) == ["reopened", "urged"]


def test_the_row_of_a_case_follows_from_its_life() -> None:
    tale = Tale()
    row = present(tale.life)
    assert (row["unit_code"], row["unit_codes"], row["dispatched_at"], row["version"]) == ("greens", [], None, 1)
    tale.do(Dispatch(co_units=("lamps",)), "10 09:00")
    returned(tale, "10 10:00", "10 10:30")
    tale.do(Dispatch(unit_code="roads", reason_code="x"), "10 15:00")
    row = present(tale.life)
    assert (row["state"], row["unit_code"], row["round"]) == (CaseState.DISPATCHED, "roads", 1)
    assert row["unit_codes"] == ["greens", "lamps", "roads"]
    assert (local(row["case_due_at"]), local(row["leg_due_at"])) == ("11 09:00", "11 15:00")
    assert (local(row["case_yellow_at"]), local(row["leg_yellow_at"])) == ("10 16:36", "11 10:36")
    assert [(one["kind"], one["state"]) for one in requests(CASE_ID, tale.life)] == [("return", "granted")]


def test_an_unsigned_leg_signs_itself_after_two_hours() -> None:
    tale = Tale.dispatched()
    (timer,) = timers(tale.life, Action.DISPATCH, DEFAULTS)
    assert (timer.kind, local(timer.due_at), timer.payload) == (AUTO_SIGN, "10 11:00", {"round": 1, "leg": 1})
    assert timers(tale.life, Action.DISPATCH, replace(DEFAULTS, auto_sign_after=None)) == []
    tale.do(MORE, "10 09:10")
    answer(tale, "10 09:20")
    assert AUTO_SIGN not in lapsed(Action.GRANT)  # an extension signs nothing
    assert AUTO_SIGN in lapsed(Action.SIGN)


def test_a_suspension_sets_its_own_end_and_an_unsigned_leg_is_signed_after_it() -> None:
    tale = Tale.dispatched()
    tale.do(RequestSuspension(reason_code="frost", until=at("12 09:00")), "10 09:10")
    answer(tale, "10 09:20")
    (timer,) = timers(tale.life, Action.GRANT, DEFAULTS)
    assert (timer.kind, local(timer.due_at)) == (RESUME, "12 09:00")
    tale.do(Resume(), "12 09:00")
    assert [one.kind for one in timers(tale.life, Action.RESUME, DEFAULTS)] == [AUTO_SIGN]
    assert lapsed(Action.RESUME) == (RESUME,)
    tale.do(Sign(), "12 09:10")
    assert timers(tale.life, Action.RESUME, DEFAULTS) == []
    assert set(lapsed(Action.VOID)) == {AUTO_SIGN, RESUME}
