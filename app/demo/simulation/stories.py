"""What happens in the month: one story a report, drawn before anything is played, the same for the same plan."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import accumulate
from random import Random
from typing import Final

from app.demo.simulation.atlas import Atlas, Site
from app.demo.simulation.desk import Desk, DeskWork, Ending
from app.demo.simulation.matters import Concern, concerns
from app.demo.simulation.plan import Plan
from app.demo.simulation.seasons import RHYTHMS, Season
from app.dispatch.codes import Kind, Source

STEERED: Final = 0.16
"""The share of stories that is told about the units in turn, so that none is without work."""
_DIVIDED: Final = 0.012
_OUTSIDE: Final = 0.012
_VAGUE: Final = 0.09


class Rest(StrEnum):
    """Where a story stops for good, so that at the end something lies at every desk."""

    RECEIVED = "received"
    VERIFYING = "verifying"
    ACCEPTED = "accepted"
    FILED = "filed"
    YELLOW = "yellow"
    RED = "red"
    RETURN_ASKED = "return_asked"
    EXTENSION_ASKED = "extension_asked"
    SUSPENDED = "suspended"
    DISPOSED = "disposed"
    CHECKING = "checking"
    CHECKED = "checked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One report and what the desk makes of it; what a unit makes of its cases is told as it happens.

    `number` is the seed of the rest. `sent_to` is the unit that a dispatcher names by hand.
    """

    number: int
    source: Source
    concern: Concern
    second: Concern | None
    site: Site
    vague: bool
    received_at: datetime
    desk: DeskWork
    sent_to: str | None = None
    rests: Rest | None = None

    def cases_by(self, until: datetime) -> int:
        """Return how many cases the story opens up to an instant."""
        filed_at = self.desk.filed_at
        if filed_at is None or filed_at > until:
            return 0
        return 1 if self.second is None else 2


@dataclass(slots=True)
class Stories:
    """Draw stories until they open as many cases as wanted."""

    plan: Plan
    atlas: Atlas
    season: Season
    desk: Desk

    def draw(self) -> list[Story]:
        """Return the stories of a plan in the order in which they come in."""
        wanted, drawn, cases = self.plan.cases, list[Story](), 0
        for story in self._all():
            count = story.cases_by(self.plan.until)
            if cases + count <= wanted:
                drawn.append(story)
                cases += count
            if cases == wanted:
                break
        return sorted(drawn, key=lambda story: (story.received_at, story.number))

    def _all(self) -> Iterator[Story]:
        resting = list(self._resting())
        yield from resting
        tail = Tail(self.atlas)
        number = len(resting)
        while True:
            number += 1
            yield self._one(number, tail)

    def _one(self, number: int, tail: "Tail") -> Story:
        rng = Random(f"{self.plan.seed}:story:{number}")
        source = rng.choices(_SOURCES, cum_weights=_SHARES)[0]
        concern, site, sent_to = _what(rng, self.atlas)
        if rng.random() < STEERED:
            concern, site, sent_to = tail.turn(rng)
        at = self.season.instant(rng, source, storm=concern.storm)
        inside = source is Source.INSPECTOR or sent_to is not None or rng.random() >= _OUTSIDE
        site = site if inside else self.atlas.outside(rng, concern)
        work = self.desk.handle(rng, at, source, concern, inside=inside)
        second = _other(rng, concern) if work.ending is Ending.FILED and rng.random() < _DIVIDED else None
        if sent_to is not None and work.ending is Ending.FILED:
            tail.count(sent_to)
        elif site.unit_code is not None and work.ending is Ending.FILED:
            tail.count(site.unit_code)
        return Story(
            number=number,
            source=source,
            concern=concern,
            second=second,
            site=site,
            vague=rng.random() < _VAGUE,
            received_at=at,
            desk=work,
            sent_to=sent_to,
        )

    def _resting(self) -> Iterator[Story]:
        """Tell of what lies at every desk when the time is over; more of each the larger the month."""
        urgent = [one for one in concerns() if (one.kind, one.category, one.condition) in _QUICK]
        building = next(one for one in concerns() if (one.kind, one.category, one.condition) == _TWO_DAYS)
        each = max(1, round(self.plan.cases / _CASES_A_REST))
        for number, (rest, _) in enumerate(((rest, n) for rest in Rest for n in range(each)), start=1):
            rng = Random(f"{self.plan.seed}:rest:{number}")
            concern = rng.choice(urgent) if rest in _SHORT else building
            since, until = _RESTS_SINCE[rest]
            at = self.plan.until - timedelta(hours=rng.uniform(since, until))
            source = rng.choice((Source.HOTLINE_12345, Source.CITIZEN))
            work = self.desk.handle(rng, at, source, concern, inside=True, plain=rest is not Rest.VERIFYING)
            if rest is Rest.VERIFYING:
                work = replace(work, asked_at=work.accepted_at, verified_at=None, filed_at=None)
            elif rest in {Rest.RECEIVED, Rest.ACCEPTED}:
                work = replace(work, filed_at=None)
            yield Story(
                number=-number,
                source=source,
                concern=concern,
                second=None,
                site=self.atlas.draw(rng, concern),
                vague=False,
                received_at=at,
                desk=work,
                rests=rest,
            )


class Tail:
    """Whose turn it is: the unit that has had least so far."""

    def __init__(self, atlas: Atlas) -> None:
        """Start with nobody having had anything."""
        self._atlas = atlas
        self._had = Counter(dict.fromkeys(atlas.units, 0))

    def count(self, unit_code: str) -> None:
        """Note a case."""
        self._had[unit_code] += 1

    def turn(self, rng: Random) -> tuple[Concern, Site, str | None]:
        """Return something for the unit that has had least; by hand where routing never finds it."""
        unit = min(self._had, key=self._share)
        if unit in self._atlas.routed:
            return *self._atlas.draw_for(rng, unit), None
        concern, site, _ = _what(rng, self._atlas)
        return concern, site, unit

    def _share(self, unit_code: str) -> tuple[int, str]:
        """Let those that only get something by hand be content with less."""
        had = self._had[unit_code]
        return (had if unit_code in self._atlas.routed else 2 * had), unit_code


def _what(rng: Random, atlas: Atlas) -> tuple[Concern, Site, str | None]:
    concern = rng.choices(_CONCERNS, cum_weights=_WEIGHTS)[0]
    return concern, atlas.draw(rng, concern), None


def _other(rng: Random, concern: Concern) -> Concern:
    """Return something else that is wrong at the same place."""
    same = [one for one in concerns() if one.ground == concern.ground and one.kind is Kind.EVENT and one != concern]
    return rng.choice(same) if same else concern


_SOURCES: Final = tuple(RHYTHMS)
_SHARES: Final = tuple(accumulate(rhythm.share for rhythm in RHYTHMS.values()))
_CONCERNS: Final = concerns()
_WEIGHTS: Final = tuple(accumulate(one.weight for one in _CONCERNS))
_CASES_A_REST: Final = 600
_TWO_DAYS: Final = (Kind.EVENT, "0101", 1)
"""Runs round the clock for 48 hours: its light is yellow from 33.6 hours on, whatever the calendar says."""
_QUICK: Final = ((Kind.EVENT, "0405", 1), (Kind.EVENT, "0406", 1), (Kind.EVENT, "0401", 1))
_SHORT: Final = frozenset({Rest.RED, Rest.DISPOSED, Rest.CHECKING, Rest.CHECKED, Rest.RECEIVED, Rest.ACCEPTED})
_RESTS_SINCE: Final = {
    Rest.RECEIVED: (0.1, 1.0),
    Rest.VERIFYING: (2.0, 5.0),
    Rest.ACCEPTED: (2.0, 5.0),
    Rest.FILED: (3.0, 9.0),
    Rest.YELLOW: (37.5, 45.0),
    Rest.RED: (12.0, 40.0),
    Rest.RETURN_ASKED: (6.0, 9.0),
    Rest.EXTENSION_ASKED: (24.0, 30.0),
    Rest.SUSPENDED: (30.0, 44.0),
    Rest.DISPOSED: (8.0, 20.0),
    Rest.CHECKING: (10.0, 24.0),
    Rest.CHECKED: (30.0, 44.0),
}
"""How many hours before the end a resting story begins, so that it has got there by then."""
