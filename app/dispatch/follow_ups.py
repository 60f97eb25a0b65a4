"""Which step policy takes next, after a step of a report or a case; nothing where a person should look first."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from app.dispatch import commands
from app.dispatch.case_life import CaseLife
from app.dispatch.catalogue import Category
from app.dispatch.codes import Action, Attention, CaseState, Kind, ReportState, VerifyResult
from app.dispatch.policies import Policies
from app.dispatch.report_life import ReportLife, dissatisfied

AUTO_ACCEPT: Final = "auto_accept"
AUTO_FILE: Final = "auto_file"
AUTO_DISPATCH: Final = "auto_dispatch"
AUTO_SEND_CHECK: Final = "auto_send_check"
AUTO_CLOSE: Final = "auto_close"
CITIZEN_REOPENS: Final = "citizen_reopens"
AUTOMATIC: Final = (AUTO_ACCEPT, AUTO_FILE, AUTO_DISPATCH, AUTO_SEND_CHECK, AUTO_CLOSE, CITIZEN_REOPENS)
"""The policies that take steps."""

_NOWHERE: Final = frozenset({Attention.NO_LOCATION, Attention.OUT_OF_COVERAGE})
_TO_BE_READ: Final = frozenset(
    {
        Attention.POSSIBLE_DUPLICATE,
        Attention.UNKNOWN_VALUE,
        Attention.UNKNOWN_COMPONENT,
        Attention.SUPPLEMENTED,
        Attention.WITHDRAWN_BY_REPORTER,
        Attention.REDO_ASKED,
        Attention.DISSATISFIED,
    }
)
"""What a person reads before a case is made of a report."""
_HARMLESS: Final = frozenset({Attention.CLOCK_SKEW, Attention.MEDIA_PENDING})
"""What is no doubt about the unit."""
_UNHAPPY: Final = frozenset({Attention.DISSATISFIED, Attention.REDO_ASKED, Attention.SUPERVISED})
"""What a person reads before a round is ended."""
_CHECKED_BY: Final = frozenset({Action.CHECK, Action.DESK_CHECK, Action.APPROVE_ANSWER, Action.CALL_BACK})
"""After these a checked case may lack nothing any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """A step that policy takes, and the policy by which it does."""

    command: commands.Command
    policy: str


def to_accept(category: Category | None, cell_code: str | None, attention: Collection[str]) -> commands.Accept | None:
    """Return the acceptance of a report that is clear: of a category of the edition in force, inside the grid."""
    if category is None or cell_code is None or not _NOWHERE.isdisjoint(attention):
        return None
    return commands.Accept(kind=category.kind, category=category.code)


def after_report(
    life: ReportLife,
    command: commands.Command,
    policies: Policies,
    category: Category | None,
    condition: int | None,
) -> FollowUp | None:
    """Return what follows a step of a report; `condition` is what was said of it under this very category."""
    match life.state, command:
        case ReportState.RECEIVED, commands.Verify(result=VerifyResult.TRUE) if policies.auto_accept:
            accept = to_accept(category, life.spot.cell_code, life.attention)
            return FollowUp(command=accept, policy=AUTO_ACCEPT) if accept else None
        case ReportState.ACCEPTED, commands.Accept() if policies.auto_file and category is not None:
            number = _condition(category, condition)
            if number is None or not _TO_BE_READ.isdisjoint(life.attention):
                return None
            return FollowUp(command=commands.File(cases=(commands.CaseWanted(condition=number),)), policy=AUTO_FILE)
    return None


def after_case(life: CaseLife, action: Action, policies: Policies) -> FollowUp | None:
    """Return what follows a step of a case; what closing still lacks, closing itself says, and is refused."""
    match life.state:
        case CaseState.FILED if action is Action.FILE and policies.auto_dispatch:
            clear = life.proposed_unit is not None and life.attention <= _HARMLESS
            return FollowUp(command=commands.Dispatch(), policy=AUTO_DISPATCH) if clear else None
        case CaseState.DISPOSED if action is Action.DISPOSE and policies.auto_send_check:
            return FollowUp(command=commands.SendCheck(), policy=AUTO_SEND_CHECK)
        case CaseState.CHECKED if action in _CHECKED_BY and policies.auto_close:
            clear = _UNHAPPY.isdisjoint(life.attention)
            return FollowUp(command=commands.Close(), policy=AUTO_CLOSE) if clear else None
    return None


def after_opinion(life: CaseLife, said: commands.Command, policies: Policies) -> FollowUp | None:
    """Return what follows for a case when its reporter has said by himself what came of it."""
    unhappy = isinstance(said, commands.Evaluate) and dissatisfied(said.solved, said.satisfaction)
    if unhappy and life.state is CaseState.CLOSED and policies.citizen_reopens:
        return FollowUp(command=commands.Reopen(reason_code="dissatisfied"), policy=CITIZEN_REOPENS)
    return None


def foreseen(command: commands.Command, wanted: Collection[str]) -> tuple[commands.Command, ...]:
    """Return what may follow a step under the policies that some row turns on: what they need is read beforehand.

    Contents are unknown before anything is read; only what they need counts. Accepting may be followed by filing.
    """
    match command:
        case commands.Verify() if AUTO_ACCEPT in wanted:
            accept = commands.Accept(kind=Kind.EVENT, category="")
            return accept, *foreseen(accept, wanted)
        case commands.Accept() if AUTO_FILE in wanted:
            return (commands.File(cases=(commands.CaseWanted(condition=0),)),)
        case commands.Dispose() if AUTO_SEND_CHECK in wanted:
            return (commands.SendCheck(),)
        case _ if command.action in _CHECKED_BY and AUTO_CLOSE in wanted:
            return (commands.Close(),)
        case commands.Evaluate() if CITIZEN_REOPENS in wanted and dissatisfied(command.solved, command.satisfaction):
            return (commands.Reopen(reason_code="dissatisfied"),)
    return ()


def _condition(category: Category, said: int | None) -> int | None:
    """Return the condition that was said, or the only one there is."""
    if said in category.conditions:
        return said
    return next(iter(category.conditions)) if len(category.conditions) == 1 else None
