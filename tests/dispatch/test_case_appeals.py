"""Appeals against every mark: what may be disputed, until when, and whose word is the last."""

from collections.abc import Callable

import pytest

from app.dispatch.case_appeals import marks
from app.dispatch.case_facts import case_flags
from app.dispatch.codes import (
    AppealState,
    Attention,
    CheckResult,
    DisposalResult,
    FailCode,
    Mark,
    Post,
)
from app.dispatch.commands import (
    Appeal,
    CallBack,
    Check,
    Close,
    Dispose,
    RefuseRequest,
    Reopen,
    RequestReturn,
    ReviewAppeal,
    SendCheck,
    Supplement,
)
from app.dispatch.errors import ActionNotAllowed, BadInput, NotPermitted
from tests.dispatch.cases import REPORT_ID, Tale, at, local

SOLVED = Dispose(result=DisposalResult.SOLVED)


def _overdue() -> Tale:
    tale = Tale.dispatched()
    tale.do(SOLVED, "11 09:01")
    return tale


def _reworked() -> Tale:
    tale = Tale.dispatched()
    tale.do(SOLVED, "10 10:00")
    tale.do(SendCheck(), "10 10:05")
    tale.do(Check(result=CheckResult.FAIL, code=FailCode.INCOMPLETE), "10 10:30")
    return tale


def _called_back(**said: object) -> Callable[[], Tale]:
    def tell() -> Tale:
        tale = Tale.dispatched()
        tale.do(SOLVED, "10 10:00")
        tale.do(CallBack(report_id=REPORT_ID, reached=True, **said), "10 10:30")  # type: ignore[arg-type]  # as given
        return tale

    return tell


def _evaluated() -> Tale:
    tale = Tale.dispatched()
    tale.do(Supplement(attention=Attention.DISSATISFIED), "10 10:30")
    return tale


def _refused() -> Tale:
    tale = Tale.dispatched()
    tale.do(RequestReturn(reason_code="not_ours"), "10 09:10")
    request = tale.life.round.requests[0]
    tale.do(RefuseRequest(request_id=request.id, text="是贵单位的"), "10 10:30", post=Post.DISPATCHER)
    return tale


def _recurrent() -> Tale:
    return Tale.dispatched(recurrent=True)


@pytest.mark.parametrize(
    ("mark", "tell", "made_at"),
    [
        (Mark.OVERDUE, _overdue, "11 09:00"),
        (Mark.REWORK, _reworked, "10 10:30"),
        (Mark.DISSATISFIED, _called_back(satisfaction=1), "10 10:30"),
        (Mark.UNSOLVED, _called_back(solved=False), "10 10:30"),
        (Mark.DISSATISFIED, _evaluated, "10 10:30"),
        (Mark.RETURN_REFUSED, _refused, "10 10:30"),
        (Mark.RECURRENCE, _recurrent, "10 09:00"),
    ],
)
def test_each_mark_may_be_appealed_against_once_within_three_work_days(
    mark: Mark, tell: Callable[[], Tale], made_at: str
) -> None:
    tale = tell()
    now = tale.life.updated_at
    assert {one: local(when) for one, when in marks(tale.life, now).items()} == {mark: made_at}
    day, clock = made_at.split()
    last = {"10": "13", "11": "16"}[day] + f" {clock}"  # the 14th and the 15th are a weekend
    with pytest.raises(ActionNotAllowed, match="期限"):
        tale.decide(Appeal(against=mark, text="台风"), f"{last[:-1]}1")
    entry = tale.do(Appeal(against=mark, text="台风"), last)
    assert entry.payload["marked_at"] == at(made_at).isoformat()
    assert entry.target == entry.source
    assert "appeal_pending" in case_flags(tale.life)
    with pytest.raises(ActionNotAllowed, match="已申诉过"):
        tale.decide(Appeal(against=mark, text="再说一次"), last)


def test_there_is_nothing_to_appeal_against_where_nothing_was_marked() -> None:
    tale = Tale.dispatched()
    tale.do(SOLVED, "11 09:00")  # in time, to the microsecond
    tale.do(CallBack(report_id=REPORT_ID, reached=True, satisfaction=3, solved=True), "11 09:30")
    assert marks(tale.life, at("12 09:00")) == {}
    for mark in Mark:
        with pytest.raises(ActionNotAllowed, match="没有这项"):
            tale.decide(Appeal(against=mark, text="台风"), "11 10:00")


def test_a_case_that_is_still_open_is_overdue_from_its_due_time_on() -> None:
    tale = Tale.dispatched()
    assert marks(tale.life, at("11 09:00")) == {}
    assert marks(tale.life, at("11 09:01")) == {Mark.OVERDUE: at("11 09:00")}


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("last", [True, False])
def test_the_shift_lead_is_heard_first_and_the_supervisors_word_is_the_last(*, first: bool, last: bool) -> None:
    tale = _overdue()
    tale.do(Appeal(against=Mark.OVERDUE, text="台风"), "11 10:00")
    facts = tale.facts
    with pytest.raises(NotPermitted):
        tale.decide(ReviewAppeal(upheld=last, text="好"), "11 10:10", post=Post.SUPERVISOR)
    tale.do(ReviewAppeal(upheld=first, text="好"), "11 10:10", post=Post.SHIFT_LEAD)
    assert tale.life.round.appeals[0].state is AppealState.PENDING
    with pytest.raises(NotPermitted):
        tale.decide(ReviewAppeal(upheld=last, text="好"), "11 10:20", post=Post.SHIFT_LEAD)
    tale.do(ReviewAppeal(upheld=last, text="好"), "11 10:20", post=Post.SUPERVISOR)
    (heard,) = tale.life.round.appeals
    assert heard.state is (AppealState.UPHELD if last else AppealState.REFUSED)
    assert heard.ruled_at == at("11 10:20")
    assert "appeal_pending" not in case_flags(tale.life)
    with pytest.raises(ActionNotAllowed, match="没有待复核"):
        tale.decide(ReviewAppeal(upheld=last, text="好"), "11 10:30", post=Post.SUPERVISOR)
    assert tale.facts.case_on_time is facts.case_on_time is False  # the fact stays


def test_of_several_appeals_one_must_be_named() -> None:
    tale = _reworked()
    tale.do(SOLVED, "11 11:00")
    tale.do(CallBack(report_id=REPORT_ID, reached=True, satisfaction=1, solved=False), "11 11:30")
    for mark in (Mark.REWORK, Mark.DISSATISFIED):
        tale.do(Appeal(against=mark, text="台风"), "11 12:00")
    with pytest.raises(BadInput) as refused:
        tale.decide(ReviewAppeal(upheld=True, text="好"), "11 14:00")
    assert refused.value.code == "appeal_required"
    tale.do(ReviewAppeal(upheld=True, text="好", against=Mark.DISSATISFIED), "11 14:00")
    tale.do(ReviewAppeal(upheld=True, text="好", against=Mark.REWORK), "11 14:01")
    tale.do(ReviewAppeal(upheld=False, text="不", against=Mark.DISSATISFIED), "11 14:02", post=Post.SUPERVISOR)
    tale.do(ReviewAppeal(upheld=True, text="好"), "11 14:03", post=Post.SUPERVISOR)  # the only one left
    assert [(one.mark, one.state) for one in tale.life.round.appeals] == [
        (Mark.REWORK, AppealState.UPHELD),
        (Mark.DISSATISFIED, AppealState.REFUSED),
    ]


def test_a_new_round_begins_without_the_marks_of_the_last() -> None:
    tale = _overdue()
    tale.do(SendCheck(), "11 09:10")
    tale.do(Check(result=CheckResult.PASS), "11 09:20")
    tale.do(Close(), "11 09:30")
    assert marks(tale.life, at("11 09:40")) == {Mark.OVERDUE: at("11 09:00")}
    tale.do(Reopen(reason_code="dissatisfied"), "11 10:00")
    assert marks(tale.life, at("11 10:10")) == {}
