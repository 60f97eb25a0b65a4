"""Bring points and shapes from any declared reference system into the canonical one, once, at the edge."""

import re
from functools import lru_cache
from math import isfinite
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError
from shapely.geometry.base import BaseGeometry

from app.dispatch.codes import Datum
from app.dispatch.datum import to_canonical
from app.dispatch.errors import BadInput

CANONICAL_SRID: Final = 4490  # CGCS2000, geographic
_LON_MAX, _LAT_MAX = 180.0, 90.0
_PLANE: Final = 2  # axes; geocentric and compound systems have three
_EPSG: Final = re.compile(r"epsg:(\d{4,6})", re.IGNORECASE)
_BAD_LOCATION: Final = "bad_location"


def to_canonical_point(lon: float, lat: float, datum: str) -> tuple[float, float]:
    """Return canonical degrees of one point in `datum` (a name of `Datum` or `EPSG:n`, x and y in that order).

    Raises BadInput (`bad_location`) for an unknown datum, and for what is not a place on Earth.
    """
    x, y = _converted(lon, lat, datum) if isfinite(lon) and isfinite(lat) else (lon, lat)
    if not _on_earth(x, y):
        raise BadInput.at(
            ("location",), f"坐标（{lon}, {lat}）按“{datum}”不是有效位置，请检查经纬度次序和坐标系", code=_BAD_LOCATION
        )
    return x, y


def to_canonical_points(points: NDArray[np.float64], datum: str) -> NDArray[np.float64]:
    """Return canonical degrees of `points` (n, 2); what is not a place on Earth becomes NaN."""
    named = _named(datum)
    given = points.astype(np.float64)
    if named is not None:
        found = np.column_stack(to_canonical(given[:, 0], given[:, 1], named))
    else:
        found = np.column_stack(_transformer(datum).transform(given[:, 0], given[:, 1]))
    found[~((np.abs(found) <= [_LON_MAX, _LAT_MAX]).all(axis=1))] = np.nan
    return found


def is_metric(datum: str) -> bool:
    """Tell whether coordinates in `datum` are metres; raises BadInput (`bad_location`) for an unknown datum."""
    if _named(datum) is not None:
        return False
    source = _transformer(datum).source_crs
    return source is not None and source.is_projected


def to_canonical_shape(shape: BaseGeometry, datum: str) -> BaseGeometry:
    """Return `shape` in canonical degrees; raises BadInput when a vertex is not a place on Earth."""

    def move(points: NDArray[np.float64]) -> NDArray[np.float64]:
        found = to_canonical_points(points, datum)
        if not np.isfinite(found).all():
            raise BadInput(f"图形的坐标按“{datum}”不是有效位置，请检查坐标系声明", code=_BAD_LOCATION)
        return found

    moved: BaseGeometry = shapely.transform(shapely.force_2d(shape), move)
    return moved


def _converted(x: float, y: float, datum: str) -> tuple[float, float]:
    named = _named(datum)
    if named is None:
        lon, lat = _transformer(datum).transform(x, y)
        return float(lon), float(lat)
    return to_canonical(x, y, named) if _on_earth(x, y) else (x, y)


def _on_earth(lon: float, lat: float) -> bool:
    return isfinite(lon) and isfinite(lat) and abs(lon) <= _LON_MAX and abs(lat) <= _LAT_MAX


def _named(datum: str) -> Datum | None:
    """Return the named datum, or None where an EPSG code is to be read."""
    try:
        return Datum(datum.lower())
    except ValueError:
        return None


@lru_cache(maxsize=64)
def _transformer(datum: str) -> Transformer:
    """Return the projection from `EPSG:n`; always x before y, whatever order the authority lists."""
    match = _EPSG.fullmatch(datum)
    try:
        source = CRS.from_epsg(int(match[1])) if match else None
        if source is not None and (source.is_geographic or source.is_projected) and len(source.axis_info) == _PLANE:
            return Transformer.from_crs(source, CANONICAL_SRID, always_xy=True)
    except (CRSError, ProjError) as error:
        raise _unknown(datum) from error
    raise _unknown(datum)


def _unknown(datum: str) -> BadInput:
    names = "、".join(Datum)
    return BadInput.at(("location", "datum"), f"不认识坐标系“{datum}”，请用 {names} 或 EPSG:编号", code=_BAD_LOCATION)
