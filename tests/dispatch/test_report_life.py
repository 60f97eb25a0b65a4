"""The life of a report told in examples, and the facts that figures read of it; local times of March 2026."""

from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.dispatch.case_life import Spot
from app.dispatch.codes import Attention, EndKind, Kind, ReportState, VerifyResult
from app.dispatch.commands import (
    Accept,
    AnswerDirectly,
    CallBack,
    CaseWanted,
    Command,
    Evaluate,
    File,
    Forward,
    Merge,
    Reject,
    Reply,
    RequestVerification,
    SelfDispose,
    Supplement,
    Unmerge,
    Urge,
    Verify,
    Withdraw,
)
from app.dispatch.errors import ActionNotAllowed, BadInput
from app.dispatch.report_actions import Placed, decide
from app.dispatch.report_life import fold
from app.dispatch.workflow import targets
from tests.dispatch.cases import (
    AUTHOR,
    CASE_ID,
    INSPECTOR,
    LEAD,
    OTHER_INSPECTOR,
    REPORT_ID,
    ReportTale,
    at,
    local,
    scene,
)

ACCEPT = Accept(kind=Kind.EVENT, category="0305")
FILE = File(cases=(CaseWanted(condition=1),))
REPLY = Reply(case_id=CASE_ID, end_kind=EndKind.SOLVED)


def opinion(satisfaction: int | None = None, *, solved: bool | None = None) -> CallBack:
    return CallBack(report_id=REPORT_ID, reached=True, satisfaction=satisfaction, solved=solved)


def filed() -> ReportTale:
    tale = ReportTale(answer_due_at=at("12 12:00"))
    tale.do(ACCEPT, "10 08:10")
    tale.do(FILE, "10 08:20")
    return tale


def test_the_way_to_a_case() -> None:
    tale = filed()
    facts = tale.facts
    assert tale.life.state is ReportState.FILED
    assert (local(facts.received_at), local(facts.accepted_at), local(facts.taken_up_at)) == (
        "10 08:00",
        "10 08:10",
        "10 08:20",
    )
    assert (facts.valid, facts.operator_id, facts.inspector_id) == (True, LEAD, AUTHOR)
    assert (facts.merged_at, facts.rejected_at, facts.answered_at, facts.self_disposed_at) == (None, None, None, None)


@pytest.mark.parametrize(
    ("command", "state", "column"),
    [
        pytest.param(Reject(reason_code="out_of_scope"), ReportState.REJECTED, "rejected_at", id="rejected"),
        pytest.param(AnswerDirectly(reason_code="asked"), ReportState.ANSWERED, "answered_at", id="answered"),
        pytest.param(Merge(into_case=CASE_ID), ReportState.MERGED, "merged_at", id="merged"),
        pytest.param(SelfDispose(), ReportState.SELF_DISPOSED, "self_disposed_at", id="self-disposed"),
        pytest.param(Forward(reason_code="other"), ReportState.FORWARDED, None, id="forwarded"),
        pytest.param(Withdraw(reason_code="mistake"), ReportState.WITHDRAWN, None, id="withdrawn"),
    ],
)
def test_each_end_has_its_instant(command: Command, state: ReportState, column: str | None) -> None:
    tale = ReportTale()
    tale.do(command, "10 08:10")
    ends = ("rejected_at", "answered_at", "merged_at", "self_disposed_at")
    assert tale.life.state is state
    assert {name for name in ends if getattr(tale.facts, name) == at("10 08:10")} == ({column} if column else set())
    assert tale.facts.valid is (state is ReportState.MERGED)


@pytest.mark.parametrize(
    ("told", "in_time"),
    [pytest.param("12 12:00", True, id="at the last moment"), pytest.param("12 12:01", False, id="a minute late")],
)
def test_a_report_is_answered_on_time_by_its_own_due_time(told: str, *, in_time: bool) -> None:
    tale = filed()
    assert tale.facts.answered_on_time is False
    tale.do(REPLY, told)
    assert tale.facts.answered_on_time is in_time
    tale.do(REPLY, "20 12:00")
    assert tale.facts.answered_on_time is in_time


def test_a_direct_answer_is_a_reply_and_without_a_due_time_nothing_is_on_time() -> None:
    due = ReportTale(answer_due_at=at("10 09:00"))
    due.do(AnswerDirectly(reason_code="asked", public_answer="已告知"), "10 08:30")
    assert due.facts.answered_on_time is True
    free = ReportTale()
    free.do(AnswerDirectly(reason_code="asked"), "10 08:30")
    assert (free.facts.answer_due_at, free.facts.answered_on_time) == (None, False)


@pytest.mark.parametrize(
    ("command", "satisfied", "solved"),
    [
        pytest.param(opinion(5, solved=True), True, True, id="five and solved"),
        pytest.param(opinion(4), True, False, id="four is satisfied"),
        pytest.param(opinion(3, solved=True), False, True, id="three is not"),
        pytest.param(opinion(1, solved=False), False, False, id="one and not solved"),
        pytest.param(Evaluate(satisfaction=5, solved=True), True, True, id="by himself"),
    ],
)
def test_an_opinion(command: Command, *, satisfied: bool, solved: bool) -> None:
    tale = filed()
    tale.do(command, "12 10:00")
    facts = tale.facts
    assert (facts.satisfied, facts.solved, local(facts.opinion_at)) == (satisfied, solved, "12 10:00")
    assert (facts.called_back_at is not None) is isinstance(command, CallBack)


def test_the_last_opinion_counts_and_a_call_without_one_takes_nothing_back() -> None:
    tale = filed()
    tale.do(opinion(2, solved=False), "12 10:00")
    tale.do(opinion(5, solved=True), "13 10:00")
    tale.do(CallBack(report_id=REPORT_ID, reached=False), "14 10:00")
    facts = tale.facts
    assert (facts.satisfied, facts.solved) == (True, True)
    assert (local(facts.opinion_at), local(facts.called_back_at)) == ("13 10:00", "14 10:00")


def test_what_was_merged_can_be_taken_apart_as_if_it_never_was() -> None:
    tale = ReportTale()
    tale.do(ACCEPT, "10 08:10")
    tale.do(Merge(into_case=CASE_ID), "10 08:20")
    assert (local(tale.facts.merged_at), tale.facts.valid) == ("10 08:20", True)
    tale.do(Unmerge(reason_code="other_place"), "10 09:00")
    facts = tale.facts
    assert (tale.life.state, facts.merged_at, facts.taken_up_at, facts.valid) == (
        ReportState.ACCEPTED,
        None,
        None,
        False,
    )
    tale.do(FILE, "10 09:10")
    assert local(tale.facts.taken_up_at) == "10 09:10"


def test_what_is_withdrawn_after_filing_stays_filed() -> None:
    tale = filed()
    tale.do(Withdraw(reason_code="mistake"), "10 10:00")
    assert (tale.life.state, tale.life.end_reason, tale.facts.valid) == (ReportState.FILED, "mistake", True)


def test_a_look_before_filing_comes_back_with_what_was_found() -> None:
    tale = ReportTale()
    tale.do(RequestVerification(inspector_id=INSPECTOR), "10 08:10")
    assert (tale.life.state, tale.life.verifier_id) == (ReportState.VERIFYING, INSPECTOR)
    tale.do(Verify(result=VerifyResult.TRUE), "10 08:40", actor_id=INSPECTOR)
    assert (tale.life.state, tale.life.verifier_id) == (ReportState.RECEIVED, None)


def test_a_look_is_drawn_for_another_than_the_author() -> None:
    tale = ReportTale()
    tale.do(RequestVerification(), "10 08:10")
    assert tale.life.verifier_id in {INSPECTOR, OTHER_INSPECTOR}


def test_nobody_at_home_offers_the_look_to_another_but_never_to_nobody() -> None:
    tale = ReportTale()
    tale.do(RequestVerification(inspector_id=INSPECTOR), "10 08:10")
    tale.do(Verify(result=VerifyResult.NO_ACCESS), "10 08:40", actor_id=INSPECTOR)
    assert tale.life.state is ReportState.VERIFYING
    second = tale.life.verifier_id
    assert second not in {None, INSPECTOR}
    tale.do(Verify(result=VerifyResult.NO_ACCESS), "10 08:50", actor_id=second, inspectors=())
    assert tale.life.verifier_id == second


def test_looks_go_to_who_is_there() -> None:
    tale = ReportTale()
    with pytest.raises(BadInput):
        tale.do(RequestVerification(inspector_id=UUID(int=99)), "10 08:10")
    with pytest.raises(ActionNotAllowed):
        tale.do(RequestVerification(), "10 08:10", inspectors=())


@pytest.mark.parametrize("command", [Reject, AnswerDirectly, Forward])
def test_an_end_without_a_case_has_a_reason(command: type[Reject | AnswerDirectly | Forward]) -> None:
    with pytest.raises(BadInput) as error:
        ReportTale().do(command(reason_code=" "), "10 08:10")
    assert error.value.code == "reason_required"


def test_accepting_places_anew_and_settles_what_was_odd_about_place_and_category() -> None:
    odd = [Attention.SNAPPED, Attention.NO_CATEGORY, Attention.UNASSIGNED, Attention.MEDIA_PENDING]
    tale = ReportTale(attention=odd)
    spot = Spot(cell_code="C2", street="S2", zones={"road": "Z2"})
    found = Placed(spot=spot, unit_code="roads", attention=frozenset({Attention.ON_BOUNDARY}))
    tale.do(Accept(kind=Kind.COMPONENT, category="0101"), "10 08:10", found)
    life = tale.life
    assert (life.spot, life.unit_code, life.kind, life.category) == (spot, "roads", Kind.COMPONENT, "0101")
    assert life.attention == {Attention.MEDIA_PENDING, Attention.ON_BOUNDARY}


def test_accepting_without_a_new_place_keeps_the_old_one() -> None:
    tale = ReportTale(attention=[Attention.SNAPPED])
    tale.do(ACCEPT, "10 08:10")
    assert (tale.life.spot.cell_code, tale.life.unit_code) == ("C1", "greens")
    assert tale.life.attention == {Attention.SNAPPED}


def test_texts_stay_out_of_the_payload() -> None:
    draft = decide(
        ReportTale().life, AnswerDirectly(reason_code="asked", public_answer="答复", note="附注"), scene(at("10 08:10"))
    )
    assert draft.texts == {"public_answer": "答复", "note": "附注"}
    assert draft.payload == {"reason_code": "asked"}


COMMANDS: st.SearchStrategy[Command] = st.sampled_from(
    [
        *(ACCEPT, FILE, REPLY, Urge(), Merge(into_case=CASE_ID), Unmerge(reason_code="x"), Withdraw(reason_code="x")),
        *(Reject(reason_code="x"), AnswerDirectly(reason_code="x"), SelfDispose(), opinion(5), Evaluate(solved=True)),
        *(RequestVerification(), *(Verify(result=result) for result in VerifyResult)),
        Supplement(attention=Attention.SUPPLEMENTED),
    ]
)


@given(st.lists(st.tuples(COMMANDS, st.integers(0, 59)), max_size=12))
@settings(max_examples=100, deadline=None)
def test_whatever_is_done_is_in_the_table_and_flags_agree_with_instants(drawn: list[tuple[Command, int]]) -> None:
    tale = ReportTale(answer_due_at=at("10 12:00"))
    for hour, (command, minute) in enumerate(drawn, start=9):
        before = tale.life.state
        try:
            possible = targets(before, command.action)
            entry = tale.do(command, f"10 {hour:02}:{minute:02}")
        except ActionNotAllowed:
            assert tale.life.state is before
            continue
        assert entry.target in possible
    facts = tale.facts
    assert fold(tale.entries) == tale.life
    assert facts.valid == (facts.taken_up_at is not None)
    assert not facts.merged_at or facts.taken_up_at
    assert not (facts.satisfied or facts.solved) or facts.opinion_at is not None
    assert facts.first_recorded_at == facts.received_at <= facts.last_recorded_at
    assert (tale.life.verifier_id is not None) == (tale.life.state is ReportState.VERIFYING)


@pytest.mark.parametrize("odd", [Attention.UNKNOWN_CATEGORY, Attention.OLD_CATEGORY])
def test_a_category_that_the_edition_has_not_is_no_group_of_figures_until_it_is_accepted(odd: Attention) -> None:
    tale = ReportTale(attention=[odd])
    assert (tale.life.category, tale.facts.category) == ("0305", None)
    spot = Spot(cell_code="C1", zones={})
    tale.do(ACCEPT, "10 08:10", Placed(spot=spot, unit_code="greens", attention=frozenset()))
    assert tale.facts.category == tale.life.category is not None
