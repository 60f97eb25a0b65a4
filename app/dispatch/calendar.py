"""Which days are worked and when; the only place of the rules that knows the local zone. See docs/clock.md."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from math import lcm
from typing import Final
from zoneinfo import ZoneInfo

from app.dispatch.codes import WorkDayRule
from app.dispatch.slots import OFFICE_HOURS, Slots, check_slots, slot_bounds, slots_length
from app.dispatch.spans import MICROSECOND, Span, micros
from app.dispatch.timetable import OpenDay, Timetable

__all__ = ["FAR_DAYS", "LOCAL_ZONE", "OFFICE_HOURS", "DayOverride", "Slots", "Span", "WorkCalendar", "local_day"]

LOCAL_ZONE: Final = ZoneInfo("Asia/Shanghai")
FAR_DAYS: Final = 20 * 366  # the horizon, 20 years: house rule
_SATURDAY: Final = 5
_FIRST_DAY, _LAST_DAY = date.min.toordinal() + 1, date.max.toordinal() - 1  # a day less: midnight may move to UTC


@dataclass(frozen=True, slots=True, kw_only=True)
class DayOverride:
    """What one day is, against Monday to Friday; `slots` are that day's own, None means the calendar's."""

    working: bool
    slots: Slots | None = None

    def __post_init__(self) -> None:
        """Refuse slots that are out of order; those of a free day are never looked at."""
        if self.working and self.slots is not None:
            check_slots(self.slots)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkCalendar:
    """A named, versioned calendar; `days` holds holidays, make-up days and days with hours of their own.

    `published_until` is the last day that a yearly notice covers. `days` must not be changed afterwards.
    """

    name: str
    version: int
    slots: Slots
    days: Mapping[date, DayOverride]
    published_until: date | None
    work_day_rule: WorkDayRule = WorkDayRule.HOURS
    _tables: list[Timetable] = field(default_factory=list, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse slots that are out of order."""
        check_slots(self.slots)

    def with_slots(self, slots: Slots) -> "WorkCalendar":
        """Return the same working days, all of them with these slots."""
        days = {day: DayOverride(working=override.working) for day, override in self.days.items()}
        return replace(self, slots=slots, days=days)

    def is_working(self, day: date) -> bool:
        """Say whether `day` is worked; what nobody has announced is taken to be Monday to Friday."""
        override = self.days.get(day)
        return day.weekday() < _SATURDAY if override is None else override.working

    def is_published(self, day: date) -> bool:
        """Say whether `day` is known: covered by a notice, or set by hand."""
        return (self.published_until is not None and day <= self.published_until) or day in self.days

    def is_assumed(self, first: date, last: date) -> bool:
        """Say whether any day from `first` to `last` is neither published nor set by hand."""
        if self.published_until is not None:
            first = max(first, self.published_until + timedelta(days=1))
        return any(not self.is_published(day) for day in _days(first, last))

    def local_slots(self, day: date) -> Slots:
        """Return the opening hours of `day` as local times; none on a free day."""
        if not self.is_working(day):
            return ()
        override = self.days.get(day)
        return self.slots if override is None or override.slots is None else override.slots

    def slots_on(self, day: date) -> tuple[Span, ...]:
        """Return the opening hours of `day` as spans of UTC."""
        bounds = (slot_bounds(day, slot) for slot in self.local_slots(day))
        return tuple(Span(start=_utc(opening), end=_utc(closing)) for opening, closing in bounds)

    def table(self, since: date, until: date) -> Timetable:
        """Return a timetable that covers the days asked for and keep it; each new one reaches twice as far."""
        known = self._tables[0] if self._tables else None
        if known is None or since < known.first or until > known.last:
            known = self._lay_out(*(_grown(known, since, until) if known else (since, until)))
            self._tables[:] = [known]
        return known

    def _lay_out(self, first: date, last: date) -> Timetable:
        lengths = {own: slots_length(own) // MICROSECOND for own in self._all_slots()}
        whole = lcm(*lengths.values())
        days = [
            OpenDay(
                ordinal=day.toordinal(),
                midnight=micros(datetime.combine(day, datetime.min.time(), LOCAL_ZONE)),
                slots=self.slots_on(day),
                weight=whole // lengths[self.local_slots(day)],
            )
            for day in _days(first, last)
            if self.is_working(day)
        ]
        return Timetable(first, last, days, whole)

    def _all_slots(self) -> set[Slots]:
        return {self.slots} | {own.slots for own in self.days.values() if own.working and own.slots is not None}


def _grown(known: Timetable, since: date, until: date) -> tuple[date, date]:
    """Return bounds for known and new days together, doubled where they grow; the new ones alone beyond 40 years."""
    reach = (known.last - known.first).days
    first, last = known.first.toordinal(), known.last.toordinal()
    if since < known.first:
        first = min(since.toordinal(), first - reach)
    if until > known.last:
        last = max(until.toordinal(), last + reach)
    if last - first > 2 * FAR_DAYS:
        return since, until
    return date.fromordinal(max(first, _FIRST_DAY)), date.fromordinal(min(last, _LAST_DAY))


def local_day(at: datetime) -> date:
    """Return the local date of an aware instant."""
    return at.astimezone(LOCAL_ZONE).date()


def _utc(local: datetime) -> datetime:
    return local.replace(tzinfo=LOCAL_ZONE).astimezone(UTC)


def _days(first: date, last: date) -> Iterable[date]:
    return (date.fromordinal(day) for day in range(first.toordinal(), last.toordinal() + 1))
