"""Our seed says of each day what the kept library says, and nothing about years that it does not know."""

from datetime import date, timedelta

import chinese_calendar
import pytest

from app.adapters.holidays import published_notices
from app.dispatch.calendar import OFFICE_HOURS, WorkCalendar

NOTICES = published_notices()
CALENDAR = WorkCalendar(
    name="offices", version=1, slots=OFFICE_HOURS, days=NOTICES.days, published_until=NOTICES.published_until
)


def test_every_day_of_the_published_years_agrees_with_the_library() -> None:
    days = [date(2023, 1, 1) + timedelta(days=n) for n in range((date(2027, 1, 1) - date(2023, 1, 1)).days)]
    assert [day for day in days if CALENDAR.is_working(day) != chinese_calendar.is_workday(day)] == []


@pytest.mark.parametrize(
    ("day", "working"),
    [
        pytest.param(date(2026, 2, 14), True, id="notice-2026: Saturday worked before Spring Festival"),
        pytest.param(date(2026, 2, 16), False, id="notice-2026: Monday off"),
        pytest.param(date(2025, 9, 28), True, id="notice-2025: Sunday worked before National Day"),
        pytest.param(date(2025, 10, 8), False, id="notice-2025: National Day and Mid-Autumn together"),
        pytest.param(date(2026, 10, 10), True, id="notice-2026: Saturday worked after National Day"),
    ],
)
def test_known_days(day: date, *, working: bool) -> None:
    assert CALENDAR.is_working(day) is working


def test_only_days_that_differ_from_monday_to_friday_are_seeded() -> None:
    assert [day for day, own in NOTICES.days.items() if own.working == (day.weekday() < 5)] == []


def test_published_until_is_where_the_library_begins_to_refuse() -> None:
    chinese_calendar.is_workday(NOTICES.published_until)
    with pytest.raises(NotImplementedError):
        chinese_calendar.is_workday(NOTICES.published_until + timedelta(days=1))
