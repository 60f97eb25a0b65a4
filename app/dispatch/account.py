"""One clock explained: what was counted, what is left, and why (domain.md §3, `GET /cases/{id}/clock`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.dispatch.calendar import Span, WorkCalendar
from app.dispatch.clock import counted, due, light_at, merge_pauses
from app.dispatch.codes import Light
from app.dispatch.limits import Limit

_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A counted stretch with its whole minutes; what is over is carried into the next one, so that they add up."""

    start: datetime
    end: datetime
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A clock at an instant: the minutes of `segments` are `used_minutes` + `left_minutes`, always.

    `left_minutes` is negative once counted time has run past due; a minute begun after due is a whole one.
    """

    start: datetime
    limit: Limit
    calendar_version: int
    segments: tuple[Segment, ...]
    pauses: tuple[Span, ...]
    due_at: datetime
    used_minutes: int
    left_minutes: int
    light: Light
    provisional: bool


def explain(
    start: datetime, limit: Limit, calendar: WorkCalendar, pauses: Sequence[Span] = (), *, at: datetime
) -> Account:
    """Return the account of a clock at `at`: the standing disposal, or now. Raises as `due` does."""
    when = due(start, limit, calendar, pauses)
    segments = _by_minutes(when.segments)
    used = counted(start, at, limit, calendar, pauses)
    used_minutes = -(-used // _MINUTE) if at > when.at else used // _MINUTE
    return Account(
        start=start,
        limit=limit,
        calendar_version=calendar.version,
        segments=segments,
        pauses=merge_pauses(pauses),
        due_at=when.at,
        used_minutes=used_minutes,
        left_minutes=sum(segment.minutes for segment in segments) - used_minutes,
        light=light_at(when, at),
        provisional=when.provisional,
    )


def _by_minutes(spans: Sequence[Span]) -> tuple[Segment, ...]:
    segments, run, told = [], timedelta(), 0
    for span in spans:
        run += span.length
        minutes = run // _MINUTE - told
        told += minutes
        segments.append(Segment(start=span.start, end=span.end, minutes=minutes))
    return tuple(segments)
