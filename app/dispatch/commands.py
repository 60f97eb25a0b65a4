"""What somebody wants done to a report or a case: one value an action, its fields as in the contract."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

from app.dispatch.codes import (
    Action,
    CheckResult,
    DisposalResult,
    EndKind,
    FailCode,
    Kind,
    VerifyResult,
)
from app.dispatch.limits import Limit
from app.dispatch.points import Point


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What every action may carry: a note."""

    action: ClassVar[Action]
    note: str | None = None


_TEXTS: Final = ("note", "text", "public_answer", "internal_note", "opinion")
SHORT: Final = ("reason_code", "method", "add", "remove")
"""Short words of the caller's own that stay in the payload: whatever was meant, somebody may type a name there."""


def says_something(command: Command) -> bool:
    """Tell whether a command carries words of the caller's own, which must be cleaned before they are kept."""
    parts = (command, command.dispatch) if isinstance(command, AcceptFileDispatch) else (command,)
    return any(getattr(part, name, None) for part in parts for name in (*_TEXTS, *SHORT))


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestVerification(Command):
    """Send an inspector to look before filing; without a name the policy draws one."""

    action = Action.REQUEST_VERIFICATION
    inspector_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verify(Command):
    """Say what was found before filing."""

    action = Action.VERIFY
    result: VerifyResult
    media: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Accept(Command):
    """Take a report on, under a category."""

    action = Action.ACCEPT
    kind: Kind
    category: str
    point: Point | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseWanted:
    """One case to be opened from a report; kind and category default to the report's."""

    condition: int
    kind: Kind | None = None
    category: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class File(Command):
    """Open one case or several from an accepted report."""

    action = Action.FILE
    cases: tuple[CaseWanted, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class End(Command):
    """End a report without a case: reject, answer or forward it."""

    reason_code: str
    public_answer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject(End):
    """Not to be taken on."""

    action = Action.REJECT


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerDirectly(End):
    """Answered without a case."""

    action = Action.ANSWER


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward(End):
    """Another authority's matter."""

    action = Action.FORWARD


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge(Command):
    """Join an open case."""

    action = Action.MERGE
    into_case: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmerge(Command):
    """Leave the case again."""

    action = Action.UNMERGE
    reason_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw(Command):
    """The reporter takes it back."""

    action = Action.WITHDRAW
    reason_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfDispose(Command):
    """The inspector fixed it on the spot."""

    action = Action.SELF_DISPOSE
    media: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch(Command):
    """Send a filed case to a unit: the routed one, or another with a reason."""

    action = Action.DISPATCH
    unit_code: str | None = None
    co_units: tuple[str, ...] = ()
    reason_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall(Command):
    """Take a dispatch back before it is signed, or within 15 minutes."""

    action = Action.RECALL
    reason_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign(Command):
    """The unit has seen it."""

    action = Action.SIGN


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeContact(Command):
    """The unit has tried to reach the reporter, through the desk or a relay."""

    action = Action.CONTACT
    reached: bool
    at: datetime
    method: str
    media: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestReturn(Command):
    """Not mine; names whose, where it can."""

    action = Action.REQUEST_RETURN
    reason_code: str
    proposed_unit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestExtension(Command):
    """More time; without a limit, the original limit once more."""

    action = Action.REQUEST_EXTENSION
    reason_code: str
    limit: Limit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSuspension(Command):
    """Pause the clock until an instant."""

    action = Action.REQUEST_SUSPENSION
    reason_code: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantRequest(Command):
    """Say yes to a pending request."""

    action = Action.GRANT
    request_id: UUID
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefuseRequest(Command):
    """Say no to a pending request, and why."""

    action = Action.REFUSE
    request_id: UUID
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume(Command):
    """End a suspension before its date."""

    action = Action.RESUME


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispose(Command):
    """Say that it has been put right, with the answer for the public apart from the note inside."""

    action = Action.DISPOSE
    result: DisposalResult
    public_answer: str | None = None
    internal_note: str | None = None
    media: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptFileDispatch(Command):
    """Accept, file and dispatch in one step, for who holds the three posts."""

    action = Action.ACCEPT_FILE_DISPATCH
    accept: Accept
    file: File
    dispatch: Dispatch


@dataclass(frozen=True, slots=True, kw_only=True)
class SendCheck(Command):
    """Send an inspector to look before closing; without a name the policy draws one."""

    action = Action.SEND_CHECK
    inspector_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(Command):
    """Say what was found before closing."""

    action = Action.CHECK
    result: CheckResult
    code: FailCode | None = None
    media: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskCheck(Command):
    """Compare the photos at the desk."""

    action = Action.DESK_CHECK
    result: CheckResult
    code: FailCode | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallBack(Command):
    """Ask a reporter what came of it."""

    action = Action.CALL_BACK
    report_id: UUID
    reached: bool
    solved: bool | None = None
    satisfaction: int | None = None
    opinion: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluate(Command):
    """The reporter says by himself what came of it."""

    action = Action.EVALUATE
    solved: bool | None = None
    satisfaction: int | None = None
    opinion: str | None = None
    reached: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply(Command):
    """The reporter was told how a case of his ended; recorded by policy."""

    action = Action.REPLY
    case_id: UUID
    end_kind: EndKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Close(Command):
    """End the round; the end kind defaults to what the disposal said."""

    action = Action.CLOSE
    end_kind: EndKind | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Void(Command):
    """It should not have been a case; an overdue one needs a second person."""

    action = Action.VOID
    reason_code: str
    second_person: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopen(Command):
    """Start a new round for a dissatisfied reporter."""

    action = Action.REOPEN
    reason_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Urge(Command):
    """Remind."""

    action = Action.URGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Note(Command):
    """Leave a note."""

    action = Action.NOTE
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag(Command):
    """Add and remove tags."""

    action = Action.TAG
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplement(Command):
    """Something new came from the reporter or the partner; `attention` says what to look at."""

    action = Action.SUPPLEMENT
    attention: str
    text: str | None = None
