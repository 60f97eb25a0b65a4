"""A clock as plain as can be: it walks from slot to slot and takes off what counts until nothing is left."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Final
from zoneinfo import ZoneInfo

ZONE: Final = ZoneInfo("Asia/Shanghai")
DAY: Final = timedelta(days=1)
Pauses = Sequence[tuple[datetime, datetime]]
Slots = Sequence[tuple[time, time]]

_WALL: Final = {
    "minute": timedelta(minutes=1),
    "continuous_hour": timedelta(hours=1),
    "continuous_day": DAY,
}
_HOUR: Final = timedelta(hours=1)
_FURTHEST: Final = 20 * 366


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainClock:
    """The opening hours of each local day, and how work days count where a limit does not say."""

    slots_of: Callable[[date], Slots]
    work_day_rule: str

    def due(self, start: datetime, limit: Mapping[str, str], value: Decimal, pauses: Pauses) -> datetime:
        """Return when `value` of the limit's unit has run since `start` outside of the pauses."""
        unit = limit["unit"]
        if unit in _WALL:
            return self._run(start, _share(_WALL[unit], value), pauses, self._always)
        rule = limit.get("rule", self.work_day_rule) if unit == "work_day" else "hours"
        if rule == "hours":
            whole = 8 * _HOUR if unit == "work_day" else _HOUR
            return self._run(start, _share(whole, value), pauses, self._open)
        if rule == "day_hours":
            return self._by_shares(start, Fraction(value), pauses)
        unpaused = self._same_time(start, int(value)) if rule == "same_time" else self._day_end(start, int(value))
        lost = self._lost(start, unpaused, pauses)
        return self._run(unpaused, lost, pauses, self._open) if lost else unpaused

    def _run(
        self,
        start: datetime,
        left: timedelta,
        pauses: Pauses,
        opened: Callable[[datetime], Iterator[tuple[datetime, datetime]]],
    ) -> datetime:
        for opening, closing in opened(start):
            for since, until in _outside(opening, closing, pauses):
                if until - since >= left:
                    return since + left
                left -= until - since
        raise ValueError("the limit does not run out within twenty years")

    def _by_shares(self, start: datetime, left: Fraction, pauses: Pauses) -> datetime:
        for opening, closing in self._open(start):
            day = _day(opening)
            lengths = (b - a for a, b in (_bounds(day, slot) for slot in self.slots_of(day)))
            whole = sum(lengths, start=timedelta())
            for since, until in _outside(opening, closing, pauses):
                share = Fraction(_micros(until - since), _micros(whole))
                if share >= left:
                    run = left * _micros(whole)
                    return since + timedelta(microseconds=-(-run.numerator // run.denominator))
                left -= share
        raise ValueError("the limit does not run out within twenty years")

    def _same_time(self, start: datetime, days: int) -> datetime:
        at = next(opening for opening, _ in self._open(start))
        day, left = _day(at), days
        while left:
            day += DAY
            left -= bool(self.slots_of(day))
        return _at(day, at.astimezone(ZONE).timetz())

    def _day_end(self, start: datetime, days: int) -> datetime:
        day, left = _day(start), days
        while left:
            day += DAY
            left -= bool(self.slots_of(day))
        return _bounds(day, self.slots_of(day)[-1])[1]

    def _lost(self, start: datetime, end: datetime, pauses: Pauses) -> timedelta:
        """Return the open time before `end` that fell into pauses."""
        lost = timedelta()
        for opening, closing in self._open(start):
            if opening >= end:
                return lost
            closing = min(closing, end)  # noqa: PLW2901  # the slot as far as it is asked about
            lost += (closing - opening) - sum(
                (until - since for since, until in _outside(opening, closing, pauses)), start=timedelta()
            )
        return lost

    def _open(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield what is open from `start` on, slot by slot."""
        for n in range(_FURTHEST):
            day = _day(start) + n * DAY
            for slot in self.slots_of(day):
                opening, closing = _bounds(day, slot)
                if closing > start:
                    yield max(opening, start), closing

    def _always(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        yield start, start + _FURTHEST * DAY


def _outside(opening: datetime, closing: datetime, pauses: Pauses) -> Iterator[tuple[datetime, datetime]]:
    """Yield the parts of a stretch that no pause covers; pauses may overlap and come in any order."""
    at = opening
    for since, until in sorted(pauses):
        if until <= at or since >= closing:
            continue
        if since > at:
            yield at, since
        at = max(at, until)
    if at < closing:
        yield at, closing


def _share(whole: timedelta, value: Decimal) -> timedelta:
    """Return `value` times a whole, a fraction of a microsecond rounded up."""
    exact = Fraction(value) * _micros(whole)
    return timedelta(microseconds=-(-exact.numerator // exact.denominator))


def _micros(length: timedelta) -> int:
    return length // timedelta(microseconds=1)


def _bounds(day: date, slot: tuple[time, time]) -> tuple[datetime, datetime]:
    """Return a slot in UTC; one that closes at midnight closes with the day."""
    opening, closing = slot
    return _at(day, opening), _at(day + DAY if closing == time() else day, closing)


def _at(day: date, local: time) -> datetime:
    return datetime.combine(day, local.replace(tzinfo=None), ZONE).astimezone(UTC)


def _day(at: datetime) -> date:
    return at.astimezone(ZONE).date()
