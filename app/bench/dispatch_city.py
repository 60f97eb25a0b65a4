"""A large city for the dispatch benchmark, the same for the same seed: irregular cells, zones, a full rule book."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from app.dispatch.book import Area, Book
from app.dispatch.calendar import OFFICE_HOURS, WorkCalendar
from app.dispatch.catalogue import Catalogue, Category, Condition
from app.dispatch.codes import AreaLevel, Kind, LimitUnit, Scope
from app.dispatch.grid import Cell, CellIndex
from app.dispatch.limits import Limit
from app.dispatch.responsibility import Rule, Takes, Unit
from app.dispatch.routing import RuleBook
from app.dispatch.zones import Zone, ZoneIndex

SEED: Final = 20260101
_WEST, _SOUTH, _STEP = 120.6, 31.1, 0.001  # about a hundred metres
_TRADES, _PER_BLOCK = 360, 10  # specialised units; cells along one side of a community
_OPENING: Final = datetime(2025, 1, 1, tzinfo=UTC)
_CLASSES: Final = ("road", "compound", "green")
_CONDITIONS: Final = 519

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class BigCity:
    """The rows of a large city, as its files would bring them."""

    cells: tuple[Cell, ...]
    areas: tuple[Area, ...]
    zones: tuple[Zone, ...]
    units: tuple[Unit, ...]
    rules: tuple[Rule, ...]
    takes: tuple[Takes, ...]
    catalogue: Catalogue


def build(*, side: int = 320, rules: int = 20_000, seed: int = SEED) -> BigCity:
    """Return a city of about `side`² · 0.98 cells: some neighbours are merged, so that sizes differ."""
    chance = Random(seed)  # noqa: S311 - data for a benchmark, no secrets
    outlines = _outlines(side, np.random.default_rng(seed))
    codes = [[_code(column, row) for column in range(side)] for row in range(side)]
    cells = tuple(_cells(outlines, codes, chance))
    areas = tuple(_areas(codes))
    units = tuple(_units(areas))
    zones = tuple(_zones(side, units, chance))
    return BigCity(
        cells=cells,
        areas=areas,
        zones=zones,
        units=units,
        rules=tuple(_rules(rules, cells, areas, zones, units, chance)),
        takes=tuple(_takes()),
        catalogue=_catalogue(),
    )


def book_of(city: BigCity, cells: CellIndex | None = None) -> Book:
    """Return the city as a book in force."""
    return Book(
        number=1,
        versions={},
        cells=cells or CellIndex.build(city.cells),
        zones=ZoneIndex.build(city.zones),
        zone_names={zone.code: zone.name for zone in city.zones},
        areas={area.code: area for area in city.areas},
        beat_names={},
        rules=RuleBook.compile(city.rules, city.units, city.zones, city.takes),
        catalogue=city.catalogue,
        calendar=WorkCalendar(name="office", version=1, slots=OFFICE_HOURS, days={}, published_until=None),
    )


def _outlines(side: int, chance: np.random.Generator) -> NDArray[np.object_]:
    """Return side × side polygons of eight corners: crossings and the middles of sides are shaken, and shared."""
    fine = np.arange(2 * side + 1) / 2.0
    x, y = np.meshgrid(fine, fine)
    x, y = x + chance.uniform(-0.22, 0.22, x.shape), y + chance.uniform(-0.22, 0.22, y.shape)
    x, y = _WEST + x * _STEP, _SOUTH + y * _STEP
    around = ((0, 0), (1, 0), (2, 0), (2, 1), (2, 2), (1, 2), (0, 2), (0, 1))
    rings = np.stack(
        [
            np.stack([axis[dy : dy + 2 * side : 2, dx : dx + 2 * side : 2] for axis in (x, y)], axis=-1)
            for dx, dy in around
        ],
        axis=2,
    )
    return np.asarray(shapely.polygons(rings.reshape(side * side, len(around), 2))).reshape(side, side)


def _cells(outlines: NDArray[np.object_], codes: list[list[str]], chance: Random) -> Iterator[Cell]:
    """Yield the cells; one in fifty swallows its eastern neighbour of the same community."""
    for row, line in enumerate(codes):
        column = 0
        while column < len(line):
            shape, code = outlines[row, column], line[column]
            wide = (column + 1) % _PER_BLOCK != 0 and column + 1 < len(line) and chance.random() < 0.02  # noqa: PLR2004 - one in fifty
            if wide:
                shape = shapely.union(shape, outlines[row, column + 1])
            yield Cell(code=code, polygon=shape, beat_code=f"B{code[4:12]}{row % 2}")
            column += 1 + wide


def _code(column: int, row: int) -> str:
    """Return the code of a cell: communities of 100 cells, streets of 25 communities, districts of 16 streets."""
    block, line = column // _PER_BLOCK, row // _PER_BLOCK
    district = 1 + (line // 20) * 2 + block // 20
    street = 1 + (line // 5 % 4) * 4 + block // 5 % 4
    community = 1 + line % 5 * 5 + block % 5
    return f"3205{district:02d}{street:03d}{community:03d}{row % _PER_BLOCK * _PER_BLOCK + column % _PER_BLOCK:03d}"


def _areas(codes: list[list[str]]) -> Iterator[Area]:
    levels = ((AreaLevel.DISTRICT, 6, None), (AreaLevel.STREET, 9, 6), (AreaLevel.COMMUNITY, 12, 9))
    for level, size, parent in levels:
        for code in sorted({code[:size] for line in codes for code in line}):
            yield Area(code=code, name=code, level=level, parent_code=code[:parent] if parent else None)


def _units(areas: Iterable[Area]) -> Iterator[Unit]:
    for area in areas:
        if area.level is AreaLevel.STREET:
            yield Unit(code=f"S{area.code}", name=area.code, region_code=area.code, fallback=True)
    for number in range(_TRADES):
        yield Unit(code=f"T{number:03d}", name=f"T{number:03d}")


def _zones(side: int, units: tuple[Unit, ...], chance: Random) -> Iterator[Zone]:
    """Yield stretches of road along every fifth line, compounds inside one to four cells, and greens over both."""
    managers = [unit.code for unit in units if not unit.fallback]
    for line in range(0, side, 5):
        for start in range(0, side - 10, 10):
            for across in (True, False):
                ends = [(start, line), (start + 10, line)] if across else [(line, start), (line, start + 10)]
                way = shapely.LineString([(_WEST + x * _STEP, _SOUTH + y * _STEP) for x, y in ends])
                yield _zone(
                    f"R{int(across)}{line:03d}{start:03d}",
                    "road",
                    way.buffer(0.0002, cap_style="flat"),
                    managers,
                    chance,
                )
    blocks = [(column, row) for row in range(0, side - 1, 2) for column in range(0, side - 1, 2)]
    for number, (column, row) in enumerate(sorted(chance.sample(blocks, len(blocks) * 15 // 32))):
        high, wide = chance.choice(((1, 1), (1, 2), (2, 1), (2, 2)))
        west, south = _WEST + (column + 0.3) * _STEP, _SOUTH + (row + 0.3) * _STEP
        shape = shapely.box(west, south, west + (wide - 0.6) * _STEP, south + (high - 0.6) * _STEP)
        yield _zone(f"C{number:05d}", "compound", shape, managers, chance)
    for number in range(len(blocks) // 5):
        x, y = _WEST + chance.uniform(0, side) * _STEP, _SOUTH + chance.uniform(0, side) * _STEP
        shape = shapely.Point(x, y).buffer(chance.uniform(0.0002, 0.0007), quad_segs=6)
        yield _zone(f"G{number:05d}", "green", shape, managers, chance)


def _zone(code: str, zone_class: str, shape: Polygon | MultiPolygon, managers: list[str], chance: Random) -> Zone:
    return Zone(code=code, name=code, zone_class=zone_class, polygon=shape, manager_unit=chance.choice(managers))


def _takes() -> Iterator[Takes]:
    """Let each class take majors of its own, so that managers of one spot never contradict each other."""
    for number, zone_class in enumerate(_CLASSES):
        yield Takes(zone_class=zone_class, kind=Kind.COMPONENT, major=f"{number + 1:02d}")
        yield Takes(zone_class=zone_class, kind=Kind.EVENT, major=f"{number + 1:02d}")


def _catalogue() -> Catalogue:
    """Return 173 minors of three conditions each: 519."""
    condition = Limit(value=5, unit=LimitUnit.WORK_DAY)
    conditions = {
        number: Condition(
            number=number, filing_condition="", limit=condition, closing_condition="", limit_source="benchmark"
        )
        for number in (1, 2, 3)
    }
    names = [(kind, major, minor) for kind in Kind for major in range(1, 7) for minor in range(1, 16)]
    return Catalogue.of(
        "benchmark",
        (
            Category(
                kind=kind,
                major=f"{major:02d}",
                major_name="",
                minor=f"{minor:02d}",
                minor_name="",
                conditions=conditions,
            )
            for kind, major, minor in names[: _CONDITIONS // len(conditions)]
        ),
    )


def _rules(
    wanted: int,
    cells: tuple[Cell, ...],
    areas: tuple[Area, ...],
    zones: tuple[Zone, ...],
    units: tuple[Unit, ...],
    chance: Random,
) -> Iterator[Rule]:
    """Yield rules of every scope, none equal to another in scope and category, one in ten with a validity."""
    trades = [unit.code for unit in units if not unit.fallback]
    codes: dict[Scope, list[str]] = {
        Scope.CELL: [cell.code for cell in cells],
        Scope.BEAT: sorted({cell.beat_code for cell in cells if cell.beat_code}),
        **{
            Scope(level.value): [area.code for area in areas if area.level is level]
            for level in (AreaLevel.COMMUNITY, AreaLevel.STREET, AreaLevel.DISTRICT)
        },
    }
    scopes = (Scope.ZONE, Scope.CELL, Scope.BEAT, Scope.COMMUNITY, Scope.STREET, Scope.DISTRICT, Scope.CITY)
    seen: set[tuple[object, ...]] = set()
    while len(seen) < wanted:
        [scope] = chance.choices(scopes, (20, 30, 15, 20, 10, 4, 1))
        zone = chance.choice(zones) if scope is Scope.ZONE else None
        code = zone.code if zone else chance.choice(codes[scope]) if scope in codes else None
        major = _CLASSES.index(zone.zone_class) + 1 if zone else chance.randrange(1, 7)
        minor = f"{chance.randrange(1, 16):02d}" if chance.random() < 0.8 else None  # noqa: PLR2004 - four in five
        condition = chance.randrange(1, 4) if minor and chance.random() < 0.15 else None  # noqa: PLR2004 - some
        kind = chance.choice(list(Kind))
        said = (scope, code, kind, major, minor, condition)
        if said not in seen:
            seen.add(said)
            yield Rule(
                id=f"r{len(seen):05d}",
                unit_code=chance.choice(trades),
                scope=scope,
                scope_code=code,
                kind=kind,
                major=f"{major:02d}",
                minor=minor,
                condition=condition,
                valid_from=_OPENING if chance.random() < 0.1 else None,  # noqa: PLR2004 - one in ten
            )
