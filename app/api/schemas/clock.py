"""Questions to the clock and their answers."""

from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field

from app.api.schemas.base import Answer, Body, Instant
from app.api.schemas.query import Code
from app.api.schemas.stories import SegmentOut
from app.dispatch.account import Account
from app.dispatch.codes import LimitUnit, WorkDayRule
from app.dispatch.limits import Limit
from app.dispatch.slots import read_slots
from app.dispatch.spans import Span
from app.services.reckoning import Reckoned

Hour = Annotated[str, Field(max_length=15, description="Local time; 24:00 ends a day", examples=["08:30"])]


class LimitIn(Body):
    """A time limit."""

    value: Decimal = Field(gt=0, le=100_000, description="How many", examples=[5])
    unit: LimitUnit = Field(description="Of what", examples=["work_day"])


class PreviewItemIn(Body):
    """One question: when is something due."""

    start: Instant = Field(description="When the clock starts", examples=["2026-03-02T09:00:00+08:00"])
    limit: LimitIn = Field(description="How long it may take")
    work_day_rule: WorkDayRule | None = Field(
        default=None, description="How work days count; default the calendar's", examples=["hours"]
    )
    slots: list[tuple[Hour, Hour]] | None = Field(
        default=None,
        max_length=24,
        description="Opening hours instead of the calendar's",
        examples=[[["08:00", "12:00"]]],
    )
    calendar: Code | None = Field(default=None, description="Name of a calendar; default the city's", examples=[None])
    pauses: list[tuple[Instant, Instant]] = Field(
        default=[], max_length=1_000, description="Half-open pauses [from, to)", examples=[[]]
    )

    def reckoned(self) -> Reckoned:
        """Return the question; raises BadInput for what no clock can take."""
        value = int(self.limit.value) if self.limit.value == self.limit.value.to_integral_value() else self.limit.value
        return Reckoned(
            start=self.start,
            limit=Limit(value=value, unit=self.limit.unit, rule=self.work_day_rule),
            slots=read_slots(self.slots) if self.slots is not None else None,
            calendar=self.calendar,
            pauses=tuple(Span(start=start, end=end) for start, end in self.pauses),
        )


class PreviewIn(Body):
    """Many questions."""

    items: list[PreviewItemIn] = Field(max_length=10_000, description="Answered in this order")


class PreviewItemOut(Answer):
    """When it is due."""

    due: Instant = Field(
        description="The first instant by which the limit has run", examples=["2026-03-02T17:00:00+08:00"]
    )
    provisional: bool = Field(description="Rests on days that no notice covers yet", examples=[False])
    segments: list[SegmentOut] = Field(description="Counted stretches from start to due")

    @classmethod
    def of(cls, account: Account) -> Self:
        """Render an answer."""
        return cls(
            due=account.due_at,
            provisional=account.provisional,
            segments=[SegmentOut.of(one) for one in account.segments],
        )


class PreviewOut(Answer):
    """As many answers, in the order of the questions."""

    items: list[PreviewItemOut] = Field(description="One answer a question")
