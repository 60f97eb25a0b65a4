"""The demo city's own flat map: metres around one point, and back to degrees on a grid of 1e-7."""

from math import cos, radians, sin, sqrt
from typing import Final, TypeVar

import numpy as np
import shapely
from numpy.typing import NDArray

# House choice: inland, about 700 km from the examples in the contract.
CENTRE_LON: Final = 113.62
CENTRE_LAT: Final = 33.08
STEP: Final = 1e7  # grid steps in a degree, about 1 cm each

_A: Final = 6_378_137.0  # CGCS2000 ellipsoid
_E2: Final = 0.006_694_380_022_9
_W: Final = sqrt(1 - _E2 * sin(radians(CENTRE_LAT)) ** 2)
METRES_A_DEGREE: Final = np.array(
    [radians(1) * _A / _W * cos(radians(CENTRE_LAT)), radians(1) * _A * (1 - _E2) / _W**3]
)

Floats = NDArray[np.float64]
G = TypeVar("G", bound=shapely.Geometry)


def steps(metres: Floats) -> Floats:
    """Return grid steps (whole numbers, shape n×2) for metres east and north of the centre."""
    whole: Floats = np.round((np.array([CENTRE_LON, CENTRE_LAT]) + metres / METRES_A_DEGREE) * STEP)
    return whole


def degrees(metres: Floats) -> Floats:
    """Return lon/lat on the grid for metres, shape n×2; equal metres give equal degrees."""
    return steps(metres) / STEP


def on_grid(geometry: G) -> G:
    """Return a geometry in metres as one in degrees, each vertex on the grid by itself."""
    return shapely.transform(geometry, degrees)


def to_steps(geometry: G) -> G:
    """Return a geometry in metres as one in whole grid steps, where noding is exact."""
    return shapely.transform(geometry, steps)


def from_steps(geometry: G) -> G:
    """Return a geometry in whole grid steps as one in degrees."""
    return shapely.transform(geometry, lambda whole: np.round(whole) / STEP)
