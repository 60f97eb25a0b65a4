"""When reports come in: by source, hour, weekday and holiday, and on the one day of the typhoon."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Final

from app.demo.simulation.plan import Plan
from app.dispatch.calendar import LOCAL_ZONE, WorkCalendar
from app.dispatch.codes import Source

STORM_FROM_DAYS: Final = 10
"""A shorter span has no typhoon."""
STORM_SURGE: Final = 6.0
"""How many times as often what a storm brings is reported on its day."""
HOURS_OF_A_DAY: Final = 24
_SATURDAY: Final = 5
_NEVER_QUITE_NOTHING: Final = 1e-9
"""Keeps a span of free nights drawable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """How a source speaks: its share of all reports, its 24 hours, and its free days against working days."""

    share: float
    hours: tuple[int, ...]
    free_day: float


_ON_BEAT: Final = (0, 0, 0, 0, 0, 0, 0, 2, 8, 12, 12, 8, 4, 3, 9, 11, 10, 7, 3, 1, 0, 0, 0, 0)
_ON_PHONE: Final = (1, 1, 0, 0, 0, 1, 2, 4, 8, 14, 14, 7, 4, 5, 12, 13, 7, 5, 4, 4, 3, 3, 2, 1)
_AFTER_WORK: Final = (1, 1, 0, 0, 0, 1, 3, 6, 5, 4, 4, 4, 5, 4, 3, 3, 4, 8, 12, 14, 12, 9, 5, 2)
_IN_OFFICE: Final = (0, 0, 0, 0, 0, 0, 0, 0, 6, 10, 9, 5, 0, 0, 6, 9, 8, 4, 0, 0, 0, 0, 0, 0)
_ALL_NIGHT: Final = (8, 8, 7, 7, 6, 5, 4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 4, 5, 6, 7, 8, 8)

RHYTHMS: Final[Mapping[Source, Rhythm]] = {
    Source.INSPECTOR: Rhythm(share=46.0, hours=_ON_BEAT, free_day=0.7),
    Source.HOTLINE_12345: Rhythm(share=19.0, hours=_ON_PHONE, free_day=0.6),
    Source.HOTLINE_12319: Rhythm(share=4.0, hours=_ON_PHONE, free_day=0.6),
    Source.CITIZEN: Rhythm(share=13.0, hours=_AFTER_WORK, free_day=1.7),
    Source.VIDEO: Rhythm(share=4.0, hours=_ALL_NIGHT, free_day=1.0),
    Source.SENSOR: Rhythm(share=2.2, hours=_ALL_NIGHT, free_day=1.0),
    Source.VEHICLE: Rhythm(share=2.2, hours=_ON_BEAT, free_day=0.5),
    Source.UNIT_SELF: Rhythm(share=2.0, hours=_IN_OFFICE, free_day=0.3),
    Source.ENFORCEMENT: Rhythm(share=1.2, hours=_ON_BEAT, free_day=0.5),
    Source.SUPERIOR_PLATFORM: Rhythm(share=1.2, hours=_IN_OFFICE, free_day=0.1),
    Source.DISTRICT: Rhythm(share=1.2, hours=_IN_OFFICE, free_day=0.1),
    Source.WALK_IN: Rhythm(share=1.0, hours=_IN_OFFICE, free_day=0.1),
    Source.LEADER: Rhythm(share=0.7, hours=_IN_OFFICE, free_day=0.2),
    Source.FORUM: Rhythm(share=0.7, hours=_AFTER_WORK, free_day=1.3),
    Source.MEDIA: Rhythm(share=0.5, hours=_AFTER_WORK, free_day=0.8),
    Source.PETITION: Rhythm(share=0.5, hours=_IN_OFFICE, free_day=0.0),
    Source.CENSUS: Rhythm(share=0.4, hours=_IN_OFFICE, free_day=0.2),
    Source.DEPUTIES: Rhythm(share=0.2, hours=_IN_OFFICE, free_day=0.0),
}
"""Shares are house estimates after the practice of large cities; they need not add up to anything."""


@dataclass(frozen=True, slots=True)
class Season:
    """The hours of a span with the load of each source, ready to be drawn from."""

    slots: tuple[datetime, ...]
    ordinary: Mapping[Source, tuple[float, ...]]
    stormy: Mapping[Source, tuple[float, ...]]
    storm: date | None

    def is_stormy(self, at: datetime) -> bool:
        """Say whether an instant lies on the day of the typhoon."""
        return at.astimezone(LOCAL_ZONE).date() == self.storm

    def instant(self, rng: Random, source: Source, *, storm: bool) -> datetime:
        """Draw when a report of a source comes in; `storm` is for what a typhoon brings more of."""
        start = rng.choices(self.slots, cum_weights=(self.stormy if storm else self.ordinary)[source])[0]
        return start + timedelta(seconds=rng.uniform(0, 3600))


def season(plan: Plan, calendar: WorkCalendar, rng: Random) -> Season:
    """Lay out the hours of a plan; a span of ten days and more has its typhoon in the middle third."""
    storm = None
    if plan.days >= STORM_FROM_DAYS:
        day = plan.since + timedelta(days=rng.uniform(plan.days / 3, 2 * plan.days / 3))
        storm = day.astimezone(LOCAL_ZONE).date()
    slots = tuple(plan.since + timedelta(hours=number) for number in range(plan.days * HOURS_OF_A_DAY))
    surges = [STORM_SURGE if slot.astimezone(LOCAL_ZONE).date() == storm else 1.0 for slot in slots]
    ordinary, stormy = {}, {}
    for source, rhythm in RHYTHMS.items():
        loads = [_load(rhythm, slot, calendar) + _NEVER_QUITE_NOTHING for slot in slots]
        ordinary[source] = tuple(accumulate(loads))
        stormy[source] = tuple(accumulate(load * surge for load, surge in zip(loads, surges, strict=True)))
    return Season(slots, ordinary, stormy, storm)


def _load(rhythm: Rhythm, slot: datetime, calendar: WorkCalendar) -> float:
    local = slot.astimezone(LOCAL_ZONE)
    free = not calendar.is_working(local.date())
    holiday = free and local.weekday() < _SATURDAY
    return rhythm.hours[local.hour] * (rhythm.free_day if free else 1.0) * (0.75 if holiday else 1.0)
