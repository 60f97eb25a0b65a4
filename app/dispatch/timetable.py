"""A calendar laid out over a range of days, summed up beforehand so that a limit of any length costs two bisections."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Protocol

from app.dispatch.spans import Span, Stretch, micros, span_of


class Measure(Protocol):
    """A quantity that grows with time and never falls: counted time, or shares of working days."""

    def amount(self, at: int) -> int:
        """Return how much has run until `at`."""
        ...

    def reached(self, amount: int) -> int | None:
        """Return the first microsecond by which `amount` has run; None when this measure does not reach so far."""
        ...


class WallClock:
    """Counts every microsecond, nights and holidays included."""

    def amount(self, at: int) -> int:
        """Return the instant itself."""
        return at

    def reached(self, amount: int) -> int | None:
        """Return the amount itself."""
        return amount


class OpenHours:
    """Counts inside ordered stretches only; each microsecond of stretch i adds `weights[i]`."""

    __slots__ = ("_before", "_ends", "_starts", "_weights")

    def __init__(self, starts: Sequence[int], ends: Sequence[int], weights: Sequence[int]) -> None:
        """Add up what has run before each stretch; the last sum is the whole."""
        self._starts, self._ends, self._weights = starts, ends, weights
        self._before = [0]
        for start, end, weight in zip(starts, ends, weights, strict=True):
            self._before.append(self._before[-1] + (end - start) * weight)

    def amount(self, at: int) -> int:
        """Return how much has run until `at`; past the last stretch that is the whole."""
        i = bisect_right(self._ends, at)
        if i == len(self._ends) or at <= self._starts[i]:
            return self._before[i]
        return self._before[i] + (at - self._starts[i]) * self._weights[i]

    def reached(self, amount: int) -> int | None:
        """Return the first microsecond by which `amount` > 0 has run: at the end of a slot rather than at the next."""
        i = bisect_left(self._before, amount) - 1
        if i == len(self._ends):
            return None
        return self._starts[i] - (self._before[i] - amount) // self._weights[i]  # rounded up


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDay:
    """A working day: its ordinal, its local midnight in microseconds, its slots, and what one of them weighs a day."""

    ordinal: int
    midnight: int
    slots: tuple[Span, ...]
    weight: int


class Timetable:
    """The working days from `first` to `last` with their slots; made once, never changed."""

    __slots__ = (
        "_day_of_slot",
        "_days",
        "_ends",
        "_ordinals",
        "_spans",
        "_starts",
        "first",
        "hours",
        "last",
        "shares",
        "whole_share",
    )

    def __init__(self, first: date, last: date, days: Sequence[OpenDay], whole_share: int) -> None:
        """Lay out `days`, all of them between `first` and `last`, in order; each weighs `whole_share` in `shares`."""
        self.first, self.last, self.whole_share = first, last, whole_share
        self._days: Final = days
        self._ordinals: Final = [day.ordinal for day in days]
        self._spans: Final = [span for day in days for span in day.slots]
        self._starts: Final = [micros(span.start) for span in self._spans]
        self._ends: Final = [micros(span.end) for span in self._spans]
        self._day_of_slot: Final = [i for i, day in enumerate(days) for _ in day.slots]
        self.hours: Final = OpenHours(self._starts, self._ends, [1] * len(self._starts))
        self.shares: Final = OpenHours(self._starts, self._ends, [days[i].weight for i in self._day_of_slot])

    def day_end(self, ordinal: int, count: int) -> int | None:
        """Return when the last slot of the `count`-th working day after day `ordinal` ends; None beyond the table."""
        i = bisect_right(self._ordinals, ordinal) + count - 1
        return micros(self._days[i].slots[-1].end) if i < len(self._days) else None

    def same_time(self, start: int, count: int) -> int | None:
        """Return `start`, moved to the next opening if need be, `count` working days on; None beyond the table."""
        slot = bisect_right(self._ends, start)
        if slot == len(self._ends) or self._day_of_slot[slot] + count >= len(self._days):
            return None
        day = self._day_of_slot[slot]
        opened = max(start, self._starts[slot])
        return self._days[day + count].midnight + opened - self._days[day].midnight

    def stretches(self, start: int, end: int) -> list[Stretch]:
        """Return the open time between `start` and `end`, slot by slot."""
        since, until = bisect_right(self._ends, start), bisect_left(self._starts, end)
        return [(max(self._starts[i], start), min(self._ends[i], end)) for i in range(since, until)]

    def spans(self, start: int, end: int) -> list[Span]:
        """Return the same as spans; whole slots are the table's own values, for making them anew takes time."""
        since, until = bisect_right(self._ends, start), bisect_left(self._starts, end)
        found = self._spans[since:until]
        for i in {since, until - 1} if found else ():
            if self._starts[i] < start or self._ends[i] > end:
                found[i - since] = span_of((max(self._starts[i], start), min(self._ends[i], end)))
        return found
