"""Many points at once are placed as each is alone: inside, on edges and corners, snapped, out of coverage."""

from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import box

from app.dispatch.book import Book
from app.dispatch.grid import Cell, CellIndex
from app.dispatch.placing import place_each
from app.dispatch.zones import Zone, ZoneIndex
from tests.books import bare_book

NOON = datetime(2026, 3, 10, 4, tzinfo=UTC)
DAY = timedelta(days=1)
STEP = 0.001


def _book() -> Book:
    cells = [
        Cell(
            code=f"510107001001{3 * column + row:03d}",
            polygon=box(104 + column * STEP, 30 + row * STEP, 104 + (column + 1) * STEP, 30 + (row + 1) * STEP),
        )
        for column in range(3)
        for row in range(3)
    ]
    zones = [
        Zone(code="R1", name="R1", zone_class="road", polygon=box(104, 30, 104.0015, 30.003)),
        Zone(code="R2", name="R2", zone_class="road", polygon=box(104.001, 30, 104.003, 30.001), valid_to=NOON),
        Zone(code="G1", name="G1", zone_class="green", polygon=box(104.0005, 30.0005, 104.002, 30.002)),
        Zone(code="G2", name="G2", zone_class="green", polygon=box(104, 30, 104.003, 30.003), valid_from=NOON),
    ]
    bare = bare_book()
    return Book(
        number=1,
        versions={},
        cells=CellIndex.build(cells).with_beats({cells[0].code: "B1"}),
        zones=ZoneIndex.build(zones),
        zone_names={},
        areas=bare.areas,
        beat_names={},
        rules=bare.rules,
        catalogue=bare.catalogue,
        calendar=bare.calendar,
    )


BOOK = _book()
GRID = st.sampled_from([104 + number * STEP / 2 for number in range(-1, 8)])
FREE = st.floats(103.999, 104.004)
LAT = st.one_of(st.sampled_from([30 + number * STEP / 2 for number in range(-1, 8)]), st.floats(29.999, 30.004))
INSTANTS = st.sampled_from([NOON - DAY, NOON - timedelta(microseconds=1), NOON, NOON + DAY])


@given(st.lists(st.tuples(st.one_of(GRID, FREE), LAT, INSTANTS), max_size=40))
@settings(max_examples=80, deadline=None)
def test_many_are_placed_as_each_alone(asked: list[tuple[float, float, datetime]]) -> None:
    points = np.array([(lon, lat) for lon, lat, _ in asked], dtype=np.float64).reshape(-1, 2)
    found = place_each(BOOK, points, [at for _, _, at in asked], tolerance_m=30.0)
    assert found == [BOOK.locate(lon, lat, at, tolerance_m=30.0) for lon, lat, at in asked]
