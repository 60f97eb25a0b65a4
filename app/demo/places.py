"""Named places of the demo city: its roads with doors along them, and what its zones are called."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import shapely

from app.demo.plane import on_grid
from app.demo.roads import WIDTHS, Road
from app.demo.rows import PlaceRow, ZoneRow

_EVERY: Final = 80.0  # metres between two doors of a side that are on file; those between follow from them
_A_NUMBER: Final = 5.0  # metres of road that one number takes
_BEHIND_KERB: Final = 4.0
_SHORTEST: Final = 10.0
_LEFT_OUT: Final = {"compound": "小区", "market": "农贸"}
"""What people leave out of a name."""
_OF_ZONES: Final = frozenset({"compound", "green", "water", "market"})


def name_places(roads: Sequence[Road], zones: Sequence[ZoneRow]) -> tuple[PlaceRow, ...]:
    """Return the places in a fixed order: roads, their doors, then zones by code; geometry in degrees."""
    whole = _whole_roads(roads)
    rows = [_row(name, "road", on_grid(line)) for name, (line, _) in whole.items()]
    for name, (line, width) in whole.items():
        rows += _doors(name, line, width)
    rows += [_zone(zone) for zone in zones if zone.zone_class in _OF_ZONES]
    return tuple(rows)


def _whole_roads(roads: Sequence[Road]) -> dict[str, tuple[shapely.Geometry, float]]:
    """Return the middle line of each road, its stretches joined, with its width in metres."""
    stretches: dict[str, list[Road]] = defaultdict(list)
    for road in roads:
        stretches[road.name].append(road)
    return {
        name: (shapely.line_merge(shapely.union_all([one.middle for one in some])), WIDTHS[some[0].grade])
        for name, some in sorted(stretches.items())
    }


def _doors(name: str, line: shapely.Geometry, width: float) -> Iterator[PlaceRow]:
    """Yield doors: odd numbers left of the line, even ones right of it; numbers grow along the whole road."""
    before = 0.0
    aside = width / 2 + _BEHIND_KERB
    for part in shapely.get_parts(line).tolist():
        for at in np.arange(_SHORTEST, part.length, _EVERY).tolist():
            here, ahead = part.interpolate(at), part.interpolate(min(at + 1.0, part.length))
            back = part.interpolate(at - 1.0)
            east, north = ahead.x - back.x, ahead.y - back.y
            scale = aside / float(np.hypot(east, north))
            number = 2 * int((before + at) // (2 * _A_NUMBER)) + 1
            for side, door in ((1, number), (-1, number + 1)):
                place = shapely.Point(here.x - side * north * scale, here.y + side * east * scale)
                yield _row(f"{name}{door}号", "door", on_grid(place))
        before += part.length


def _zone(zone: ZoneRow) -> PlaceRow:
    short = zone.name.replace(_LEFT_OUT.get(zone.zone_class, " "), "")
    aliases = () if short == zone.name else (short,)
    return PlaceRow(name=zone.name, kind=zone.zone_class, aliases=aliases, geometry=zone.geometry)


def _row(name: str, kind: str, geometry: shapely.Geometry) -> PlaceRow:
    return PlaceRow(name=name, kind=kind, aliases=(), geometry=geometry)
