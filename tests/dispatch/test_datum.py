import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dispatch.codes import Datum
from app.dispatch.datum import from_canonical, to_canonical
from app.dispatch.geodesy import distance_m

inside_lon = st.floats(min_value=73.6, max_value=134.8)
inside_lat = st.floats(min_value=3.5, max_value=53.5)
datums = st.sampled_from(list(Datum))


@pytest.mark.parametrize(
    ("datum", "canonical", "shifted"),
    [
        pytest.param(Datum.GCJ02, (121.5272106, 31.1774276), (121.531541859215, 31.17530398364597), id="Shanghai"),
        pytest.param(Datum.GCJ02, (113.912316, 22.543847), (113.9171764808363, 22.540796131694766), id="Shenzhen"),
        pytest.param(Datum.GCJ02, (116.377817, 39.911954), (116.38404722455657, 39.91334545536069), id="Beijing"),
        pytest.param(Datum.BD09, (116.404, 39.915), (116.41662724378732, 39.92269955221621), id="Beijing to BD-09"),
    ],
)
def test_known_points(datum: Datum, canonical: tuple[float, float], shifted: tuple[float, float]) -> None:
    assert distance_m(from_canonical(*canonical, datum), shifted) < 0.001
    assert distance_m(to_canonical(*shifted, datum), canonical) < 0.001


@given(inside_lon, inside_lat, datums)
def test_a_round_trip_inside_china_stays_within_a_millimetre(lon: float, lat: float, datum: Datum) -> None:
    assert distance_m(to_canonical(*from_canonical(lon, lat, datum), datum), (lon, lat)) <= 0.001


@given(inside_lon, inside_lat, st.sampled_from([Datum.GCJ02, Datum.BD09]))
def test_a_wrong_datum_moves_a_point_noticeably(lon: float, lat: float, datum: Datum) -> None:
    assert 10.0 < distance_m(to_canonical(lon, lat, datum), (lon, lat)) < 3000.0


@given(datums)
def test_beyond_the_rectangle_nothing_moves(datum: Datum) -> None:
    for lon, lat in ((2.35, 48.86), (151.2, -33.87), (-122.4, 37.8), (139.7, 35.7)):
        assert to_canonical(lon, lat, datum) == (lon, lat)
        assert from_canonical(lon, lat, datum) == (lon, lat)


@pytest.mark.parametrize("datum", [Datum.WGS84, Datum.CGCS2000])
def test_the_two_ellipsoids_count_as_one(datum: Datum) -> None:
    assert to_canonical(118.1, 24.5, datum) == (118.1, 24.5)


@given(st.lists(st.tuples(inside_lon, inside_lat), min_size=1, max_size=20), datums)
def test_many_points_are_as_each_alone(points: list[tuple[float, float]], datum: Datum) -> None:
    lon, lat = np.array(points).T
    many = np.column_stack(to_canonical(lon, lat, datum))
    each = np.array([to_canonical(x, y, datum) for x, y in points])
    assert np.allclose(many, each, rtol=0.0, atol=1e-12)
