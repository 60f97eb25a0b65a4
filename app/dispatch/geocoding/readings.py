"""One way to read an address against what is known: the places it may mean, how sure each is, and why.

Scores are house rules from 0 to 1; see docs/geocoding.md.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from shapely.geometry.base import BaseGeometry

from app.dispatch.geocoding.gazetteer import Hit, Known, KnownDoor, bases_of, crossing_key
from app.dispatch.geocoding.ground import Where, along, crossings, extent_m, heading_of, is_line, middle
from app.dispatch.geocoding.phrases import Anchor, Crossing, Door, Named, Stretch
from app.dispatch.geodesy import distance_m
from app.dispatch.set_codes import PlaceMatch

DOOR, CROSSING, NAME, STRETCH, ROAD = 0.93, 0.92, 0.92, 0.8, 0.55
BETWEEN_DOORS, NEXT_DOOR = 0.75, 0.6
UNCOVERED: Final = 0.4
"""What is left of a score where a name covers next to nothing of what was said."""
LIKE: Final = 0.8
POINT_M: Final = 20.0
_NEXT_NUMBERS: Final = 10
_ONE_STREET_M: Final = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A place that an address may mean; `shape` and `roads` are what one may go on from there."""

    lon: float
    lat: float
    name: str
    kind: str
    score: float
    accuracy_m: float
    matched: frozenset[PlaceMatch]
    shape: BaseGeometry | None = None
    roads: tuple[BaseGeometry, ...] = ()


def read(anchor: Anchor, known: Known) -> Iterator[Candidate]:
    """Yield the places that one way to read an address may mean."""
    match anchor:
        case Crossing():
            return _crossing(anchor, known)
        case Stretch():
            return _stretch(anchor, known)
        case Door():
            return _door(anchor, known)
        case Named():
            return _named(anchor, known)


def _crossing(anchor: Crossing, known: Known) -> Iterator[Candidate]:
    own = crossing_key(anchor)
    yield from (_at(hit, CROSSING, PlaceMatch.CROSSING) for hit in known.hits if hit.key == own)
    a, b = (_roads(name, known) for name in anchor.roads)
    if not a or not b:
        return
    sure = CROSSING * _covers(a[0], anchor.roads[0]) * _covers(b[0], anchor.roads[1])
    for lon, lat in crossings(_shapes(a), _shapes(b)):
        yield Candidate(
            lon=lon,
            lat=lat,
            name=f"{a[0].place.name}与{b[0].place.name}交叉口",
            kind="crossing",
            score=sure,
            accuracy_m=POINT_M,
            matched=_why(a[0]) | _why(b[0]) | {PlaceMatch.CROSSING},
            roads=(*_shapes(a), *_shapes(b)),
        )


def _stretch(anchor: Stretch, known: Known) -> Iterator[Candidate]:
    road, start, end = (_roads(name, known) for name in (anchor.road, anchor.start, anchor.end))
    if not (road and start and end):
        return
    lines = _shapes(road)
    for a in crossings(lines, _shapes(start)):
        for b in crossings(lines, _shapes(end)):
            length = distance_m(a, b)
            straight = ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2)
            lon, lat = along(lines, a, heading_of(a, b), length / 2) or straight
            yield Candidate(
                lon=lon,
                lat=lat,
                name=f"{road[0].place.name}（{start[0].place.name}至{end[0].place.name}段）",
                kind="road",
                score=STRETCH * _covers(road[0], anchor.road),
                accuracy_m=max(length / 2, POINT_M),
                matched=_why(road[0]) | {PlaceMatch.STRETCH},
                roads=tuple(lines),
            )


def _door(anchor: Door, known: Known) -> Iterator[Candidate]:
    """Yield the door itself, or, street by street, a point between its neighbours on the same side."""
    bases = bases_of(anchor, known.hits)
    most = max((bases.get(one.base, 0) for one in known.doors), default=0)
    doors = [one for one in known.doors if most and bases.get(one.base, 0) == most]
    exact = [one for one in doors if one.number == anchor.number]
    for one in exact:
        yield _by_door(one, middle(one.place.shape), one.place.name, DOOR, POINT_M, PlaceMatch.DOOR)
    same_side = [one for one in doors if one.number % 2 == anchor.number % 2]
    for street in () if exact else _streets(same_side):
        before = max((one for one in street if one.number < anchor.number), key=_number, default=None)
        behind = min((one for one in street if one.number > anchor.number), key=_number, default=None)
        if before is not None and behind is not None:
            yield _between(before, behind, anchor.number)
        elif (next_to := before or behind) is not None and abs(next_to.number - anchor.number) <= _NEXT_NUMBERS:
            where = middle(next_to.place.shape)
            yield _by_door(next_to, where, next_to.place.name, NEXT_DOOR, 100.0, PlaceMatch.NEXT_DOOR)


def _between(before: KnownDoor, behind: KnownDoor, number: int) -> Candidate:
    a, b = middle(before.place.shape), middle(behind.place.shape)
    share = (number - before.number) / (behind.number - before.number)
    where = a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])
    name = before.place.name.replace(str(before.number), str(number), 1)
    return _by_door(before, where, name, BETWEEN_DOORS, max(distance_m(a, b) / 2, POINT_M), PlaceMatch.BETWEEN_DOORS)


def _by_door(door: KnownDoor, where: Where, name: str, score: float, accuracy_m: float, match: PlaceMatch) -> Candidate:
    return Candidate(
        lon=where[0],
        lat=where[1],
        name=name,
        kind=door.place.kind,
        score=score,
        accuracy_m=accuracy_m,
        matched=frozenset({match}),
    )


def _number(door: KnownDoor) -> int:
    return door.number


def _streets(doors: Sequence[KnownDoor]) -> list[list[KnownDoor]]:
    """Return doors by street: another street of the same name lies farther off than the next number."""
    streets: list[list[KnownDoor]] = []
    for one in sorted(doors, key=lambda door: (door.number, door.place.number)):
        where = middle(one.place.shape)
        own = (street for street in streets if distance_m(middle(street[-1].place.shape), where) <= _ONE_STREET_M)
        street = next(own, None)
        if street is None:
            streets.append([one])
        else:
            street.append(one)
    return streets


def _named(anchor: Named, known: Known) -> Iterator[Candidate]:
    """Yield what has a name that is said, or, where none is, one that is like it; longer names before those in them."""
    said = [hit for hit in known.hits if hit.likeness == 1 and hit.key in anchor.text]
    keys = {hit.key for hit in said}
    whole = {key for key in keys if not any(key != other and key in other for other in keys)}
    for hit in said:
        if hit.key in whole:
            base = ROAD if is_line(hit.place.shape) else NAME
            kind = PlaceMatch.ROAD if is_line(hit.place.shape) else None
            yield _at(hit, base * _cover(hit.key, anchor), kind)
    for hit in known.hits if not said else ():
        if hit.likeness < 1:
            yield _at(hit, NAME * LIKE * hit.likeness, None)


def _at(hit: Hit, score: float, match: PlaceMatch | None) -> Candidate:
    shape = hit.place.shape
    lon, lat = middle(shape)
    return Candidate(
        lon=lon,
        lat=lat,
        name=hit.place.name,
        kind=hit.place.kind,
        score=score,
        accuracy_m=max(extent_m(shape), POINT_M),
        matched=_why(hit) | ({match} if match else frozenset()),
        shape=shape,
        roads=(shape,) if is_line(shape) else (),
    )


def _why(hit: Hit) -> frozenset[PlaceMatch]:
    if hit.likeness < 1:
        return frozenset({PlaceMatch.SIMILAR})
    return frozenset({PlaceMatch.ALIAS if hit.alias else PlaceMatch.NAME})


def _roads(name: str, known: Known) -> list[Hit]:
    """Return the lines of the road that a text names: the longest name that ends it, else that stands in it."""
    lines = [hit for hit in known.hits if hit.likeness == 1 and hit.key in name and is_line(hit.place.shape)]
    best = max(((name.endswith(hit.key), len(hit.key), hit.key) for hit in lines), default=None)
    return [hit for hit in lines if best is not None and hit.key == best[2]]


def _shapes(hits: Sequence[Hit]) -> list[BaseGeometry]:
    return [hit.place.shape for hit in hits]


def _cover(key: str, anchor: Named) -> float:
    """Return how far a name explains what is said: 1 where it says all but house and flat."""
    return UNCOVERED + (1 - UNCOVERED) * min(len(key) / len(anchor.core), 1.0)


def _covers(hit: Hit, said: str) -> float:
    return UNCOVERED + (1 - UNCOVERED) * len(hit.key) / len(said)
