"""Faults of a set of cells: codes, shapes, overlaps, gaps, odd sizes; all of them at once, changing nothing.

Whole arrays are judged, not one cell after the other: 100,000 irregular cells take some ten seconds.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Point
from shapely.geometry.base import BaseGeometry

from app.dispatch.geodesy import metres_per_degree
from app.dispatch.grid import Cell

Shapes: TypeAlias = NDArray[np.object_]

CODE_PATTERN: Final = r"\d{15,16}"  # configuration; most places have 15 digits, some 16
_COMMUNITY_DIGITS: Final = 12
_SLIVER_M2: Final = 0.5  # below that two drawings of one border differ, not two cells
_ODD: Final = 25.0  # times larger or smaller than the median
_PLACE: Final = re.compile(r"\[(-?[\d.eE+-]+) (-?[\d.eE+-]+)")
_REASONS: Final = (
    ("Ring Self-intersection", "环自相交"),
    ("Self-intersection", "边界自相交"),
    ("Hole lies outside shell", "洞在外环之外"),
    ("Holes are nested", "洞互相嵌套"),
    ("Nested shells", "面互相嵌套"),
    ("Duplicate Rings", "有重复的环"),
    ("Interior is disconnected", "内部不连通"),
    ("Too few points", "顶点太少"),
)


class Severity(StrEnum):
    """What a finding does to activation."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class TessellationFinding:
    """One fault; `where` names the cells, `numbers` their places in what was given, `shape` where in canonical degrees.

    `message` says in Chinese what is wrong and how to mend it.
    """

    code: str
    severity: Severity
    where: tuple[str, ...]
    message: str
    shape: BaseGeometry | None = None
    numbers: tuple[int, ...] = ()


def check_cells(
    cells: Sequence[Cell], *, pattern: str = CODE_PATTERN, communities: Collection[str] = ()
) -> list[TessellationFinding]:
    """Return every fault of a set of cells; overlaps and gaps are looked for among the valid shapes.

    A code must begin with the code of one of `communities`, where any are given.
    """
    codes = [cell.code for cell in cells]
    shapes: Shapes = np.array([cell.polygon for cell in cells], dtype=object)
    findings = [*check_codes(codes, pattern, communities), *check_shapes(codes, shapes)]
    sound = np.flatnonzero(~shapely.is_empty(shapes) & shapely.is_valid(shapes))
    if len(sound):
        kept = shapes[sound]
        per_m2 = square_metres(kept)
        named = _Named([codes[number] for number in sound.tolist()], sound)
        suspects = _suspects(kept)
        findings += check_overlaps(named, kept, suspects, per_m2)
        findings += _gaps(named, kept, per_m2, matched=not suspects.any())
        findings += _odd_sizes(named, kept, per_m2)
    return findings


def check_areas(codes: Sequence[str], shapes: Shapes) -> list[TessellationFinding]:
    """Return the faults of areas of one level: bad shapes are errors, overlaps warnings, for they were drawn apart."""
    findings = list(check_shapes(codes, shapes))
    sound = np.flatnonzero(~shapely.is_empty(shapes) & shapely.is_valid(shapes))
    if len(sound):
        named = _Named([codes[number] for number in sound.tolist()], sound)
        kept = shapes[sound]
        found = check_overlaps(named, kept, _suspects(kept), square_metres(kept), severity=Severity.WARNING)
        findings += found
    return findings


class _Named:
    """Codes of the shapes at hand, and the numbers they had in what was given."""

    def __init__(self, codes: Sequence[str], numbers: NDArray[np.intp]) -> None:
        self.codes = codes
        self.numbers: list[int] = numbers.tolist()

    def at(self, *places: int) -> tuple[tuple[str, ...], tuple[int, ...]]:
        """Return codes and numbers of some shapes, lowest code first."""
        found = sorted((self.codes[place], self.numbers[place]) for place in places)
        return tuple(code for code, _ in found), tuple(number for _, number in found)


def check_codes(codes: Sequence[str], pattern: str, communities: Collection[str] = ()) -> Iterator[TessellationFinding]:
    """Yield duplicate and malformed codes, and those that begin with no community's."""
    times = Counter(codes)
    form, first = re.compile(pattern), set[str]()
    for number, code in enumerate(codes):
        if times[code] > 1 and code in first:
            yield _error("duplicate_code", (code,), f"代码 {code} 出现了 {times[code]} 次，请只保留一个", at=(number,))
        first.add(code)
        if not form.fullmatch(code):
            yield _error("bad_code", (code,), f"代码“{code}”不符合编码规则，请检查位数和字符", at=(number,))
        elif communities and code[:_COMMUNITY_DIGITS] not in communities:
            text = f"网格 {code} 的前 {_COMMUNITY_DIGITS} 位不是已知社区的代码，请改正代码，或先导入社区"
            yield _error("wrong_community", (code,), text, at=(number,))


def check_shapes(codes: Sequence[str], shapes: Shapes) -> Iterator[TessellationFinding]:
    """Yield what is empty or no valid polygon; the place of a fault is the point at which it shows."""
    empty = shapely.is_empty(shapes)
    for number in np.flatnonzero(empty).tolist():
        yield _error("empty_shape", (codes[number],), f"{codes[number]} 没有图形，请补画或删去", at=(number,))
    for number in np.flatnonzero(~empty & ~shapely.is_valid(shapes)).tolist():
        why = str(shapely.is_valid_reason(shapes[number]))
        text = f"{codes[number]} 的图形无效：{_in_chinese(why)}，请在制图软件中修复几何"
        place = _PLACE.search(why)
        shape = Point(float(place[1]), float(place[2])) if place else None
        yield _error("invalid_shape", (codes[number],), text, shape, at=(number,))


def _in_chinese(why: str) -> str:
    return next((chinese for english, chinese in _REASONS if why.startswith(english)), why)


def _suspects(shapes: Shapes) -> NDArray[np.bool_]:
    """Tell which shapes do not match their neighbours edge for edge; the others can overlap nothing."""
    return ~shapely.is_empty(shapely.coverage_invalid_edges(shapes))


def check_overlaps(
    named: _Named,
    shapes: Shapes,
    suspects: NDArray[np.bool_],
    per_m2: float,
    *,
    severity: Severity = Severity.ERROR,
) -> Iterator[TessellationFinding]:
    """Yield each pair that shares more than a sliver of ground, with that ground."""
    number = np.flatnonzero(suspects)
    one, other = shapely.STRtree(shapes).query(shapes[number], predicate="intersects")
    one = number[one]
    # a pair of two suspects comes twice; one of a suspect and a matched shape once
    once = (one != other) & ((one < other) | ~suspects[other])
    one, other = one[once], other[once]
    shared: Shapes = np.asarray(shapely.intersection(shapes[one], shapes[other]), dtype=object)
    areas = np.asarray(shapely.area(shared)) * per_m2
    for at in np.flatnonzero(areas > _SLIVER_M2).tolist():
        codes, numbers = named.at(int(one[at]), int(other[at]))
        yield TessellationFinding(
            code="overlap",
            severity=severity,
            where=codes,
            message=f"{codes[0]} 与 {codes[1]} 重叠 {areas[at]:.1f} 平方米，请把公共边界画成一条线",
            shape=shared[at],
            numbers=numbers,
        )


def _gaps(named: _Named, shapes: Shapes, per_m2: float, *, matched: bool) -> Iterator[TessellationFinding]:
    """Find the holes of the whole; bays that open to the outside are no gaps."""
    whole = shapely.get_parts(shapely.coverage_union_all(shapes) if matched else shapely.union_all(shapes))
    rings, of_part = shapely.get_rings(whole, return_index=True)
    inner = np.concatenate([[False], of_part[1:] == of_part[:-1]]) if len(rings) else np.zeros(0, dtype=bool)
    gaps = shapely.polygons(rings[inner])
    gaps = gaps[shapely.area(gaps) * per_m2 > _SLIVER_M2]
    if not len(gaps):
        return
    which, around = shapely.STRtree(shapes).query(gaps, predicate="intersects")
    ends = np.searchsorted(which, np.arange(1, len(gaps)))  # the tree answers in the order of what was asked
    for gap, neighbours in zip(gaps.tolist(), np.split(around, ends), strict=True):
        codes, numbers = named.at(*neighbours.tolist())
        text = f"网格之间有 {gap.area * per_m2:.1f} 平方米的空隙，请补画网格或移动边界"
        yield TessellationFinding(
            code="gap", severity=Severity.WARNING, where=codes, message=text, shape=gap, numbers=numbers
        )


def _odd_sizes(named: _Named, shapes: Shapes, per_m2: float) -> Iterator[TessellationFinding]:
    areas = np.asarray(shapely.area(shapes)) * per_m2
    usual = float(np.median(areas))
    for at in np.flatnonzero((areas < usual / _ODD) | (areas > usual * _ODD)).tolist():
        codes, numbers = named.at(at)
        text = f"网格 {codes[0]} 面积 {areas[at]:.0f} 平方米，与中位数 {usual:.0f} 平方米相差过大，请核对"
        yield TessellationFinding(
            code="odd_size", severity=Severity.WARNING, where=codes, message=text, shape=shapes[at], numbers=numbers
        )


def square_metres(shapes: Shapes) -> float:
    """Return square metres per square degree in the middle of the set: good enough to judge slivers by."""
    east_m, north_m = metres_per_degree(float(np.median(shapely.bounds(shapes)[:, 1])))
    return east_m * north_m


def _error(
    code: str, where: tuple[str, ...], message: str, shape: BaseGeometry | None = None, *, at: tuple[int, ...]
) -> TessellationFinding:
    return TessellationFinding(
        code=code, severity=Severity.ERROR, where=where, message=message, shape=shape, numbers=at
    )
