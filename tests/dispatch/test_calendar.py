"""Working days, their slots, what is published, and the timetable made of them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

import pytest

from app.dispatch.calendar import OFFICE_HOURS, DayOverride, Slots, WorkCalendar, local_day
from app.dispatch.errors import BadInput
from app.dispatch.slots import read_slots
from app.dispatch.spans import Span

FRIDAY, SATURDAY, SUNDAY, MONDAY = (date(2026, 5, day) for day in (8, 9, 10, 11))
SUMMER: Slots = ((time(8, 30), time(12)), (time(15), time(18, 30)))


def calendar_with(
    days: dict[date, DayOverride], published_until: date | None = date(2026, 12, 31), slots: Slots = OFFICE_HOURS
) -> WorkCalendar:
    return WorkCalendar(name="offices", version=3, slots=slots, days=days, published_until=published_until)


def test_monday_to_friday_is_worked_unless_a_notice_says_otherwise() -> None:
    calendar = calendar_with({SATURDAY: DayOverride(working=True), MONDAY: DayOverride(working=False)})
    assert [calendar.is_working(day) for day in (FRIDAY, SATURDAY, SUNDAY, MONDAY)] == [True, True, False, False]


def test_slots_are_local_times_given_as_utc() -> None:
    assert calendar_with({}).slots_on(FRIDAY) == (
        Span(start=datetime(2026, 5, 8, 0, tzinfo=UTC), end=datetime(2026, 5, 8, 4, tzinfo=UTC)),
        Span(start=datetime(2026, 5, 8, 6, tzinfo=UTC), end=datetime(2026, 5, 8, 10, tzinfo=UTC)),
    )


def test_a_free_day_has_no_slots_even_if_some_are_written() -> None:
    calendar = calendar_with({FRIDAY: DayOverride(working=False, slots=SUMMER)})
    assert calendar.slots_on(FRIDAY) == ()


def test_a_day_may_have_hours_of_its_own() -> None:
    calendar = calendar_with({FRIDAY: DayOverride(working=True, slots=SUMMER)})
    assert calendar.local_slots(FRIDAY) == SUMMER
    assert calendar.local_slots(MONDAY) == OFFICE_HOURS


def test_with_slots_keeps_the_days_and_replaces_every_hour() -> None:
    calendar = calendar_with(
        {SATURDAY: DayOverride(working=True, slots=SUMMER), MONDAY: DayOverride(working=False)}
    ).with_slots(((time(8), time(20)),))
    assert calendar.local_slots(SATURDAY) == ((time(8), time(20)),)
    assert not calendar.is_working(MONDAY)


def test_an_end_of_midnight_is_the_end_of_the_day() -> None:
    slot = calendar_with({}, slots=read_slots([["00:00", "24:00"]])).slots_on(FRIDAY)[0]
    assert slot.length == timedelta(hours=24)


def test_published_is_what_a_notice_covers_or_somebody_has_set() -> None:
    set_by_hand = date(2027, 1, 2)
    calendar = calendar_with({set_by_hand: DayOverride(working=True)})
    assert calendar.is_published(date(2026, 12, 31))
    assert not calendar.is_published(date(2027, 1, 1))
    assert calendar.is_published(set_by_hand)
    assert not calendar.is_assumed(set_by_hand, set_by_hand)
    assert calendar.is_assumed(date(2026, 12, 30), date(2027, 1, 1))
    assert not calendar.is_assumed(date(2026, 12, 30), date(2026, 12, 31))


def test_without_any_notice_everything_is_assumed() -> None:
    assert calendar_with({}, published_until=None).is_assumed(FRIDAY, FRIDAY)


@pytest.mark.parametrize(
    "pairs",
    [
        pytest.param([], id="none"),
        pytest.param([["12:00", "08:00"]], id="backwards"),
        pytest.param([["08:00", "08:00"]], id="empty"),
        pytest.param([["08:00", "12:00"], ["11:00", "18:00"]], id="overlapping"),
        pytest.param([["14:00", "18:00"], ["08:00", "12:00"]], id="disordered"),
        pytest.param([["20:00", "00:00"], ["00:00", "06:00"]], id="past midnight"),
        pytest.param([["8 o'clock", "12:00"]], id="no time"),
        pytest.param([["08:00", "25:00"]], id="no such hour"),
        pytest.param([["08:00"]], id="half a slot"),
        pytest.param([["08:00+08:00", "12:00+08:00"]], id="with a zone"),
    ],
)
def test_slots_that_make_no_day_are_refused(pairs: Sequence[Sequence[str]]) -> None:
    with pytest.raises(BadInput):
        read_slots(pairs)


def test_a_calendar_and_an_override_look_at_their_slots() -> None:
    with pytest.raises(BadInput):
        calendar_with({}, slots=())
    with pytest.raises(BadInput):
        DayOverride(working=True, slots=())


def test_touching_slots_are_fine() -> None:
    assert len(read_slots([["08:00", "12:00"], ["12:00", "18:00"]])) == 2


def test_the_timetable_is_kept_and_grows_both_ways() -> None:
    calendar = calendar_with({})
    first = calendar.table(date(2026, 3, 1), date(2026, 4, 1))
    assert calendar.table(date(2026, 3, 10), date(2026, 3, 20)) is first
    longer = calendar.table(date(2026, 2, 1), date(2026, 5, 1))
    assert longer.first <= date(2026, 2, 1)
    assert longer.last >= date(2026, 5, 1)


def test_one_odd_year_does_not_stretch_the_timetable_over_centuries() -> None:
    calendar = calendar_with({})
    calendar.table(date(2026, 3, 1), date(2026, 4, 1))
    assert calendar.table(date(1900, 1, 1), date(1900, 3, 1)).last == date(1900, 3, 1)


def test_the_local_day_begins_at_sixteen_hours_utc() -> None:
    assert local_day(datetime(2026, 5, 8, 15, 59, tzinfo=UTC)) == FRIDAY
    assert local_day(datetime(2026, 5, 8, 16, tzinfo=UTC)) == SATURDAY
