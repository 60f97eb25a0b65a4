"""Half-open stretches of time, and the whole microseconds since 1970 in which the clock counts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from app.dispatch.errors import BadInput

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
SECOND: Final = 1_000_000
DAY: Final = 86_400 * SECOND

Stretch = tuple[int, int]  # a span in microseconds since EPOCH


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of time that holds its start and not its end; both aware. Raises BadInput when it ends first."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        """Refuse naive instants and a span that runs backwards."""
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise BadInput("时间必须带时区", code="naive_time")
        if self.end < self.start:
            raise BadInput("时段的结束早于开始", code="span_backwards")

    @property
    def length(self) -> timedelta:
        """The time between start and end."""
        return self.end - self.start


def micros(at: datetime) -> int:
    """Return the microseconds from 1970 to `at`; raises BadInput for a naive instant."""
    if at.tzinfo is None:
        raise BadInput("时间必须带时区", code="naive_time")
    gap = at - EPOCH
    return gap.days * DAY + gap.seconds * SECOND + gap.microseconds


def instant(at: int) -> datetime:
    """Return the aware UTC instant that lies `at` microseconds after 1970."""
    return EPOCH + at * MICROSECOND


def span_of(stretch: Stretch) -> Span:
    """Return a stretch in microseconds as a span of UTC instants."""
    return Span(start=instant(stretch[0]), end=instant(stretch[1]))


def merged(spans: Iterable[Span], since: int) -> list[Stretch]:
    """Return what the spans cover from `since` on: ordered, disjoint, never touching, none of them empty."""
    joined: list[Stretch] = []
    for start, end in sorted((max(micros(span.start), since), micros(span.end)) for span in spans):
        if start >= end:
            continue
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def without(stretches: Iterable[Stretch], holes: Sequence[Stretch]) -> list[Stretch]:
    """Return the parts of ordered `stretches` that lie in none of the ordered, disjoint `holes`."""
    kept: list[Stretch] = []
    for start, end in stretches:
        at = start
        for hole_start, hole_end in holes:
            if hole_start >= end:
                break
            if hole_end <= at:
                continue
            if hole_start > at:
                kept.append((at, hole_start))
            at = hole_end
        if at < end:
            kept.append((at, end))
    return kept
