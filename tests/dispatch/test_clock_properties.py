"""The clock against the plain reference over random cases, and what must hold for any limit, start and pause."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import chinese_calendar
from hypothesis import given, settings
from hypothesis import strategies as st

from app.adapters.holidays import published_notices
from app.dispatch.account import explain
from app.dispatch.calendar import LOCAL_ZONE, OFFICE_HOURS, DayOverride, Slots, WorkCalendar
from app.dispatch.clock import Span, counted, due, light, light_at, yellow_at
from app.dispatch.codes import Light, LimitUnit, WorkDayRule
from app.dispatch.limits import Limit
from app.dispatch.slots import read_slots
from tests.dispatch.reference_clock import Plain

NOTICES = published_notices()
SLOTS: dict[str, Slots] = {
    "offices": OFFICE_HOURS,
    "summer": read_slots([["08:30", "12:00"], ["14:30", "18:00"]]),
    "long": read_slots([["08:00", "20:00"]]),
    "duty": read_slots([["00:00", "06:30"], ["18:00", "23:30"]]),
}
HALF_DAY = DayOverride(working=True, slots=read_slots([["09:00", "11:40"]]))
HALF_DAYS = (date(2025, 9, 30), date(2026, 2, 13), date(2026, 5, 9), date(2026, 6, 18))
CALENDARS = {
    name: WorkCalendar(
        name=name,
        version=1,
        slots=slots,
        days={**NOTICES.days, **dict.fromkeys(HALF_DAYS, HALF_DAY)},
        published_until=NOTICES.published_until,
    )
    for name, slots in SLOTS.items()
}
MINUTES = {
    LimitUnit.MINUTE: 1,
    LimitUnit.CONTINUOUS_HOUR: 60,
    LimitUnit.CONTINUOUS_DAY: 1440,
    LimitUnit.WORK_HOUR: 60,
    LimitUnit.WORK_DAY: 480,
}

names = st.sampled_from(sorted(SLOTS))
starts = st.datetimes(datetime(2025, 1, 1), datetime(2026, 11, 1)).map(  # noqa: DTZ001 - the reference is naive
    lambda at: at.replace(second=0, microsecond=0, fold=0)
)
exact_starts = st.datetimes(datetime(2025, 1, 1), datetime(2026, 11, 1), timezones=st.just(UTC))  # noqa: DTZ001 - zone apart
limits = st.builds(
    Limit, value=st.integers(1, 9), unit=st.sampled_from(LimitUnit), rule=st.sampled_from([None, *WorkDayRule])
)
pause_shapes = st.lists(st.tuples(st.integers(-600, 6000), st.integers(0, 3000)), max_size=3)


def pauses_of(start: datetime, shapes: list[tuple[int, int]]) -> list[tuple[datetime, datetime]]:
    begins = [(start + timedelta(minutes=after), length) for after, length in shapes]
    return [(at, at + timedelta(minutes=length)) for at, length in begins]


def spans_of(start: datetime, shapes: list[tuple[int, int]]) -> list[Span]:
    return [Span(start=begin, end=end) for begin, end in pauses_of(start, shapes)]


def slots_by_library(name: str) -> Callable[[date], Slots]:
    def slots_of(day: date) -> Slots:
        if day in HALF_DAYS:
            return HALF_DAY.slots or ()
        return SLOTS[name] if chinese_calendar.is_workday(day) else ()

    known: dict[date, Slots] = {}
    return lambda day: known[day] if day in known else known.setdefault(day, slots_of(day))


def by_reference(name: str, start: datetime, limit: Limit, shapes: list[tuple[int, int]]) -> datetime:
    plain = Plain(slots_of=slots_by_library(name), pauses=pauses_of(start, shapes))
    amount = int(limit.value) * MINUTES[limit.unit]
    if limit.unit in {LimitUnit.MINUTE, LimitUnit.CONTINUOUS_HOUR, LimitUnit.CONTINUOUS_DAY}:
        return plain.continuous(start, amount)
    if limit.unit is LimitUnit.WORK_HOUR or limit.rule in {None, WorkDayRule.HOURS}:
        return plain.hours(start, amount)
    rules = {
        WorkDayRule.DAY_HOURS: plain.day_hours,
        WorkDayRule.SAME_TIME: plain.same_time,
        WorkDayRule.DAY_END: plain.day_end,
    }
    return rules[limit.rule](start, int(limit.value))


@settings(max_examples=300, deadline=None)
@given(names, starts, limits, pause_shapes)
def test_agrees_with_the_minute_by_minute_reference(
    name: str, start: datetime, limit: Limit, shapes: list[tuple[int, int]]
) -> None:
    local = start.replace(tzinfo=LOCAL_ZONE)
    found = due(local, limit, CALENDARS[name], spans_of(local.astimezone(UTC), shapes)).at
    assert found.astimezone(LOCAL_ZONE).replace(tzinfo=None) == by_reference(name, start, limit, shapes)


@given(names, exact_starts, limits, st.integers(1, 9), pause_shapes)
def test_a_longer_limit_never_ends_sooner(
    name: str, start: datetime, limit: Limit, more: int, shapes: list[tuple[int, int]]
) -> None:
    longer = Limit(value=limit.value + more, unit=limit.unit, rule=limit.rule)
    pauses = spans_of(start, shapes)
    assert due(start, longer, CALENDARS[name], pauses).at >= due(start, limit, CALENDARS[name], pauses).at


@given(names, exact_starts, limits, pause_shapes, pause_shapes)
def test_a_pause_never_brings_the_due_time_forward(
    name: str, start: datetime, limit: Limit, shapes: list[tuple[int, int]], more: list[tuple[int, int]]
) -> None:
    pauses = spans_of(start, shapes)
    further = due(start, limit, CALENDARS[name], pauses + spans_of(start, more)).at
    assert further >= due(start, limit, CALENDARS[name], pauses).at >= due(start, limit, CALENDARS[name]).at


@given(
    names,
    exact_starts,
    st.integers(1, 40),
    st.integers(1, 40),
    st.sampled_from([LimitUnit.WORK_HOUR, LimitUnit.CONTINUOUS_HOUR]),
    pause_shapes,
)
def test_hours_may_be_counted_in_two_goes(
    name: str, start: datetime, first: int, second: int, unit: LimitUnit, shapes: list[tuple[int, int]]
) -> None:
    calendar, pauses = CALENDARS[name], spans_of(start, shapes)
    halfway = due(start, Limit(value=first, unit=unit), calendar, pauses).at
    whole = due(start, Limit(value=first + second, unit=unit), calendar, pauses).at
    assert due(halfway, Limit(value=second, unit=unit), calendar, pauses).at == whole


@given(names, exact_starts, st.integers(1, 60), pause_shapes)
def test_segments_of_hours_hold_the_limit_and_no_pause(
    name: str, start: datetime, value: int, shapes: list[tuple[int, int]]
) -> None:
    pauses = spans_of(start, shapes)
    found = due(start, Limit(value=value, unit=LimitUnit.WORK_HOUR), CALENDARS[name], pauses)
    assert sum((part.length for part in found.segments), start=timedelta()) == timedelta(hours=value)
    assert found.segments[-1].end == found.at
    assert all(min(part.end, p.end) <= max(part.start, p.start) for part in found.segments for p in pauses)
    assert all(a.end <= b.start for a, b in zip(found.segments, found.segments[1:], strict=False))


@given(names, exact_starts, limits, pause_shapes, st.integers(-100, 20_000))
def test_an_account_adds_up_at_any_instant(
    name: str, start: datetime, limit: Limit, shapes: list[tuple[int, int]], after: int
) -> None:
    calendar, pauses, at = CALENDARS[name], spans_of(start, shapes), start + timedelta(minutes=after)
    account = explain(start, limit, calendar, pauses, at=at)
    assert sum(part.minutes for part in account.segments) == account.used_minutes + account.left_minutes
    assert (account.light is Light.RED) == (at >= account.due_at)
    if at < account.due_at:
        assert account.left_minutes >= 0


@given(names, exact_starts, limits, pause_shapes, st.integers(0, 9_000))
def test_the_light_by_instants_is_the_light_by_counted_time(
    name: str, start: datetime, limit: Limit, shapes: list[tuple[int, int]], after: int
) -> None:
    calendar, pauses, at = CALENDARS[name], spans_of(start, shapes), start + timedelta(minutes=after)
    found = due(start, limit, calendar, pauses)
    total = sum((part.length for part in found.segments), start=timedelta())
    used = counted(start, at, limit, calendar, pauses)
    if used < total:
        assert light_at(found, at) is light(used, total - used)
    assert found.segments[0].start < yellow_at(found) <= found.at


@given(names, exact_starts, limits)
def test_a_fresh_calendar_says_the_same_as_one_with_a_grown_timetable(name: str, start: datetime, limit: Limit) -> None:
    known = CALENDARS[name]
    fresh = WorkCalendar(
        name=name, version=1, slots=known.slots, days=known.days, published_until=known.published_until
    )
    assert due(start, limit, fresh) == due(start, limit, known)
