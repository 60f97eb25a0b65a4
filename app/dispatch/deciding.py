"""What a decision about a case may look at, and the due times it records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from app.dispatch.calendar import WorkCalendar
from app.dispatch.case_life import Clocked
from app.dispatch.clock import due, yellow_at
from app.dispatch.codes import Post
from app.dispatch.limits import Limit
from app.dispatch.policies import Policies
from app.dispatch.spans import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What surrounds a decision: the instant, who acts as what, the calendar, the units and inspectors there are."""

    now: datetime
    post: Post
    actor_id: UUID | None
    calendar: WorkCalendar
    policies: Policies
    units: Mapping[str, object]
    inspectors: Sequence[UUID] = ()


def clock_json(start: datetime, limit: Limit, calendar: WorkCalendar, pauses: Sequence[Span] = ()) -> dict[str, Any]:
    """Return a due time as a step records it: `due_at`, `yellow_at`, `provisional`, `calendar_version`."""
    when = due(start, limit, calendar, pauses)
    return {
        "due_at": when.at.isoformat(),
        "yellow_at": yellow_at(when).isoformat(),
        "provisional": when.provisional,
        "calendar_version": calendar.version,
    }


def reclock(
    clock: Clocked, calendar: WorkCalendar, *, pause: Span | None = None, more: Limit | None = None
) -> dict[str, Any]:
    """Return the due time of a running clock with one more pause or extension."""
    if clock.start is None:
        raise ValueError("a clock that has not started cannot be reset")
    pauses = (*clock.pauses, pause) if pause else clock.pauses
    limit = clock.whole_limit.extended(more) if more else clock.whole_limit
    return clock_json(clock.start, limit, calendar, pauses)


def draw(candidates: Sequence[UUID], *, avoid: UUID | None, seed: str) -> UUID | None:
    """Draw one, another than `avoid` where there is one; the same seed draws the same, nobody can foresee it."""
    others = [one for one in candidates if one != avoid] or list(candidates)
    return min(others, key=lambda one: sha256(f"{seed}:{one}".encode()).digest(), default=None)
