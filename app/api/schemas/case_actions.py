"""Bodies of the actions on cases."""

from typing import Any, ClassVar, Final, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from app.api.schemas.actions import ActionIn, Media, ReasonCode, Text, UnitCode
from app.api.schemas.base import Instant
from app.api.schemas.location import LocationIn
from app.api.schemas.request_actions import REQUEST_ACTIONS
from app.dispatch import commands
from app.dispatch.codes import CheckResult, DisposalResult, EndKind, FailCode, Kind
from app.dispatch.errors import BadInput

DESK_RESULTS: Final = (CheckResult.PASS, CheckResult.FAIL)


class DispatchIn(ActionIn):
    """Send a filed case to a unit."""

    command: ClassVar[type[commands.Command]] = commands.Dispatch
    unit_code: UnitCode | None = Field(default=None, description="Default: the routed unit", examples=["2101"])
    co_units: list[UnitCode] = Field(default=[], max_length=20, description="Co-handling units", examples=[[]])
    reason_code: ReasonCode | None = Field(
        default=None, description="Required when it is not the routed unit", examples=["local_knowledge"]
    )


class RecallIn(ActionIn):
    """Take a dispatch back."""

    command: ClassVar[type[commands.Command]] = commands.Recall
    reason_code: ReasonCode | None = Field(default=None, description="Why", examples=["wrong_unit"])


class SignIn(ActionIn):
    """The unit has seen it."""

    command: ClassVar[type[commands.Command]] = commands.Sign
    leg: int | None = Field(default=None, ge=1, description="Which leg; default the caller's first unsigned one")


class AssignSubIn(ActionIn):
    """Give a leg on inside the unit's own subtree."""

    command: ClassVar[type[commands.Command]] = commands.AssignSub
    unit_code: UnitCode = Field(description="A unit below the one that holds the leg", examples=["611101"])
    leg: int | None = Field(
        default=None, ge=1, description="Which leg is given on; default the main one, for its own unit", examples=[None]
    )
    due_at: Instant | None = Field(
        default=None,
        description="Not later than the leg's; default: the share `sub_share` of what is left of its limit",
        examples=[None],
    )


class ReturnSubIn(ActionIn):
    """Give a part back one level, or take it back from below."""

    command: ClassVar[type[commands.Command]] = commands.ReturnSub
    leg: int = Field(ge=1, description="The part", examples=[2])
    reason_code: ReasonCode | None = Field(default=None, description="Why", examples=["not_ours"])


class ReportUpIn(ActionIn):
    """Say one level up that a part is done."""

    command: ClassVar[type[commands.Command]] = commands.ReportUp
    leg: int = Field(ge=1, description="The part", examples=[2])
    public_answer: Text | None = Field(
        default=None, description="What the reporter might be told; proposed to who disposes", examples=["已清理"]
    )
    media: Media = Field(default=[], description="Evidence")


class ContactIn(ActionIn):
    """The unit has tried to reach the reporter."""

    command: ClassVar[type[commands.Command]] = commands.MakeContact
    reached: bool = Field(description="Whether the reporter was reached", examples=[True])
    at: Instant = Field(description="When", examples=["2026-03-02T10:00:00+08:00"])
    method: str = Field(min_length=1, max_length=50, description="How", examples=["via_desk"])
    media: Media = Field(default=[], description="Evidence")


class ResumeIn(ActionIn):
    """End a suspension."""

    command: ClassVar[type[commands.Command]] = commands.Resume


class DisposeIn(ActionIn):
    """Say that it has been put right."""

    command: ClassVar[type[commands.Command]] = commands.Dispose
    result: DisposalResult = Field(
        description="`temporary`: made safe, a follow-up begins; `cannot`: asks for the end that `claim` names",
        examples=["solved"],
    )
    claim: EndKind | None = Field(
        default=None,
        description="With `cannot`: transferred_to_enforcement, problem_bank, out_of_scope, explained or withdrawn",
        examples=[None],
    )
    public_answer: Text | None = Field(default=None, description="What the reporter reads", examples=["已清理"])
    internal_note: Text | None = Field(default=None, description="What only the desk reads", examples=[None])
    media: Media = Field(default=[], description="Evidence")


class ApproveAnswerIn(ActionIn):
    """Let the public answer go out, as it reads here."""

    command: ClassVar[type[commands.Command]] = commands.ApproveAnswer
    public_answer: Text = Field(description="What the reporter will read", examples=["已清理，感谢反映"])


class AmendIn(ActionIn):
    """Put category, condition or place right."""

    command: ClassVar[type[commands.Command]] = commands.Amend
    kind: Kind | None = Field(default=None, description="Default: as it is", examples=["event"])
    category: str | None = Field(
        default=None,
        min_length=1,
        max_length=20,
        description="Major + minor code; default: as it is",
        examples=["0305"],
    )
    condition: int | None = Field(
        default=None, ge=1, le=99, description="Filing condition; default: the number it has", examples=[2]
    )
    location: LocationIn | None = Field(default=None, description="Corrected point; default: where it is")
    reroute: bool = Field(
        default=False, description="Ask the rules for the unit anew; another one gets the case", examples=[True]
    )

    def fields(self) -> dict[str, Any]:
        """Return the fields with the place as a canonical point."""
        point = self.location.to_point() if self.location else None
        if self.location is not None and (point is None or self.location.address is not None):
            raise BadInput.at(["body", "location"], "更正案件位置只能用坐标，不能用地址", code="point_required")
        plain = {name: getattr(self, name) for name in ("kind", "category", "condition", "reroute")}
        return {**plain, "point": point}


class MergeCaseIn(ActionIn):
    """Let the case end in another open one, which takes over its reports."""

    command: ClassVar[type[commands.Command]] = commands.MergeCase
    into_case: UUID = Field(description="The case to join")


class SendCheckIn(ActionIn):
    """Send an inspector to look before closing."""

    command: ClassVar[type[commands.Command]] = commands.SendCheck
    inspector: UUID | None = Field(default=None, description="Account id; default: drawn by policy")

    def fields(self) -> dict[str, Any]:
        """Return the fields as the command names them."""
        return {"inspector_id": self.inspector}


class TakeUpIn(ActionIn):
    """The inspector takes his task up: he goes there."""

    command: ClassVar[type[commands.Command]] = commands.TakeUp


class HandOverIn(ActionIn):
    """Give an inspector's task to another; why stands in the note."""

    command: ClassVar[type[commands.Command]] = commands.HandOver
    inspector: UUID | None = Field(default=None, description="Account id; default: drawn by policy")

    def fields(self) -> dict[str, Any]:
        """Return the fields as the command names them."""
        return {"inspector_id": self.inspector}


class CheckIn(ActionIn):
    """Say what was found before closing."""

    command: ClassVar[type[commands.Command]] = commands.Check
    result: CheckResult = Field(description="pass, fail, no_access, not_found", examples=["pass"])
    code: FailCode | None = Field(default=None, description="Required with fail", examples=["not_done"])
    media: Media = Field(default=[], description="Evidence")


class DeskCheckIn(ActionIn):
    """Compare photos at the desk, where policy allows it."""

    command: ClassVar[type[commands.Command]] = commands.DeskCheck
    result: Literal[CheckResult.PASS, CheckResult.FAIL] = Field(description="pass or fail", examples=["pass"])
    code: FailCode | None = Field(default=None, description="Required with fail", examples=["incomplete"])


class CallBackIn(ActionIn):
    """Ask a reporter what came of it."""

    command: ClassVar[type[commands.Command]] = commands.CallBack
    report_id: UUID = Field(description="Which report of the case")
    reached: bool = Field(description="Whether the reporter was reached", examples=[True])
    solved: bool | None = Field(default=None, description="Says that it is solved", examples=[True])
    satisfaction: int | None = Field(default=None, ge=1, le=5, description="1 to 5", examples=[5])
    opinion: Text | None = Field(default=None, description="In the reporter's words, scrubbed", examples=["很快"])

    @model_validator(mode="after")
    def _nobody_spoke(self) -> Self:
        """Refuse an opinion of one who was not reached: it would count."""
        if not self.reached and (self.solved, self.satisfaction, self.opinion) != (None, None, None):
            raise ValueError("未联系上反映人时不能有评价")
        return self


class CloseIn(ActionIn):
    """End the round."""

    command: ClassVar[type[commands.Command]] = commands.Close
    end_kind: EndKind | None = Field(default=None, description="Default from the disposal", examples=["solved"])


class VoidIn(ActionIn):
    """It should not have been a case."""

    command: ClassVar[type[commands.Command]] = commands.Void
    reason_code: ReasonCode = Field(description="Why", examples=["filed_by_mistake"])
    second_person: UUID | None = Field(default=None, description="Who agreed; required for overdue cases")


class ReopenIn(ActionIn):
    """Start a new round."""

    command: ClassVar[type[commands.Command]] = commands.Reopen
    reason_code: ReasonCode = Field(description="Why", examples=["dissatisfied"])


class UrgeIn(ActionIn):
    """Remind."""

    command: ClassVar[type[commands.Command]] = commands.Urge


class NoteIn(ActionIn):
    """Leave a note."""

    command: ClassVar[type[commands.Command]] = commands.Note
    text: Text = Field(description="The note", examples=["已与街道沟通"])


class TagIn(ActionIn):
    """Add and remove tags."""

    command: ClassVar[type[commands.Command]] = commands.Tag
    add: list[ReasonCode] = Field(default=[], max_length=20, description="To add", examples=[["typhoon"]])
    remove: list[ReasonCode] = Field(default=[], max_length=20, description="To remove", examples=[[]])


CASE_ACTIONS: Final = (
    *(DispatchIn, RecallIn, SignIn, ContactIn, *REQUEST_ACTIONS),
    *(ResumeIn, DisposeIn, SendCheckIn, TakeUpIn, HandOverIn, CheckIn, DeskCheckIn, CallBackIn, CloseIn),
    *(VoidIn, ReopenIn),
    *(AssignSubIn, ReturnSubIn, ReportUpIn, UrgeIn, NoteIn, TagIn, AmendIn, MergeCaseIn, ApproveAnswerIn),
)
"""Every action on a case that people may take."""
