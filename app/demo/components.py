"""Components along roads, on the banks and in parks, each with those who own and keep it; names as in the catalogue."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

import numpy as np
import shapely

from app.demo.plane import degrees
from app.demo.roads import LANE, Road
from app.demo.rows import CellRow, ComponentRow, ZoneRow
from app.demo.units import Directory

STATE: Final = "in_use"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sort:
    """A sort of component: `every` metres between two, `out` the share of the half width left of the middle."""

    category: str
    name: str
    trade: str
    every: float
    out: float = 0.5
    lanes: bool = False


_ROADSIDE: Final = (
    Sort(category="0101", name="上水井盖", trade="water", every=840, out=0.45, lanes=True),
    Sort(category="0102", name="污水井盖", trade="drainage", every=660, out=0.25, lanes=True),
    Sort(category="0103", name="雨水井盖", trade="drainage", every=580, out=-0.25),
    Sort(category="0104", name="雨水箅子", trade="drainage", every=420, out=0.75, lanes=True),
    Sort(category="0106", name="路灯井盖", trade="lighting", every=1400, out=0.9),
    Sort(category="0110", name="热力井盖", trade="heat", every=1800, out=-0.4),
    Sort(category="0111", name="燃气井盖", trade="gas", every=1520, out=0.35),
    Sort(category="0127", name="通讯交接箱", trade="telecom", every=2200, out=0.95),
    Sort(category="0130", name="电力立杆", trade="power", every=1300, out=-0.95, lanes=True),
    Sort(category="0137", name="路灯", trade="lighting", every=320, out=0.85, lanes=True),
    Sort(category="0150", name="监控电子眼", trade="traffic", every=2600, out=-0.9),
    Sort(category="0204", name="公交站亭（牌）", trade="bus", every=1800, out=0.95),
    Sort(category="0212", name="路名牌", trade="traffic", every=1600, out=-0.95),
    Sort(category="0217", name="交通护栏", trade="traffic", every=1200, out=0.0),
    Sort(category="0284", name="人行道", trade="roads", every=1800, out=0.92),
    Sort(category="0305", name="垃圾箱（果皮箱、桶）", trade="sanitation", every=840, out=-0.9),
    Sort(category="0306", name="户外广告", trade="adverts", every=3200, out=0.97),
    Sort(category="0402", name="行道树", trade="green", every=300, out=-0.8),
    Sort(category="0495", name="机非隔离带", trade="green", every=2400, out=0.6),
)
_IN_GREENS: Final = (
    Sort(category="0301", name="公共厕所", trade="sanitation", every=0),
    Sort(category="0401", name="古树名木", trade="green", every=0),
    Sort(category="0406", name="雕塑", trade="green", every=0),
    Sort(category="0407", name="街头座椅", trade="green", every=0),
    Sort(category="0408", name="绿地护栏", trade="green", every=0),
)
_BY_WATER: Final = Sort(category="0507", name="水域护栏", trade="river", every=260)
_IN_COMPOUNDS: Final = Sort(category="0146", name="户外健身设施", trade="", every=0)  # kept by the compound's manager

_Found = tuple[Sort, tuple[float, float], str]  # sort, lon/lat, keeper named by the place itself


def place_components(
    rng: Random, roads: Sequence[Road], zones: Sequence[ZoneRow], cells: Sequence[CellRow], units: Directory
) -> tuple[ComponentRow, ...]:
    """Return the components that lie in a cell, numbered by district and category; codes have 16 digits."""
    found = [*_along_roads(rng, roads), *_in_zones(rng, zones)]
    points = shapely.points(np.array([at for _, at, _ in found]))
    tree = shapely.STRtree([cell.geometry for cell in cells])
    cell_of = dict(tree.query(points, predicate="within").T.tolist())
    parents = {row.code: row.parent_code for row in units.rows}
    count: dict[tuple[str, str], int] = defaultdict(int)
    rows = []
    for number in sorted(cell_of):
        sort, at, keeper = found[number]
        region = cells[cell_of[number]].code[:6]
        count[region, sort.category] += 1
        maintainer = keeper or _keeper(units, sort.trade, region)
        owner = parents[maintainer] or maintainer
        rows.append(
            ComponentRow(
                code=f"{region}{sort.category}{count[region, sort.category]:06d}",
                category=sort.category,
                name=sort.name,
                competent_unit=_root(parents, owner),
                owner_unit=owner,
                maintainer_unit=maintainer,
                state=STATE,
                geometry=shapely.Point(at),
            )
        )
    return tuple(sorted(rows, key=lambda row: row.code))


def _keeper(units: Directory, trade: str, region: str) -> str:
    return units.by_trade.get((trade, region)) or units.who(trade)


def _root(parents: Mapping[str, str | None], code: str) -> str:
    while parent := parents[code]:
        code = parent
    return code


def _along_roads(rng: Random, roads: Sequence[Road]) -> Iterable[_Found]:
    for road in roads:
        half = road.middle.length
        width = 5.0 if road.grade == LANE else 11.0
        for sort in _ROADSIDE:
            if road.grade == LANE and not sort.lanes:
                continue
            way = rng.uniform(0.1, 0.9) * sort.every
            while way < half:
                yield sort, _beside(road.middle, way, sort.out * width), ""
                way += sort.every * rng.uniform(0.8, 1.2)


def _beside(middle: shapely.LineString, way: float, out: float) -> tuple[float, float]:
    """Return lon/lat beside a line, `out` metres to its left."""
    here, ahead = middle.interpolate(way), middle.interpolate(way + 2)
    if here.equals(ahead):
        ahead = here
        here = middle.interpolate(way - 2)
    dx, dy = ahead.x - here.x, ahead.y - here.y
    length = float(np.hypot(dx, dy))
    return _lonlat(here.x - dy / length * out, here.y + dx / length * out)


def _lonlat(x: float, y: float) -> tuple[float, float]:
    lon, lat = degrees(np.array([[x, y]]))[0].tolist()
    return lon, lat


def _in_zones(rng: Random, zones: Sequence[ZoneRow]) -> Iterable[_Found]:
    for zone in zones:
        if zone.zone_class == "green":
            for sort in rng.sample(_IN_GREENS, 3):
                yield sort, _within(rng, zone.geometry), ""
        elif zone.zone_class == "compound":
            yield _IN_COMPOUNDS, _within(rng, zone.geometry), zone.manager_unit
        elif zone.zone_class == "water":
            rim = zone.geometry.buffer(-1e-5).boundary  # about a metre from the edge
            for _ in range(round(rim.length * 1e5 / _BY_WATER.every)):
                at = rim.interpolate(rng.random(), normalized=True)
                yield _BY_WATER, (round(at.x, 7), round(at.y, 7)), ""


def _within(rng: Random, geometry: shapely.Polygon | shapely.MultiPolygon) -> tuple[float, float]:
    """Return a random lon/lat inside a zone."""
    west, south, east, north = geometry.bounds
    shapely.prepare(geometry)
    while True:
        lon, lat = round(rng.uniform(west, east), 7), round(rng.uniform(south, north), 7)
        if shapely.contains_xy(geometry, lon, lat):
            return lon, lat
