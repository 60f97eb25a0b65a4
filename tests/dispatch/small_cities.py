"""Random small cities drawn on squares of 10 m: cells, zones of three classes, rules, rulings, validities.

Everything is a union of squares, so that asking in the middle of each square is asking everywhere.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from shapely import Polygon, box

from app.dispatch.book import Area, Book
from app.dispatch.calendar import OFFICE_HOURS, WorkCalendar
from app.dispatch.catalogue import Catalogue, Category, Condition
from app.dispatch.codes import AreaLevel, Kind, LimitUnit, Scope
from app.dispatch.geodesy import metres_per_degree
from app.dispatch.grid import Cell, CellIndex
from app.dispatch.limits import Limit
from app.dispatch.responsibility import Place, Rule, Ruling, Takes, Unit
from app.dispatch.routing import RuleBook
from app.dispatch.zones import Zone, ZoneIndex
from tests.dispatch.naive_routing import City

NOON = datetime(2026, 3, 10, 4, tzinfo=UTC)
DAY = timedelta(days=1)
LON, LAT = 118.1, 31.2
SQUARE_M = 10.0
EAST, NORTH = (SQUARE_M / metres for metres in metres_per_degree(LAT))
CELLS = {
    "310109001001001": (0, 0, 4, 4),
    "310109001001002": (4, 0, 8, 4),
    "310109001002001": (0, 4, 4, 6),
    "310109002001001": (4, 4, 8, 6),
}
CODES = {
    Scope.ZONE: ["Z0", "Z1", "Z2", "Z3"],
    Scope.CELL: list(CELLS),
    Scope.BEAT: ["B1"],
    Scope.COMMUNITY: ["310109001001", "310109001002"],
    Scope.STREET: ["310109001", "310109002"],
    Scope.DISTRICT: ["310109"],
}
AREAS = [
    Area(code="310109", name="东区", level=AreaLevel.DISTRICT, parent_code=None),
    Area(code="310109001", name="一街", level=AreaLevel.STREET, parent_code="310109"),
    Area(code="310109002", name="二街", level=AreaLevel.STREET, parent_code="310109"),
    Area(code="310109001001", name="甲社区", level=AreaLevel.COMMUNITY, parent_code="310109001"),
    Area(code="310109001002", name="乙社区", level=AreaLevel.COMMUNITY, parent_code="310109001"),
    Area(code="310109002001", name="丙社区", level=AreaLevel.COMMUNITY, parent_code="310109002"),
]
UNITS = ["u1", "u2", "u3"]


def squares(west: int, south: int, east: int, north: int) -> Polygon:
    """Return a rectangle of squares."""
    return box(LON + west * EAST, LAT + south * NORTH, LON + east * EAST, LAT + north * NORTH)


def category(kind: Kind, major: str, minor: str, conditions: int) -> Category:
    limit = Limit(value=1, unit=LimitUnit.WORK_DAY)
    return Category(
        kind=kind,
        major=major,
        major_name=f"大类{major}",
        minor=minor,
        minor_name=f"小类{major}{minor}",
        conditions={
            number: Condition(
                number=number, filing_condition="", limit=limit, closing_condition="", limit_source="house"
            )
            for number in range(1, conditions + 1)
        },
    )


CATALOGUE = Catalogue.of(
    "test",
    [
        category(Kind.EVENT, "03", "04", 2),
        category(Kind.EVENT, "03", "05", 1),
        category(Kind.EVENT, "01", "05", 1),
        category(Kind.COMPONENT, "01", "05", 1),
    ],
)


def book_of(city: City, cells: Iterable[str] = CELLS) -> Book:
    """Put a drawn city into force."""
    beats = {"310109001001001": "B1", "310109001002001": "B1"}
    return Book(
        number=1,
        versions={},
        cells=CellIndex.build(
            Cell(code=code, polygon=squares(*CELLS[code]), beat_code=beats.get(code)) for code in cells
        ),
        zones=ZoneIndex.build(city.zones),
        zone_names={zone.code: zone.name for zone in city.zones},
        areas={area.code: area for area in AREAS},
        beat_names={},
        rules=RuleBook.compile(city.rules, city.units, city.zones, city.takes, city.rulings),
        catalogue=CATALOGUE,
        calendar=WorkCalendar(name="office", version=1, slots=OFFICE_HOURS, days={}, published_until=None),
    )


def spots(city: City, at: datetime) -> Iterator[tuple[tuple[float, float], Place]]:
    """Yield the middle of every square with its place, by looking at every rectangle there is."""
    beats = {"310109001001001": "B1", "310109001002001": "B1"}
    areas = {area.code for area in AREAS}
    for code, (west, south, east, north) in CELLS.items():
        for x in range(west, east):
            for y in range(south, north):
                lon, lat = LON + (x + 0.5) * EAST, LAT + (y + 0.5) * NORTH
                zones: dict[str, str] = {}
                for zone in sorted(city.zones, key=lambda zone: zone.code, reverse=True):
                    w, s, e, n = zone.polygon.bounds
                    begun = zone.valid_from is None or zone.valid_from <= at
                    if begun and (zone.valid_to is None or at < zone.valid_to) and w < lon < e and s < lat < n:
                        zones[zone.zone_class] = zone.code
                yield (
                    (lon, lat),
                    Place(
                        cell_code=code,
                        zones=zones,
                        beat=beats.get(code),
                        community=code[:12] if code[:12] in areas else None,
                        street=code[:9],
                        district=code[:6],
                    ),
                )


instants = st.none() | st.sampled_from([NOON + n * DAY for n in range(-2, 3)])
kinds = st.none() | st.sampled_from(list(Kind))
majors, minors = st.sampled_from([None, "01", "03"]), st.sampled_from([None, "04", "05"])
scopes = st.sampled_from([*CODES, Scope.CITY, Scope.CITY, Scope.DISTRICT]).flatmap(
    lambda scope: st.tuples(st.just(scope), st.sampled_from(CODES[scope]) if scope in CODES else st.none())
)
said: dict[str, st.SearchStrategy[Any]] = {
    "kind": kinds,
    "major": majors,
    "minor": minors,
    "valid_from": instants,
    "valid_to": instants,
}


@st.composite
def cities(draw: st.DrawFn) -> City:
    """Draw a city; often complete, seldom without any flaw."""
    rules, rulings = [], []
    for number in range(draw(st.integers(0, 8))):
        scope, code = draw(scopes)
        row = draw(st.fixed_dictionaries({**said, "condition": st.sampled_from([None, None, 1, 2])}))
        unit_code = draw(st.sampled_from([*UNITS, "gone"]))
        rules.append(Rule(id=f"r{number}", unit_code=unit_code, scope=scope, scope_code=code, **row))
    for number in range(draw(st.integers(0, 2))):
        scope, code = draw(scopes)
        unit_code = draw(st.sampled_from(UNITS))
        row = draw(st.fixed_dictionaries(said))
        rulings.append(Ruling(id=f"g{number}", unit_code=unit_code, scope=scope, scope_code=code, **row))
    zones = [
        Zone(
            code=f"Z{number}",
            name=f"Z{number}",
            zone_class=draw(st.sampled_from(["road", "green", "water"])),
            polygon=squares(*draw(rectangles)),
            manager_unit=draw(st.sampled_from([None, *UNITS, "gone"])),
            valid_from=draw(instants) if draw(st.integers(0, 3)) == 0 else None,
            valid_to=draw(instants) if draw(st.integers(0, 3)) == 0 else None,
        )
        for number in range(draw(st.integers(0, 4)))
    ]
    takes = [
        Takes(zone_class=zone_class, kind=draw(kinds), major=draw(majors), minor=draw(minors))
        for zone_class in draw(st.lists(st.sampled_from(["road", "green", "water"]), max_size=3))
    ]
    regions = st.sampled_from([None, "310109", "310109001", "310109002"])
    units = [Unit(code=code, name=code, region_code=draw(regions), fallback=draw(st.booleans())) for code in UNITS]
    return City(rules=rules, units=units, zones=zones, takes=takes, rulings=rulings)


rectangles = st.tuples(st.integers(-1, 7), st.integers(-1, 5), st.integers(1, 9), st.integers(1, 7)).map(
    lambda r: (r[0], r[1], max(r[2], r[0] + 1), max(r[3], r[1] + 1))
)


def plain_city(**changes: object) -> City:
    """Return a city in which each street has its fallback unit, and nothing else."""
    units = [
        Unit(code="u1", name="一街办", region_code="310109001", fallback=True),
        Unit(code="u2", name="二街办", region_code="310109002", fallback=True),
        Unit(code="u3", name="河道所"),
    ]
    return replace(City(units=units), **changes)  # type: ignore[arg-type]  # fields as data
