from datetime import UTC, datetime
from uuid import UUID

import pytest

from app.dispatch.callbacks import CaseFace, Matter, of_case, of_report
from app.dispatch.codes import Action, EndKind, Kind, Post
from app.dispatch.history import Entry, Payload

AT = datetime(2026, 3, 10, 1, 0, tzinfo=UTC)
MATTER = Matter(kind=Kind.EVENT, category="0305", category_name="暴露垃圾")
CANARY = "canary-13800000000"


def entry(action: Action, target: str, payload: Payload | None = None) -> Entry:
    return Entry(
        number=2,
        action=action,
        source="x",
        target=target,
        post=Post.OPERATOR,
        actor_id=UUID(int=77),
        on_behalf_of=CANARY,
        policy=CANARY,
        recorded_at=AT,
        occurred_at=AT,
        payload=payload or {},
    )


def face(**given: EndKind) -> CaseFace:
    return CaseFace(case_no="N1", round=1, unit_name="环卫一所", due_at=AT, end_kind=given.get("end_kind"))


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        (Action.ACCEPT, "report.accepted"),
        (Action.REJECT, "report.rejected"),
        (Action.ANSWER, "report.answered"),
        (Action.MERGE, "report.merged"),
    ],
)
def test_the_steps_of_a_report_that_are_told(action: Action, kind: str) -> None:
    told = of_report(entry(action, "s"), MATTER, None)
    assert told is not None
    assert told.kind == kind


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        (Action.FILE, "case.filed"),
        (Action.DISPATCH, "case.dispatched"),
        (Action.REOPEN, "case.dispatched"),
        (Action.CLOSE, "case.closed"),
        (Action.VOID, "case.closed"),
    ],
)
def test_the_steps_of_a_case_that_are_told(action: Action, kind: str) -> None:
    told = of_case(entry(action, "s"), MATTER, face(), None)
    assert told is not None
    assert told.kind == kind


@pytest.mark.parametrize(
    ("action", "target", "kind"),
    [
        pytest.param(Action.DISPOSE, "disposed", "case.disposed", id="the last word"),
        pytest.param(Action.DISPOSE, "dispatched", None, id="made safe, or a claim"),
        pytest.param(Action.GRANT, "closed", "case.closed", id="a claim that was granted"),
        pytest.param(Action.GRANT, "filed", None, id="a return"),
        pytest.param(Action.MERGE_CASE, "closed", None, id="it goes on in another case"),
    ],
)
def test_it_depends_on_where_a_step_leads(action: Action, target: str, kind: str | None) -> None:
    told = of_case(entry(action, target), MATTER, face(), "已清理")
    assert (told.kind if told else None) == kind
    assert told is None or told.data["public_answer"] == "已清理"


def test_nothing_else_is_told() -> None:
    of_reports = {Action.ACCEPT, Action.REJECT, Action.ANSWER, Action.MERGE}
    of_cases = {Action.FILE, Action.DISPATCH, Action.REOPEN, Action.CLOSE, Action.VOID}
    assert not any(of_report(entry(one, "s"), MATTER, "a") for one in set(Action) - of_reports)
    assert not any(of_case(entry(one, "s"), MATTER, face(), "a") for one in set(Action) - of_cases)


def test_a_closed_case_is_told_by_its_public_fields_in_local_time() -> None:
    told = of_case(entry(Action.CLOSE, "closed"), MATTER, face(end_kind=EndKind.SOLVED), "已清理")
    assert told is not None
    assert told.data == {
        "state": "closed",
        "kind": "event",
        "kind_name": "事件",
        "category": "0305",
        "category_name": "暴露垃圾",
        "at": "2026-03-10T09:00:00+08:00",
        "case_no": "N1",
        "round": 1,
        "unit_name": "环卫一所",
        "due_at": "2026-03-10T09:00:00+08:00",
        "end_kind": "solved",
        "public_answer": "已清理",
    }


def test_a_rejection_gives_its_reason_and_answer() -> None:
    told = of_report(entry(Action.REJECT, "rejected", {"reason_code": "not_ours"}), MATTER, "不属城管")
    assert told is not None
    assert (told.data["reason_code"], told.data["public_answer"]) == ("not_ours", "不属城管")


def test_the_answer_of_an_earlier_round_is_not_told_with_a_later_dispatch() -> None:
    told = of_case(entry(Action.REOPEN, "dispatched"), MATTER, face(end_kind=EndKind.SOLVED), "已清理")
    assert told is not None
    assert "public_answer" not in told.data
    assert "end_kind" not in told.data


@pytest.mark.parametrize("action", list(Action))
def test_nothing_of_the_history_leaks(action: Action) -> None:
    payload = {"note": CANARY, "texts": {"note": CANARY}, "case_id": CANARY, "unit_code": CANARY}
    for told in (
        of_report(entry(action, "s", payload), MATTER, None),
        of_case(entry(action, "s", payload), MATTER, face(), None),
    ):
        assert CANARY not in str(told)
        assert str(UUID(int=77)) not in str(told)
