from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Polygon, box

from app.dispatch.boundary import faces, near_boundary
from app.dispatch.codes import Kind, Scope
from app.dispatch.geodesy import metres_per_degree
from app.dispatch.grid import Cell, CellIndex
from app.dispatch.responsibility import Matter, Place, Rule, Takes, Unit
from app.dispatch.routing import RuleBook
from app.dispatch.spans import micros
from app.dispatch.zones import Zone, ZoneIndex
from tests.dispatch import small_cities
from tests.dispatch.naive_routing import City

NOON = datetime(2026, 3, 10, 4, tzinfo=UTC)
DAY = timedelta(days=1)
LON, LAT = 118.1, 31.2
EAST_M, NORTH_M = metres_per_degree(LAT)
MATTER = Matter(kind=Kind.EVENT, major="03", minor="05")


def at(east_m: float, north_m: float) -> tuple[float, float]:
    return LON + east_m / EAST_M, LAT + north_m / NORTH_M


def rectangle(west_m: float, south_m: float, east_m: float, north_m: float) -> Polygon:
    return box(*at(west_m, south_m), *at(east_m, north_m))


def zone(code: str, zone_class: str, shape: Polygon, manager: str | None = None, **validity: datetime) -> Zone:
    return Zone(
        code=code,
        name=code,
        zone_class=zone_class,
        polygon=shape,
        manager_unit=manager,
        valid_from=validity.get("valid_from"),
        valid_to=validity.get("valid_to"),
    )


ROAD = zone("R2", "road", rectangle(0, 40, 200, 60), "roads")
SIDE_ROAD = zone("R1", "road", rectangle(140, 60, 160, 100), "streets")
PARK = zone("P1", "green", rectangle(0, 50, 50, 100), "parks")
SITE = zone("T1", "site", rectangle(0, 0, 50, 50), None, valid_from=NOON, valid_to=NOON + DAY)
ZONES = ZoneIndex.build([ROAD, SIDE_ROAD, PARK, SITE])
CELLS = CellIndex.build(
    [Cell(code="C1", polygon=rectangle(0, 0, 100, 100)), Cell(code="C2", polygon=rectangle(100, 0, 200, 100))]
)


@pytest.mark.parametrize(
    ("point", "expected"),
    [
        pytest.param((80, 50), {"road": "R2"}, id="on the road"),
        pytest.param((20, 55), {"road": "R2", "green": "P1"}, id="one of each class"),
        pytest.param((80, 20), {}, id="beside every zone"),
        pytest.param((150, 60), {"road": "R1"}, id="on a shared edge the lowest code"),
        pytest.param((80, 60), {"road": "R2"}, id="on an edge it still counts"),
        pytest.param((80, 60.01), {}, id="nothing is snapped"),
    ],
)
def test_one_zone_of_each_class(point: tuple[float, float], expected: dict[str, str]) -> None:
    assert ZONES.locate(*at(*point), NOON - DAY) == expected


@pytest.mark.parametrize(
    ("instant", "there"),
    [(NOON - DAY, False), (NOON, True), (NOON + DAY - timedelta(microseconds=1), True), (NOON + DAY, False)],
)
def test_zones_come_and_go(instant: datetime, *, there: bool) -> None:
    assert ("site" in ZONES.locate(*at(20, 20), instant)) is there
    assert ("T1" in {zone.code for zone in ZONES.near(*at(20, 20), instant, 5.0)}) is there


BOOK = RuleBook.compile(
    rules=[
        Rule(id="1", unit_code="west", scope=Scope.CELL, scope_code="C1"),
        Rule(id="2", unit_code="roads", scope=Scope.ZONE, scope_code="R2"),
        Rule(id="3", unit_code="west", scope=Scope.CELL, scope_code="C2", minor="07"),
        Rule(id="4", unit_code="east", scope=Scope.CELL, scope_code="C2"),
    ],
    units=[Unit(code=code, name=code) for code in ("west", "east", "roads")],
    zones=[ROAD],
    takes=[Takes(zone_class="road")],
)


def others(point: tuple[float, float], accuracy_m: float, matter: Matter = MATTER) -> list[tuple[str | None, str]]:
    lon, lat = at(*point)
    hit, named = CELLS.locate(lon, lat), ZONES.locate(lon, lat, NOON)

    def place_of(cell_code: str, zones: object) -> Place:
        return Place(cell_code=cell_code, zones=zones)  # type: ignore[arg-type]  # a mapping by contract

    decided = BOOK.decide(place_of(str(hit.code), named), matter, NOON)
    found = near_boundary(
        lon,
        lat,
        accuracy_m,
        cells=CELLS,
        zones=ZONES,
        book=BOOK,
        place_of=place_of,
        matter=matter,
        at=NOON,
        decided=decided,
    )
    return sorted((one.unit_code, one.cell_code) for one in found)


@pytest.mark.parametrize(
    ("point", "accuracy_m", "expected"),
    [
        pytest.param((85, 20), 12, [], id="the circle stays in one cell"),
        pytest.param((95, 20), 12, [("east", "C2")], id="the other cell has another unit"),
        pytest.param((80, 35), 12, [("roads", "C1")], id="a zone begins within the circle"),
        pytest.param((80, 42), 5, [("west", "C1")], id="the zone ends within the circle"),
        pytest.param((100, 35), 12, [("east", "C2"), ("roads", "C1")], id="both"),
        pytest.param((100, 50), 5, [], id="another cell, but the road decides in both"),
        pytest.param((95, 20), 0, [], id="no accuracy is given"),
    ],
)
def test_another_unit_within_the_accuracy_circle_is_named(
    point: tuple[float, float], accuracy_m: float, expected: list[tuple[str, str]]
) -> None:
    assert others(point, accuracy_m) == expected


def test_another_cell_whose_decision_is_the_same_raises_nothing() -> None:
    assert others((95, 20), 12, Matter(kind=Kind.EVENT, major="03", minor="07")) == []


def test_the_faces_of_a_circle_make_up_the_circle() -> None:
    parts = faces(*at(60, 60), 30.0, cells=CELLS, zones=ZONES, at=NOON - DAY)
    assert sum(part.shape.area for part in parts) == pytest.approx(3.14 * 30**2, rel=0.01)
    assert {tuple(sorted(part.zones.values())) for part in parts} == {
        (),
        ("R2",),
        ("P1",),
        ("P1", "R2"),
    }


@settings(max_examples=60, deadline=None)
@given(
    small_cities.cities(),
    st.lists(st.tuples(st.integers(-10, 90), st.integers(-10, 70), st.integers(-3, 3)), max_size=30),
)
def test_zones_of_many_points_are_those_of_each_alone(city: City, asked: list[tuple[int, int, int]]) -> None:
    """Points lie on a raster of 1 m, so that borders and corners are among them."""
    index = ZoneIndex.build(city.zones)
    points = np.array(
        [
            (small_cities.LON + x / 10 * small_cities.EAST, small_cities.LAT + y / 10 * small_cities.NORTH)
            for x, y, _ in asked
        ]
    ).reshape(len(asked), 2)
    instants = [NOON + day * DAY for _, _, day in asked]
    found = index.numbers(points, np.array([micros(one) for one in instants], dtype=np.int64))
    for row, (lon, lat), instant in zip(found.tolist(), points.tolist(), instants, strict=True):
        named = {index.zones[zone].zone_class: index.zones[zone].code for zone in row if zone >= 0}
        assert named == index.locate(lon, lat, instant)
        assert sum(zone >= 0 for zone in row) == len(named)


def test_many_points_are_judged_each_by_its_own_instant_the_end_not_included() -> None:
    index = ZoneIndex.build([zone("R1", "road", rectangle(0, 0, 10, 10), valid_from=NOON - DAY, valid_to=NOON)])
    instants = [NOON - 2 * DAY, NOON - DAY, NOON - timedelta(microseconds=1), NOON]
    points = np.array([at(5, 5)] * len(instants))
    found = index.numbers(points, np.array([micros(one) for one in instants], dtype=np.int64))
    assert found.tolist() == [[-1], [0], [0], [-1]]
