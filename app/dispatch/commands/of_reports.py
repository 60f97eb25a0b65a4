"""What somebody wants done to a report."""

from dataclasses import dataclass
from uuid import UUID

from app.dispatch.codes import Action, EndKind, Kind, VerifyResult
from app.dispatch.commands.of_cases import Dispatch
from app.dispatch.commands.shared import Command
from app.dispatch.points import Point


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
class Evaluate(Command):
    """The reporter says by himself what came of it."""

    action = Action.EVALUATE
    solved: bool | None = None
    satisfaction: int | None = None
    opinion: str | None = None
    reached: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply(Command):
    """The reporter was told how a case of his ended; recorded by policy. No `end_kind`: it was voided."""

    action = Action.REPLY
    case_id: UUID
    end_kind: EndKind | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptFileDispatch(Command):
    """Accept, file and dispatch in one step, for who holds the three posts."""

    action = Action.ACCEPT_FILE_DISPATCH
    accept: Accept
    file: File
    dispatch: Dispatch
