"""From a point to words: the door, the compound, the crossing or the road by which people would name it."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import shapely
from shapely import Point

from app.dispatch.geocoding.gazetteer import Place
from app.dispatch.geocoding.ground import Plane, Where, crossings, heading_of, is_line, middle
from app.dispatch.geocoding.parsing import door_of
from app.dispatch.geocoding.phrases import HEADINGS
from app.dispatch.geocoding.readings import POINT_M, Candidate
from app.dispatch.geodesy import distance_m
from app.dispatch.set_codes import PlaceMatch

REACH_M: Final = 300.0
AT_MOST: Final = 5
_AT_CROSSING_M: Final = 15.0
_ON_ROAD_M: Final = 40.0
_BESIDE_M: Final = 40.0
_EIGHTH: Final = 45.0
_WITHIN, _BY_DOOR, _BY_CROSSING, _BY_NAME, _BY_ROAD = 0.9, 0.95, 0.9, 0.8, 0.5


def describe(lon: float, lat: float, places: Iterable[Place]) -> list[Candidate]:
    """Return phrases for a point, the best first; `places` are those around it. `lon` and `lat` stay the point's.

    What it lies within, the door next to it, the crossing along its road, what has a name nearby, its road.
    """
    around = sorted(((_metres(lon, lat, one), one) for one in places), key=lambda pair: (pair[0], pair[1].number))
    near = [(far, one) for far, one in around if far <= REACH_M]
    found = [*_by_things(lon, lat, near), *_by_roads(lon, lat, near)]
    return sorted(found, key=lambda one: (-one.score, one.name))[:AT_MOST]


def _metres(lon: float, lat: float, place: Place) -> float:
    return float(shapely.distance(Plane(lon=lon, lat=lat).flat(place.shape), Point(0, 0)))


def _by_things(lon: float, lat: float, near: Sequence[tuple[float, Place]]) -> Iterator[Candidate]:
    """Yield what it lies within, the nearest door, and the nearest other thing."""
    things = [(far, one) for far, one in near if not is_line(one.shape)]
    areas = [(far, one) for far, one in things if far == 0 and "Polygon" in one.shape.geom_type]
    doors = [(far, one) for far, one in things if door_of(one.name) is not None]
    others = [pair for pair in things if pair not in doors and pair not in areas]
    for _, one in areas[:1]:
        yield _said(lon, lat, f"{one.name}内", one.kind, _WITHIN, PlaceMatch.NAME)
    for pairs, base, match in ((doors, _BY_DOOR, PlaceMatch.DOOR), (others, _BY_NAME, PlaceMatch.NAME)):
        for far, one in pairs[:1]:
            words = f"{one.name}附近" if far <= _BESIDE_M else one.name + _way(middle(one.shape), (lon, lat))
            yield _said(lon, lat, words, one.kind, base * (1 - far / (2 * REACH_M)), match)


def _by_roads(lon: float, lat: float, near: Sequence[tuple[float, Place]]) -> Iterator[Candidate]:
    """Yield its road, by the nearest crossing where there is one."""
    roads = [(far, one) for far, one in near if is_line(one.shape)]
    own = next((one for far, one in roads if far <= _ON_ROAD_M), None)
    if own is None:
        return
    yield _said(lon, lat, f"{own.name}附近", own.kind, _BY_ROAD, PlaceMatch.ROAD)
    met = [
        (distance_m((lon, lat), where), where, other)
        for _, other in roads
        if other.name != own.name
        for where in crossings([own.shape], [other.shape])
    ]
    if not met:
        return
    far, where, other = min(met, key=lambda found: (found[0], found[2].name))
    crossing = f"{own.name}与{other.name}交叉口"
    words = crossing if far <= _AT_CROSSING_M else crossing + _way(where, (lon, lat))
    yield _said(lon, lat, words, "crossing", _BY_CROSSING * (1 - far / (4 * REACH_M)), PlaceMatch.CROSSING)


def _way(start: Where, end: Where) -> str:
    """Return the way from one place to another in words: 向西50米."""
    near = round(heading_of(start, end) / _EIGHTH) * _EIGHTH % 360
    word = next(name for name, heading in HEADINGS.items() if heading == near)
    return f"向{word}{max(round(distance_m(start, end)), 1)}米"


def _said(lon: float, lat: float, words: str, kind: str, score: float, match: PlaceMatch) -> Candidate:
    return Candidate(
        lon=lon,
        lat=lat,
        name=words,
        kind=kind,
        score=round(max(score, 0.0), 3),
        accuracy_m=POINT_M,
        matched=frozenset({match}),
    )
