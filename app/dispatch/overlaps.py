"""Which zones overlap within a cell, told by areas: cutting the parts out one by one would take ten times as long.

The area of what several pieces share is measured for every set of pieces that meet. By inclusion and exclusion that
gives the area of each part that lies in exactly these pieces. Where such a part may be too thin to be a face, or
more than six pieces meet, the cell is doubtful and is cut.
"""

from dataclasses import dataclass
from itertools import combinations
from typing import Final, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from app.dispatch.locator import EDGE_M
from app.dispatch.mosaic import Floats, Ints, spread

Shapes: TypeAlias = NDArray[np.object_]
Flags: TypeAlias = NDArray[np.bool_]

SMALLEST_M2: Final = 1e-6
GRID_M: Final = 1e-5  # where overlay snaps, it moves nothing by more than a hundredth of the edge tolerance
_ROUNDING: Final = 1e-9
_AREAL: Final = 2
_DEEPEST: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The cell and the zone of each piece, ordered by both; `starts[c]` is the first piece of cell c.

    `classes` numbers the class of each zone.
    """

    cell: Ints
    zone: Ints
    starts: Ints
    classes: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """Sets of pieces that share a part: `members` (n, k) ascending, `parents` the set each grew from, measures."""

    members: Ints
    parents: Ints
    shapes: Shapes
    area: Floats
    border: Floats


def wide(shapes: Shapes) -> Flags:
    """Tell which shapes are faces at all; the width is measured only where area and border leave it open."""
    area, border = shapely.area(shapes), shapely.length(shapes)
    clear: Flags = (area >= SMALLEST_M2) & ~_unclear(area, border)
    thin = np.flatnonzero(_unclear(area, border))
    clear[thin] = ~shapely.is_empty(shapely.buffer(shapes[thin], -EDGE_M))
    return clear


def shared(one: Shapes, other: Shapes) -> Shapes:
    """Return what pairs of shapes share; nothing is cut where one lies within the other.

    Overlay in floating point may answer a whole shape where borders almost coincide; that is cut again on a grid.
    """
    shapely.prepare(one)
    shapely.prepare(other)
    inner, outer = shapely.contains_properly(one, other), shapely.contains_properly(other, one)
    found: Shapes = np.where(inner, other, one)
    crossing = np.flatnonzero(~inner & ~outer)
    found[crossing] = shapely.intersection(one[crossing], other[crossing])
    least = np.minimum(shapely.area(one[crossing]), shapely.area(other[crossing]))
    whole = crossing[shapely.area(found[crossing]) >= least * (1.0 - _ROUNDING)]
    snapped = shapely.intersection(one[whole], other[whole], grid_size=GRID_M)
    wrong = shapely.area(snapped) < shapely.area(found[whole]) - GRID_M * shapely.length(found[whole])
    found[whole[wrong]] = snapped[wrong]
    return areal(found)


def areal(shapes: Shapes) -> Shapes:
    """Drop the points and lines in which shapes touch beside what they share."""
    mixed = np.flatnonzero(shapely.get_type_id(shapes) == shapely.GeometryType.GEOMETRYCOLLECTION)
    for at in mixed.tolist():
        parts = shapely.get_parts(shapes[at])
        shapes[at] = shapely.multipolygons(parts[shapely.get_dimensions(parts) == _AREAL])
    return shapes


def faces_by_areas(layout: Layout, pieces: Shapes, cell_area: Floats, cell_border: Floats) -> tuple[Ints, Flags]:
    """Return faces as (cell, zones …, filled up with -1), and the cells where areas leave a doubt."""
    levels = _levels(layout, pieces)
    doubtful = np.zeros(len(cell_area), dtype=np.bool_)
    doubtful[layout.cell[_exactly(levels)]] = True
    rest, edge = cell_area.copy(), cell_border.copy()
    for level in levels:
        cells = layout.cell[level.members[:, 0]]
        rest -= np.bincount(cells, weights=level.area, minlength=len(rest))
        edge += np.bincount(cells, weights=level.border, minlength=len(edge))
        doubtful[cells[_unclear(level.area, level.border)]] = True
    doubtful |= _unclear(rest, edge)
    bare = np.flatnonzero(rest >= SMALLEST_M2)
    width = 1 + len(levels)
    found = [np.column_stack([bare, np.full((len(bare), len(levels)), -1)])]
    found += [_named(layout, level.members[level.area >= SMALLEST_M2], width) for level in levels]
    return np.unique(np.concatenate(found), axis=0), doubtful


def _levels(layout: Layout, pieces: Shapes) -> list[Meeting]:
    """Return the pieces, the pairs of them that share a part, the threes that do, and so on."""
    levels = [
        Meeting(
            members=np.arange(len(pieces))[:, None],
            parents=layout.cell,
            shapes=pieces,
            area=shapely.area(pieces),
            border=shapely.length(pieces),
        )
    ]
    while len(levels[-1].members) and len(levels) <= _DEEPEST:
        levels.append(_grown(levels[-1]))
    return levels


def _exactly(levels: list[Meeting]) -> Ints:
    """Turn the area that a set of pieces shares into that of the part which lies in no other piece, deepest first.

    A border only grows: what bounds the part is among the borders of the set and of all larger ones. Returns pieces
    whose cell is doubtful: those that meet too deep, or in sets which rounding has lost.
    """
    lost = [levels.pop().members[:, 0]] if len(levels) > _DEEPEST else []
    rows = [{tuple(members): row for row, members in enumerate(level.members.tolist())} for level in levels[1:-1]]
    for depth in range(len(levels) - 1, 1, -1):
        level = levels[depth]
        for members, area, border in zip(
            level.members.tolist(), level.area.tolist(), level.border.tolist(), strict=True
        ):
            for size in range(2, depth + 1):
                for subset in combinations(members, size):
                    row = rows[size - 2].get(subset)
                    if row is None:
                        lost.append(np.array(members[:1]))
                    else:
                        levels[size - 1].area[row] -= area
                        levels[size - 1].border[row] += border
    for level in levels[1:]:
        for column in level.members.T:
            levels[0].area[:] -= np.bincount(column, weights=level.area, minlength=len(levels[0].area))
            levels[0].border[:] += np.bincount(column, weights=level.border, minlength=len(levels[0].area))
    return np.concatenate([np.zeros(0, dtype=np.int64), *lost])


def _unclear(area: Floats, border: Floats) -> Flags:
    """Tell where a part of this area, and of this border at most, may be too thin to be a face.

    The widest circle in a shape has a radius of area / border at least; the factor two leaves room for holes.
    """
    found: Flags = (area >= SMALLEST_M2) & (area < 2.0 * EDGE_M * border)
    return found


def _grown(level: Meeting) -> Meeting:
    """Return the sets of one piece more: two sets that differ in the last piece, where both share a part."""
    ends = np.searchsorted(level.parents, level.parents, side="right")
    at = np.arange(len(level.parents))
    one, other = spread(at + 1, ends - at - 1)
    meeting = shapely.intersects(level.shapes[one], level.shapes[other])
    one, other = one[meeting], other[meeting]
    shapes = shared(level.shapes[one], level.shapes[other])
    area = shapely.area(shapes)
    kept = area >= SMALLEST_M2
    one, other, shapes = one[kept], other[kept], shapes[kept]
    return Meeting(
        members=np.column_stack([level.members[one], level.members[other, -1]]),
        parents=one,
        shapes=shapes,
        area=area[kept],
        border=shapely.length(shapes),
    )


def _named(layout: Layout, members: Ints, width: int) -> Ints:
    """Return sets of pieces as faces: of zones of one class only the lowest code counts."""
    zones = layout.zone[members]
    rows = np.full((len(members), width), -1, dtype=np.int64)
    rows[:, 0] = layout.cell[members[:, 0]]
    filled = np.ones(len(members), dtype=np.int64)
    for place, column in enumerate(zones.T):
        before = layout.classes[zones[:, :place]] == layout.classes[column][:, None]
        counts = np.flatnonzero(~before.any(axis=1))
        rows[counts, filled[counts]] = column[counts]
        filled[counts] += 1
    return rows
