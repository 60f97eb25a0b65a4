"""What a decision refuses, and why."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from app.dispatch.case_requests import return_window_end
from app.dispatch.case_rulings import ruler
from app.dispatch.codes import (
    CaseState,
    CheckResult,
    DisposalResult,
    EndKind,
    FailCode,
    LimitUnit,
    Post,
    RequestKind,
)
from app.dispatch.commands import (
    Check,
    Close,
    Command,
    DeskCheck,
    Dispatch,
    Dispose,
    GrantRequest,
    MakeContact,
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
from app.dispatch.errors import ActionNotAllowed, BadInput, NotPermitted
from app.dispatch.limits import Limit
from app.dispatch.policies import DEFAULTS
from tests.dispatch.cases import EIGHT_HOURS, LEAD, SECOND, Tale, at, local, scene

SOLVED = Dispose(result=DisposalResult.SOLVED)
PASS = Check(result=CheckResult.PASS)
MINE_NOT = RequestReturn(reason_code="not_mine")
MORE = RequestExtension(reason_code="rain")


def refused(tale: Tale, command: Command, when: str, **around: object) -> ActionNotAllowed:
    """Expect that the state, or a guard, says no."""
    with pytest.raises(ActionNotAllowed) as error:
        tale.decide(command, when, **around)
    return error.value


def bad(tale: Tale, command: Command, when: str, **around: object) -> str:
    """Expect that what was sent is wrong; return the code."""
    with pytest.raises(BadInput) as error:
        tale.decide(command, when, **around)
    return error.value.code


def pending(tale: Tale) -> UUID:
    assert tale.life.round.pending is not None
    return tale.life.round.pending.id


def disposed(when: str = "10 10:00", **policies: object) -> Tale:
    tale = Tale.dispatched(policies=replace(DEFAULTS, **policies))  # type: ignore[arg-type]  # fields by name
    tale.do(SOLVED, when)
    return tale


def checked() -> Tale:
    tale = disposed()
    tale.do(SendCheck(), "10 10:10")
    tale.do(PASS, "10 11:00")
    return tale


def closed() -> Tale:
    tale = checked()
    tale.do(Close(), "10 11:30")
    return tale


def test_dispatching_elsewhere_wants_a_reason_and_a_unit_that_exists() -> None:
    tale = Tale()
    assert bad(tale, Dispatch(unit_code="roads"), "10 09:00") == "reason_required"
    assert bad(tale, Dispatch(unit_code="nobody", reason_code="x"), "10 09:00") == "unknown_unit"
    assert bad(tale, Dispatch(co_units=("nobody",)), "10 09:00") == "unknown_unit"
    assert bad(Tale(unit_code=None), Dispatch(), "10 09:00") == "unit_required"
    assert tale.decide(Dispatch(unit_code="roads", reason_code="x"), "10 09:00").payload["by_hand"] is True
    assert tale.decide(Dispatch(unit_code="greens"), "10 09:00").payload["by_hand"] is False


@pytest.mark.parametrize(
    ("signed", "when", "possible"),
    [
        pytest.param(False, "12 09:00", True, id="never signed: at any time"),
        pytest.param(True, "10 09:15", True, id="signed, the fifteenth minute"),
        pytest.param(True, "10 09:16", False, id="signed, a minute later"),
    ],
)
def test_when_a_dispatch_can_be_taken_back(when: str, *, signed: bool, possible: bool) -> None:
    tale = Tale.dispatched()
    if signed:
        tale.do(Sign(), "10 09:05")
    if possible:
        assert tale.decide(Recall(), when).target == CaseState.FILED
    else:
        refused(tale, Recall(), when)


def test_a_case_is_signed_once() -> None:
    tale = Tale.dispatched()
    tale.do(Sign(), "10 09:05")
    refused(tale, Sign(), "10 09:10")


def test_a_contact_cannot_lie_ahead() -> None:
    tale = Tale.dispatched()
    command = MakeContact(reached=True, at=at("10 10:00"), method="phone")
    assert bad(tale, command, "10 09:59") == "in_the_future"
    assert tale.decide(command, "10 10:00").target == CaseState.DISPATCHED


@pytest.mark.parametrize(
    ("limit", "ends"),
    [
        pytest.param(EIGHT_HOURS, "10 11:00", id="a quarter of eight hours"),
        pytest.param(Limit(value=5, unit=LimitUnit.WORK_DAY), "11 09:00", id="never more than eight work hours"),
        pytest.param(Limit(value=30, unit=LimitUnit.MINUTE), "10 09:15", id="never less than a quarter of an hour"),
        pytest.param(Limit(value=2, unit=LimitUnit.CONTINUOUS_HOUR), "10 09:30", id="a quarter of two hours"),
        pytest.param(Limit(value=16, unit=LimitUnit.WORK_HOUR), "10 15:00", id="four hours, over noon"),
    ],
)
def test_the_return_window(limit: Limit, ends: str) -> None:
    tale = Tale.dispatched(limit)
    end = return_window_end(tale.leg, scene(at("10 09:00")))
    assert local(end) == ends
    assert tale.decide(MINE_NOT, end).target == CaseState.DISPATCHED
    with pytest.raises(ActionNotAllowed):
        tale.decide(MINE_NOT, end + timedelta(microseconds=1))


def test_a_unit_asks_once_a_round_to_return_a_case() -> None:
    tale = Tale.dispatched()
    tale.do(MINE_NOT, "10 09:10")
    tale.do(RefuseRequest(request_id=pending(tale), text="是"), "10 09:20", post=Post.DISPATCHER)
    refused(tale, MINE_NOT, "10 09:30")
    tale.do(Recall(), "10 09:40", actor_id=LEAD)
    tale.do(Dispatch(), "10 10:00")
    refused(tale, MINE_NOT, "10 10:10")
    tale.do(Recall(), "10 10:20")
    tale.do(Dispatch(unit_code="roads", reason_code="x"), "10 10:30")
    assert tale.decide(MINE_NOT, "10 10:40").payload["leg"] == 3


def test_a_return_names_a_unit_that_exists() -> None:
    assert bad(Tale.dispatched(), RequestReturn(reason_code="x", proposed_unit="nobody"), "10 09:10") == "unknown_unit"


def test_one_request_at_a_time() -> None:
    tale = Tale.dispatched()
    tale.do(MORE, "10 09:10")
    for command in (MINE_NOT, MORE, RequestSuspension(reason_code="x", until=at("12 09:00"))):
        refused(tale, command, "10 09:20")


def test_more_time_is_asked_for_before_due_at_most_twice_and_not_beyond_the_limit() -> None:
    tale = Tale.dispatched()
    assert tale.decide(MORE, "11 09:00").payload["in_time"] is True
    refused(tale, MORE, "11 09:01")
    nine = Limit(value=9, unit=LimitUnit.WORK_HOUR)
    days = Limit(value=1, unit=LimitUnit.WORK_DAY)
    assert bad(tale, RequestExtension(reason_code="x", limit=nine), "10 09:10") == "extension_too_long"
    assert bad(tale, RequestExtension(reason_code="x", limit=days), "10 09:10") == "extension_too_long"
    for minute in (10, 20):
        tale.do(MORE, f"10 09:{minute}")
        tale.do(GrantRequest(request_id=pending(tale)), f"10 09:{minute + 5}")
    refused(tale, MORE, "10 09:30")


def test_a_case_rests_once_a_round_and_at_most_a_year() -> None:
    tale = Tale.dispatched()
    rest = RequestSuspension(reason_code="frost", until=at("12 09:00"))
    year = timedelta(days=365)
    for until in (at("10 10:00"), at("10 10:00") + year + timedelta(seconds=1)):
        assert bad(tale, replace(rest, until=until), "10 10:00") == "until_out_of_range"
    assert tale.decide(replace(rest, until=at("10 10:00") + year), "10 10:00").target == CaseState.DISPATCHED
    refused(tale, rest, "11 09:01")
    tale.do(rest, "10 10:00")
    tale.do(GrantRequest(request_id=pending(tale)), "10 10:10")
    refused(tale, SOLVED, "10 11:00")
    tale.do(Resume(), "10 11:00")
    refused(tale, rest, "10 11:10")


@pytest.mark.parametrize(
    ("command", "kind", "post"),
    [
        pytest.param(MINE_NOT, RequestKind.RETURN, Post.DISPATCHER, id="return"),
        pytest.param(MORE, RequestKind.EXTENSION, Post.SHIFT_LEAD, id="extension"),
        pytest.param(
            RequestSuspension(reason_code="x", until=at("12 09:00")),
            RequestKind.SUSPENSION,
            Post.SHIFT_LEAD,
            id="suspension",
        ),
    ],
)
def test_each_request_has_its_ruler(command: Command, kind: RequestKind, post: Post) -> None:
    tale = Tale.dispatched()
    tale.do(command, "10 09:10")
    request = tale.life.round.requests[0]
    assert request.kind is kind
    for other in set(Post) - {post}:
        for ruling in (GrantRequest(request_id=request.id), RefuseRequest(request_id=request.id, text="否")):
            with pytest.raises(NotPermitted):
                tale.decide(ruling, "10 09:20", post=other)
    assert ruler(tale.life, GrantRequest(request_id=request.id)) is post
    assert ruler(tale.life, GrantRequest(request_id=UUID(int=9))) is None
    assert ruler(tale.life, Note(text="无关")) is None
    tale.do(RefuseRequest(request_id=request.id, text="否"), "10 09:20", post=post)
    refused(tale, GrantRequest(request_id=request.id), "10 09:30", post=post)


def test_a_ruling_is_about_a_request_there_is() -> None:
    tale = Tale.dispatched()
    assert bad(tale, GrantRequest(request_id=UUID(int=9)), "10 09:10") == "unknown_request"


def test_only_who_is_in_reach_is_sent() -> None:
    tale = disposed()
    assert bad(tale, SendCheck(inspector_id=UUID(int=99)), "10 10:10") == "unknown_inspector"
    refused(tale, SendCheck(), "10 10:10", inspectors=())


def test_a_failed_check_says_why() -> None:
    tale = disposed(desk_check=True)
    assert bad(tale, DeskCheck(result=CheckResult.FAIL), "10 10:10") == "fail_code_required"
    tale.do(SendCheck(), "10 10:10")
    assert bad(tale, Check(result=CheckResult.FAIL), "10 10:20") == "fail_code_required"


def test_the_desk_compares_photos_only_where_the_city_lets_it() -> None:
    refused(disposed(), DeskCheck(result=CheckResult.PASS), "10 10:10")
    tale = disposed(desk_check=True)
    for nonsense in (CheckResult.NO_ACCESS, CheckResult.NOT_FOUND):
        command = DeskCheck(result=nonsense, code=FailCode.INCOMPLETE)
        assert bad(tale, command, "10 10:10") == "result_unknown"
    draft = tale.decide(DeskCheck(result=CheckResult.PASS), "10 10:10")
    assert (draft.target, draft.policy) == (CaseState.CHECKED, "desk_check")
    tale.do(DeskCheck(result=CheckResult.FAIL, code=FailCode.INCOMPLETE), "10 11:00")
    assert (tale.life.state, tale.dues) == (CaseState.DISPATCHED, ("11 09:00", "11 10:00"))


def test_the_end_is_what_the_disposal_said_unless_named() -> None:
    tale = checked()
    assert tale.decide(Close(), "10 11:30").payload == {"end_kind": "solved"}
    assert tale.decide(Close(end_kind=EndKind.EXPLAINED), "10 11:30").payload == {"end_kind": "explained"}


def test_nobody_leaves_the_figures_by_closing_as_merged() -> None:
    assert bad(checked(), Close(end_kind=EndKind.MERGED), "10 11:30") == "end_kind_unknown"


@pytest.mark.parametrize(
    ("second", "possible"),
    [(None, False), (LEAD, False), (SECOND, True)],
    ids=["alone", "with oneself", "with another"],
)
def test_an_overdue_case_is_voided_by_two(second: UUID | None, *, possible: bool) -> None:
    late = Tale.dispatched()
    disposed_late = disposed("11 10:00")
    for tale in (late, disposed_late):
        command = Void(reason_code="duplicate", second_person=second)
        if possible:
            assert tale.decide(command, "11 11:00").payload["second_person"] == str(SECOND)
        else:
            assert bad(tale, command, "11 11:00") == "second_person_required"


def test_one_person_voids_what_is_in_time() -> None:
    assert Tale.dispatched().decide(Void(reason_code="x"), "11 09:00").target == CaseState.VOIDED
    assert disposed().decide(Void(reason_code="x"), "13 09:00").target == CaseState.VOIDED
    assert Tale().decide(Void(reason_code="x"), "30 09:00").target == CaseState.VOIDED


def test_a_redo_comes_within_fifteen_days() -> None:
    tale = closed()
    assert tale.decide(Reopen(reason_code="x"), "25 11:30").target == CaseState.DISPATCHED
    refused(tale, Reopen(reason_code="x"), "25 11:31")


def test_ends_take_no_further_steps() -> None:
    tale = Tale()
    tale.do(Void(reason_code="x"), "10 09:00")
    for command in (Dispatch(), Void(reason_code="x"), Urge(), Reopen(reason_code="x")):
        error = refused(tale, command, "10 09:10")
        assert error.fields["state"] == CaseState.VOIDED
    refused(closed(), Close(), "10 12:00")
