import numpy as np
import pytest
from shapely import box

from app.adapters.crs import to_canonical_point, to_canonical_points, to_canonical_shape
from app.dispatch.codes import Datum
from app.dispatch.datum import from_canonical
from app.dispatch.errors import BadInput
from app.dispatch.geodesy import distance_m

POINT = (118.1, 31.2)


@pytest.mark.parametrize("datum", ["wgs84", "cgcs2000", "WGS84", "EPSG:4326", "EPSG:4490", "epsg:4490"])
def test_what_is_canonical_stays(datum: str) -> None:
    assert to_canonical_point(*POINT, datum) == pytest.approx(POINT, abs=1e-12)


@pytest.mark.parametrize("datum", [Datum.GCJ02, Datum.BD09])
def test_named_datums_are_undone(datum: Datum) -> None:
    assert distance_m(to_canonical_point(*from_canonical(*POINT, datum), datum.value), POINT) < 0.001


@pytest.mark.parametrize(
    ("x", "y", "datum", "expected"),
    [
        pytest.param(500000.0, 0.0, "EPSG:4547", (114.0, 0.0), id="false easting of the zone at 114°"),
        pytest.param(13358338.895, 0.0, "EPSG:3857", (120.0, 0.0), id="Web-Mercator metres"),
        pytest.param(39500000.0, 0.0, "EPSG:4527", (117.0, 0.0), id="zone number before the easting"),
    ],
)
def test_projected_metres_come_x_first(x: float, y: float, datum: str, expected: tuple[float, float]) -> None:
    assert to_canonical_point(x, y, datum) == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize(
    ("x", "y", "datum"),
    [
        pytest.param(float("nan"), 31.0, "wgs84", id="not a number"),
        pytest.param(118.0, float("inf"), "gcj02", id="infinite"),
        pytest.param(31.2, 118.1, "cgcs2000", id="swapped"),
        pytest.param(500000.0, 3400000.0, "wgs84", id="metres declared as degrees"),
        pytest.param(1e12, 1e12, "EPSG:4547", id="beyond the projection"),
        pytest.param(118.0, 31.0, "mars", id="no such datum"),
        pytest.param(118.0, 31.0, "EPSG:999999", id="no such code"),
        pytest.param(118.0, 31.0, "EPSG:4978", id="geocentric"),
        pytest.param(118.0, 31.0, "", id="empty"),
    ],
)
def test_what_is_no_place_is_refused(x: float, y: float, datum: str) -> None:
    with pytest.raises(BadInput) as refusal:
        to_canonical_point(x, y, datum)
    assert refusal.value.code == "bad_location"


@pytest.mark.parametrize("datum", ["gcj02", "bd09", "EPSG:3857"])
def test_many_points_are_as_each_alone(datum: str) -> None:
    points = np.array([[118.0, 31.0], [118.3, 31.4]])
    each = [to_canonical_point(x, y, datum) for x, y in points.tolist()]
    assert np.allclose(to_canonical_points(points, datum), each, rtol=0, atol=1e-12)


def test_a_bad_one_among_many_is_marked() -> None:
    found = to_canonical_points(np.array([[118.0, 31.0], [31.0, 118.0], [np.nan, 1.0]]), "wgs84")
    assert np.isnan(found).all(axis=1).tolist() == [False, True, True]


def test_shapes_move_with_their_points() -> None:
    moved = to_canonical_shape(box(118.0, 31.0, 118.1, 31.1), "gcj02")
    assert moved.bounds[:2] == pytest.approx(to_canonical_point(118.0, 31.0, "gcj02"), abs=1e-3)
    assert not moved.covers(box(118.0, 31.0, 118.1, 31.1))
    with pytest.raises(BadInput):
        to_canonical_shape(box(500000, 3400000, 500100, 3400100), "cgcs2000")
