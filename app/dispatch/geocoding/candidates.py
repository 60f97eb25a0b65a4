"""From what an address says and what is known to candidates: where, how sure, and why. See docs/geocoding.md."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import exp
from typing import Final

from app.dispatch.geocoding.gazetteer import Confirmed, Known
from app.dispatch.geocoding.ground import Where, along, edge, moved
from app.dispatch.geocoding.phrases import Offset, Phrase
from app.dispatch.geocoding.readings import POINT_M, Candidate, read
from app.dispatch.geodesy import distance_m
from app.dispatch.set_codes import PlaceMatch

AT_MOST: Final = 10
_CONFIRMED: Final = 0.95
"""Already the first confirmation is believed more than any name."""
_DISPUTED: Final = 0.8
_VAGUE, _SIDE, _AROUND = 0.97, 0.95, 0.75
_ELSEWHERE: Final = 0.6
_FAR, _FAR_M = 0.15, 2000.0
_SAME_M: Final = 30.0
_LEAST: Final = 0.2
_BEHIND: Final = 0.5
"""What is worth less than this share of the best is not named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaning:
    """What speaks for one candidate rather than another: a place to be near, and the names of areas at a point."""

    near: Where | None = None
    areas_at: Callable[[float, float], Collection[str]] = lambda _lon, _lat: ()


def candidates(phrase: Phrase, known: Known, leaning: Leaning | None = None, *, asked: str = "") -> list[Candidate]:
    """Return what an address may mean, the best first, at most ten; equally good ones are all named.

    `asked` names what was confirmed by operators: they confirmed these words, not a place of the gazetteer.
    """
    found = [_offset(one, phrase) for anchor in phrase.anchors for one in read(anchor, known)]
    found += [one for anchor in phrase.beyond for one in read(anchor, known)]
    leaned = (_leaned(one, phrase.regions, leaning or Leaning()) for one in found)
    return _best([*leaned, *_confirmed(known.confirmed, asked)])


def _offset(one: Candidate, phrase: Phrase) -> Candidate:
    """Go from a candidate the ways that the phrase says."""
    if phrase.vague:
        matched = one.matched | {PlaceMatch.NEARBY}
        one = replace(one, score=one.score * _VAGUE, accuracy_m=max(one.accuracy_m, 50.0), matched=matched)
    for offset in phrase.offsets:
        one = _gone(one, offset)
    return one


def _gone(one: Candidate, offset: Offset) -> Candidate:
    matched = one.matched | {PlaceMatch.OFFSET}
    start = one.lon, one.lat
    if offset.heading is None:
        accuracy_m = max(one.accuracy_m, offset.metres or 0.0)
        return replace(one, score=one.score * _AROUND, accuracy_m=accuracy_m, matched=matched)
    if offset.metres is None:
        lon, lat = edge(one.shape, offset.heading) if one.shape is not None else start
        return replace(one, lon=lon, lat=lat, score=one.score * _SIDE, matched=matched, shape=None)
    way = along(one.roads, start, offset.heading, offset.metres) or moved(start, offset.heading, offset.metres)
    accuracy_m = one.accuracy_m + 0.1 * offset.metres
    return replace(one, lon=way[0], lat=way[1], accuracy_m=accuracy_m, matched=matched, shape=None)


def _leaned(one: Candidate, regions: Sequence[str], leaning: Leaning) -> Candidate:
    """Weigh the region that is named and how near it is; nothing is worth more for it, the others are worth less."""
    if regions:
        inside = set(regions) <= set(leaning.areas_at(one.lon, one.lat))
        matched = one.matched | {PlaceMatch.REGION} if inside else one.matched
        one = replace(one, score=one.score * (1 if inside else _ELSEWHERE), matched=matched)
    if leaning.near is not None:
        far = 1 - exp(-distance_m(leaning.near, (one.lon, one.lat)) / _FAR_M)
        one = replace(one, score=one.score * (1 - _FAR * far))
    return one


def _confirmed(confirmed: Sequence[Confirmed], asked: str) -> Iterator[Candidate]:
    total = sum(one.count for one in confirmed)
    for one in confirmed:
        share = _DISPUTED + (1 - _DISPUTED) * one.count / total
        yield Candidate(
            lon=one.lon,
            lat=one.lat,
            name=asked,
            kind="confirmed",
            score=(1 - (1 - _CONFIRMED) / one.count) * share,
            accuracy_m=POINT_M,
            matched=frozenset({PlaceMatch.CONFIRMED}),
        )


def _best(found: Iterable[Candidate]) -> list[Candidate]:
    """Return the best, each place once: what has the same name a few metres off is the same place."""
    kept: list[Candidate] = []
    ordered = sorted(found, key=lambda one: (-one.score, one.name, one.lon, one.lat))
    for one in ordered:
        same = any(
            one.name == other.name and distance_m((one.lon, one.lat), (other.lon, other.lat)) <= _SAME_M
            for other in kept
        )
        if not same and one.score >= max(_LEAST, _BEHIND * ordered[0].score):
            kept.append(replace(one, score=round(one.score, 3)))
    return kept[:AT_MOST]
