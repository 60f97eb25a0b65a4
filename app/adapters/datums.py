"""Declared reference systems as the importing of files needs them; the projections themselves are in `crs`."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError

from app.adapters.crs import is_metric, to_canonical_points
from app.dispatch.importing.shapes import Datum

_LIKELY: Final = 25
"""Percent of likeness from which a description without a number counts as a known system."""


def datum_of(declared: str) -> Datum:
    """Return a declared system: a name of `codes.Datum` or `EPSG:n`; raises BadInput (`bad_location`) for others."""
    name = declared.strip().lower()

    def convert(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return to_canonical_points(points, name)

    return Datum(name=name.upper() if name.startswith("epsg") else name, metric=is_metric(name), convert=convert)


def epsg_of(written: str) -> int | None:
    """Return the EPSG number of a system as a file writes it; None where it is none that is known."""
    try:
        number = CRS.from_user_input(written).to_epsg(min_confidence=_LIKELY)
    except CRSError:
        return None
    return None if number is None else int(number)
