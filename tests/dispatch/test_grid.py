import itertools
import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Polygon, box

from app.dispatch.geodesy import metres_per_degree
from app.dispatch.grid import Cell, CellIndex
from tests.dispatch import tessellations

seeds = st.integers(min_value=0, max_value=2**32)
LON, LAT = 118.1, 31.2
EAST_M, NORTH_M = metres_per_degree(LAT)


def rectangle(west_m: float, south_m: float, east_m: float, north_m: float) -> Polygon:
    return box(LON + west_m / EAST_M, LAT + south_m / NORTH_M, LON + east_m / EAST_M, LAT + north_m / NORTH_M)


def at(east_m: float, north_m: float) -> tuple[float, float]:
    return LON + east_m / EAST_M, LAT + north_m / NORTH_M


@pytest.fixture(scope="module")
def pair() -> CellIndex:
    """Two squares of 100 m side by side; the western one has the higher code."""
    return CellIndex.build(
        [
            Cell(code="310109001001002", polygon=rectangle(0, 0, 100, 100), beat_code="B2"),
            Cell(code="310109001001001", polygon=rectangle(100, 0, 200, 100)),
        ]
    )


def test_inside_nothing_is_in_doubt(pair: CellIndex) -> None:
    hit = pair.locate(*at(40, 50))
    assert (hit.code, hit.on_boundary, hit.snapped) == ("310109001001002", False, False)
    assert hit.candidates == ("310109001001002",)
    assert (pair.beat_of("310109001001002"), pair.beat_of("310109001001001")) == ("B2", None)


@pytest.mark.parametrize(("east_m", "on_boundary"), [(100.0, True), (99.9992, True), (100.0008, True), (99.998, False)])
def test_within_a_millimetre_of_another_the_lowest_code_wins(
    pair: CellIndex, east_m: float, *, on_boundary: bool
) -> None:
    hit = pair.locate(*at(east_m, 50))
    assert hit.on_boundary is on_boundary
    assert hit.code == ("310109001001001" if on_boundary else "310109001001002")
    assert len(hit.candidates) == 1 + on_boundary


@pytest.mark.parametrize(
    ("point", "code"),
    [
        pytest.param((-29.9, 50), "310109001001002", id="west, by longitude"),
        pytest.param((50, 129.9), "310109001001002", id="north, by latitude"),
        pytest.param((-30.1, 50), None, id="west, too far"),
        pytest.param((50, 130.1), None, id="north, too far"),
        pytest.param((-25, 125), None, id="corner: 35 m"),
    ],
)
def test_the_tolerance_is_in_metres_in_every_direction(
    pair: CellIndex, point: tuple[float, float], code: str | None
) -> None:
    hit = pair.locate(*at(*point))
    assert (hit.code, hit.snapped) == (code, code is not None)
    assert hit.distance_m == pytest.approx(math.hypot(max(-point[0], 0), max(point[1] - 100, 0)), abs=0.01)


def test_as_near_to_two_the_lowest_code_wins(pair: CellIndex) -> None:
    hit = pair.locate(*at(100, 110))
    assert (hit.code, hit.snapped, hit.on_boundary) == ("310109001001001", True, True)
    assert hit.candidates == ("310109001001001", "310109001001002")


def test_far_away_or_nowhere_no_distance_is_known(pair: CellIndex) -> None:
    for point in (at(5000, 5000), (float("nan"), LAT), (LON, float("inf"))):
        hit = pair.locate(*point)
        assert (hit.code, hit.distance_m, hit.candidates) == (None, None, ())


def test_without_cells_everything_is_out_of_coverage() -> None:
    index = CellIndex.build([])
    assert index.locate(LON, LAT).code is None
    assert index.locate_many(np.array([[LON, LAT]])) == [None]
    assert index.locate_many(np.zeros((0, 2))) == []


@settings(max_examples=80, deadline=None)
@given(seeds)
def test_anywhere_it_agrees_with_brute_force(seed: int) -> None:
    cells, chance = tessellations.cells(seed), tessellations.seeded(seed)
    index = CellIndex.build(cells)
    west, south, east, north = shapely.union_all([cell.polygon for cell in cells]).buffer(0.0006).bounds
    for _ in range(25):
        lon, lat = chance.uniform(west, east), chance.uniform(south, north)
        metres = tessellations.metres_to(cells, lon, lat)
        hit, nearest = index.locate(lon, lat), min(metres.values())
        if nearest == 0.0:
            near = [code for code, far in sorted(metres.items()) if far <= 0.001]
            assert hit.candidates == tuple(near)
            assert (hit.code, hit.snapped) == (near[0], False)
            assert len(near) > 1 or tessellations.covering(cells, lon, lat) == near
        elif not math.isclose(nearest, 30.0, abs_tol=0.001) and nearest > 0.001:
            assert hit.snapped is (nearest < 30.0)
            assert hit.distance_m is None or hit.distance_m == pytest.approx(nearest, abs=0.001)
            assert (hit.code is None) is (nearest > 30.0)
            assert hit.code is None or metres[hit.code] == pytest.approx(nearest, abs=0.0011)


@settings(max_examples=80, deadline=None)
@given(seeds)
def test_on_vertices_and_axis_parallel_edges_it_is_exact(seed: int) -> None:
    cells, chance = tessellations.cells(seed), tessellations.seeded(seed)
    index = CellIndex.build(cells)
    for _ in range(15):
        ring = shapely.get_coordinates(chance.choice(cells).polygon).tolist()
        (ax, ay), (bx, by) = chance.choice(list(itertools.pairwise(ring)))
        points = [(ax, ay)]
        if ax == bx or ay == by:
            share = chance.random()
            points.append((ax + (bx - ax) * share, ay + (by - ay) * share))
        for point in points:
            covering = tessellations.covering(cells, *point)
            hit = index.locate(*point)
            assert hit.code == min(hit.candidates)
            assert set(covering) <= set(hit.candidates)
            assert hit.on_boundary is (len(hit.candidates) > 1)
            assert all(tessellations.metres_to(cells, *point)[code] <= 0.001 for code in hit.candidates)


@settings(max_examples=60, deadline=None)
@given(seeds, st.floats(min_value=0.05, max_value=0.95), st.sampled_from([0.0, 0.0009, -0.0009, 0.0011, -0.0011]))
def test_on_other_edges_a_millimetre_decides(seed: int, share: float, aside_m: float) -> None:
    cells, chance = tessellations.cells(seed), tessellations.seeded(seed)
    index = CellIndex.build(cells)
    ring = shapely.get_coordinates(chance.choice(cells).polygon).tolist()
    (ax, ay), (bx, by) = chance.choice(list(itertools.pairwise(ring)))
    east_m, north_m = metres_per_degree(ay)
    run = ((bx - ax) * east_m, (by - ay) * north_m)
    length = math.hypot(*run) or 1.0
    lon = ax + (bx - ax) * share - run[1] / length * aside_m / east_m
    lat = ay + (by - ay) * share + run[0] / length * aside_m / north_m
    metres = tessellations.metres_to(cells, lon, lat)
    clear = [code for code, far in metres.items() if far <= 0.001 - 1e-6]
    maybe = [code for code, far in metres.items() if far <= 0.001 + 1e-6]
    candidates = index.locate(lon, lat).candidates
    assert set(clear) <= set(candidates)
    assert index.locate(lon, lat).snapped or set(candidates) <= set(maybe)


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_many_points_are_located_as_each_alone(seed: int) -> None:
    cells, chance = tessellations.cells(seed), tessellations.seeded(seed)
    index = CellIndex.build(cells)
    corners = np.concatenate([shapely.get_coordinates(cell.polygon) for cell in cells])
    (west, south), (east, north) = (corners.min(axis=0) - 0.0005).tolist(), (corners.max(axis=0) + 0.0005).tolist()
    loose = [(chance.uniform(west, east), chance.uniform(south, north)) for _ in range(60)]
    points = np.vstack([corners, loose, [(np.nan, LAT)]])
    assert index.locate_many(points) == [index.locate(lon, lat).code for lon, lat in points.tolist()]


@settings(max_examples=30, deadline=None)
@given(seeds)
def test_shapes_come_back_as_they_were(seed: int) -> None:
    cells = sorted(tessellations.cells(seed), key=lambda cell: cell.code)
    index = CellIndex.build(cells)
    for cell, shape in zip(cells, index.shapes().tolist(), strict=True):
        inside = cell.polygon.representative_point()
        near = dict(index.near(inside.x, inside.y, 1.0))
        assert near[cell.code] == shape
        assert shape.equals(cell.polygon)


def test_a_cell_without_a_shape_is_nowhere_and_shifts_no_other() -> None:
    cells = [
        Cell(code="310109001001001", polygon=rectangle(0, 0, 100, 100)),
        Cell(code="310109001001002", polygon=Polygon()),
        Cell(code="310109001001003", polygon=rectangle(100, 0, 200, 100)),
    ]
    index = CellIndex.build(cells)
    assert index.locate(*at(150, 50)).code == "310109001001003"
    assert [shape.is_empty for shape in index.shapes().tolist()] == [False, True, False]
    assert index.shapes()[2].equals(cells[2].polygon)


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_every_point_well_inside_a_cell_is_found_there_and_nowhere_else(seed: int) -> None:
    cells = tessellations.cells(seed)
    index = CellIndex.build(cells)
    for cell in cells:
        for part in shapely.get_parts(cell.polygon).tolist():
            inside = part.representative_point()
            if shapely.shortest_line(inside, part.boundary).length > 1e-7:
                hit = index.locate(inside.x, inside.y)
                assert (hit.code, hit.candidates, hit.on_boundary) == (cell.code, (cell.code,), False)


def test_nothing_is_lost_or_found_twice_in_a_large_grid() -> None:
    chance = tessellations.seeded(7)
    pieces = tessellations.lattice(chance, 60)
    cells = [Cell(code=f"{number:015d}", polygon=piece) for number, piece in enumerate(pieces)]
    index = CellIndex.build(cells)
    found = index.locate_many(np.array([cell.polygon.representative_point().coords[0] for cell in cells]))
    assert found == [cell.code for cell in cells]


def test_other_beats_share_the_cells() -> None:
    cells = [Cell(code=code, polygon=box(x, 0.0, x + 1.0, 1.0), beat_code="B1") for x, code in enumerate(("a", "b"))]
    index = CellIndex.build(cells)
    other = index.with_beats({"a": "B2", "gone": "B3"})
    assert [other.beat_of(code) for code in ("a", "b", "gone")] == ["B2", None, None]
    assert [index.beat_of(code) for code in ("a", "b")] == ["B1", "B1"]
    assert other.locate(1.5, 0.5) == index.locate(1.5, 0.5)
    assert other._locator is index._locator
