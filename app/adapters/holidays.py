"""The State Council's yearly notices as the seed of our own calendar; what we store afterwards is the authority."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import chinese_calendar

from app.dispatch.calendar import DayOverride

_SATURDAY: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Notices:
    """The days that differ from Monday to Friday, and the last day that a notice covers."""

    days: Mapping[date, DayOverride]
    published_until: date


def published_notices() -> Notices:
    """Return every holiday and make-up day that the kept library knows; years it does not know are not guessed."""
    days_off: Mapping[date, str] = chinese_calendar.holidays
    made_up: Mapping[date, str] = chinese_calendar.workdays
    days = {day: DayOverride(working=True) for day in made_up if day.weekday() >= _SATURDAY}
    days |= {day: DayOverride(working=False) for day in days_off if day.weekday() < _SATURDAY and day not in made_up}
    return Notices(days=dict(sorted(days.items())), published_until=date(max(days_off).year, 12, 31))
