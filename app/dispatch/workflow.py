"""The life of a report and of a case, each as one table: from which state an action leads to which states."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from app.dispatch.codes import Action, CaseState, ReportState
from app.dispatch.errors import ActionNotAllowed


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """From `source`, `action` may lead to any of `targets`; which one, the decision says."""

    source: CaseState | ReportState
    action: Action
    targets: tuple[CaseState | ReportState, ...]


_A, _C, _R = Action, CaseState, ReportState


def _steps(
    source: CaseState | ReportState, *rows: tuple[Action, tuple[CaseState | ReportState, ...]]
) -> tuple[Step, ...]:
    return tuple(Step(source=source, action=action, targets=targets) for action, targets in rows)


def _staying(states: Iterable[CaseState | ReportState], *actions: Action) -> tuple[Step, ...]:
    return tuple(Step(source=state, action=action, targets=(state,)) for state in states for action in actions)


OPEN_CASES: Final = tuple(state for state in CaseState if state not in {_C.CLOSED, _C.VOIDED})
_DISPOSED: Final = (_C.DISPOSED, _C.CHECKING, _C.CHECKED)
_WITH_UNIT: Final = (
    *(_A.SIGN, _A.CONTACT, _A.REQUEST_RETURN, _A.REQUEST_EXTENSION, _A.REQUEST_SUSPENSION, _A.REQUEST_ARBITRATION),
    *(_A.REFUSE, _A.ARBITRATE, _A.ASSIGN_SUB, _A.RETURN_SUB, _A.REPORT_UP),
)

CASE_STEPS: Final = (
    *_steps(_C.FILED, (_A.DISPATCH, (_C.DISPATCHED,)), (_A.ARBITRATE, (_C.DISPATCHED,))),
    *_staying((_C.DISPATCHED,), *_WITH_UNIT),
    *_steps(
        _C.DISPATCHED,
        (_A.RECALL, (_C.FILED,)),
        (_A.GRANT, (_C.FILED, _C.DISPATCHED, _C.SUSPENDED, _C.CLOSED)),
        (_A.DISPOSE, (_C.DISPOSED, _C.DISPATCHED)),
    ),
    *_steps(_C.SUSPENDED, (_A.RESUME, (_C.DISPATCHED,))),
    *_steps(_C.DISPOSED, (_A.SEND_CHECK, (_C.CHECKING,)), (_A.DESK_CHECK, (_C.CHECKED, _C.DISPATCHED, _C.FILED))),
    *_steps(_C.CHECKING, (_A.CHECK, (_C.CHECKED, _C.DISPATCHED, _C.CHECKING, _C.DISPOSED, _C.FILED))),
    *_staying((_C.CHECKING,), _A.TAKE_UP, _A.HAND_OVER),
    *_steps(_C.CHECKED, (_A.CLOSE, (_C.CLOSED,))),
    *_steps(_C.CLOSED, (_A.REOPEN, (_C.DISPATCHED,))),
    *(step for state in OPEN_CASES for step in _steps(state, (_A.VOID, (_C.VOIDED,)))),
    *_staying((_C.FILED, _C.DISPATCHED), _A.AMEND),
    *_steps(_C.FILED, (_A.MERGE_CASE, (_C.CLOSED,))),
    *_steps(_C.DISPATCHED, (_A.MERGE_CASE, (_C.CLOSED,))),
    *_staying(_DISPOSED, _A.APPROVE_ANSWER),
    *_staying((*_DISPOSED, _C.CLOSED), _A.CALL_BACK, _A.GRANT, _A.REFUSE, _A.ARBITRATE),
    *_staying((_C.DISPATCHED, _C.SUSPENDED, *_DISPOSED, _C.CLOSED), _A.APPEAL, _A.REVIEW_APPEAL),
    *_staying(OPEN_CASES, _A.URGE, _A.RELOCATE),
    *_staying(CaseState, _A.NOTE, _A.TAG, _A.SUPPLEMENT),
)

_TAKEN_UP: Final = (_R.FILED, _R.MERGED)
_WAITING: Final = (_R.RECEIVED, _R.ACCEPTED)

REPORT_STEPS: Final = (
    *_steps(
        _R.RECEIVED,
        (_A.REQUEST_VERIFICATION, (_R.VERIFYING,)),
        (_A.ACCEPT, (_R.ACCEPTED,)),
        (_A.ACCEPT_FILE_DISPATCH, (_R.FILED,)),
        (_A.SELF_DISPOSE, (_R.SELF_DISPOSED,)),
    ),
    *_steps(_R.VERIFYING, (_A.VERIFY, (_R.RECEIVED, _R.VERIFYING))),
    *_staying((_R.VERIFYING,), _A.TAKE_UP, _A.HAND_OVER),
    *_steps(_R.ACCEPTED, (_A.FILE, (_R.FILED,))),
    *(
        step
        for state in _WAITING
        for step in _steps(
            state,
            (_A.REJECT, (_R.REJECTED,)),
            (_A.ANSWER, (_R.ANSWERED,)),
            (_A.FORWARD, (_R.FORWARDED,)),
            (_A.MERGE, (_R.MERGED,)),
            (_A.WITHDRAW, (_R.WITHDRAWN,)),
        )
    ),
    *_steps(_R.MERGED, (_A.UNMERGE, (_R.ACCEPTED,))),
    *_steps(_R.FILED, (_A.UNMERGE, (_R.ACCEPTED,))),
    *_staying(_TAKEN_UP, _A.WITHDRAW, _A.REPLY),
    *_staying((*_TAKEN_UP, _R.ANSWERED, _R.FORWARDED, _R.REJECTED), _A.EVALUATE),
    *_staying(ReportState, _A.SUPPLEMENT, _A.URGE, _A.CALL_BACK),
)

_Targets = Mapping[tuple[str, Action], tuple[CaseState | ReportState, ...]]


def _by_source(steps: Iterable[Step]) -> _Targets:
    return {(step.source, step.action): step.targets for step in steps}


_TABLES: Final[Mapping[type, _Targets]] = {CaseState: _by_source(CASE_STEPS), ReportState: _by_source(REPORT_STEPS)}
"""One table a life: `filed` is a state of both, and equal as a text."""


def allowed(state: CaseState | ReportState) -> tuple[Action, ...]:
    """Return the actions that the table knows from `state`, whoever may take them."""
    return tuple(action for source, action in _TABLES[type(state)] if source == state)


def targets(state: CaseState | ReportState, action: Action) -> tuple[CaseState | ReportState, ...]:
    """Return the states that `action` may lead to; raise ActionNotAllowed where the table has no such row."""
    found = _TABLES[type(state)].get((state, action))
    if found is None:
        raise ActionNotAllowed(action, state, allowed(state))
    return found


def refuse(state: CaseState | ReportState, action: Action, detail: str) -> ActionNotAllowed:
    """Return the error for an action that the table knows here and a guard does not let through."""
    return ActionNotAllowed(action, state, [a for a in allowed(state) if a is not action], detail)
