"""Shapes of a file on their way into canonical degrees: what cannot be a place is named, with what it looks like."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import GeometryType
from shapely.affinity import affine_transform
from shapely.geometry.base import BaseGeometry

from app.dispatch.geodesy import metres_per_degree
from app.dispatch.importing.findings import Ledger
from app.dispatch.importing.tables import Table
from app.dispatch.tessellation import Shapes

Points: TypeAlias = NDArray[np.float64]
Convert: TypeAlias = Callable[[Points], Points]
"""From points as they came (n, 2) to canonical degrees; NaN for what is not a place on Earth."""

POLYGONS: Final = (GeometryType.POLYGON, GeometryType.MULTIPOLYGON)
LINES: Final = (GeometryType.LINESTRING, GeometryType.MULTILINESTRING)
POINTS: Final = (GeometryType.POINT,)
_NAMES: Final = {
    GeometryType.MISSING: "空",
    GeometryType.POINT: "点",
    GeometryType.LINESTRING: "线",
    GeometryType.LINEARRING: "环",
    GeometryType.POLYGON: "面",
    GeometryType.MULTIPOINT: "多点",
    GeometryType.MULTILINESTRING: "多线",
    GeometryType.MULTIPOLYGON: "多面",
    GeometryType.GEOMETRYCOLLECTION: "几何集合",
}
_WEST, _SOUTH, _EAST, _NORTH = 73.0, 3.0, 136.0, 54.0  # China with its seas
_LON_MAX, _LAT_MAX = 180.0, 90.0
_METRES: Final = 1000.0  # beyond it a number is no degree


@dataclass(frozen=True, slots=True, kw_only=True)
class Datum:
    """The declared system: how to bring points into canonical degrees, and whether its own are metres."""

    name: str
    metric: bool
    convert: Convert


def canonical(table: Table, datum: Datum, wanted: Sequence[GeometryType], ledger: Ledger) -> Table:
    """Return the table with shapes in canonical degrees; a shape that is refused becomes None, noted in the ledger."""
    assert table.shapes is not None  # noqa: S101  # readers of such kinds give shapes
    with np.errstate(invalid="ignore"):  # coordinates that are no numbers are what is looked for here
        shapes: Shapes = shapely.force_2d(table.shapes)
    good = _of_kind(table, shapes, wanted, ledger)
    points, owner = shapely.get_coordinates(shapes[good], return_index=True)
    owner = good[owner]
    judge = _Judge(table, shapes, datum, ledger)
    refused = judge.refuse(points, owner)
    moved: Shapes = np.full(len(shapes), None, dtype=object)
    kept = good[~np.isin(good, refused)]
    moved[kept] = shapely.transform(shapes[kept], datum.convert)
    return replace(table, shapes=moved)


def _of_kind(table: Table, shapes: Shapes, wanted: Sequence[GeometryType], ledger: Ledger) -> NDArray[np.intp]:
    types = shapely.get_type_id(shapes)
    missing = (types == GeometryType.MISSING) | shapely.is_empty(shapes)
    for at in np.flatnonzero(missing).tolist():
        ledger.error("empty_shape", table.where(at), "没有图形，请补画或删去这一条")
    fitting = np.isin(types, [int(one) for one in wanted])
    names = "或".join(_NAMES[one] for one in wanted)
    for at in np.flatnonzero(~missing & ~fitting).tolist():
        kind = _NAMES[GeometryType(int(types[at]))]
        ledger.error("wrong_shape", table.where(at), f"图形是{kind}，须为{names}")
    return np.flatnonzero(~missing & fitting)


class _Judge:
    """Decide for each shape whether its numbers are places, and if not, what they look like."""

    def __init__(self, table: Table, shapes: Shapes, datum: Datum, ledger: Ledger) -> None:
        self._table = table
        self._shapes = shapes
        self._datum = datum
        self._ledger = ledger

    def refuse(self, points: Points, owner: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the shapes that cannot be taken, each of them noted once."""
        finite = np.isfinite(points).all(axis=1)
        broken = np.unique(owner[~finite])
        for at in broken.tolist():
            self._note("nan_coordinate", at, "坐标中有 NaN 或无穷大，请在制图软件中重新导出")
        whole = ~np.isin(owner, broken)
        odd = self._odd_units(points[whole], owner[whole])
        rest = whole & ~np.isin(owner, odd)
        return np.concatenate([broken, odd, self._off_place(points[rest], owner[rest])])

    def _odd_units(self, points: Points, owner: NDArray[np.intp]) -> NDArray[np.intp]:
        """Find degrees where metres were declared, and the other way round."""
        size = np.abs(points)
        if self._datum.metric:
            like = np.unique(owner[(size > [_LON_MAX, _LON_MAX]).any(axis=1)])
            odd = np.setdiff1d(owner, like)
            code, text = (
                "degrees_not_metres",
                f"声明的 {self._datum.name} 以米计，坐标却像经纬度；请改为 wgs84、cgcs2000 等",
            )
        else:
            odd = np.unique(owner[(size > _METRES).any(axis=1)])
            code = "metres_not_degrees"
            text = f"声明的 {self._datum.name} 是经纬度，坐标却像以米计；请声明投影坐标系的 EPSG 编号"
        for at in odd.tolist():
            self._note(code, at, f"{text}（坐标 {_first(self._shapes[at])}）")
        return odd

    def _off_place(self, points: Points, owner: NDArray[np.intp]) -> NDArray[np.intp]:
        """Find what is no place on Earth, or lies outside China and would not if x and y changed places."""
        found = self._datum.convert(points)
        inside = _in_china(found)
        outside = np.unique(owner[~inside])
        off = np.unique(owner[~np.isfinite(found).all(axis=1)])
        if not len(outside):
            return outside
        mine = np.isin(owner, outside)
        turned = np.setdiff1d(outside, owner[mine][~_in_china(self._datum.convert(points[mine][:, ::-1]))])
        for at in turned.tolist():
            self._note(
                "swapped_axes",
                at,
                f"经纬度（或东北坐标）颠倒：{_first(self._shapes[at])}；请按“经度、纬度”的次序重新导出",
            )
        lost = np.setdiff1d(off, turned)
        for at in lost.tolist():
            text = f"坐标 {_first(self._shapes[at])} 按 {self._datum.name} 不是地球上的位置，请检查坐标系声明"
            self._note("off_earth", at, text)
        for at in np.setdiff1d(np.setdiff1d(outside, turned), lost).tolist():
            text = f"坐标 {_first(self._shapes[at])} 按 {self._datum.name} 落在中国之外，请检查坐标系声明"
            self._ledger.warn("outside_china", self._table.where(at), text)
        return np.concatenate([turned, lost])

    def _note(self, code: str, at: int, text: str) -> None:
        self._ledger.error(code, self._table.where(at), text)


def _in_china(points: Points) -> NDArray[np.bool_]:
    with np.errstate(invalid="ignore"):
        return np.asarray(((points >= [_WEST, _SOUTH]) & (points <= [_EAST, _NORTH])).all(axis=1))


def _first(shape: BaseGeometry) -> str:
    x, y = shapely.get_coordinates(shape)[0].tolist()
    return f"({x:.10g}, {y:.10g})"


def widened(line: BaseGeometry, width_m: float) -> BaseGeometry:
    """Return the ground of a line of that width, with flat ends, in canonical degrees; measured where the line lies."""
    west, south, east, north = line.bounds
    lon, lat = (west + east) / 2, (south + north) / 2
    east_m, north_m = metres_per_degree(lat)
    flat = affine_transform(line, [east_m, 0, 0, north_m, -lon * east_m, -lat * north_m])
    ground = flat.buffer(width_m / 2, cap_style="flat", join_style="round", quad_segs=4)
    return affine_transform(ground, [1 / east_m, 0, 0, 1 / north_m, lon, lat])


def same_system(declared: str, file_epsg: int | None) -> bool:
    """Tell whether a file's own system agrees with the declared one; WGS-84 and CGCS2000 count as one.

    No file can say GCJ-02 or BD-09: a file declared as such is expected to call itself geographic.
    """
    geographic = frozenset({4326, 4490})
    _, _, number = declared.lower().partition("epsg:")
    if not number.isdecimal():
        return file_epsg in geographic
    return file_epsg == int(number) or {file_epsg, int(number)} <= geographic


def note_system(table: Table, datum: Datum, file_epsg: int | None, ledger: Ledger) -> None:
    """Note a file that says itself to be in another system than the declared one; `file_epsg` None: no known number."""
    if table.crs is None:
        return
    if file_epsg is None:
        text = f"文件自带的坐标系无法识别，按声明的 {datum.name} 处理，请确认"
        ledger.warn("datum_unclear", table.where(value=table.crs), text)
    elif not same_system(datum.name, file_epsg):
        text = f"文件自带坐标系 EPSG:{file_epsg}，与声明的 {datum.name} 不一致；请声明 EPSG:{file_epsg}，或更正文件"
        ledger.error("datum_differs", table.where(value=f"EPSG:{file_epsg}"), text)
