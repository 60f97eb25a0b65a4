"""Whom to send to look: who is there, of that beat or near, with the least in hand; by lot among equals.

The lot is a digest of what is sent to, which step of its history it is, and the recorded instant of that step: nobody
can foresee it, and everybody can draw it again from the history. Source: domain design §2, house rule.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final
from uuid import UUID

from app.dispatch.access import CITY_DESK
from app.dispatch.case_life import Spot
from app.dispatch.rosters import Roster, on_from, walked
from app.dispatch.task_codes import SentBecause, WhoMayCheck

_AS_NEAR_M: Final = 1.0
"""Beats whose distances differ by less are equally near."""
_LOTS: Final = 2**64

Away = Callable[[Spot, Iterable[str]], float | None]
"""From a spot and some beats to the metres to the nearest of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspector:
    """An active inspector: how far he reaches, his rosters, how many tasks he has in hand.

    `reaches`: by appointment its desk and region, None for all that the desk has. `rostered` False: nobody ever made a
    roster for him, he is on shift round the clock. `rosters` may leave out those that have ended.
    """

    account_id: UUID
    reaches: frozenset[tuple[str, str | None]] = frozenset()
    rostered: bool = False
    rosters: tuple[Roster, ...] = ()
    load: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An inspector as he stands to one thing at one instant.

    `on_from` is when his shift begins, now or later; None where none is known. `away_m` from the thing to his beats.
    """

    account_id: UUID
    on_shift: bool = True
    on_from: datetime | None = None
    of_beat: bool = False
    away_m: float | None = None
    load: int = 0

    def fit(self, near_m: float) -> SentBecause:
        """Return why he would be sent."""
        if not self.on_shift:
            return SentBecause.OFF_SHIFT
        if self.of_beat:
            return SentBecause.OF_BEAT
        near = self.away_m is not None and self.away_m <= near_m
        return SentBecause.NEAREST if near else SentBecause.IN_REACH

    def is_near(self, near_m: float) -> bool:
        """Tell whether he is there and not known to be far."""
        return self.on_shift and (self.of_beat or self.away_m is None or self.away_m <= near_m)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Who is to be sent, and why."""

    candidate: Candidate
    because: SentBecause


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Between whom to draw: who reported the thing, who may look at it, what counts as near, and the lot's seed."""

    reporter_id: UUID | None
    who: WhoMayCheck
    near_m: float
    seed: str


def candidates(
    inspectors: Iterable[Inspector], spot: Spot, desk: str, at: datetime, away: Away
) -> tuple[Candidate, ...]:
    """Return those who reach a spot or walk its beat, as they stand to it; the city's serve every desk."""
    found = (_standing(one, spot, {CITY_DESK, desk}, at, away) for one in inspectors)
    return tuple(one for one in found if one is not None)


def draw(
    found: Sequence[Candidate], terms: Terms, *, avoid: Collection[UUID] = (), had: Collection[UUID] = ()
) -> Drawn | None:
    """Draw one of the best fit; nobody is sent whom the policy forbids, who is to be avoided, or who had it before.

    Those who had it count where the policy asks whether another than the reporter is near; those to be avoided do not.

    In order: on shift and of that beat; on shift and of the nearest beat; on shift and in reach; off shift. Within
    these who has least in hand, and by lot among equals.
    """
    pool = _allowed([one for one in found if one.account_id not in avoid], terms)
    pool = [one for one in pool if one.account_id not in had]
    if not pool:
        return None
    order = list(SentBecause)
    best = min((one.fit(terms.near_m) for one in pool), key=order.index)
    pool = [one for one in pool if one.fit(terms.near_m) is best]
    if best is SentBecause.NEAREST:
        nearest_m = min(one.away_m or 0.0 for one in pool)
        pool = [one for one in pool if (one.away_m or 0.0) < nearest_m + _AS_NEAR_M]
    least = min(one.load for one in pool)
    equals = [one for one in pool if one.load == least]
    chosen = min(equals, key=lambda one: _digest(f"{terms.seed}:{one.account_id}"))
    return Drawn(candidate=chosen, because=best)


def may_look(account_id: UUID, terms: Terms) -> bool:
    """Tell whether a named inspector may look; only `other_only` keeps the desk from naming the reporter."""
    return terms.who is not WhoMayCheck.OTHER_ONLY or account_id != terms.reporter_id


def goes_on(seed: str, share: float) -> bool:
    """Tell by lot whether a check is looked at once more."""
    return int.from_bytes(_digest(f"{seed}:again")[:8]) < share * _LOTS


def _allowed(found: list[Candidate], terms: Terms) -> list[Candidate]:
    """Leave out the reporter as the policy says; `other_if_near`: while another is near, or he himself is not."""
    if terms.who is WhoMayCheck.SAME_ALLOWED:
        return found
    others = [one for one in found if one.account_id != terms.reporter_id]
    if terms.who is WhoMayCheck.OTHER_ONLY:
        return others
    near = [one for one in others if one.is_near(terms.near_m)]
    same = [one for one in found if one.account_id == terms.reporter_id]
    if near or not same:
        return near or others
    return same if same[0].is_near(terms.near_m) or not others else others


def _standing(one: Inspector, spot: Spot, desks: Collection[str], at: datetime, away: Away) -> Candidate | None:
    regions = {region for desk, region in one.reaches if desk in desks}
    in_reach = None in regions or not regions.isdisjoint(spot.regions)
    if not one.rostered:
        return Candidate(account_id=one.account_id, on_from=at, load=one.load) if in_reach else None
    begins = on_from(one.rosters, at)
    on_shift = begins == at
    beats = walked(one.rosters, at) if on_shift else frozenset(c for r in one.rosters for c in r.beat_codes)
    of_beat = beats is not None and spot.beat_code in beats
    if not regions or not (in_reach or of_beat):
        return None
    return Candidate(
        account_id=one.account_id,
        on_shift=on_shift,
        on_from=begins,
        of_beat=of_beat,
        away_m=away(spot, beats) if beats else None,
        load=one.load,
    )


def _digest(text: str) -> bytes:
    return sha256(text.encode()).digest()
