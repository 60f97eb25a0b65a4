"""When an inspector is on shift and which beats he walks then. Who has no roster at all is on shift round the clock."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final

from app.dispatch.access import CITY_DESK, Actor
from app.dispatch.calendar import LOCAL_ZONE, local_day
from app.dispatch.codes import Post
from app.dispatch.errors import BadInput
from app.dispatch.spans import Span

_LOOKED_AHEAD: Final = 8
"""Days in which every weekday comes once, whatever the time of day it is now."""
_DAY: Final = timedelta(days=1)
_AHEAD_AT_MOST: Final = 3660 * _DAY
"""Whoever begins later would be sent to look in another age: where the calendar ends, nobody could be sent at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """Local hours on some weekdays (Monday is 1); `closes` not later than `opens` is that of the day after."""

    days: frozenset[int]
    opens: time
    closes: time


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """From when to when an inspector walks some beats, in weekly slots; without slots all the time.

    `until` None: until further notice. Without beats he is there for all of his region.
    """

    since: datetime
    until: datetime | None = None
    beat_codes: frozenset[str] = frozenset()
    slots: tuple[Slot, ...] = ()

    def turns(self, at: datetime) -> Iterator[Span]:
        """Yield the shifts that are on at an instant, or begin within the week after it, clipped to the roster."""
        if not self.slots:
            yield from self._clipped(self.since, max(at, self.since) + _DAY)
            return
        first = local_day(max(at, self.since)) - _DAY
        for slot in self.slots:
            for day in (first + number * _DAY for number in range(_LOOKED_AHEAD + 1)):
                if day.isoweekday() in slot.days:
                    closing = day if slot.closes > slot.opens else day + _DAY
                    opens = datetime.combine(day, slot.opens, LOCAL_ZONE)
                    yield from self._clipped(opens, datetime.combine(closing, slot.closes, LOCAL_ZONE))

    def _clipped(self, start: datetime, end: datetime) -> Iterator[Span]:
        start, end = max(start, self.since), min(end, self.until) if self.until else end
        if start < end:
            yield Span(start=start, end=end)


def on_from(rosters: Iterable[Roster], at: datetime) -> datetime | None:
    """Return `at` where some roster has a shift on, else when the next begins; None where none does within a week."""
    coming = (max(turn.start, at) for roster in rosters for turn in roster.turns(at) if turn.end > at)
    return min(coming, default=None)


def walked(rosters: Sequence[Roster], at: datetime) -> frozenset[str] | None:
    """Return the beats of those shifts that are on at an instant; None where one of them is for the whole region."""
    on = [roster for roster in rosters if any(turn.start <= at < turn.end for turn in roster.turns(at))]
    if any(not roster.beat_codes for roster in on):
        return None
    return frozenset(code for roster in on for code in roster.beat_codes)


def slot_json(slot: Slot) -> dict[str, Any]:
    """Return a slot as it is stored."""
    return {"days": sorted(slot.days), "opens": slot.opens.isoformat(), "closes": slot.closes.isoformat()}


def slot_of(value: Mapping[str, Any]) -> Slot:
    """Return the slot that was stored."""
    opens, closes = (time.fromisoformat(value[name]) for name in ("opens", "closes"))
    return Slot(days=frozenset(value["days"]), opens=opens, closes=closes)


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterWanted:
    """A roster as it is asked for; `valid_from` None is now."""

    username: str
    beat_codes: tuple[str, ...] = ()
    slots: tuple[Slot, ...] = ()
    valid_from: datetime | None = None
    valid_to: datetime | None = None


def check(wanted: RosterWanted, beats: Container[str], now: datetime) -> None:
    """Raise BadInput for a roster of beats that are not in force, or of a time that is over."""
    unknown = [code for code in wanted.beat_codes if code not in beats]
    if unknown:
        raise _refused("beat_codes", f"没有启用这个巡查责任区：{unknown[0]}", "unknown_beat")
    if wanted.valid_from is not None and wanted.valid_from < now:
        raise _refused("valid_from", "排班不能从过去开始；请留空或给出将来的时间", "past_instant")
    if wanted.valid_from is not None and wanted.valid_from > now + _AHEAD_AT_MOST:
        raise _refused("valid_from", "排班的开始不能晚于今后十年", "too_far_ahead")
    if wanted.valid_to is not None and wanted.valid_to <= (wanted.valid_from or now):
        raise _refused("valid_to", "排班的结束须晚于开始", "ends_before_it_begins")


def desks_kept(actor: Actor) -> frozenset[str] | None:
    """Return the desks whose inspectors' rosters an actor keeps, None for every desk.

    The city's administrators keep all, a shift lead those of his own desk. Source: house rule.
    """
    held = actor.appointments
    if any(one.post is Post.ADMIN and one.desk == CITY_DESK and one.region_code is None for one in held):
        return None
    return frozenset(one.desk for one in held if one.post is Post.SHIFT_LEAD)


def _refused(field: str, message: str, code: str) -> BadInput:
    return BadInput.at(["body", field], message, code=code)
