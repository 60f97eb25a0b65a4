"""Types of query parameters: texts that a database can hold, instants in local reading, places."""

from datetime import date, datetime, time
from math import isfinite
from typing import Annotated, Final

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field

from app.api.schemas.base import tellable
from app.dispatch.calendar import LOCAL_ZONE
from app.dispatch.errors import BadInput
from app.repositories.case_filters import Around, Box

_NEAR_AT_MOST_M: Final = 50_000
_PARTS_OF_BOX, _PARTS_OF_CIRCLE, _PARTS_OF_SPOT = 4, 3, 2
_LENGTH_OF_DATE: Final = 10


def _storable(value: str) -> str:
    if "\x00" in value:
        raise ValueError("含有不能保存的字符")
    return value


def _local_midnight(value: object) -> object:
    """Read a bare date as local midnight, and mend the plus sign that unescaped addresses lose."""
    if not isinstance(value, str):
        return value
    if len(value) == _LENGTH_OF_DATE:
        return datetime.combine(date.fromisoformat(value), time(), LOCAL_ZONE)
    return value.replace(" ", "+") if "T" in value else value


Code = Annotated[str, AfterValidator(_storable), Field(min_length=1, max_length=100)]
"""A code, tag or name."""

Codes = tuple[Code, ...]
"""The same parameter several times: any of them."""

Moment = Annotated[AwareDatetime, BeforeValidator(_local_midnight), AfterValidator(tellable)]
"""An instant with offset, or a bare date: local midnight."""


def box(text: str | None) -> Box | None:
    """Return the rectangle `west,south,east,north`; raises BadInput."""
    if text is None:
        return None
    west, south, east, north = _numbers("bbox", text, _PARTS_OF_BOX)
    if not (_on_earth(west, south) and _on_earth(east, north) and west <= east and south <= north):
        raise BadInput.at(["query", "bbox"], "bbox 须为 西,南,东,北（度）", code="bad_bbox")
    return Box(west=west, south=south, east=east, north=north)


def around(text: str | None) -> Around | None:
    """Return the circle `lon,lat,radius_m`; raises BadInput."""
    if text is None:
        return None
    lon, lat, radius_m = _numbers("near", text, _PARTS_OF_CIRCLE)
    if not (_on_earth(lon, lat) and 0 < radius_m <= _NEAR_AT_MOST_M):
        message = f"near 须为 经度,纬度,半径（米，不超过{_NEAR_AT_MOST_M}）"
        raise BadInput.at(["query", "near"], message, code="bad_near")
    return Around(lon=lon, lat=lat, radius_m=radius_m)


def spot(text: str | None) -> tuple[float, float] | None:
    """Return the point `lon,lat`, in whatever system it is; raises BadInput."""
    if text is None:
        return None
    lon, lat = _numbers("near", text, _PARTS_OF_SPOT)
    return lon, lat


def here(text: str | None) -> tuple[float, float] | None:
    """Return the canonical point `lon,lat`; raises BadInput."""
    found = spot(text)
    if found is not None and not _on_earth(*found):
        raise BadInput.at(["query", "near"], "near 须为 经度,纬度（度）", code="bad_near")
    return found


def _numbers(name: str, text: str, count: int) -> list[float]:
    try:
        found = [float(part) for part in text.split(",")]
    except ValueError:
        found = []
    if len(found) != count or not all(isfinite(number) for number in found):
        raise BadInput.at(["query", name], f"{name} 须为 {count} 个以逗号分隔的数", code=f"bad_{name}")
    return found


def _on_earth(lon: float, lat: float) -> bool:
    return abs(lon) <= 180 and abs(lat) <= 90  # noqa: PLR2004  # degrees
