"""Whether a point's accuracy leaves it open who is responsible."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from math import prod
from typing import Final, TypeAlias

from shapely import Point
from shapely.affinity import affine_transform
from shapely.geometry.base import BaseGeometry

from app.dispatch.geodesy import metres_per_degree
from app.dispatch.grid import CellIndex
from app.dispatch.responsibility import Decision, Matter, Place
from app.dispatch.routing import RuleBook
from app.dispatch.zones import Zone, ZoneIndex

ACCURACY_LIMIT_M: Final = 200.0  # house rule: beyond that a point says too little to name neighbours by
_SLIVER_M2: Final = 0.01  # what is left of two borders that should be one
_WORTH_ASKING: Final = 24
"""Decisions that take about as long as cutting the circle."""

PlaceOf: TypeAlias = Callable[[str, Mapping[str, str]], Place]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """Another unit that would be responsible somewhere within the accuracy circle, and where."""

    unit_code: str | None
    cell_code: str
    zones: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """A part of the circle, in metres around the point, that lies in one cell and one zone per class at most."""

    cell_code: str
    zones: Mapping[str, str]
    shape: BaseGeometry


def near_boundary(
    lon: float,
    lat: float,
    accuracy_m: float,
    *,
    cells: CellIndex,
    zones: ZoneIndex,
    book: RuleBook,
    place_of: PlaceOf,
    matter: Matter,
    at: datetime,
    maintainer: str | None = None,
    decided: Decision,
) -> tuple[Alternative, ...]:
    """Return the other units, one entry each, that the accuracy circle meets; empty when nothing is in doubt.

    `decided` is the decision for the point itself; `place_of` completes a cell and zones to a place. Nothing is cut
    where all that could be cut has the same unit.
    """
    radius_m = min(accuracy_m, ACCURACY_LIMIT_M)
    near = cells.near(lon, lat, radius_m), zones.near(lon, lat, at, radius_m)
    could_be = _combinations(*near)
    if could_be is not None and all(
        book.decide(place_of(code, named), matter, at, maintainer=maintainer).unit_code == decided.unit_code
        for code, named in could_be
    ):
        return ()
    found: dict[str | None, Alternative] = {}
    for face in faces(lon, lat, accuracy_m, cells=cells, zones=zones, at=at):
        there = book.decide(place_of(face.cell_code, face.zones), matter, at, maintainer=maintainer)
        if there.unit_code != decided.unit_code and there.unit_code not in found:
            found[there.unit_code] = Alternative(unit_code=there.unit_code, cell_code=face.cell_code, zones=face.zones)
    return tuple(found.values())


def faces(lon: float, lat: float, accuracy_m: float, *, cells: CellIndex, zones: ZoneIndex, at: datetime) -> list[Face]:
    """Cut the accuracy circle by cells, then by the zones of each class; the lowest code takes overlaps."""
    radius_m = min(accuracy_m, ACCURACY_LIMIT_M)
    if radius_m <= 0.0:
        return []
    near_cells, near_zones = cells.near(lon, lat, radius_m), zones.near(lon, lat, at, radius_m)
    if len(near_cells) + len(near_zones) <= 1:
        return []
    circle, (east_m, north_m) = Point(0.0, 0.0).buffer(radius_m), metres_per_degree(lat)
    local = [east_m, 0.0, 0.0, north_m, -lon * east_m, -lat * north_m]
    parts = [
        Face(cell_code=code, zones={}, shape=affine_transform(polygon, local).intersection(circle))
        for code, polygon in near_cells
    ]
    by_class: dict[str, list[Zone]] = {}
    for zone in sorted(near_zones, key=lambda zone: zone.code):
        by_class.setdefault(zone.zone_class, []).append(zone)
    for same_class in by_class.values():
        shapes = [(zone, affine_transform(zone.polygon, local)) for zone in same_class]
        parts = [piece for part in parts for piece in _cut(part, shapes)]
    return [part for part in parts if part.shape.area > _SLIVER_M2]


def _combinations(
    cells: Sequence[tuple[str, BaseGeometry]], zones: Sequence[Zone]
) -> list[tuple[str, Mapping[str, str]]] | None:
    """Return every cell with every choice of one zone a class at most; None where that is more work than cutting."""
    by_class: dict[str, list[Zone | None]] = {}
    for zone in zones:
        by_class.setdefault(zone.zone_class, [None]).append(zone)
    if len(cells) * prod(len(same_class) for same_class in by_class.values()) > _WORTH_ASKING:
        return None
    choices = [
        {zone.zone_class: zone.code for zone in choice if zone is not None} for choice in product(*by_class.values())
    ]
    return [(code, named) for code, _ in cells for named in choices]


def _cut(part: Face, shapes: Sequence[tuple[Zone, BaseGeometry]]) -> list[Face]:
    """Divide a part among zones of one class, and what no zone has."""
    pieces, rest = [], part.shape
    for zone, shape in shapes:
        shared = rest.intersection(shape)
        if shared.area > _SLIVER_M2:
            named = {**part.zones, zone.zone_class: zone.code}
            pieces.append(Face(cell_code=part.cell_code, zones=named, shape=shared))
            rest = rest.difference(shape)
    return [*pieces, Face(cell_code=part.cell_code, zones=part.zones, shape=rest)]
