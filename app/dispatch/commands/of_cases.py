"""What somebody wants done to a case."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.dispatch.case_life import Spot
from app.dispatch.codes import Action, CheckResult, DisposalResult, EndKind, FailCode, Kind
from app.dispatch.commands.shared import Command
from app.dispatch.points import Point


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
    """The unit has seen it; `leg` names which, where several of its are open."""

    action = Action.SIGN
    leg: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeContact(Command):
    """The unit has tried to reach the reporter, through the desk or a relay."""

    action = Action.CONTACT
    reached: bool
    at: datetime
    method: str
    media: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume(Command):
    """End a suspension before its date."""

    action = Action.RESUME


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispose(Command):
    """Say that it has been put right, with the answer for the public apart from the note inside.

    `claim` goes with `cannot`: the end that is asked for.
    """

    action = Action.DISPOSE
    result: DisposalResult
    claim: EndKind | None = None
    public_answer: str | None = None
    internal_note: str | None = None
    media: tuple[UUID, ...] = ()


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
class Relocate(Command):
    """Name the place anew after a new grid came into force; `versions` say which."""

    action = Action.RELOCATE
    spot: Spot
    versions: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Amend(Command):
    """Put category, condition or place right; with `reroute` the unit is asked for anew."""

    action = Action.AMEND
    kind: Kind | None = None
    category: str | None = None
    condition: int | None = None
    point: Point | None = None
    reroute: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeCase(Command):
    """Let the case end in another, which takes over its reports."""

    action = Action.MERGE_CASE
    into_case: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveAnswer(Command):
    """Let the public answer go out, as it is given here."""

    action = Action.APPROVE_ANSWER
    public_answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignSub(Command):
    """Give the work on inside the unit's own subtree; `leg` is whose part is given on, the main one by default."""

    action = Action.ASSIGN_SUB
    unit_code: str
    leg: int | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnSub(Command):
    """Give a part back one level, or take it back from below."""

    action = Action.RETURN_SUB
    leg: int
    reason_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportUp(Command):
    """Say one level up that a part is done."""

    action = Action.REPORT_UP
    leg: int
    public_answer: str | None = None
    media: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeUp(Command):
    """The inspector goes there."""

    action = Action.TAKE_UP


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver(Command):
    """Give an inspector's task to another; without a name one is drawn. `untaken`: a timer, because he let it lie."""

    action = Action.HAND_OVER
    inspector_id: UUID | None = None
    untaken: bool = False
