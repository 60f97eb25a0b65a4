"""Polygons laid out in flat arrays for point questions: built once, never changed.

The extent is a raster of bins, each naming the polygons whose box meets it. Every polygon is cut into slabs of
latitude, each holding the edges that pass through it, so that a question reads a handful of edges however long the
border is. Boxes and slabs are wider than the edge tolerance; what is decided is decided by the edges alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon
from shapely.geometry.base import BaseGeometry

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

MARGIN_DEG: Final = 1e-7  # about 10 mm: more than the edge tolerance, less than anything that costs
_EDGES_PER_SLAB: Final = 8
_BINS_PER_POLYGON: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Raster:
    """Bins over the extent: `members[starts[b]:starts[b + 1]]` are the polygons of bin b, ascending."""

    west: float
    south: float
    east: float
    north: float
    columns: int
    rows: int
    per_lon: float
    per_lat: float
    starts: Ints
    members: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlines:
    """The polygons as they came, in flat arrays: a fifth of what they take as objects."""

    points: Floats
    offsets: tuple[Ints, ...]

    def shapes(self, first: int = 0, end: int | None = None) -> NDArray[np.object_]:
        """Return the polygons `first` to `end`, as multipolygons."""
        rings, parts, polygons = self.offsets
        kept = polygons[first : None if end is None else end + 1]
        low, high = int(parts[kept[0]]), int(parts[kept[-1]])
        start = int(rings[low])
        offsets = (rings[low : high + 1] - start, parts[kept[0] : kept[-1] + 1] - low, kept - kept[0])
        points = self.points[start : int(rings[high])]
        found: NDArray[np.object_] = shapely.from_ragged_array(shapely.GeometryType.MULTIPOLYGON, points, offsets)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Mosaic:
    """All polygons: `boxes` (n, 4) widened by the margin, slabs of edges (m, 4) as ax, ay, bx, by, and the raster."""

    outlines: Outlines
    boxes: Floats
    slab_first: Ints
    slab_count: Ints
    slabs_per_lat: Floats
    slab_starts: Ints
    edges: Floats
    raster: Raster


def lay(polygons: Sequence[BaseGeometry]) -> Mosaic:
    """Lay out `polygons` (holes and several parts allowed); their order is kept as their number."""
    edges, owner = _edges_of(polygons)
    boxes = _boxes_of(edges, owner, len(polygons))
    count = np.maximum(np.bincount(owner, minlength=len(polygons)) // _EDGES_PER_SLAB, 1)
    height = boxes[:, 3] - boxes[:, 1]
    per_lat = np.divide(count, height, out=np.zeros_like(height), where=np.isfinite(height))
    first = np.concatenate([[0], np.cumsum(count)[:-1]]) if len(polygons) else np.zeros(0, dtype=np.int64)
    low = _slab(np.minimum(edges[:, 1], edges[:, 3]) - MARGIN_DEG, owner, boxes, per_lat, count)
    high = _slab(np.maximum(edges[:, 1], edges[:, 3]) + MARGIN_DEG, owner, boxes, per_lat, count)
    which, slab = spread(first[owner] + low, high - low + 1)
    order = np.argsort(slab, kind="stable")
    return Mosaic(
        outlines=_outlines(polygons),
        boxes=boxes,
        slab_first=first.astype(np.int64),
        slab_count=count.astype(np.int64),
        slabs_per_lat=per_lat,
        slab_starts=_starts(slab, int(count.sum())),
        edges=np.ascontiguousarray(edges[which[order]]),
        raster=_raster(boxes),
    )


def spread(first: Ints, counts: Ints) -> tuple[Ints, Ints]:
    """Unroll the ranges first[i] … first[i] + counts[i] - 1: return (i, value) of each element, in order."""
    which = np.repeat(np.arange(len(counts)), counts)
    ends = np.cumsum(counts)
    offset = np.arange(len(which)) - np.repeat(ends - counts, counts)
    return which, first[which] + offset


def _outlines(polygons: Sequence[BaseGeometry]) -> Outlines:
    """Keep the polygons; what is empty is kept as none of several parts, the form in which all come back."""
    none = MultiPolygon()
    several = [none, *(none if polygon.is_empty else polygon for polygon in polygons)]
    _, points, offsets = shapely.to_ragged_array(several, include_z=False)
    rings, parts, whole = (np.asarray(one, dtype=np.int64) for one in offsets)
    return Outlines(points=points, offsets=(rings, parts, whole[1:]))


def _edges_of(polygons: Sequence[BaseGeometry]) -> tuple[Floats, Ints]:
    parts, of_polygon = shapely.get_parts(np.asarray(polygons, dtype=object), return_index=True)
    rings, of_part = shapely.get_rings(parts, return_index=True)
    points, of_ring = shapely.get_coordinates(rings, return_index=True)
    joined = of_ring[1:] == of_ring[:-1]
    edges = np.hstack([points[:-1], points[1:]])[joined]
    return edges, of_polygon[of_part[of_ring[:-1][joined]]].astype(np.int64)


def _boxes_of(edges: Floats, owner: Ints, n: int) -> Floats:
    boxes = np.tile([np.inf, np.inf, -np.inf, -np.inf], (n, 1))
    for side, (reduce, margin) in enumerate(((np.minimum, -MARGIN_DEG),) * 2 + ((np.maximum, MARGIN_DEG),) * 2):
        reduce.at(boxes[:, side], owner, edges[:, side % 2])
        boxes[:, side] += margin
    return boxes


def _slab(lat: Floats, owner: Ints, boxes: Floats, per_lat: Floats, count: Ints) -> Ints:
    number = ((lat - boxes[owner, 1]) * per_lat[owner]).astype(np.int64)
    clipped: Ints = np.clip(number, 0, count[owner] - 1)
    return clipped


def _starts(values: Ints, n: int) -> Ints:
    return np.concatenate([[0], np.cumsum(np.bincount(values, minlength=n))]).astype(np.int64)


def _raster(boxes: Floats) -> Raster:
    """Choose bins of the polygons' usual size, and list in each the polygons whose box meets it."""
    whole = np.flatnonzero(np.isfinite(boxes).all(axis=1))
    kept = boxes[whole]
    west, south, east, north = [*kept[:, :2].min(axis=0), *kept[:, 2:].max(axis=0)] if len(kept) else [0.0] * 4
    width, height = max(east - west, MARGIN_DEG), max(north - south, MARGIN_DEG)
    wanted = float(_BINS_PER_POLYGON * max(len(whole), 1))
    columns = int(np.clip(np.sqrt(wanted * width / height), 1, wanted))
    rows = int(np.clip(wanted / columns, 1, wanted))
    per_lon, per_lat = columns / width, rows / height
    columns, rows = columns + 1, rows + 1  # the far edge falls into a bin of its own
    corner = (kept - [west, south, west, south]) * [per_lon, per_lat, per_lon, per_lat]
    box = np.clip(corner.astype(np.int64), 0, [columns - 1, rows - 1] * 2)
    polygon, row = spread(box[:, 1], box[:, 3] - box[:, 1] + 1)
    stripe, column = spread(box[polygon, 0], box[polygon, 2] - box[polygon, 0] + 1)
    bins, members = row[stripe] * columns + column, whole[polygon[stripe]]
    order = np.lexsort((members, bins))
    return Raster(
        west=float(west),
        south=float(south),
        east=float(east),
        north=float(north),
        columns=columns,
        rows=rows,
        per_lon=per_lon,
        per_lat=per_lat,
        starts=_starts(bins, columns * rows),
        members=members[order].astype(np.int64),
    )
