"""The clock once more, as slowly and plainly as possible: one local minute after the other, no table, no bisection."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from fractions import Fraction

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)

Slots = Sequence[tuple[time, time]]
Pauses = Sequence[tuple[datetime, datetime]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """Naive local times only; whole minutes in, so that no minute is half open or half paused."""

    slots_of: Callable[[date], Slots]
    pauses: Pauses

    def is_open(self, minute: datetime) -> bool:
        return any(opening <= minute.time() < closing for opening, closing in self.slots_of(minute.date()))

    def is_paused(self, minute: datetime) -> bool:
        return any(start <= minute < end for start, end in self.pauses)

    def day_minutes(self, day: date) -> int:
        first = datetime.combine(day, time())
        return sum(self.is_open(first + n * MINUTE) for n in range(1440))

    def continuous(self, start: datetime, minutes: int) -> datetime:
        at, left = start, minutes
        while left:
            left -= not self.is_paused(at)
            at += MINUTE
        return at

    def hours(self, start: datetime, minutes: int) -> datetime:
        at, left = start, minutes
        while left:
            left -= self.is_open(at) and not self.is_paused(at)
            at += MINUTE
        return at

    def day_hours(self, start: datetime, days: int) -> datetime:
        at, left, per_day = start, Fraction(days), dict[date, int]()
        while True:
            if self.is_open(at) and not self.is_paused(at):
                day = at.date()
                if day not in per_day:
                    per_day[day] = self.day_minutes(day)
                share = Fraction(1, per_day[day])
                if share >= left:
                    micros = left / share * 60_000_000
                    return at + timedelta(microseconds=-(-micros.numerator // micros.denominator))
                left -= share
            at += MINUTE

    def same_time(self, start: datetime, days: int) -> datetime:
        at, left = start, days
        while not self.is_open(at):
            at += MINUTE
        while left:
            at += DAY
            left -= bool(self.slots_of(at.date()))
        return self._made_up(start, at)

    def day_end(self, start: datetime, days: int) -> datetime:
        day, left = start.date(), days
        while left:
            day += DAY
            left -= bool(self.slots_of(day))
        return self._made_up(start, datetime.combine(day, self.slots_of(day)[-1][1]))

    def _made_up(self, start: datetime, unpaused: datetime) -> datetime:
        lost, at = 0, start
        while at < unpaused:
            lost += self.is_open(at) and self.is_paused(at)
            at += MINUTE
        return self.hours(unpaused, lost) if lost else unpaused
