"""When a limit has run out, and how much of it has run; the rules in plain words stand in docs/clock.md."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from app.dispatch.calendar import FAR_DAYS, Span, WorkCalendar, local_day
from app.dispatch.codes import Light, LimitUnit, WorkDayRule
from app.dispatch.errors import CalendarExhausted
from app.dispatch.limits import Limit
from app.dispatch.spans import DAY, MICROSECOND, Stretch, instant, merged, micros, span_of, without
from app.dispatch.timetable import Measure, Timetable, WallClock

__all__ = ["Due", "Limit", "Span", "counted", "due", "light", "light_at", "merge_pauses", "yellow_at"]

_CONTINUOUS: Final = frozenset({LimitUnit.MINUTE, LimitUnit.CONTINUOUS_HOUR, LimitUnit.CONTINUOUS_DAY})
_FIRST_REACH: Final = 60  # days of a timetable that is made for the first time
_FAR: Final = FAR_DAYS * DAY
_STARTS: Final = (micros(datetime(2, 1, 1, tzinfo=UTC)), micros(datetime(9900, 1, 1, tzinfo=UTC)))
_BEGINNING: Final = micros(datetime.min.replace(tzinfo=UTC))
_WALL: Final = WallClock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """The first instant by which a limit has run, and the stretches that were counted from the start until then.

    `provisional`: a day on the way was assumed, because no notice covers it yet.
    """

    at: datetime
    provisional: bool
    segments: tuple[Span, ...]


def due(start: datetime, limit: Limit, calendar: WorkCalendar, pauses: Sequence[Span] = ()) -> Due:
    """Return when `limit` has run since `start` outside of `pauses`, which may overlap and come in any order.

    Raises BadInput for naive instants, CalendarExhausted beyond the horizon (20 years). Source: domain.md §3.
    """
    since = _since(start)
    holes = merged(pauses, since) if pauses else []
    if limit.unit in _CONTINUOUS:
        return _wall_due(since, limit, holes)
    rule = _rule(limit, calendar)
    first = local_day(start)
    table, end = _search(first, calendar, _finder(since, first, limit, rule, holes))
    if end - since > _FAR:
        raise _exhausted()
    cut = [hole for hole in holes if hole[0] < end]
    spans = [span_of(kept) for kept in without(table.stretches(since, end), cut)] if cut else table.spans(since, end)
    at = instant(end)
    last = at if rule is WorkDayRule.SAME_TIME else at - MICROSECOND  # 24:00 still belongs to the day it ends
    return Due(at=at, provisional=calendar.is_assumed(first, local_day(last)), segments=tuple(spans))


def counted(
    start: datetime, until: datetime, limit: Limit, calendar: WorkCalendar, pauses: Sequence[Span] = ()
) -> timedelta:
    """Return the time that counts for a limit like this between `start` and `until`; none if that is earlier.

    Raises CalendarExhausted when more than 20 years lie between.
    """
    since, end = _since(start), micros(until)
    if end <= since:
        return timedelta()
    if end - since > _FAR:
        raise _exhausted()
    continuous = limit.unit in _CONTINUOUS
    measure: Measure = _WALL if continuous else calendar.table(local_day(start), local_day(until)).hours
    ran = measure.amount(end) - measure.amount(since) - _lost(measure, merged(pauses, since), end)
    return ran * MICROSECOND


def merge_pauses(pauses: Sequence[Span]) -> tuple[Span, ...]:
    """Return the same pauses in UTC: in order, joined where they overlap or touch, without empty ones."""
    return tuple(span_of(hole) for hole in merged(pauses, _BEGINNING))


def light(used: timedelta, left: timedelta) -> Light:
    """Return the light for counted times: red when nothing is left, yellow from 70 % of the limit (domain.md §3)."""
    if left <= timedelta():
        return Light.RED
    return Light.YELLOW if used * 10 >= (used + left) * 7 else Light.GREEN


def yellow_at(when: Due) -> datetime:
    """Return the first instant by which 70 % of the counted time has run."""
    total = sum((segment.length for segment in when.segments), start=timedelta())
    wanted = -(total * -7 // 10)  # rounded up to the microsecond
    for segment in when.segments:
        if wanted <= segment.length:
            return segment.start + wanted
        wanted -= segment.length
    return when.at


def light_at(when: Due, at: datetime) -> Light:
    """Return the light at an instant: red from due, also where due lies between two slots."""
    if at >= when.at:
        return Light.RED
    return Light.YELLOW if at >= yellow_at(when) else Light.GREEN


def _since(start: datetime) -> int:
    """Return the start in microseconds, if the calendar of Python itself has room around it."""
    since = micros(start)
    if not _STARTS[0] <= since < _STARTS[1]:
        raise _exhausted()
    return since


def _wall_due(since: int, limit: Limit, holes: Sequence[Stretch]) -> Due:
    end = _run_out(_WALL, since, limit.micros, holes)
    if end is None or end - since > _FAR:
        raise _exhausted()
    segments = tuple(span_of(kept) for kept in without([(since, end)], holes))
    return Due(at=instant(end), provisional=False, segments=segments)


def _rule(limit: Limit, calendar: WorkCalendar) -> WorkDayRule:
    if limit.unit is not LimitUnit.WORK_DAY:
        return WorkDayRule.HOURS
    return limit.rule or calendar.work_day_rule


def _finder(
    since: int, first: date, limit: Limit, rule: WorkDayRule, holes: Sequence[Stretch]
) -> Callable[[Timetable], int | None]:
    """Return how this rule finds the due time in a timetable; None says that it needs a longer one."""
    if rule is WorkDayRule.HOURS:
        amount = limit.micros
        return lambda table: _run_out(table.hours, since, amount, holes)
    if rule is WorkDayRule.DAY_HOURS:
        return lambda table: _run_out(table.shares, since, limit.of(table.whole_share), holes)
    days = limit.whole_days
    if rule is WorkDayRule.SAME_TIME:
        return lambda table: _made_up(table.hours, table.same_time(since, days), holes)
    return lambda table: _made_up(table.hours, table.day_end(first.toordinal(), days), holes)


def _search(first: date, calendar: WorkCalendar, find: Callable[[Timetable], int | None]) -> tuple[Timetable, int]:
    reach = _FIRST_REACH
    while True:
        table = calendar.table(first, first + timedelta(days=reach))
        end = find(table)
        if end is not None:
            return table, end
        if reach == FAR_DAYS:
            raise _exhausted()
        reach = min(reach * 4, FAR_DAYS)


def _run_out(measure: Measure, since: int, amount: int, holes: Sequence[Stretch]) -> int | None:
    """Return the first instant by which `amount` has run outside of `holes`, none of which begins before `since`."""
    target = measure.amount(since) + amount
    for start, end in holes:
        before = measure.amount(start)
        if before >= target:
            break
        target += measure.amount(end) - before
    return measure.reached(target)


def _made_up(measure: Measure, unpaused: int | None, holes: Sequence[Stretch]) -> int | None:
    """Return `unpaused` later by the time that was lost in `holes` before it, counted by hours."""
    lost = 0 if unpaused is None else _lost(measure, holes, unpaused)
    if unpaused is None or lost == 0:
        return unpaused
    return _run_out(measure, unpaused, lost, [(max(start, unpaused), end) for start, end in holes if end > unpaused])


def _lost(measure: Measure, holes: Sequence[Stretch], until: int) -> int:
    """Return what ran inside of `holes` before `until`."""
    return sum(measure.amount(min(end, until)) - measure.amount(start) for start, end in holes if start < until)


def _exhausted() -> CalendarExhausted:
    return CalendarExhausted("时限超出日历可推算的范围（20年）")
