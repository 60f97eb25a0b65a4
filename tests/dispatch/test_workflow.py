from itertools import pairwise
from pathlib import Path

import pytest

from app.dispatch import case_actions, case_fold, report_actions
from app.dispatch.codes import Action, CaseState, ReportState
from app.dispatch.errors import ActionNotAllowed
from app.dispatch.workflow import CASE_STEPS, REPORT_STEPS, Step, allowed, refuse, targets
from app.dispatch.workflow_table import BY_HAND, renewed

C, R, A = CaseState, ReportState, Action
State = CaseState | ReportState

CASE_ENDS = {C.CLOSED, C.VOIDED}
REPORT_ENDS = {R.FILED, R.MERGED, R.ANSWERED, R.FORWARDED, R.REJECTED, R.WITHDRAWN, R.SELF_DISPOSED}
WAYS_BACK = {(C.CLOSED, A.REOPEN), (R.MERGED, A.UNMERGE), (R.FILED, A.UNMERGE)}
AS_THREE_STEPS = {A.ACCEPT_FILE_DISPATCH}

CASE_PATHS = [
    pytest.param(
        [C.FILED, A.DISPATCH, C.DISPATCHED, A.SIGN, C.DISPATCHED, A.DISPOSE, C.DISPOSED],
        id="to the unit's word",
    ),
    pytest.param(
        [C.DISPOSED, A.SEND_CHECK, C.CHECKING, A.CHECK, C.CHECKED, A.CLOSE, C.CLOSED],
        id="to the end",
    ),
    pytest.param([C.CHECKING, A.CHECK, C.DISPATCHED, A.DISPOSE, C.DISPOSED], id="rework"),
    pytest.param([C.CHECKING, A.CHECK, C.CHECKING, A.CHECK, C.DISPOSED, A.SEND_CHECK, C.CHECKING], id="not found"),
    pytest.param([C.DISPATCHED, A.REQUEST_RETURN, C.DISPATCHED, A.GRANT, C.FILED, A.DISPATCH, C.DISPATCHED], id="back"),
    pytest.param([C.DISPATCHED, A.RECALL, C.FILED], id="recalled"),
    pytest.param(
        [C.DISPATCHED, A.REQUEST_SUSPENSION, C.DISPATCHED, A.GRANT, C.SUSPENDED, A.RESUME, C.DISPATCHED],
        id="suspended",
    ),
    pytest.param([C.DISPATCHED, A.REQUEST_EXTENSION, C.DISPATCHED, A.GRANT, C.DISPATCHED], id="extended"),
    pytest.param([C.DISPOSED, A.DESK_CHECK, C.CHECKED], id="by the photos"),
    pytest.param([C.CLOSED, A.CALL_BACK, C.CLOSED, A.REOPEN, C.DISPATCHED], id="once more"),
]
REPORT_PATHS = [
    pytest.param([R.RECEIVED, A.ACCEPT, R.ACCEPTED, A.FILE, R.FILED, A.REPLY, R.FILED], id="to a case"),
    pytest.param(
        [R.RECEIVED, A.REQUEST_VERIFICATION, R.VERIFYING, A.VERIFY, R.RECEIVED, A.REJECT, R.REJECTED],
        id="nothing there",
    ),
    pytest.param([R.RECEIVED, A.MERGE, R.MERGED, A.UNMERGE, R.ACCEPTED, A.ANSWER, R.ANSWERED], id="merged, and not"),
    pytest.param([R.RECEIVED, A.SELF_DISPOSE, R.SELF_DISPOSED], id="done on the spot"),
    pytest.param([R.RECEIVED, A.ACCEPT_FILE_DISPATCH, R.FILED, A.EVALUATE, R.FILED], id="in one step"),
    pytest.param([R.ACCEPTED, A.FORWARD, R.FORWARDED], id="another authority's"),
    pytest.param([R.ACCEPTED, A.WITHDRAW, R.WITHDRAWN], id="taken back"),
]


def reachable(start: State, steps: tuple[Step, ...]) -> set[State]:
    found, waiting = {start}, [start]
    while waiting:
        state = waiting.pop()
        onward = {target for step in steps if step.source == state for target in step.targets} - found
        found |= onward
        waiting += onward
    return found


@pytest.mark.parametrize(
    ("steps", "states", "start", "ends"),
    [
        pytest.param(CASE_STEPS, set(C), C.FILED, CASE_ENDS, id="case"),
        pytest.param(REPORT_STEPS, set(R), R.RECEIVED, REPORT_ENDS, id="report"),
    ],
)
def test_every_state_is_reached_and_leads_to_an_end(
    steps: tuple[Step, ...], states: set[State], start: State, ends: set[State]
) -> None:
    assert reachable(start, steps) == states
    assert all(reachable(state, steps) & ends for state in states)


def test_ends_are_final_but_for_the_ways_back() -> None:
    leaving = {
        (step.source, step.action)
        for steps, ends in ((CASE_STEPS, CASE_ENDS), (REPORT_STEPS, REPORT_ENDS))
        for step in steps
        if step.source in ends and any(target != step.source for target in step.targets)
    }
    assert leaving == WAYS_BACK


@pytest.mark.parametrize("path", [*CASE_PATHS, *REPORT_PATHS])
def test_the_expected_paths_are_there(path: list[State | Action]) -> None:
    states, actions = path[::2], path[1::2]
    for (source, target), action in zip(pairwise(states), actions, strict=True):
        assert isinstance(source, CaseState | ReportState)
        assert isinstance(action, Action)
        assert target in targets(source, action)


def test_each_step_stands_once_in_the_table() -> None:
    for steps in (CASE_STEPS, REPORT_STEPS):
        keys = [(step.source, step.action) for step in steps]
        assert len(keys) == len(set(keys))


def test_a_filed_report_is_no_filed_case() -> None:
    """Both states are the text `filed`, and equal."""
    of_case = {A.DISPATCH, A.ARBITRATE, A.AMEND, A.MERGE_CASE, A.VOID, A.URGE, A.NOTE, A.TAG, A.SUPPLEMENT, A.RELOCATE}
    assert set(allowed(C.FILED)) == of_case
    of_report = {A.UNMERGE, A.WITHDRAW, A.EVALUATE, A.REPLY, A.SUPPLEMENT, A.URGE, A.CALL_BACK}
    assert set(allowed(R.FILED)) - {A.TAG} == of_report
    for state, action in ((C.FILED, A.CALL_BACK), (R.FILED, A.DISPATCH), (R.FILED, A.VOID)):
        with pytest.raises(ActionNotAllowed):
            targets(state, action)


@pytest.mark.parametrize("state", [*C, *R])
def test_allowed_is_what_targets_answers(state: State) -> None:
    for action in A:
        if action in allowed(state):
            assert targets(state, action)
            continue
        with pytest.raises(ActionNotAllowed) as refused:
            targets(state, action)
        assert refused.value.fields == {"state": state, "allowed": list(allowed(state))}


def test_a_guard_that_says_no_does_not_offer_the_same_again() -> None:
    error = refuse(C.DISPATCHED, A.RECALL, "太晚了")
    allowed_now = error.fields["allowed"]
    assert isinstance(allowed_now, list)
    assert A.RECALL not in allowed_now
    assert A.DISPOSE in allowed_now
    assert error.detail == "太晚了"


def test_nothing_is_called_back_before_it_is_disposed() -> None:
    """Source: domain design §2, call_back: disposed … closed."""
    called = {state for state in C if A.CALL_BACK in allowed(state)}
    assert called == {C.DISPOSED, C.CHECKING, C.CHECKED, C.CLOSED}


def test_every_action_of_the_tables_is_decided_and_changes_the_life() -> None:
    case_actions_named = {step.action for step in CASE_STEPS}
    assert case_actions_named == set(case_actions._DECISIONS) == set(case_fold._CHANGES)
    assert {step.action for step in REPORT_STEPS} == set(report_actions._DECISIONS) | AS_THREE_STEPS


def test_the_document_shows_the_tables() -> None:
    shown = Path(__file__).parents[2] / "docs" / "workflow.md"
    page = shown.read_text(encoding="utf-8")
    assert page == renewed(page), "write renewed(page) to docs/workflow.md"
    assert BY_HAND in page
