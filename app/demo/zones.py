"""Zones over part of the city: roads, compounds, greens, water and markets; only bridges lie over another class."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from math import cos, pi, sin
from random import Random
from typing import Final

import shapely
from shapely.geometry.base import BaseGeometry

from app.demo.ground import Ground
from app.demo.names import ESTATES, GREENS, LAKES, MARKETS, RIVER
from app.demo.plan import Terrain
from app.demo.plane import on_grid
from app.demo.roads import LANE, WIDTHS, Road
from app.demo.rows import ZoneRow
from app.demo.units import Directory

_FROM_STREETS: Final = 21.0  # metres kept free along main streets
_FROM_CELLS: Final = 14.0  # and inside a cell's edge, where lanes run
_FROM_LANES: Final = 7.0
_SMALLEST_BLOCK: Final = 12
_WORTH_A_FENCE: Final = 2000.0  # square metres
_PARKS, _POCKETS = 7, 36


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """A zone before it has its code; geometry in degrees, `street` by its code."""

    zone_class: str
    name: str
    street: str
    manager: str
    geometry: shapely.Polygon | shapely.MultiPolygon
    grade: str | None = None
    width_m: int | None = None


def lay_zones(
    rng: Random, ground: Ground, codes: Sequence[str], roads: Sequence[Road], units: Directory
) -> tuple[ZoneRow, ...]:
    """Return the zones in the order of their codes; `codes` holds the cell code of each lot."""
    by_block: dict[int, list[int]] = defaultdict(list)
    for number, lot in enumerate(ground.lots):
        by_block[lot.block].append(number)
    land = [
        lots
        for lots in by_block.values()
        if len(lots) >= _SMALLEST_BLOCK and ground.block(lots[0]).terrain is Terrain.LAND
    ]
    rng.shuffle(land)
    shapes = ground.polygons()
    parks, built = land[:_PARKS], land[_PARKS:]
    lanes = shapely.union_all([road.middle.buffer(_FROM_LANES) for road in roads if road.grade == LANE])
    drafts = [
        *_road_drafts(roads, units),
        *_river_drafts(ground, codes, units),
        *_bank_drafts(rng, ground, by_block, codes, units),
        *_park_drafts(rng, [(_inner(shapes, lots), codes[lots[0]][:9]) for lots in parks], lanes, units),
        *_built_drafts(rng, ground, [(lots, _inner(shapes, lots).difference(lanes)) for lots in built], codes, units),
    ]
    return tuple(_numbered(drafts))


def _numbered(drafts: Iterable[_Draft]) -> Iterable[ZoneRow]:
    count: dict[str, int] = defaultdict(int)
    for draft in sorted(drafts, key=lambda one: (one.zone_class, one.street, one.name, one.geometry.bounds)):
        count[draft.zone_class] += 1
        yield ZoneRow(
            code=f"{draft.zone_class[0].upper()}{count[draft.zone_class]:04d}",
            name=draft.name,
            zone_class=draft.zone_class,
            manager_unit=draft.manager,
            grade=draft.grade,
            width_m=draft.width_m,
            geometry=draft.geometry,
        )


def _inner(shapes: Sequence[shapely.Polygon], lots: Sequence[int]) -> BaseGeometry:
    """Return a block without the strip along its streets."""
    return shapely.coverage_union_all([shapes[lot] for lot in lots]).buffer(-_FROM_STREETS, join_style="mitre")


def _largest(geometry: BaseGeometry) -> shapely.Polygon:
    part = max(shapely.get_parts(geometry).tolist(), key=lambda one: one.area)
    if not isinstance(part, shapely.Polygon):
        raise TypeError(part.geom_type)
    return part


def _road_drafts(roads: Sequence[Road], units: Directory) -> Iterable[_Draft]:
    for road in roads:
        lane = road.grade == LANE
        manager = units.who("office", road.street) if lane else units.who("roads", road.street[:6])
        yield _Draft(
            zone_class="road",
            name=road.name,
            street=road.street,
            manager=manager,
            geometry=road.band,
            grade=road.grade,
            width_m=WIDTHS[road.grade],
        )


def _river_drafts(ground: Ground, codes: Sequence[str], units: Directory) -> Iterable[_Draft]:
    """Return the river's stretches of whole cells, one a street."""
    stretches: dict[str, list[shapely.Polygon]] = defaultdict(list)
    for number, shape in enumerate(map(on_grid, ground.polygons())):
        if ground.block(number).terrain is Terrain.RIVER:
            stretches[codes[number][:9]].append(shape)
    for street, shapes in stretches.items():
        union = shapely.coverage_union_all(shapes).normalize()
        if isinstance(union, shapely.Polygon | shapely.MultiPolygon):
            manager = units.who("river", street[:6])
            yield _Draft(zone_class="water", name=RIVER, street=street, manager=manager, geometry=union)


def _bank_drafts(
    rng: Random, ground: Ground, by_block: dict[int, list[int]], codes: Sequence[str], units: Directory
) -> Iterable[_Draft]:
    shapes = ground.polygons()
    for lots in by_block.values():
        if ground.block(lots[0]).terrain is not Terrain.BANK or rng.random() > 0.6:  # noqa: PLR2004 - three in five
            continue
        for part in shapely.get_parts(_inner(shapes, lots)).tolist():
            street = codes[lots[0]][:9]
            side = "北岸" if ground.block(lots[0]).north else "南岸"
            yield _Draft(
                zone_class="green",
                name=f"{RIVER}{side}绿带",
                street=street,
                manager=units.who("green", street[:6]),
                geometry=on_grid(part),
            )


def _park_drafts(
    rng: Random, blocks: Sequence[tuple[BaseGeometry, str]], lanes: BaseGeometry, units: Directory
) -> Iterable[_Draft]:
    for place, (block, street) in enumerate(blocks):
        park = _largest(block.difference(lanes))
        manager = units.who("green", street[:6])
        if place < len(LAKES):
            lake = _lake(rng, park)
            park = _largest(park.difference(lake))
            yield _Draft(zone_class="water", name=LAKES[place], street=street, manager=manager, geometry=on_grid(lake))
        name = f"{GREENS[place]}公园"
        yield _Draft(zone_class="green", name=name, street=street, manager=manager, geometry=on_grid(park))


def _lake(rng: Random, park: shapely.Polygon) -> shapely.Polygon:
    """Return an uneven round of water well inside a park."""
    middle, rim = shapely.maximum_inscribed_circle(park, 5).coords
    radius = 0.72 * shapely.Point(middle).distance(shapely.Point(rim))
    phases = [rng.uniform(0, 2 * pi) for _ in range(2)]
    ring = []
    for step in range(40):
        angle = 2 * pi * step / 40
        reach = radius * (1 + 0.18 * cos(2 * angle + phases[0]) + 0.09 * cos(3 * angle + phases[1]))
        ring.append((middle[0] + reach * cos(angle), middle[1] + reach * sin(angle)))
    return shapely.Polygon(ring)


def _built_drafts(
    rng: Random,
    ground: Ground,
    blocks: Sequence[tuple[list[int], BaseGeometry]],
    codes: Sequence[str],
    units: Directory,
) -> Iterable[_Draft]:
    """Return markets, pocket gardens and compounds, each inside one to four cells of a built-up block."""
    shapes = ground.polygons()
    estates = ["".join(words) for words in product(*ESTATES, ("小区", "小区二期", "小区三期"))]
    rng.shuffle(estates)
    for place, (lots, inner) in enumerate(blocks):
        free = set(lots)
        if place < len(MARKETS) + _POCKETS:
            lot = rng.choice(lots)
            free.discard(lot)
            for plot in _plots(shapes, [lot], inner):
                yield _small(rng, place, codes[lot][:9], plot, units)
        if place % 5 == 0:  # one block in five is not lived in
            continue
        company = rng.choice(units.property_companies)
        for _ in range(rng.randint(1, 3)):
            site = _site(rng, ground, free)
            free -= {beside for lot in site for beside in (lot, *ground.neighbours[lot])}
            for plot in _plots(shapes, site, inner):
                street = codes[site[0]][:9]
                yield _Draft(zone_class="compound", name=estates.pop(), street=street, manager=company, geometry=plot)


def _site(rng: Random, ground: Ground, free: set[int]) -> list[int]:
    """Return one cell of those still free and up to three of its neighbours, or nothing."""
    if not free:
        return []
    first = rng.choice(sorted(free))
    beside = [lot for lot in ground.neighbours[first] if lot in free]
    return [first, *beside[: rng.randint(0, 3)]]


def _small(rng: Random, place: int, street: str, plot: shapely.Polygon, units: Directory) -> _Draft:
    """Return a market while names last, then a pocket garden."""
    if place < len(MARKETS):
        station = "market_first" if street[-1] in "12" else "market_second"
        managers = [units.who(station, street[:6]), units.who("market_east"), units.who("market_west")]
        zone_class, name, manager = "market", f"{MARKETS[place]}农贸市场", rng.choice(managers)
    else:
        zone_class, name, manager = "green", f"{GREENS[place % len(GREENS)]}游园", units.who("green", street[:6])
    return _Draft(zone_class=zone_class, name=name, street=street, manager=manager, geometry=plot)


def _plots(shapes: Sequence[shapely.Polygon], lots: Sequence[int], inner: BaseGeometry) -> Iterable[shapely.Polygon]:
    """Return the ground inside some cells, clear of streets and lanes, if anything worth a fence is left."""
    if lots:
        whole = shapely.coverage_union_all([shapes[lot] for lot in lots])
        part = _largest(whole.buffer(-_FROM_CELLS, join_style="mitre").intersection(inner))
        if part.area > _WORTH_A_FENCE:
            yield on_grid(part)
