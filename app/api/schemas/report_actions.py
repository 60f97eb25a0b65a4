"""Bodies of the actions on reports."""

from typing import Any, ClassVar, Final
from uuid import UUID

from pydantic import Field

from app.api.schemas.actions import ActionIn, Media, ReasonCode, Text, UnitCode
from app.api.schemas.base import Body
from app.api.schemas.location import LocationIn
from app.dispatch import commands
from app.dispatch.codes import Kind, VerifyResult

CategoryCode = Field(min_length=1, max_length=20, description="Major + minor code", examples=["0305"])


class RequestVerificationIn(ActionIn):
    """Send an inspector to look before filing."""

    command: ClassVar[type[commands.Command]] = commands.RequestVerification
    inspector: UUID | None = Field(default=None, description="Account id; default: drawn by policy")

    def fields(self) -> dict[str, Any]:
        """Return the fields as the command names them."""
        return {"inspector_id": self.inspector}


class TakeUpVerificationIn(ActionIn):
    """The inspector takes his task up: he goes there."""

    command: ClassVar[type[commands.Command]] = commands.TakeUp


class HandOverVerificationIn(ActionIn):
    """Give an inspector's task to another; why stands in the note."""

    command: ClassVar[type[commands.Command]] = commands.HandOver
    inspector: UUID | None = Field(default=None, description="Account id; default: drawn by policy")

    def fields(self) -> dict[str, Any]:
        """Return the fields as the command names them."""
        return {"inspector_id": self.inspector}


class VerifyIn(ActionIn):
    """Say what was found before filing."""

    command: ClassVar[type[commands.Command]] = commands.Verify
    result: VerifyResult = Field(description="true, false, not_found, no_access", examples=["true"])
    media: Media = Field(default=[], description="Evidence")


class AcceptIn(ActionIn):
    """Take a report on."""

    command: ClassVar[type[commands.Command]] = commands.Accept
    kind: Kind = Field(description="component or event", examples=["event"])
    category: str = CategoryCode
    location: LocationIn | None = Field(default=None, description="Corrected place")

    def fields(self) -> dict[str, Any]:
        """Return the fields with the place as a canonical point."""
        point = self.location.to_point() if self.location else None
        return {"kind": self.kind, "category": self.category, "point": point}


class CaseWantedIn(Body):
    """One case to be opened."""

    condition: int = Field(ge=1, le=99, description="Filing condition's number", examples=[1])
    kind: Kind | None = Field(default=None, description="Default: the report's", examples=["event"])
    category: str | None = Field(default=None, max_length=20, description="Default: the report's", examples=["0305"])

    def to_wanted(self) -> commands.CaseWanted:
        """Return the value."""
        return commands.CaseWanted(condition=self.condition, kind=self.kind, category=self.category)


class FileIn(ActionIn):
    """Open cases."""

    command: ClassVar[type[commands.Command]] = commands.File
    cases: list[CaseWantedIn] = Field(min_length=1, max_length=20, description="One or several")

    def fields(self) -> dict[str, Any]:
        """Return the fields as values."""
        return {"cases": tuple(one.to_wanted() for one in self.cases)}


class AcceptFileDispatchIn(ActionIn):
    """Accept, file and dispatch in one step."""

    command: ClassVar[type[commands.Command]] = commands.AcceptFileDispatch
    cases: list[CaseWantedIn] = Field(min_length=1, max_length=20, description="One or several")
    kind: Kind = Field(description="component or event", examples=["event"])
    category: str = CategoryCode
    location: LocationIn | None = Field(default=None, description="Corrected place")
    unit_code: UnitCode | None = Field(default=None, description="Default: the routed unit", examples=["2101"])
    co_units: list[UnitCode] = Field(default=[], max_length=20, description="Co-handling units", examples=[[]])
    reason_code: ReasonCode | None = Field(default=None, description="Required when it is not the routed unit")

    def fields(self) -> dict[str, Any]:
        """Return the three commands that the step consists of."""
        point = self.location.to_point() if self.location else None
        return {
            "accept": commands.Accept(kind=self.kind, category=self.category, point=point),
            "file": commands.File(cases=tuple(one.to_wanted() for one in self.cases)),
            "dispatch": commands.Dispatch(
                unit_code=self.unit_code, co_units=tuple(self.co_units), reason_code=self.reason_code
            ),
        }


class _EndIn(ActionIn):
    """End a report without a case."""

    reason_code: ReasonCode = Field(description="Why", examples=["out_of_scope"])
    public_answer: Text | None = Field(default=None, description="What the reporter reads", examples=["不属于受理范围"])


class RejectIn(_EndIn):
    """Not to be taken on."""

    command: ClassVar[type[commands.Command]] = commands.Reject


class AnswerIn(_EndIn):
    """Answered without a case."""

    command: ClassVar[type[commands.Command]] = commands.AnswerDirectly


class ForwardIn(_EndIn):
    """Another authority's matter."""

    command: ClassVar[type[commands.Command]] = commands.Forward


class MergeIn(ActionIn):
    """Join an open case."""

    command: ClassVar[type[commands.Command]] = commands.Merge
    into_case: UUID = Field(description="The case to join")


class UnmergeIn(ActionIn):
    """Leave the case again."""

    command: ClassVar[type[commands.Command]] = commands.Unmerge
    reason_code: ReasonCode = Field(description="Why", examples=["another_matter"])


class WithdrawIn(ActionIn):
    """The reporter takes it back."""

    command: ClassVar[type[commands.Command]] = commands.Withdraw
    reason_code: ReasonCode = Field(description="Why", examples=["settled"])


class SelfDisposeIn(ActionIn):
    """Fixed on the spot."""

    command: ClassVar[type[commands.Command]] = commands.SelfDispose
    media: Media = Field(default=[], description="Evidence")


REPORT_ACTIONS: Final = (
    *(RequestVerificationIn, TakeUpVerificationIn, HandOverVerificationIn, VerifyIn, AcceptIn, FileIn),
    *(AcceptFileDispatchIn, RejectIn, AnswerIn, ForwardIn),
    *(MergeIn, UnmergeIn, WithdrawIn, SelfDisposeIn),
)
"""Every action on a report that people may take."""
