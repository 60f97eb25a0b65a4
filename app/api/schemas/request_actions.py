"""Bodies of what units ask the desk for, and of how it is ruled."""

from typing import Any, ClassVar, Final
from uuid import UUID

from pydantic import Field

from app.api.schemas.actions import ActionIn, LimitIn, Media, ReasonCode, Text, UnitCode
from app.api.schemas.base import Body, Instant
from app.api.schemas.query import Code
from app.dispatch import commands
from app.dispatch.codes import Mark, Scope


class RequestReturnIn(ActionIn):
    """Not mine."""

    command: ClassVar[type[commands.Command]] = commands.RequestReturn
    reason_code: ReasonCode = Field(description="Why", examples=["not_ours"])
    proposed_unit: UnitCode | None = Field(default=None, description="Whose it is", examples=["2201"])


class RequestExtensionIn(ActionIn):
    """More time."""

    command: ClassVar[type[commands.Command]] = commands.RequestExtension
    reason_code: ReasonCode = Field(
        description="Why; `engineering` may be longer than the limit, with a plan's date", examples=["weather"]
    )
    limit: LimitIn | None = Field(
        default=None,
        description="How much; default the original limit once more, for `engineering` as far as `until`",
    )
    until: Instant | None = Field(
        default=None,
        description="Only with `engineering`, and required there: the date by which the plan has it done",
        examples=[None],
    )

    def fields(self) -> dict[str, Any]:
        """Return the fields with the limit as a value."""
        limit = self.limit.to_limit() if self.limit else None
        return {"reason_code": self.reason_code, "limit": limit, "until": self.until}


class RequestSuspensionIn(ActionIn):
    """Pause the clocks."""

    command: ClassVar[type[commands.Command]] = commands.RequestSuspension
    reason_code: ReasonCode = Field(description="Why", examples=["season"])
    until: Instant = Field(description="Until when", examples=["2026-04-01T08:00:00+08:00"])


class RequestArbitrationIn(ActionIn):
    """Not mine, although the desk has refused the return."""

    command: ClassVar[type[commands.Command]] = commands.RequestArbitration
    text: Text = Field(description="Why it is another's", examples=["该路段已移交区交通局，见附件"])
    media: Media = Field(description="Evidence; at least one", examples=[["0192d3a0-5c1e-7a52-9f8a-6f3d2b1c0e4f"]])
    handle_under_reserve: bool = Field(
        default=False,
        description="The unit works meanwhile: its disposal does not withdraw the request, and it is not scored "
        "if the ruling says that it was another's",
        examples=[True],
    )


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


class RulingPartIn(Body):
    """A ruling for the cases to come, at the place of this case and of its category."""

    scope: Scope = Field(description="How far it reaches around the case", examples=["cell"])
    scope_code: Code | None = Field(
        default=None, description="Which zone, where the case lies in several; else left out", examples=[None]
    )
    valid_from: Instant | None = Field(
        default=None, alias="from", description="Null: now; never a past one", examples=[None]
    )
    valid_to: Instant | None = Field(
        default=None, alias="to", description="Null: until further notice", examples=[None]
    )

    def to_part(self) -> commands.RulingPart:
        """Return what is wanted."""
        return commands.RulingPart(
            scope=self.scope, scope_code=self.scope_code, valid_from=self.valid_from, valid_to=self.valid_to
        )


class ArbitrateIn(ActionIn):
    """Name the unit whose case it is."""

    command: ClassVar[type[commands.Command]] = commands.Arbitrate
    unit_code: UnitCode = Field(description="The unit; the one that has it keeps it", examples=["2101"])
    ruling: RulingPartIn | None = Field(
        default=None, description="With it, cases to come of that place and category go there, too"
    )
    text: Text | None = Field(default=None, description="Reason", examples=["该地块由园林部门养护"])

    def fields(self) -> dict[str, Any]:
        """Return the fields with the ruling as a value."""
        ruling = self.ruling.to_part() if self.ruling else None
        return {"unit_code": self.unit_code, "ruling": ruling, "text": self.text}


class AppealIn(ActionIn):
    """Dispute a mark of the present round."""

    command: ClassVar[type[commands.Command]] = commands.Appeal
    against: Mark = Field(description="Which mark; once each, within the days of policy", examples=["overdue"])
    text: Text = Field(description="Why it should not count", examples=["台风红色预警期间停工"])
    media: Media = Field(default=[], description="Evidence")


class ReviewAppealIn(ActionIn):
    """Hear an appeal: the shift lead first, then the supervisor, whose word is the last."""

    command: ClassVar[type[commands.Command]] = commands.ReviewAppeal
    upheld: bool = Field(description="Whether the mark should not count", examples=[True])
    text: Text = Field(description="Why", examples=["情况属实"])
    against: Mark | None = Field(
        default=None, description="Which appeal; needed where several wait", examples=["overdue"]
    )


REQUEST_ACTIONS: Final = (
    *(RequestReturnIn, RequestExtensionIn, RequestSuspensionIn, RequestArbitrationIn),
    *(GrantIn, RefuseIn, ArbitrateIn, AppealIn, ReviewAppealIn),
)
"""In the order of a quarrel."""
