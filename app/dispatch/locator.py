"""Which polygons does a point touch, and which are near: one point within microseconds.

A polygon is touched when it covers the point or its border is within `EDGE_M`. On vertices and axis-parallel edges
that is exact; on other edges hardly a float lies exactly on the line, which is why the millimetre counts as edge.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Final, cast

import numpy as np
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from app.dispatch.geodesy import metres_per_degree
from app.dispatch.mosaic import Floats, Ints, Mosaic, lay

EDGE_M: Final = 0.001


@dataclass(frozen=True, slots=True)
class Near:
    """One polygon, by its number, and the metres to it (0 inside)."""

    number: int
    distance_m: float


@dataclass(frozen=True, slots=True)
class _Views:
    """The arrays as memoryviews: reading one number costs a third of what numpy asks."""

    starts: memoryview
    members: memoryview
    boxes: memoryview
    slab_first: memoryview
    slab_count: memoryview
    slabs_per_lat: memoryview
    slab_starts: memoryview
    edges: memoryview


class Locator:
    """Answer point questions about polygons, which are named by their number in the order given."""

    __slots__ = ("_views", "mosaic")

    def __init__(self, polygons: Sequence[BaseGeometry]) -> None:
        """Lay out the polygons (degrees); 100,000 cells take less than a second."""
        self.mosaic: Mosaic = lay(polygons)
        raster = self.mosaic.raster
        self._views = _Views(
            raster.starts.data,
            raster.members.data,
            self.mosaic.boxes.ravel().data,
            self.mosaic.slab_first.data,
            self.mosaic.slab_count.data,
            self.mosaic.slabs_per_lat.data,
            self.mosaic.slab_starts.data,
            self.mosaic.edges.ravel().data,
        )

    def touching(self, lon: float, lat: float) -> list[int]:
        """Return the numbers of the polygons touched, ascending; nothing for a point that is not finite."""
        raster, views = self.mosaic.raster, self._views
        if not (raster.west <= lon <= raster.east and raster.south <= lat <= raster.north):
            return []
        row, column = int((lat - raster.south) * raster.per_lat), int((lon - raster.west) * raster.per_lon)
        place, boxes, touched = row * raster.columns + column, views.boxes, []
        for number in views.members[views.starts[place] : views.starts[place + 1]].tolist():
            west, south, east, north = boxes[4 * number : 4 * number + 4].tolist()
            if west <= lon <= east and south <= lat <= north and self._touches(number, lon, lat, south):
                touched.append(number)
        return touched

    def _touches(self, number: int, lon: float, lat: float, south: float) -> bool:
        """Walk the edges of one slab: parity of crossings to the east, or an edge within the tolerance."""
        views = self._views
        slab = min(int((lat - south) * views.slabs_per_lat[number]), views.slab_count[number] - 1)
        slab += views.slab_first[number]
        ends = iter(views.edges[4 * views.slab_starts[slab] : 4 * views.slab_starts[slab + 1]].tolist())
        east_m, north_m = metres_per_degree(lat)
        east, west = lon + EDGE_M / east_m, lon - EDGE_M / east_m
        north, south = lat + EDGE_M / north_m, lat - EDGE_M / north_m
        inside = False
        for ax, ay, bx, by in zip(ends, ends, ends, ends, strict=True):
            if (ay > lat) != (by > lat) and ax + (lat - ay) * (bx - ax) / (by - ay) > lon:
                inside = not inside
            if (
                not ((ax > east and bx > east) or (ax < west and bx < west))
                and not ((ay > north and by > north) or (ay < south and by < south))
                and _square_m(ax - lon, ay - lat, bx - ax, by - ay, east_m, north_m) <= EDGE_M * EDGE_M
            ):
                return True
        return inside

    def near(self, lon: float, lat: float, radius_m: float) -> list[Near]:
        """Return the polygons within `radius_m` metres, nearest first, then by number."""
        if not (isfinite(lon) and isfinite(lat)):
            return []
        east_m, north_m = metres_per_degree(lat)
        reach = np.array([radius_m / east_m, radius_m / north_m])
        low, high = np.array([lon, lat]) - reach, np.array([lon, lat]) + reach
        numbers = self._boxes_meeting(low, high).tolist()
        found = [Near(number, self._distance_m(number, lon, lat, (east_m, north_m))) for number in numbers]
        found = [hit for hit in found if hit.distance_m <= radius_m]
        return sorted(found, key=lambda hit: (hit.distance_m, hit.number))

    def shape(self, number: int) -> BaseGeometry:
        """Return a polygon as it came, in degrees."""
        return cast("BaseGeometry", self.mosaic.outlines.shapes(number, number + 1)[0])

    def shapes(self) -> NDArray[np.object_]:
        """Return all polygons as they came, in the order of their numbers."""
        return self.mosaic.outlines.shapes()

    def _boxes_meeting(self, low: Floats, high: Floats) -> Ints:
        raster, boxes = self.mosaic.raster, self.mosaic.boxes
        scale, last = [raster.per_lon, raster.per_lat], [raster.columns - 1, raster.rows - 1]
        corner = [raster.west, raster.south]
        left, bottom = np.clip((low - corner) * scale, 0, last).astype(np.int64).tolist()
        right, top = np.clip((high - corner) * scale, 0, last).astype(np.int64).tolist()
        stripes = [
            raster.members[raster.starts[row * raster.columns + left] : raster.starts[row * raster.columns + right + 1]]
            for row in range(bottom, top + 1)
        ]
        numbers = np.unique(np.concatenate(stripes))
        meets = (boxes[numbers, :2] <= high).all(axis=1) & (boxes[numbers, 2:] >= low).all(axis=1)
        return numbers[meets]

    def _edges(self, number: int) -> Floats:
        mosaic = self.mosaic
        first = int(mosaic.slab_first[number])
        last = first + int(mosaic.slab_count[number])
        return mosaic.edges[mosaic.slab_starts[first] : mosaic.slab_starts[last]]

    def _distance_m(self, number: int, lon: float, lat: float, per_degree: tuple[float, float]) -> float:
        west, south, east, north = self.mosaic.boxes[number].tolist()
        if west <= lon <= east and south <= lat <= north and self._touches(number, lon, lat, south):
            return 0.0
        start, end = self._edges(number)[:, :2], self._edges(number)[:, 2:]
        a, along = (start - [lon, lat]) * per_degree, (end - start) * per_degree
        length = np.maximum((along * along).sum(axis=1), 1e-300)
        share = np.clip(-(a * along).sum(axis=1) / length, 0.0, 1.0)
        return float(np.sqrt((((a + along * share[:, None]) ** 2).sum(axis=1)).min()))


def _square_m(dx: float, dy: float, ex: float, ey: float, east_m: float, north_m: float) -> float:
    """Return the squared metres from the point to the edge that begins at (dx, dy) from it and runs by (ex, ey)."""
    dx, dy, ex, ey = dx * east_m, dy * north_m, ex * east_m, ey * north_m
    length = ex * ex + ey * ey
    share = min(1.0, max(0.0, -(dx * ex + dy * ey) / length)) if length > 0.0 else 0.0
    return float((dx + ex * share) ** 2 + (dy + ey * share) ** 2)
