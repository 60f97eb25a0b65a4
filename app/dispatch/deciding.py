"""What a decision about a case may look at, and the due times it records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.dispatch.calendar import WorkCalendar
from app.dispatch.case_life import Clocked, Spot
from app.dispatch.clock import due, yellow_at
from app.dispatch.codes import Kind, Post
from app.dispatch.drawing import Candidate
from app.dispatch.limits import Limit
from app.dispatch.policies import Policies
from app.dispatch.responsibility import Unit
from app.dispatch.spans import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Amended:
    """What a case would be after an amendment: looked up, located and routed anew.

    `limit` is None where neither what it is about nor where it lies has changed, `spot` where the place stays.
    """

    kind: Kind
    category: str
    condition: int
    catalogue: str
    limit: Limit | None
    limit_source: str
    unit_code: str | None
    attention: frozenset[str]
    spot: Spot | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What surrounds a decision: the instant, who acts as what, the calendar, the units and inspectors there are."""

    now: datetime
    post: Post
    actor_id: UUID | None
    calendar: WorkCalendar
    policies: Policies
    units: Mapping[str, Unit]
    own_units: frozenset[str] | None = None
    """The units in whose name a person acts; None where nobody does, or under a post that is no unit's."""
    inspectors: Sequence[Candidate] = ()
    uncalled: Sequence[UUID] = ()
    """Reports of the case whose reporters asked to be called and have not been since the disposal."""
    amended: Amended | None = None


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
