"""Faults of a set of cells: codes, shapes, overlaps, gaps, odd sizes; all of them at once, changing nothing."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from app.dispatch.geodesy import metres_per_degree
from app.dispatch.grid import Cell

CODE_PATTERN: Final = r"\d{15,16}"  # configuration; most places have 15 digits, some 16
_COMMUNITY_DIGITS: Final = 12
_SLIVER_M2: Final = 0.5  # below that two drawings of one border differ, not two cells
_ODD: Final = 25.0  # times larger or smaller than the median


class Severity(StrEnum):
    """What a finding does to activation."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class TessellationFinding:
    """One fault; `where` names the cells, `shape` the place in canonical degrees."""

    code: str
    severity: Severity
    where: tuple[str, ...]
    message: str
    shape: BaseGeometry | None = None


def check_cells(
    cells: Sequence[Cell], *, pattern: str = CODE_PATTERN, communities: Collection[str] = ()
) -> list[TessellationFinding]:
    """Return every fault of a set of cells; overlaps and gaps are looked for among the valid shapes.

    A code must begin with the code of one of `communities`, where any are given.
    """
    findings = [*_codes(cells, pattern, communities), *_shapes(cells)]
    sound = [cell for cell in cells if not cell.polygon.is_empty and cell.polygon.is_valid]
    if sound:
        per_m2 = _square_metres(sound)
        overlaps = list(_overlaps(sound, per_m2))
        findings += [*overlaps, *_gaps(sound, per_m2), *_odd_sizes(sound, per_m2)]
    return findings


def _codes(cells: Sequence[Cell], pattern: str, communities: Collection[str]) -> Iterator[TessellationFinding]:
    for code, times in Counter(cell.code for cell in cells).items():
        if times > 1:
            yield _error("duplicate_code", (code,), f"网格代码 {code} 出现了 {times} 次，请保留一个")
        if not re.fullmatch(pattern, code):
            yield _error("bad_code", (code,), f"网格代码“{code}”不符合编码规则，请检查位数和字符")
        elif communities and code[:_COMMUNITY_DIGITS] not in communities:
            yield _error("wrong_community", (code,), f"网格 {code} 的前 {_COMMUNITY_DIGITS} 位不是现有社区的代码")


def _shapes(cells: Sequence[Cell]) -> Iterator[TessellationFinding]:
    for cell in cells:
        if cell.polygon.is_empty:
            yield _error("empty_shape", (cell.code,), f"网格 {cell.code} 没有图形")
        elif not cell.polygon.is_valid:
            why = shapely.is_valid_reason(cell.polygon)
            yield _error("invalid_shape", (cell.code,), f"网格 {cell.code} 的图形无效：{why}", cell.polygon)


def _overlaps(cells: Sequence[Cell], per_m2: float) -> Iterator[TessellationFinding]:
    shapes: NDArray[np.object_] = np.array([cell.polygon for cell in cells], dtype=object)
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    one, other = one[one < other], other[one < other]
    shared = np.asarray(shapely.intersection(shapes[one], shapes[other]), dtype=object)
    areas = np.asarray(shapely.area(shared)) * per_m2
    for at in np.flatnonzero(areas > _SLIVER_M2).tolist():
        first, second = sorted((cells[int(one[at])].code, cells[int(other[at])].code))
        text = f"网格 {first} 与 {second} 重叠 {areas[at]:.1f} 平方米"
        yield _error("overlap", (first, second), text, shared[at])


def _gaps(cells: Sequence[Cell], per_m2: float) -> Iterator[TessellationFinding]:
    """Find the holes of the whole; bays that open to the outside are no gaps."""
    tree = shapely.STRtree([cell.polygon for cell in cells])
    whole = shapely.get_parts(shapely.union_all([cell.polygon for cell in cells]))
    for ring in [ring for part in whole for ring in part.interiors]:
        gap = Polygon(ring)
        if gap.area * per_m2 > _SLIVER_M2:
            around = sorted({cells[int(number)].code for number in tree.query(gap, predicate="intersects")})
            text = f"网格之间有 {gap.area * per_m2:.1f} 平方米的空隙"
            yield TessellationFinding(
                code="gap", severity=Severity.WARNING, where=tuple(around), message=text, shape=gap
            )


def _odd_sizes(cells: Sequence[Cell], per_m2: float) -> Iterator[TessellationFinding]:
    areas: Mapping[str, float] = {cell.code: cell.polygon.area * per_m2 for cell in cells}
    usual = median(areas.values())
    for cell in cells:
        if not usual / _ODD <= areas[cell.code] <= usual * _ODD:
            text = f"网格 {cell.code} 面积 {areas[cell.code]:.0f} 平方米，与中位数 {usual:.0f} 平方米相差过大"
            yield TessellationFinding(
                code="odd_size", severity=Severity.WARNING, where=(cell.code,), message=text, shape=cell.polygon
            )


def _square_metres(cells: Sequence[Cell]) -> float:
    """Return square metres per square degree in the middle of the set: good enough to judge slivers by."""
    east_m, north_m = metres_per_degree(median(cell.polygon.bounds[1] for cell in cells))
    return east_m * north_m


def _error(code: str, where: tuple[str, ...], message: str, shape: BaseGeometry | None = None) -> TessellationFinding:
    return TessellationFinding(code=code, severity=Severity.ERROR, where=where, message=message, shape=shape)
