"""Rosters of inspectors, as they are asked for and answered."""

from datetime import time
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field

from app.api.schemas.base import Answer, Body, Instant
from app.api.schemas.query import Code
from app.dispatch.rosters import RosterWanted, Slot, slot_of
from app.repositories.rosters import Kept

Weekday = Annotated[int, Field(ge=1, le=7)]
_CLOCK = "%H:%M"


class SlotIn(Body):
    """Local hours on some weekdays."""

    days: list[Weekday] = Field(min_length=1, max_length=7, description="Monday is 1", examples=[[1, 2, 3, 4, 5]])
    opens: time = Field(description="From when", examples=["07:00"])
    closes: time = Field(description="Until when; not later than `opens`: of the day after", examples=["19:00"])

    def to_slot(self) -> Slot:
        """Return the slot; seconds do not count."""
        opens, closes = (one.replace(second=0, microsecond=0, tzinfo=None) for one in (self.opens, self.closes))
        return Slot(days=frozenset(self.days), opens=opens, closes=closes)


class RosterIn(Body):
    """When an inspector is on shift, and which beats he walks then."""

    username: Code = Field(description="The inspector's account", examples=["inspector01"])
    beat_codes: list[Code] = Field(
        default=[], max_length=200, description="Beats; none: all of his region", examples=[["510107001B01"]]
    )
    slots: list[SlotIn] = Field(default=[], max_length=21, description="Weekly hours; none: round the clock")
    valid_from: Instant | None = Field(default=None, description="Null: now; never a past one", examples=[None])
    valid_to: Instant | None = Field(default=None, description="Null: until further notice", examples=[None])

    def wanted(self) -> RosterWanted:
        """Return what is asked for."""
        return RosterWanted(
            username=self.username,
            beat_codes=tuple(self.beat_codes),
            slots=tuple(slot.to_slot() for slot in self.slots),
            valid_from=self.valid_from,
            valid_to=self.valid_to,
        )


class SlotOut(Answer):
    """Local hours on some weekdays."""

    days: list[int] = Field(description="Monday is 1", examples=[[1, 2, 3, 4, 5]])
    opens: str = Field(description="From when", examples=["07:00"])
    closes: str = Field(description="Until when; not later than `opens`: of the day after", examples=["19:00"])

    @classmethod
    def of(cls, slot: Slot) -> Self:
        """Render a slot."""
        return cls(days=sorted(slot.days), opens=slot.opens.strftime(_CLOCK), closes=slot.closes.strftime(_CLOCK))


class RosterOut(Answer):
    """A roster."""

    id: UUID = Field(description="The roster", examples=["019283f0-5b6e-7b44-9d5e-0a1b2c3d4e5f"])
    account_id: UUID = Field(description="The inspector", examples=["019283f0-5b6e-7b44-9d5e-0a1b2c3d4e5f"])
    username: str = Field(description="The inspector's account", examples=["inspector01"])
    beat_codes: list[str] = Field(description="Beats; none: all of his region", examples=[["510107001B01"]])
    slots: list[SlotOut] = Field(description="Weekly hours; none: round the clock")
    valid_from: Instant = Field(description="From then", examples=["2026-11-22T07:00:00+08:00"])
    valid_to: Instant | None = Field(description="Until then; null: until further notice", examples=[None])
    recorded_at: Instant = Field(description="When it was made", examples=["2026-11-21T16:00:00+08:00"])

    @classmethod
    def of(cls, kept: Kept) -> Self:
        """Render a roster."""
        row = kept.row
        return cls(
            id=row.id,
            account_id=row.account_id,
            username=kept.username,
            beat_codes=row.beat_codes,
            slots=[SlotOut.of(slot_of(slot)) for slot in row.slots],
            valid_from=row.valid_from,
            valid_to=row.valid_to,
            recorded_at=row.recorded_at,
        )


class RosterPage(Answer):
    """A page of rosters."""

    items: list[RosterOut] = Field(description="Newest first")
    next: str | None = Field(description="Cursor of the next page", examples=[None])
