"""Which step policy takes next, by hand; and that what it may need is foreseen for every step it may take."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from app.dispatch import commands
from app.dispatch.case_life import CaseLife, Spot
from app.dispatch.catalogue import Category, Condition
from app.dispatch.codes import (
    Action,
    Attention,
    CaseState,
    CheckResult,
    DisposalResult,
    Kind,
    LimitUnit,
    ReportState,
    VerifyResult,
)
from app.dispatch.follow_ups import AUTOMATIC, after_case, after_opinion, after_report, foreseen, to_accept
from app.dispatch.limits import Limit
from app.dispatch.policies import DEFAULTS, Policies
from app.dispatch.report_life import ReportLife
from tests.dispatch.cases import ReportTale, Tale

ALL = replace(
    DEFAULTS,
    auto_accept=True,
    auto_file=True,
    auto_dispatch=True,
    auto_send_check=True,
    auto_close=True,
    citizen_reopens=True,
)


def category(*numbers: int) -> Category:
    limit = Limit(value=4, unit=LimitUnit.WORK_HOUR)
    conditions = {
        number: Condition(number=number, filing_condition="x", limit=limit, closing_condition="x", limit_source="x")
        for number in numbers
    }
    return Category(
        kind=Kind.EVENT, major="03", major_name="施工", minor="05", minor_name="扬尘", conditions=conditions
    )


def test_the_defaults_take_no_step() -> None:
    assert not any(getattr(DEFAULTS, name) for name in AUTOMATIC)
    assert all(isinstance(getattr(ALL, name), bool) and getattr(ALL, name) for name in AUTOMATIC)


def filed(**fields: object) -> CaseLife:
    return replace(Tale().life, **fields)  # type: ignore[arg-type]  # fields by name


def test_a_new_case_is_sent_where_a_unit_is_proposed_and_nothing_is_in_doubt() -> None:
    found = after_case(filed(proposed_unit="U"), Action.FILE, ALL)
    assert found is not None
    assert (found.command, found.policy) == (commands.Dispatch(), "auto_dispatch")
    assert after_case(filed(proposed_unit=None), Action.FILE, ALL) is None
    for odd in (Attention.NEAR_BOUNDARY, Attention.UNASSIGNED, Attention.SNAPPED, Attention.POSSIBLE_DUPLICATE):
        assert after_case(filed(proposed_unit="U", attention=frozenset({odd})), Action.FILE, ALL) is None
    noted = filed(proposed_unit="U", attention=frozenset({Attention.CLOCK_SKEW, Attention.MEDIA_PENDING}))
    assert after_case(noted, Action.FILE, ALL) is not None


@pytest.mark.parametrize("action", [one for one in Action if one is not Action.FILE])
def test_a_case_that_came_back_to_the_desk_waits_for_a_person(action: Action) -> None:
    assert after_case(filed(proposed_unit="U"), action, ALL) is None


@pytest.mark.parametrize(
    ("state", "action", "wanted"),
    [
        (CaseState.DISPOSED, Action.DISPOSE, (commands.SendCheck(), "auto_send_check")),
        (CaseState.DISPOSED, Action.CHECK, None),
        (CaseState.DISPOSED, Action.NOTE, None),
        (CaseState.DISPATCHED, Action.DISPOSE, None),
        (CaseState.CHECKED, Action.CHECK, (commands.Close(), "auto_close")),
        (CaseState.CHECKED, Action.DESK_CHECK, (commands.Close(), "auto_close")),
        (CaseState.CHECKED, Action.APPROVE_ANSWER, (commands.Close(), "auto_close")),
        (CaseState.CHECKED, Action.CALL_BACK, (commands.Close(), "auto_close")),
        (CaseState.CHECKED, Action.NOTE, None),
        (CaseState.DISPATCHED, Action.CHECK, None),
        (CaseState.CLOSED, Action.CALL_BACK, None),
    ],
)
def test_after_work_and_after_a_check(state: CaseState, action: Action, wanted: tuple[object, str] | None) -> None:
    life = replace(Tale.dispatched().life, state=state)
    found = after_case(life, action, ALL)
    assert (None if found is None else (found.command, found.policy)) == wanted
    assert after_case(life, action, DEFAULTS) is None


@pytest.mark.parametrize("odd", [Attention.DISSATISFIED, Attention.REDO_ASKED, Attention.SUPERVISED])
def test_a_round_about_which_somebody_complains_is_closed_by_a_person(odd: Attention) -> None:
    life = replace(Tale.dispatched().life, state=CaseState.CHECKED, attention=frozenset({odd}))
    assert after_case(life, Action.CHECK, ALL) is None


def test_a_report_is_accepted_where_category_and_place_are_clear() -> None:
    assert to_accept(category(1), "c", ()) == commands.Accept(kind=Kind.EVENT, category="0305")
    assert to_accept(None, "c", ()) is None
    assert to_accept(category(1), None, ()) is None
    assert to_accept(category(1), "c", {Attention.OUT_OF_COVERAGE}) is None


def report(state: ReportState, *attention: Attention) -> ReportLife:
    return replace(ReportTale().life, state=state, attention=frozenset(attention))


def test_an_accepted_report_is_filed_under_the_condition_that_was_said_or_the_only_one() -> None:
    accepted, accept = report(ReportState.ACCEPTED), commands.Accept(kind=Kind.EVENT, category="0305")
    for numbers, said, wanted in (
        ((1,), None, 1),
        ((7,), 3, 7),
        ((1, 2), 2, 2),
        ((1, 2), None, None),
        ((1, 2), 3, None),
    ):
        found = after_report(accepted, accept, ALL, category(*numbers), said)
        filing = commands.File(cases=(commands.CaseWanted(condition=wanted),)) if wanted else None
        assert (found.command if found else None) == filing
        assert found is None or found.policy == "auto_file"
    assert after_report(accepted, accept, ALL, None, 1) is None
    assert after_report(accepted, accept, DEFAULTS, category(1), 1) is None
    assert after_report(accepted, commands.Unmerge(reason_code="x"), ALL, category(1), 1) is None
    for odd in (Attention.POSSIBLE_DUPLICATE, Attention.WITHDRAWN_BY_REPORTER, Attention.SUPPLEMENTED):
        assert after_report(report(ReportState.ACCEPTED, odd), accept, ALL, category(1), 1) is None


def test_what_an_inspector_found_to_be_true_is_accepted_and_nothing_else() -> None:
    seen = replace(report(ReportState.RECEIVED), spot=Spot(cell_code="c", zones={}))
    for result in VerifyResult:
        found = after_report(seen, commands.Verify(result=result), ALL, category(1), None)
        assert (found is not None) == (result is VerifyResult.TRUE)
    assert after_report(seen, commands.Verify(result=VerifyResult.TRUE), DEFAULTS, category(1), None) is None
    nowhere = replace(seen, spot=Spot(zones={}))
    assert after_report(nowhere, commands.Verify(result=VerifyResult.TRUE), ALL, category(1), None) is None


def test_only_a_dissatisfied_word_of_the_reporters_own_reopens_a_closed_case() -> None:
    closed = replace(Tale.dispatched().life, state=CaseState.CLOSED)
    unhappy = commands.Evaluate(solved=False)
    found = after_opinion(closed, unhappy, ALL)
    assert found is not None
    assert (found.command, found.policy) == (commands.Reopen(reason_code="dissatisfied"), "citizen_reopens")
    assert after_opinion(closed, unhappy, DEFAULTS) is None
    assert after_opinion(closed, commands.Evaluate(solved=True, satisfaction=5), ALL) is None
    assert after_opinion(replace(closed, state=CaseState.CHECKED), unhappy, ALL) is None


FORESEEN: tuple[tuple[commands.Command, set[Action]], ...] = (
    (commands.Verify(result=VerifyResult.TRUE), {Action.ACCEPT, Action.FILE}),
    (commands.Accept(kind=Kind.EVENT, category="0305"), {Action.FILE}),
    (commands.Dispose(result=DisposalResult.SOLVED), {Action.SEND_CHECK}),
    (commands.Check(result=CheckResult.PASS), {Action.CLOSE}),
    (commands.DeskCheck(result=CheckResult.PASS), {Action.CLOSE}),
    (commands.ApproveAnswer(public_answer="x"), {Action.CLOSE}),
    (commands.Evaluate(solved=False), {Action.REOPEN}),
    (commands.Evaluate(solved=True), set()),
    (commands.Note(text="x"), set()),
    (commands.Close(), set()),
)


@pytest.mark.parametrize(("command", "wanted"), FORESEEN, ids=lambda one: getattr(one, "action", ""))
def test_what_may_follow_is_foreseen_and_nothing_where_no_row_turns_it_on(
    command: commands.Command, wanted: set[Action]
) -> None:
    assert {one.action for one in foreseen(command, AUTOMATIC)} == wanted
    assert foreseen(command, ()) == ()
    by_name: dict[Action, Callable[[Policies], bool]] = {
        Action.ACCEPT: lambda one: one.auto_accept,
        Action.FILE: lambda one: one.auto_file,
        Action.SEND_CHECK: lambda one: one.auto_send_check,
        Action.CLOSE: lambda one: one.auto_close,
        Action.REOPEN: lambda one: one.citizen_reopens,
    }
    assert all(by_name[one](ALL) and not by_name[one](DEFAULTS) for one in wanted)
