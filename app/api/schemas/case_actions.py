"""Bodies of the actions on cases."""

from typing import Any, ClassVar, Final, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from app.api.schemas.actions import ActionIn, LimitIn, Media, ReasonCode, Text, UnitCode
from app.api.schemas.base import Instant
from app.dispatch import commands
from app.dispatch.codes import CheckResult, DisposalResult, EndKind, FailCode

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


class ContactIn(ActionIn):
    """The unit has tried to reach the reporter."""

    command: ClassVar[type[commands.Command]] = commands.MakeContact
    reached: bool = Field(description="Whether the reporter was reached", examples=[True])
    at: Instant = Field(description="When", examples=["2026-03-02T10:00:00+08:00"])
    method: str = Field(min_length=1, max_length=50, description="How", examples=["via_desk"])
    media: Media = Field(default=[], description="Evidence")


class RequestReturnIn(ActionIn):
    """Not mine."""

    command: ClassVar[type[commands.Command]] = commands.RequestReturn
    reason_code: ReasonCode = Field(description="Why", examples=["not_our_area"])
    proposed_unit: UnitCode | None = Field(default=None, description="Whose it is", examples=["2201"])


class RequestExtensionIn(ActionIn):
    """More time."""

    command: ClassVar[type[commands.Command]] = commands.RequestExtension
    reason_code: ReasonCode = Field(description="Why", examples=["weather"])
    limit: LimitIn | None = Field(default=None, description="How much; default the original limit once more")

    def fields(self) -> dict[str, Any]:
        """Return the fields with the limit as a value."""
        return {"reason_code": self.reason_code, "limit": self.limit.to_limit() if self.limit else None}


class RequestSuspensionIn(ActionIn):
    """Pause the clocks."""

    command: ClassVar[type[commands.Command]] = commands.RequestSuspension
    reason_code: ReasonCode = Field(description="Why", examples=["season"])
    until: Instant = Field(description="Until when", examples=["2026-04-01T08:00:00+08:00"])


class GrantIn(ActionIn):
    """Say yes to a pending request."""

    command: ClassVar[type[commands.Command]] = commands.GrantRequest
    request_id: UUID = Field(description="The request")
    text: Text | None = Field(default=None, description="Reason", examples=["同意"])


class RefuseIn(ActionIn):
    """Say no to a pending request."""

    command: ClassVar[type[commands.Command]] = commands.RefuseRequest
    request_id: UUID = Field(description="The request")
    text: Text = Field(description="Reason", examples=["属于贵单位职责"])


class ResumeIn(ActionIn):
    """End a suspension."""

    command: ClassVar[type[commands.Command]] = commands.Resume


class DisposeIn(ActionIn):
    """Say that it has been put right."""

    command: ClassVar[type[commands.Command]] = commands.Dispose
    result: Literal[DisposalResult.SOLVED, DisposalResult.GONE, DisposalResult.EXPLAINED] = Field(
        description="What was done", examples=["solved"]
    )
    public_answer: Text | None = Field(default=None, description="What the reporter reads", examples=["已清理"])
    internal_note: Text | None = Field(default=None, description="What only the desk reads", examples=[None])
    media: Media = Field(default=[], description="Evidence")


class SendCheckIn(ActionIn):
    """Send an inspector to look before closing."""

    command: ClassVar[type[commands.Command]] = commands.SendCheck
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
    *(DispatchIn, RecallIn, SignIn, ContactIn, RequestReturnIn, RequestExtensionIn, RequestSuspensionIn, GrantIn),
    *(RefuseIn, ResumeIn, DisposeIn, SendCheckIn, CheckIn, DeskCheckIn, CallBackIn, CloseIn, VoidIn, ReopenIn),
    *(UrgeIn, NoteIn, TagIn),
)
"""Every action on a case that people may take."""
