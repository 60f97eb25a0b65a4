"""One body an action: its fields as the contract names them, and the command that it means."""

from decimal import Decimal
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import Field

from app.api.schemas.base import Answer, Body, Instant
from app.dispatch import commands
from app.dispatch.codes import LimitUnit, Post
from app.dispatch.limits import Limit

ReasonCode = Annotated[str, Field(min_length=1, max_length=50)]
UnitCode = Annotated[str, Field(min_length=1, max_length=50)]
Text = Annotated[str, Field(min_length=1, max_length=2000)]
Media = Annotated[list[UUID], Field(max_length=20)]


class ActionIn(Body):
    """What every action may carry."""

    command: ClassVar[type[commands.Command]]

    note: str | None = Field(
        default=None, max_length=2000, description="A note for the history", examples=["现场已复核"]
    )
    as_post: Post | None = Field(default=None, description="Under which of the caller's posts", examples=[None])
    on_behalf_of: str | None = Field(default=None, max_length=100, description="For whom", examples=[None])
    occurred_at: Instant | None = Field(default=None, description="Claimed by the device; never judged by")
    client_id: UUID | None = Field(default=None, description="Like an Idempotency-Key")

    def to_command(self) -> commands.Command:
        """Return what is wanted."""
        return self.command(note=self.note, **self.fields())

    def fields(self) -> dict[str, Any]:
        """Return the action's own fields as the command names them."""
        own = set(type(self).model_fields) - set(ActionIn.model_fields)
        known = self.command.__dataclass_fields__
        return {name: _frozen(getattr(self, name)) for name in own if name in known}


class LimitIn(Body):
    """A time limit."""

    value: float = Field(gt=0, le=10_000, description="How many", examples=[1])
    unit: LimitUnit = Field(description="Of what", examples=["work_day"])

    def to_limit(self) -> Limit:
        """Return the limit."""
        return Limit(value=Decimal(str(self.value)), unit=self.unit)


class ActionInfo(Answer):
    """An action that is possible now."""

    action: str = Field(description="Its name, the last part of its route", examples=["dispose"])
    fields: dict[str, Any] = Field(description="JSON schema of its body")


class ActionList(Answer):
    """What the caller may do now."""

    items: list[ActionInfo] = Field(description="In the order of the workflow")


class BatchItem(Answer):
    """What became of one of a batch."""

    id: UUID = Field(description="Of the report or case")
    status: int = Field(description="As a single call would have answered", examples=[200])
    problem: dict[str, Any] | None = Field(default=None, description="What went wrong, as a problem document")


class BatchOut(Answer):
    """One answer an id, in the order in which they were first named."""

    items: list[BatchItem] = Field(description="As the ids")


def _frozen(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value
