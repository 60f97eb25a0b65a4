"""The cells of a city: which one a point lies in, and whether that is beyond doubt."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from app.dispatch.locate_bulk import first_touched, touched
from app.dispatch.locator import EDGE_M, Locator, Near
from app.dispatch.mosaic import Floats, Ints

SNAP_TOLERANCE_M: Final = 30.0  # house default, docs/policies.md
LOOK_AROUND_M: Final = 500.0  # how far the nearest cell is looked for, to tell a person how far off a point is


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell of the grid; `polygon` in canonical degrees."""

    code: str
    polygon: Polygon | MultiPolygon
    beat_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CellHit:
    """Where a point lies.

    `code` is None out of coverage; then `distance_m` is that of the nearest cell, if one is within 500 m. `candidates`
    are all cells the point could be counted to, lowest code first: one when nothing is in doubt.
    """

    code: str | None
    on_boundary: bool = False
    candidates: tuple[str, ...] = ()
    snapped: bool = False
    distance_m: float | None = None


class CellIndex:
    """An immutable index over one version of the cells; ties go to the lowest code."""

    __slots__ = ("_beats", "_locator", "codes")

    def __init__(self, codes: tuple[str, ...], beats: Mapping[str, str], locator: Locator) -> None:
        """Take what `build` made; `codes` ascending, in the order of the locator's numbers."""
        self.codes = codes
        self._beats = beats
        self._locator = locator

    @classmethod
    def build(cls, cells: Iterable[Cell]) -> Self:
        """Index `cells`; codes are taken as unique (`tessellation.py` checks them)."""
        ordered = sorted(cells, key=lambda cell: cell.code)
        beats = {cell.code: cell.beat_code for cell in ordered if cell.beat_code is not None}
        return cls(tuple(cell.code for cell in ordered), beats, Locator([cell.polygon for cell in ordered]))

    def with_beats(self, beats: Mapping[str, str]) -> Self:
        """Return the same cells under other beats (cell code → beat code), sharing everything that is large."""
        return type(self)(self.codes, {code: beats[code] for code in self.codes if code in beats}, self._locator)

    def beat_of(self, code: str) -> str | None:
        """Return the beat of a cell."""
        return self._beats.get(code)

    def beats(self) -> dict[str, list[str]]:
        """Return the cells of each beat."""
        found: dict[str, list[str]] = {}
        for cell, beat in self._beats.items():
            found.setdefault(beat, []).append(cell)
        return found

    def middle(self, code: str) -> tuple[float, float] | None:
        """Return the middle of a cell (lon, lat); None for a code that is none of these."""
        number = bisect_left(self.codes, code)
        if number == len(self.codes) or self.codes[number] != code:
            return None
        middle = self._locator.shape(number).centroid
        return middle.x, middle.y

    def locate(self, lon: float, lat: float, *, tolerance_m: float = SNAP_TOLERANCE_M) -> CellHit:
        """Find the cell of a canonical point; outside every cell the nearest within `tolerance_m`, `snapped`."""
        found = self._locator.touching(lon, lat)
        if len(found) == 1:
            code = self.codes[found[0]]
            return CellHit(code=code, candidates=(code,), distance_m=0.0)
        if found:
            codes = tuple(self.codes[number] for number in found)
            return CellHit(code=codes[0], on_boundary=True, candidates=codes, distance_m=0.0)
        return self._snap(lon, lat, tolerance_m)

    def locate_many(self, points: Floats, *, tolerance_m: float = SNAP_TOLERANCE_M) -> list[str | None]:
        """Return the cell code of each of `points` (n, 2: lon, lat), exactly as `locate` would."""
        numbers = self.numbers(points, tolerance_m=tolerance_m)
        return [self.codes[number] if number >= 0 else None for number in numbers.tolist()]

    def numbers(self, points: Floats, *, tolerance_m: float = SNAP_TOLERANCE_M) -> Ints:
        """Return the place of each point's cell in `codes`, -1 for none; exactly as `locate` would."""
        numbers = first_touched(self._locator, points)
        for at in np.flatnonzero(numbers < 0).tolist():
            if tied := _nearest(self._locator.near(float(points[at, 0]), float(points[at, 1]), tolerance_m)):
                numbers[at] = tied[0]
        return numbers

    def locate_each(self, points: Floats, *, tolerance_m: float = SNAP_TOLERANCE_M) -> list[CellHit]:
        """Return what `locate` would of each of `points` (n, 2: lon, lat)."""
        point, number = touched(self._locator, points)
        ends = np.cumsum(np.bincount(point, minlength=len(points))).tolist()
        cells, first, hits = number.tolist(), 0, []
        for at, end in enumerate(ends):
            if end == first:
                hits.append(self._snap(float(points[at, 0]), float(points[at, 1]), tolerance_m))
            else:
                codes = tuple([self.codes[cell] for cell in cells[first:end]])
                hits.append(CellHit(code=codes[0], on_boundary=len(codes) > 1, candidates=codes, distance_m=0.0))
            first = end
        return hits

    def shapes(self) -> NDArray[np.object_]:
        """Return the polygons in the order of `codes`, as multipolygons."""
        return self._locator.shapes()

    def near(self, lon: float, lat: float, radius_m: float) -> list[tuple[str, BaseGeometry]]:
        """Return code and polygon of the cells within `radius_m` metres, nearest first."""
        hits = self._locator.near(lon, lat, radius_m)
        return [(self.codes[hit.number], self._locator.shape(hit.number)) for hit in hits]

    def _snap(self, lon: float, lat: float, tolerance_m: float) -> CellHit:
        """Take the nearest cell within the tolerance; beyond, tell how far the nearest is."""
        hits = self._locator.near(lon, lat, tolerance_m) or self._locator.near(lon, lat, LOOK_AROUND_M)
        if not hits:
            return CellHit(code=None)
        nearest_m = hits[0].distance_m
        if nearest_m > tolerance_m:
            return CellHit(code=None, distance_m=nearest_m)
        tied = tuple(self.codes[number] for number in _nearest(hits))
        return CellHit(code=tied[0], on_boundary=len(tied) > 1, candidates=tied, snapped=True, distance_m=nearest_m)


def _nearest(hits: Sequence[Near]) -> list[int]:
    """Return the cells as near as the nearest, or farther by no more than the edge tolerance, lowest code first."""
    return sorted(hit.number for hit in hits if hit.distance_m <= hits[0].distance_m + EDGE_M)
