"""Metres around a point: what a degree measures there, on the canonical ellipsoid."""

from math import cos, radians, sin, sqrt
from typing import Final

AXIS_M: Final = 6378137.0
ECCENTRICITY_2: Final = 0.00669438002290  # CGCS2000; WGS-84 differs in the eleventh place
_DEGREE: Final = radians(1.0)


def metres_per_degree(lat: float) -> tuple[float, float]:
    """Return the metres of one degree of longitude and of one of latitude at `lat`; good to a millimetre in 100 m."""
    angle = radians(lat)
    bent = 1.0 - ECCENTRICITY_2 * sin(angle) ** 2
    east = AXIS_M * _DEGREE / sqrt(bent)
    return max(east * cos(angle), 1.0), east * (1.0 - ECCENTRICITY_2) / bent


def distance_m(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Return the metres between two near points (lon, lat); meant for distances within a city."""
    east, north = metres_per_degree((a[1] + b[1]) / 2.0)
    return sqrt(((a[0] - b[0]) * east) ** 2 + ((a[1] - b[1]) * north) ** 2)
