"""The faces of a city: the really existing parts of (cell ∩ zones), at most one zone of each class at a spot.

Worked out in metres. A part is ignored when it is smaller than 1 mm² or nowhere wider than twice the edge tolerance:
there a point counts to the neighbour anyway. Where zones of one class overlap, the lowest code has the overlap.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from app.dispatch.geodesy import metres_per_degree
from app.dispatch.mosaic import Ints
from app.dispatch.overlaps import GRID_M, SMALLEST_M2, Layout, Shapes, areal, faces_by_areas, shared, wide


@dataclass(frozen=True, slots=True, kw_only=True)
class Faces:
    """Faces in the order of their cells: `cells[i]`, and the zones it lies in, ascending, filled up with -1."""

    cells: Ints
    zones: Ints

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.cells)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Cells in metres, and the piece of each zone that lies in a cell."""

    cells: Shapes
    pieces: Shapes
    layout: Layout


def ground_of(cells: Shapes, zones: Shapes, classes: Sequence[str]) -> Ground:
    """Cut the zones by the cells; both in degrees, zones in the order of their codes with the class of each."""
    middle = shapely.bounds(cells).reshape(-1, 2, 2).mean(axis=1) if len(cells) else np.zeros((1, 2))
    origin = np.nan_to_num(np.nanmean(middle, axis=0))
    scale = np.array(metres_per_degree(float(origin[1])))
    flat_cells, flat_zones = (
        shapely.transform(_sound(shapes), lambda points: (points - origin) * scale) for shapes in (cells, zones)
    )
    zone, cell = shapely.STRtree(flat_cells).query(flat_zones, predicate="intersects")
    order = np.lexsort((zone, cell))
    cell, zone = cell[order].astype(np.int64), zone[order].astype(np.int64)
    pieces = shared(flat_cells[cell], flat_zones[zone])
    kept = wide(pieces)
    cell, zone, pieces = cell[kept], zone[kept], pieces[kept]
    numbers = {name: number for number, name in enumerate(sorted(set(classes)))}
    starts = np.concatenate([[0], np.cumsum(np.bincount(cell, minlength=len(cells)))]).astype(np.int64)
    return Ground(
        cells=flat_cells,
        pieces=pieces,
        layout=Layout(
            cell=cell, zone=zone, starts=starts, classes=np.array([numbers[name] for name in classes], dtype=np.int64)
        ),
    )


def faces_of(ground: Ground) -> Faces:
    """Return every face: from areas alone where those leave no doubt, by cutting elsewhere."""
    sure, doubtful = faces_by_areas(
        ground.layout, ground.pieces, shapely.area(ground.cells), shapely.length(ground.cells)
    )
    sure = sure[~doubtful[sure[:, 0]]]
    cut = [(cell, zones) for cell in np.flatnonzero(doubtful).tolist() for zones in _cut(ground, cell)]
    widest = max([sure.shape[1] - 1, *(len(zones) for _, zones in cut)])
    rows = np.full((len(sure) + len(cut), 1 + widest), -1, dtype=np.int64)
    rows[: len(sure), : sure.shape[1]] = sure
    for number, (cell, zones) in enumerate(cut, start=len(sure)):
        rows[number, : 1 + len(zones)] = (cell, *zones)
    rows = rows[np.lexsort(rows.T[::-1])]
    return Faces(cells=rows[:, 0], zones=rows[:, 1:])


def _sound(shapes: Shapes) -> Shapes:
    """Mend what is no valid polygon: a proof must not stop at a shape that only draws badly."""
    bad = ~shapely.is_valid(shapes)
    if bad.any():
        shapes = shapes.copy()
        shapes[bad] = shapely.make_valid(shapes[bad])
    return shapes


def _cut(ground: Ground, cell: int) -> list[tuple[int, ...]]:
    """Return the sets of zones of the faces of one cell, class by class."""
    layout = ground.layout
    here = slice(int(layout.starts[cell]), int(layout.starts[cell + 1]))
    zones, pieces = layout.zone[here], ground.pieces[here]
    parts: list[tuple[tuple[int, ...], BaseGeometry]] = [((), ground.cells[cell])]
    for zone_class in np.unique(layout.classes[zones]).tolist():
        same = layout.classes[zones] == zone_class
        same_class = list(zip(zones[same].tolist(), pieces[same], strict=True))
        parts = [divided for part in parts for divided in _divided(part, same_class)]
    kept = wide(np.array([shape for _, shape in parts], dtype=object))
    return sorted({tuple(sorted(named)) for (named, _), is_kept in zip(parts, kept, strict=True) if is_kept})


def _divided(
    part: tuple[tuple[int, ...], BaseGeometry], same_class: Sequence[tuple[int, BaseGeometry]]
) -> list[tuple[tuple[int, ...], BaseGeometry]]:
    """Divide a part among the zones of one class, the lowest first, and what no zone of it has."""
    named, rest = part
    found = []
    for zone, piece in same_class:
        inner = _areal(shapely.intersection(rest, piece, grid_size=GRID_M))
        if inner.area >= SMALLEST_M2:
            found.append(((*named, zone), inner))
            rest = _areal(shapely.difference(rest, piece, grid_size=GRID_M))
    return [*found, (named, rest)]


def _areal(shape: BaseGeometry) -> BaseGeometry:
    alone = np.empty(1, dtype=np.object_)
    alone[0] = shape
    kept: BaseGeometry = areal(alone)[0]
    return kept
