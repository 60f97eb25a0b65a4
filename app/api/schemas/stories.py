"""The history and the clocks of a case, as they are answered."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Self
from uuid import UUID

from pydantic import Field

from app.api.schemas.base import Answer, Instant
from app.dispatch.account import Segment
from app.dispatch.clock_story import ClockStory, Extension, Granter, Pause
from app.dispatch.codes import Action, Light, LimitUnit, Post
from app.dispatch.limits import Limit
from app.services.case_stories import NamedClocks, Told


class StepOut(Answer):
    """One step of a history."""

    number: int = Field(description="1, 2, 3 … within the case", examples=[3])
    action: Action = Field(description="What was done", examples=["dispatch"])
    from_state: str | None = Field(
        serialization_alias="from", description="State before; null for the first", examples=["filed"]
    )
    to_state: str = Field(serialization_alias="to", description="State after", examples=["dispatched"])
    post: Post = Field(description="Under which post", examples=["dispatcher"])
    by: str | None = Field(description="Who; for the desk and oversight only", examples=[None])
    on_behalf_of: str | None = Field(description="For whom, if for somebody else", examples=[None])
    recorded_at: Instant = Field(description="By our clock; decides everything", examples=["2026-03-02T09:00:00+08:00"])
    occurred_at: Instant | None = Field(description="As claimed; decides nothing", examples=[None])
    text: str | None = Field(description="The texts of the step that the caller may read, joined", examples=[None])
    texts: dict[str, str] = Field(description="The same by field", examples=[{"public_answer": "已清理"}])
    details: dict[str, Any] = Field(
        description="Codes and values of the step that the caller may know", examples=[{"unit_code": "510107003"}]
    )
    policy: str | None = Field(description="The policy that acted", examples=[None])
    hash: str = Field(description="Chains this step to the one before", examples=["9f2c…"])

    @classmethod
    def of(cls, told: Told) -> Self:
        """Render a step."""
        return cls(
            number=told.number,
            action=told.action,
            from_state=told.from_state,
            to_state=told.to_state,
            post=told.post,
            by=told.by,
            on_behalf_of=told.on_behalf_of,
            recorded_at=told.recorded_at,
            occurred_at=told.occurred_at,
            text="\n".join(told.texts[name] for name in sorted(told.texts)) or None,
            texts=dict(told.texts),
            details=dict(told.details),
            policy=told.policy,
            hash=told.hash,
        )


class HistoryOut(Answer):
    """The steps of a case, in order."""

    items: list[StepOut] = Field(description="Steps by number")
    next: str | None = Field(description="`after` of the next page; null on the last one", examples=[None])


class LimitOut(Answer):
    """A time limit."""

    value: float = Field(description="How many", examples=[5])
    unit: LimitUnit = Field(description="Of what", examples=["work_day"])

    @classmethod
    def of(cls, limit: Limit) -> Self:
        """Render a limit."""
        return cls(value=float(Decimal(limit.value)), unit=limit.unit)


class SegmentOut(Answer):
    """A counted stretch."""

    start: Instant = Field(serialization_alias="from", description="From", examples=["2026-03-02T09:00:00+08:00"])
    end: Instant = Field(serialization_alias="to", description="To", examples=["2026-03-02T12:00:00+08:00"])
    minutes: int = Field(description="Whole minutes; a rest is carried into the next stretch", examples=[180])

    @classmethod
    def of(cls, segment: Segment) -> Self:
        """Render a stretch."""
        return cls(start=segment.start, end=segment.end, minutes=segment.minutes)


class GranterOut(Answer):
    """Who granted it."""

    post: Post = Field(description="Under which post", examples=["shift_lead"])
    name: str | None = Field(description="Who; for the desk and oversight only", examples=[None])

    @classmethod
    def of(cls, by: Granter | None, names: Mapping[UUID, str]) -> Self | None:
        """Render a granter."""
        return cls(post=by.post, name=names.get(by.actor_id) if by.actor_id else None) if by else None


class PauseOut(Answer):
    """Time that does not count."""

    start: Instant = Field(serialization_alias="from", description="From", examples=["2026-03-02T10:00:00+08:00"])
    end: Instant = Field(
        serialization_alias="to", description="To, not included", examples=["2026-03-09T10:00:00+08:00"]
    )
    reason: str = Field(
        description="suspension, late_ruling or with_desk (disposed and being checked)", examples=["suspension"]
    )
    reason_code: str | None = Field(description="As the unit asked", examples=["weather"])
    granted_by: GranterOut | None = Field(description="Who granted it")

    @classmethod
    def of(cls, pause: Pause, names: Mapping[UUID, str]) -> Self:
        """Render a pause."""
        return cls(
            start=pause.span.start,
            end=pause.span.end,
            reason=pause.reason,
            reason_code=pause.reason_code,
            granted_by=GranterOut.of(pause.by, names),
        )


class ExtensionOut(Answer):
    """More time that was granted."""

    limit: LimitOut = Field(description="How much")
    granted_at: Instant = Field(description="When", examples=["2026-03-02T10:30:00+08:00"])
    reason_code: str = Field(description="As the unit asked", examples=["weather"])
    granted_by: GranterOut | None = Field(description="Who granted it")

    @classmethod
    def of(cls, extension: Extension, names: Mapping[UUID, str]) -> Self:
        """Render an extension."""
        return cls(
            limit=LimitOut.of(extension.limit),
            granted_at=extension.granted_at,
            reason_code=extension.reason_code,
            granted_by=GranterOut.of(extension.by, names),
        )


class ClockOut(Answer):
    """One clock, explained to the minute."""

    start: Instant | None = Field(description="Null before the dispatch", examples=["2026-03-02T09:00:00+08:00"])
    limit: LimitOut = Field(description="The limit without extensions")
    limit_source: str = Field(description="Where the limit comes from", examples=["city-practice-1"])
    calendar_version: int = Field(description="Version of the calendar that counted", examples=[1])
    segments: list[SegmentOut] = Field(description="Counted stretches from start to due")
    pauses: list[PauseOut] = Field(description="What did not count")
    extensions: list[ExtensionOut] = Field(description="What was added")
    orders: list[dict[str, Any]] = Field(
        description="Limit orders that changed it; none in this release", examples=[[]]
    )
    due_at: Instant | None = Field(description="Due", examples=["2026-03-02T17:00:00+08:00"])
    used_minutes: int = Field(description="Counted until the standing disposal, or now", examples=[60])
    left_minutes: int | None = Field(description="Left; negative when overdue; null before start", examples=[300])
    light: Light | None = Field(description="green, yellow from 70 %, red from due", examples=["green"])
    provisional: bool = Field(description="Rests on days that no notice covers yet", examples=[False])
    earlier: list["ClockOut"] = Field(
        default=[], description="How it ran until a temporary disposal, which started it anew", examples=[[]]
    )

    @classmethod
    def of(cls, story: ClockStory, names: Mapping[UUID, str]) -> Self:
        """Render a clock."""
        account = story.account
        return cls(
            start=account.start if account else None,
            limit=LimitOut.of(story.limit),
            limit_source=story.limit_source,
            calendar_version=story.calendar_version,
            segments=[SegmentOut.of(one) for one in account.segments] if account else [],
            pauses=[PauseOut.of(one, names) for one in story.pauses],
            extensions=[ExtensionOut.of(one, names) for one in story.extensions],
            orders=[],
            due_at=account.due_at if account else None,
            used_minutes=account.used_minutes if account else 0,
            left_minutes=account.left_minutes if account else None,
            light=account.light if account else None,
            provisional=account.provisional if account else False,
            earlier=[cls.of(one, names) for one in story.earlier],
        )


class ClocksOut(Answer):
    """Both clocks of the present round."""

    case: ClockOut = Field(description="What the city is judged by")
    leg: ClockOut | None = Field(description="What the unit is judged by; null while none holds the case")

    @classmethod
    def of(cls, named: NamedClocks) -> Self:
        """Render both."""
        clocks = named.clocks
        leg = ClockOut.of(clocks.leg, named.names) if clocks.leg else None
        return cls(case=ClockOut.of(clocks.case, named.names), leg=leg)
