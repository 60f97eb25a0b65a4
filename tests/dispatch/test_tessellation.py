import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Polygon, box

from app.dispatch.geodesy import metres_per_degree
from app.dispatch.grid import Cell
from app.dispatch.tessellation import Severity, check_cells
from tests.dispatch import tessellations

LON, LAT = 118.1, 31.2
EAST_M, NORTH_M = metres_per_degree(LAT)


def square(column: float, row: float, side: float = 1.0) -> Polygon:
    """Return a square of `side` times 100 m."""
    x, y = LON + column * 100 / EAST_M, LAT + row * 100 / NORTH_M
    return box(x, y, x + side * 100 / EAST_M, y + side * 100 / NORTH_M)


def cell(number: int, polygon: Polygon) -> Cell:
    return Cell(code=f"310109001001{number:03d}", polygon=polygon)


BLOCK = [cell(column * 3 + row, square(column, row)) for column in range(3) for row in range(3)]
BOW = Polygon([(LON, LAT + 1), (LON + 0.001, LAT + 1.001), (LON + 0.001, LAT + 1), (LON, LAT + 1.001)])


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        pytest.param(BLOCK, [], id="a sound block"),
        pytest.param([*BLOCK, cell(0, square(5, 5))], [("duplicate_code", "error")], id="a code twice"),
        pytest.param([*BLOCK, Cell(code="31A", polygon=square(5, 5))], [("bad_code", "error")], id="malformed code"),
        pytest.param(
            [*BLOCK, Cell(code="999999999999001", polygon=square(5, 5))], [("wrong_community", "error")], id="community"
        ),
        pytest.param([*BLOCK, cell(99, BOW)], [("invalid_shape", "error")], id="self-intersection"),
        pytest.param([*BLOCK, cell(99, Polygon())], [("empty_shape", "error")], id="no shape"),
        pytest.param([*BLOCK, cell(99, square(2.9, 0))], [("overlap", "error")], id="overlap"),
        pytest.param(
            [*BLOCK, cell(98, square(5, 5, 3.0)), cell(99, square(6, 6))], [("overlap", "error")], id="nested"
        ),
        pytest.param(BLOCK[:4] + BLOCK[5:], [("gap", "warning")], id="gap in the middle"),
        pytest.param([*BLOCK, cell(99, square(9, 9, 8.0))], [("odd_size", "warning")], id="odd size"),
    ],
)
def test_each_fault_is_named_alone(cells: list[Cell], expected: list[tuple[str, str]]) -> None:
    findings = check_cells(cells, communities={"310109001001"})
    assert [(finding.code, finding.severity.value) for finding in findings] == expected


def test_an_overlap_names_both_cells_and_the_place() -> None:
    [finding] = check_cells([cell(2, square(0, 0)), cell(1, square(0.5, 0))])
    assert finding.where == ("310109001001001", "310109001001002")
    assert finding.shape is not None
    assert finding.shape.equals(square(0, 0).intersection(square(0.5, 0)))
    assert "5000" in finding.message


def test_a_gap_names_the_cells_around_it() -> None:
    [finding] = check_cells(BLOCK[:4] + BLOCK[5:])
    assert len(finding.where) == 8


@settings(max_examples=25, deadline=None)
@given(st.integers(min_value=0, max_value=2**32))
def test_a_sound_tessellation_has_no_errors(seed: int) -> None:
    findings = check_cells(tessellations.cells(seed))
    assert [finding for finding in findings if finding.severity is Severity.ERROR or finding.code == "gap"] == []
