"""Metres around a point: crossings of roads, ways along them and away from them, the middle and the edge of shapes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import atan2, cos, degrees, hypot, radians, sin
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, Point
from shapely.geometry.base import BaseGeometry

from app.dispatch.geodesy import metres_per_degree

Where = tuple[float, float]
"""Degrees east and north."""

_MISSED_M: Final = 40.0
"""Lines that end so near to each other are drawn as roads that meet."""
_ONE_CROSSING_M: Final = 60.0
"""Carriageways of one road cross another at several points: so near to each other they are one crossing."""
_ON_ROAD_M: Final = 30.0
_TURNED: Final = 50.0
"""Degrees by which a road may turn away from the direction that is said."""
_LINEAR: Final = frozenset({"LineString", "MultiLineString", "LinearRing"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """A flat map around a point: metres east and north of it. Good to 1 m within some kilometres."""

    lon: float
    lat: float

    def flat(self, shape: BaseGeometry) -> BaseGeometry:
        """Return a shape in metres."""
        scale, origin = np.array(metres_per_degree(self.lat)), np.array([self.lon, self.lat])

        def moved(points: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.asarray((points - origin) * scale)

        return shapely.transform(shape, moved)

    def degrees(self, east: float, north: float) -> Where:
        """Return the place of some metres east and north; measured half way, as far as latitude goes."""
        _, per_lat = metres_per_degree(self.lat)
        lat = self.lat + north / per_lat
        per_lon, per_lat = metres_per_degree((self.lat + lat) / 2)
        return self.lon + east / per_lon, self.lat + north / per_lat


def is_line(shape: BaseGeometry) -> bool:
    """Tell whether a shape is one of a road."""
    return shape.geom_type in _LINEAR


def middle(shape: BaseGeometry) -> Where:
    """Return a point that stands for a shape: of a line half way, of an area one within it."""
    if is_line(shape):
        parts = shapely.get_parts(shape)
        found = parts[int(np.argmax(shapely.length(parts)))].interpolate(0.5, normalized=True)
    else:
        found = shape.centroid if shape.covers(shape.centroid) else shape.representative_point()
    return float(found.x), float(found.y)


def extent_m(shape: BaseGeometry) -> float:
    """Return how far a shape reaches from its middle, in metres."""
    west, south, east, north = shape.bounds
    per_lon, per_lat = metres_per_degree((south + north) / 2)
    return hypot((east - west) * per_lon, (north - south) * per_lat) / 2


def moved(start: Where, heading: float, metres: float) -> Where:
    """Return where one gets straight ahead; `heading` in degrees from north through east."""
    angle = radians(heading)
    return Plane(lon=start[0], lat=start[1]).degrees(metres * sin(angle), metres * cos(angle))


def heading_of(start: Where, end: Where) -> float:
    """Return the direction from one place to another, 0 to 360."""
    per_lon, per_lat = metres_per_degree((start[1] + end[1]) / 2)
    return degrees(atan2((end[0] - start[0]) * per_lon, (end[1] - start[1]) * per_lat)) % 360


def turned(one: float, other: float) -> float:
    """Return the angle between two directions, 0 to 180."""
    return abs((one - other + 180) % 360 - 180)


def along(roads: Sequence[BaseGeometry], start: Where, heading: float, metres: float) -> Where | None:
    """Return where one gets along a road that leads that way; None where none does, or where it ends before."""
    plane = Plane(lon=start[0], lat=start[1])
    lines = [plane.flat(one) for one in roads if is_line(one)]
    if not lines:
        return None
    joined = shapely.line_merge(shapely.union_all(lines))
    best: tuple[float, Where] | None = None
    for part in shapely.get_parts(joined).tolist():
        if part.distance(Point(0, 0)) > _ON_ROAD_M:
            continue
        at = part.project(Point(0, 0))
        for reached in (at + metres, at - metres):
            if not 0 <= reached <= part.length:
                continue
            end, begin = part.interpolate(reached), part.interpolate(at)
            off = turned(degrees(atan2(end.x - begin.x, end.y - begin.y)), heading)
            if off <= _TURNED and (best is None or off < best[0]):
                best = off, plane.degrees(end.x, end.y)
    return best[1] if best else None


def edge(shape: BaseGeometry, heading: float) -> Where:
    """Return the point of an area's outline that lies that way from its middle; of anything else its middle."""
    start = middle(shape)
    if "Polygon" not in shape.geom_type:
        return start
    far = moved(start, heading, 4 * extent_m(shape) + 1)
    met = shapely.intersection(shapely.boundary(shape), LineString([start, far]))
    if met.is_empty:
        return start
    points = shapely.get_coordinates(met)
    last = points[int(np.argmax(np.hypot(*(points - np.array(start)).T)))]
    return float(last[0]), float(last[1])


def crossings(ones: Iterable[BaseGeometry], others: Iterable[BaseGeometry]) -> list[Where]:
    """Return where two roads meet, each given as its lines; in the order of degrees east."""
    one, other = list(ones), list(others)
    if not one or not other:
        return []
    plane = Plane(**dict(zip(("lon", "lat"), middle(one[0]), strict=True)))
    a, b = (
        shapely.union_all([plane.flat(line) for line in one]),
        shapely.union_all([plane.flat(line) for line in other]),
    )
    met = shapely.intersection(a, b)
    if met.is_empty:
        if shapely.distance(a, b) > _MISSED_M:
            return []
        met = shapely.shortest_line(a, b).centroid
    parts = [part.centroid for part in shapely.get_parts(met).tolist()]
    # back by the same scale: what meets in metres meets in degrees
    scale = metres_per_degree(plane.lat)
    places = [(plane.lon + part.x / scale[0], plane.lat + part.y / scale[1]) for part in parts]
    return sorted(_gathered(places, plane))


def _gathered(places: Sequence[Where], plane: Plane) -> list[Where]:
    """Return one place for each group of places near each other: the middle of the group."""
    groups: list[list[Where]] = []
    per_lon, per_lat = metres_per_degree(plane.lat)
    for place in sorted(places):
        for group in groups:
            if any(hypot((place[0] - x) * per_lon, (place[1] - y) * per_lat) <= _ONE_CROSSING_M for x, y in group):
                group.append(place)
                break
        else:
            groups.append([place])
    return [(sum(x for x, _ in one) / len(one), sum(y for _, y in one) / len(one)) for one in groups]
