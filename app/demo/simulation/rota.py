"""When somebody gets to something: the desk's shifts, inspectors by day, units in office hours, limits as they run."""

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from decimal import Decimal
from math import log
from random import Random
from typing import Final

from app.dispatch.calendar import LOCAL_ZONE, Span, WorkCalendar
from app.dispatch.clock import due
from app.dispatch.codes import LimitUnit
from app.dispatch.limits import Limit

_DESK_OPENS, _DESK_CLOSES = time(7), time(22)
_FIELD_OPENS, _FIELD_CLOSES = time(8), time(19)
_SPREAD: Final = 0.6
"""Of the logarithm of a delay: two in three lie within a factor of 1.8 around the middle."""
_FINE: Final = 4
"""Decimals of the part of a limit."""
_A_LOOK: Final = Limit(value=Decimal("0.05"), unit=LimitUnit.WORK_HOUR)
URGENT: Final = frozenset({LimitUnit.MINUTE, LimitUnit.CONTINUOUS_HOUR, LimitUnit.CONTINUOUS_DAY})


@dataclass(frozen=True, slots=True)
class Rota:
    """Who is on when, by the city's calendar."""

    calendar: WorkCalendar

    def desk(self, rng: Random, at: datetime, minutes: float, *, urgent: bool = False) -> datetime:
        """Return when the desk gets to something; at night only what is urgent, the rest next morning."""
        return self._shift(rng, at, minutes, _DESK_OPENS, _DESK_CLOSES, at_night=urgent)

    def field(self, rng: Random, at: datetime, minutes: float) -> datetime:
        """Return when an inspector gets there, by daylight."""
        return self._shift(rng, at, minutes, _FIELD_OPENS, _FIELD_CLOSES, at_night=False)

    def unit_looks(self, at: datetime, *, urgent: bool) -> datetime:
        """Return when a unit looks at what it was sent: in office hours, what is urgent at once."""
        return at if urgent else due(at, _A_LOOK, self.calendar).at

    def run(self, start: datetime, limit: Limit, share: float, pauses: tuple[Span, ...] = ()) -> datetime:
        """Return when a share of a limit has run; beyond one it is late."""
        part = Decimal(limit.value) * Decimal(max(round(share, _FINE), 10**-_FINE)).quantize(Decimal(10) ** -_FINE)
        return due(start, replace(limit, value=part), self.calendar, pauses).at

    def _shift(
        self, rng: Random, at: datetime, minutes: float, opens: time, closes: time, *, at_night: bool
    ) -> datetime:
        delay = timedelta(minutes=rng.lognormvariate(log(minutes), _SPREAD))
        waits = timedelta(minutes=rng.uniform(2, 70))
        local = _local(at)
        if opens <= local.time() < closes:
            return at + delay
        if at_night:
            return at + delay + timedelta(minutes=10)
        day = local.date() + timedelta(days=1) if local.time() >= closes else local.date()
        return datetime.combine(day, opens, LOCAL_ZONE).astimezone(at.tzinfo) + waits + delay


def _local(at: datetime) -> datetime:
    return at.astimezone(LOCAL_ZONE)
