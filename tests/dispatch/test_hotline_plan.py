import json
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dispatch import commands
from app.dispatch.codes import Attention, CaseState, Contact, ReportState, RequestKind, Source
from app.dispatch.commands import Supplement
from app.dispatch.hotline import HotlineAction, Order, read_order
from app.dispatch.hotline_plan import (
    NO_TEXT,
    AskedOfPartner,
    LinkedCase,
    Plan,
    Standing,
    arrival_of,
    instead,
    plan,
    reopening,
)
from app.dispatch.workflow import allowed

REPORT, PARTNER, REQUEST = UUID(int=1), UUID(int=2), UUID(int=99)
A, C, R, K = HotlineAction, CaseState, ReportState, RequestKind


def order(action: str, **fields: Any) -> Order:
    return read_order(json.dumps({"order_no": "A1", "action": action, **fields}).encode())


def standing(state: ReportState, *cases: CaseState) -> Standing:
    linked = tuple(LinkedCase(id=UUID(int=10 + n), state=case) for n, case in enumerate(cases))
    return Standing(report_id=REPORT, state=state, cases=linked)


def case(number: int) -> UUID:
    return UUID(int=10 + number)


def arrival(of: Order) -> Any:
    return arrival_of(of, report_id=REPORT, partner_id=PARTNER, source=Source.HOTLINE_12345, point=None)


@pytest.mark.parametrize("action", [*HotlineAction, "explode"])
def test_every_event_of_an_unknown_order_makes_a_report(action: str) -> None:
    assert plan(order(action), None) == Plan(new=True)


def test_an_order_that_begins_with_anything_but_create_is_looked_at() -> None:
    assert arrival(order("create", content="x")).attention == frozenset()
    assert arrival(order("urge", content="x")).attention == {"unknown_value"}
    assert arrival(order("redo", content="x")).attention == {"unknown_value", "redo_asked"}
    assert arrival(order("explode", content="x")).attention == {"unknown_value"}


def test_an_arrival_carries_what_was_said() -> None:
    said = order("create", title="a", urgency="urgent", repeat_of="A0", caller={"name": "n", "confidential": True})
    made = arrival(said)
    assert (made.description, made.tags) == ("a", ("urgent", "repeat_order"))
    assert made.reporter.contact is Contact.CONFIDENTIAL
    assert (made.partner_id, made.order_no, made.raw_payload) == (PARTNER, "A1", said.raw)


def test_an_arrival_without_words_says_so() -> None:
    assert arrival(order("create")).description == NO_TEXT
    assert arrival(order("evaluate", evaluation={"comment": "差"})).description == "差"


@pytest.mark.parametrize("action", ["create", "redo"])
@pytest.mark.parametrize("state", [R.REJECTED, R.ANSWERED, R.FORWARDED, R.WITHDRAWN, R.SELF_DISPOSED])
def test_after_an_end_without_a_case_the_order_begins_anew(action: str, state: ReportState) -> None:
    assert plan(order(action), standing(state)).new


@pytest.mark.parametrize("action", ["create", "redo"])
def test_after_all_cases_are_closed_a_new_round_is_asked_for(action: str) -> None:
    planned = plan(order(action, content="又来了"), standing(R.FILED, C.CLOSED, C.VOIDED, C.CLOSED))
    assert planned == Plan(reopen=(case(0), case(2)))
    assert reopening(order(action, content="又来了")) == commands.Reopen(reason_code="partner_redo", note="又来了")


@pytest.mark.parametrize("action", ["create", "redo"])
def test_where_every_case_was_void_the_order_begins_anew(action: str) -> None:
    assert plan(order(action), standing(R.FILED, C.VOIDED)).new


@pytest.mark.parametrize("state", [R.RECEIVED, R.VERIFYING, R.ACCEPTED])
def test_create_of_an_order_in_hand_is_a_supplement(state: ReportState) -> None:
    assert plan(order("create", content="x"), standing(state)) == Plan(
        on_report=(Supplement(attention="supplemented", text="x"),)
    )


def test_a_supplement_reaches_the_report_and_its_open_cases() -> None:
    supplement = Supplement(attention="supplemented", text="x")
    planned = plan(order("supplement", content="x"), standing(R.FILED, C.DISPATCHED, C.CLOSED, C.CHECKING))
    assert planned == Plan(on_report=(supplement,), on_cases=((case(0), supplement), (case(2), supplement)))


def test_redo_of_a_case_in_hand_is_shown_to_the_desk() -> None:
    planned = plan(order("redo"), standing(R.FILED, C.DISPATCHED))
    assert [type(one) for one in planned.on_report] == [Supplement]
    assert planned.on_report[0] == Supplement(attention="redo_asked", text=f"redo：{NO_TEXT}")
    assert planned.on_cases[0][0] == case(0)


def test_an_urge_reaches_the_report_and_its_open_cases() -> None:
    planned = plan(order("urge", content="快"), standing(R.FILED, C.DISPATCHED, C.VOIDED))
    assert planned == Plan(on_report=(commands.Urge(note="快"),), on_cases=((case(0), commands.Urge(note="快")),))


def test_withdrawing_before_filing_ends_the_report_and_afterwards_asks_for_a_look_at_the_case() -> None:
    before = plan(order("withdraw"), standing(R.RECEIVED))
    assert before == Plan(on_report=(commands.Withdraw(reason_code="partner_withdrawn"),))
    after = plan(order("withdraw"), standing(R.FILED, C.DISPOSED))
    assert isinstance(after.on_report[0], commands.Withdraw)
    assert [one.attention for _, one in after.on_cases if isinstance(one, Supplement)] == ["withdrawn_by_reporter"]


@pytest.mark.parametrize("state", [R.VERIFYING, R.REJECTED, R.WITHDRAWN])
def test_withdrawing_what_cannot_be_withdrawn_is_kept_for_a_person(state: ReportState) -> None:
    (kept,) = plan(order("withdraw", content="不用了"), standing(state)).on_report
    assert kept == Supplement(attention="withdrawn_by_reporter", text="withdraw：不用了")


def test_an_evaluation_is_recorded_and_a_bad_one_calls_for_the_desk() -> None:
    said = {"reached": True, "solved": False, "satisfaction": 1, "comment": "没人来"}
    planned = plan(order("evaluate", evaluation=said), standing(R.FILED, C.CLOSED))
    assert planned.on_report == (
        commands.Evaluate(solved=False, satisfaction=1, opinion="没人来", reached=True),
        Supplement(attention="dissatisfied"),
    )
    assert planned.reopen == ()
    good = plan(order("evaluate", evaluation={"satisfaction": 5}), standing(R.FILED, C.CLOSED))
    assert good.on_report == (commands.Evaluate(satisfaction=5),)


def test_a_bad_evaluation_shows_on_a_case_that_is_not_closed_yet() -> None:
    planned = plan(order("evaluate", evaluation={"satisfaction": 1}), standing(R.FILED, C.CHECKED))
    assert planned.on_cases == ((case(0), Supplement(attention="dissatisfied")),)


def test_an_evaluation_before_filing_or_without_a_grade_is_kept_for_a_person() -> None:
    early = plan(order("evaluate", evaluation={"satisfaction": 5, "comment": "好"}), standing(R.RECEIVED))
    assert early.on_report == (Supplement(attention="supplemented", text="evaluate：好"),)
    empty = plan(order("evaluate"), standing(R.FILED, C.CLOSED))
    assert empty.on_report == (Supplement(attention="supplemented", text=f"evaluate：{NO_TEXT}"),)


def test_supervision_shows_on_the_report_and_its_cases() -> None:
    planned = plan(order("supervise", content="领导批示"), standing(R.FILED, C.DISPATCHED))
    seen = Supplement(attention="supervised", text="supervise：领导批示")
    assert planned == Plan(on_report=(seen,), on_cases=((case(0), seen),), supervised=(case(0),))


@pytest.mark.parametrize("action", ["return_approved", "extension_refused", "suspension_approved", "explode", "创建"])
def test_an_answer_to_what_was_not_asked_and_an_unknown_action_are_kept_for_a_person(action: str) -> None:
    planned = plan(order(action, content="x"), standing(R.FILED, C.DISPATCHED))
    assert planned == Plan(on_report=(Supplement(attention="unknown_value", text=f"{action}：x"),))


def test_an_odd_value_in_a_later_event_is_noted_once() -> None:
    planned = plan(order("urge", urgency="extreme", attachments=[{"url": "u"}]), standing(R.FILED))
    assert planned.on_report == (
        commands.Urge(),
        Supplement(attention="media_pending"),
        Supplement(attention="unknown_value"),
    )
    unknown = plan(order("explode"), standing(R.FILED))
    assert [one.attention for one in unknown.on_report if isinstance(one, Supplement)] == ["unknown_value"]


@given(
    action=st.sampled_from([*HotlineAction, "explode"]),
    state=st.sampled_from(ReportState),
    cases=st.lists(st.sampled_from(CaseState), max_size=3),
    satisfaction=st.none() | st.integers(1, 5),
)
def test_every_event_does_something_and_nothing_that_the_state_forbids(
    action: str, state: ReportState, cases: list[CaseState], satisfaction: int | None
) -> None:
    given_order = order(action, **({"evaluation": {"satisfaction": satisfaction}} if satisfaction else {}))
    now = standing(state, *cases)
    planned = plan(given_order, now)
    states = {linked.id: linked.state for linked in now.cases}
    assert planned.new or planned.reopen or planned.on_report
    assert all(one.action in allowed(state) for one in (*planned.on_report, instead(given_order)))
    assert all(one.action in allowed(states[of]) for of, one in planned.on_cases)
    assert all(states[of] is C.CLOSED for of in planned.reopen)
    assert all(one.attention in set(Attention) for one in planned.on_report if isinstance(one, Supplement))


@pytest.mark.parametrize(
    ("action", "kind", "command"),
    [
        ("return_approved", K.RETURN, commands.GrantRequest(request_id=REQUEST, text="同意")),
        ("return_refused", K.RETURN, commands.RefuseRequest(request_id=REQUEST, text="同意")),
        ("extension_approved", K.EXTENSION, commands.GrantRequest(request_id=REQUEST, text="同意")),
        ("extension_refused", K.EXTENSION, commands.RefuseRequest(request_id=REQUEST, text="同意")),
        ("suspension_approved", K.SUSPENSION, commands.GrantRequest(request_id=REQUEST, text="同意")),
        ("suspension_refused", K.SUSPENSION, commands.RefuseRequest(request_id=REQUEST, text="同意")),
    ],
)
def test_the_partners_word_reaches_the_request_that_waits_for_it(
    action: str, kind: RequestKind, command: commands.Command
) -> None:
    waiting = LinkedCase(id=case(0), state=C.DISPATCHED, asked=AskedOfPartner(id=REQUEST, kind=kind))
    other = next(one for one in (K.RETURN, K.EXTENSION, K.SUSPENSION) if one is not kind)
    another = LinkedCase(id=case(1), state=C.DISPATCHED, asked=AskedOfPartner(id=UUID(int=98), kind=other))
    idle = LinkedCase(id=case(2), state=C.DISPATCHED)
    stands = Standing(report_id=REPORT, state=R.FILED, cases=(idle, waiting, another))
    assert plan(order(action, content="同意"), stands) == Plan(rulings=((case(0), command),))
    nothing = plan(order(action, content="同意"), Standing(report_id=REPORT, state=R.FILED, cases=(idle, another)))
    assert nothing == Plan(on_report=(Supplement(attention="unknown_value", text=f"{action}：同意"),))


def test_a_partner_that_refuses_without_a_word_is_still_understood() -> None:
    waiting = LinkedCase(id=case(0), state=C.DISPATCHED, asked=AskedOfPartner(id=REQUEST, kind=K.RETURN))
    stands = Standing(report_id=REPORT, state=R.FILED, cases=(waiting,))
    said = commands.RefuseRequest(request_id=REQUEST, text=NO_TEXT)
    assert plan(order("return_refused"), stands).rulings == ((case(0), said),)
