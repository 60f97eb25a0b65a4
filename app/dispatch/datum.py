"""Named datums to and from the canonical one, in numpy; degrees in and out.

WGS-84 and CGCS2000 differ by centimetres and count as one. GCJ-02 and BD-09 have no published definition: the
formulas are the ones in common use. They are inverted by fixed point, because the usual one-step inverse is off by
up to 4 m. Beyond the rectangle in which the formulas apply everything is left as it is (source: common use).
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

from app.dispatch.codes import Datum

Floats: TypeAlias = NDArray[np.float64]
Shift: TypeAlias = Callable[[Floats, Floats], tuple[Floats, Floats]]

_AXIS_M: Final = 6378245.0
_ECCENTRICITY_2: Final = 0.00669342162296594323
_WEST, _EAST, _SOUTH, _NORTH = 72.004, 137.8347, 0.8293, 55.8271
_BD_TURN: Final = np.pi * 3000.0 / 180.0
_BD_EAST, _BD_NORTH = 0.0065, 0.006
_ROUNDS: Final = 8  # each round gains at least one and a half digits; the start is off by a kilometre at most


def _waves(value: Floats, *terms: tuple[float, float]) -> Floats:
    """Sum `amplitude · sin(value · π / divisor)` over `terms`, by two thirds as the formulas ask."""
    return np.asarray(sum(size * np.sin(value * np.pi / divisor) for size, divisor in terms) * (2.0 / 3.0))


def _gcj_from_wgs(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    x, y = lon - 105.0, lat - 35.0
    root, common = np.sqrt(np.abs(x)), _waves(x, (20.0, 1 / 6), (20.0, 1 / 2))
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + common
    north += _waves(y, (20.0, 1.0), (40.0, 3.0), (160.0, 12.0), (320.0, 30.0))
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + common
    east += _waves(x, (20.0, 1.0), (40.0, 3.0), (150.0, 12.0), (300.0, 30.0))
    radians = np.radians(lat)
    magic = 1.0 - _ECCENTRICITY_2 * np.sin(radians) ** 2
    meridian_m = _AXIS_M * (1.0 - _ECCENTRICITY_2) / (magic * np.sqrt(magic))
    parallel_m = _AXIS_M / np.sqrt(magic) * np.cos(radians)
    return lon + np.degrees(east / parallel_m), lat + np.degrees(north / meridian_m)


def _bd_from_gcj(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BD_TURN)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BD_TURN)
    return radius * np.cos(angle) + _BD_EAST, radius * np.sin(angle) + _BD_NORTH


def _bd_from_wgs(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    return _bd_from_gcj(*_gcj_from_wgs(lon, lat))


def _same(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    return lon, lat


_FORWARD: Final[Mapping[Datum, Shift]] = {
    Datum.WGS84: _same,
    Datum.CGCS2000: _same,
    Datum.GCJ02: _gcj_from_wgs,
    Datum.BD09: _bd_from_wgs,
}


def _inside(lon: Floats, lat: Floats) -> NDArray[np.bool_]:
    return (lon >= _WEST) & (lon <= _EAST) & (lat >= _SOUTH) & (lat <= _NORTH)


def _forward(lon: Floats, lat: Floats, shift: Shift) -> tuple[Floats, Floats]:
    inside, (east, north) = _inside(lon, lat), shift(lon, lat)
    return np.where(inside, east, lon), np.where(inside, north, lat)


def _backward(lon: Floats, lat: Floats, shift: Shift) -> tuple[Floats, Floats]:
    east, north = lon, lat
    for _ in range(_ROUNDS):
        there = shift(east, north)
        east, north = east + (lon - there[0]), north + (lat - there[1])
    inside = _inside(east, north)
    return np.where(inside, east, lon), np.where(inside, north, lat)


@overload
def to_canonical(lon: float, lat: float, datum: Datum) -> tuple[float, float]: ...
@overload
def to_canonical(lon: Floats, lat: Floats, datum: Datum) -> tuple[Floats, Floats]: ...
def to_canonical(lon: float | Floats, lat: float | Floats, datum: Datum) -> tuple[float | Floats, float | Floats]:
    """Return the canonical longitude and latitude of points given in `datum`; round trips stay within 1 mm."""
    return _apply(_backward, lon, lat, datum)


@overload
def from_canonical(lon: float, lat: float, datum: Datum) -> tuple[float, float]: ...
@overload
def from_canonical(lon: Floats, lat: Floats, datum: Datum) -> tuple[Floats, Floats]: ...
def from_canonical(lon: float | Floats, lat: float | Floats, datum: Datum) -> tuple[float | Floats, float | Floats]:
    """Return canonical points as `datum` has them."""
    return _apply(_forward, lon, lat, datum)


def _apply(
    way: Callable[[Floats, Floats, Shift], tuple[Floats, Floats]],
    lon: float | Floats,
    lat: float | Floats,
    datum: Datum,
) -> tuple[float | Floats, float | Floats]:
    shift = _FORWARD[datum]
    if shift is _same:
        return lon, lat
    east, north = way(np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64), shift)
    if isinstance(lon, np.ndarray):
        return east, north
    return float(east), float(north)
