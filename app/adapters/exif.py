"""What a photo says of itself: when, where, and whether a program has worked on it."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from math import isfinite
from typing import Final

from PIL import ExifTags, Image

from app.dispatch.calendar import LOCAL_ZONE

_TIME: Final = "%Y:%m:%d %H:%M:%S"
_EDITORS: Final = (
    *("photoshop", "lightroom", "gimp", "snapseed", "picsart", "pixelmator", "affinity", "canva", "facetune"),
    *("vsco", "paint", "meitu", "美图", "醒图", "xingtu", "faceu", "b612", "acdsee", "capture one", "darktable"),
)
"""Programs that change pictures; cameras and phones also write a software tag, with their own version."""
_YEARS: Final = range(1900, 2200)
"""Others are the camera's error; the ends of the calendar could not even be told in another zone."""
_BROKEN: Final = (ValueError, TypeError, LookupError, ArithmeticError, OSError, SyntaxError, struct.error)


class MediaFlag(StrEnum):
    """What a person should know of a photo before believing it; never a reason to refuse it."""

    NO_EXIF = "no_exif"
    BROKEN_EXIF = "broken_exif"
    EDITED = "edited"
    REUSED = "reused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Time and place as the camera claims them; the place in WGS-84 degrees, as EXIF has it."""

    at: datetime | None = None
    lon: float | None = None
    lat: float | None = None
    flags: frozenset[MediaFlag] = frozenset()


def read_exif(image: Image.Image) -> Taken:
    """Return what the photo claims; what cannot be read is a flag, not an error."""
    try:
        exif = image.getexif()
        if not exif:
            return Taken(flags=frozenset({MediaFlag.NO_EXIF}))
        details, gps = exif.get_ifd(ExifTags.IFD.Exif), exif.get_ifd(ExifTags.IFD.GPSInfo)
        software = (exif.get(ExifTags.Base.Software), exif.get(ExifTags.Base.ProcessingSoftware))
        lon, lat = _place(gps)
        edited = frozenset({MediaFlag.EDITED}) if _is_editor(software) else frozenset()
        return Taken(at=_time(exif, details), lon=lon, lat=lat, flags=edited)
    except _BROKEN:
        return Taken(flags=frozenset({MediaFlag.BROKEN_EXIF}))


def _time(exif: Mapping[int, object], details: Mapping[int, object]) -> datetime | None:
    """Return when it was taken; without an offset of its own, the camera's clock is the city's."""
    said = details.get(ExifTags.Base.DateTimeOriginal) or exif.get(ExifTags.Base.DateTime)
    if not isinstance(said, str) or not (said := said.strip("\0 ")) or said.startswith("0000"):
        return None
    offset = details.get(ExifTags.Base.OffsetTimeOriginal)
    if isinstance(offset, str) and (offset := offset.strip("\0 ")):
        taken = datetime.strptime(said + offset, f"{_TIME}%z")
    else:
        taken = datetime.strptime(said, _TIME).replace(tzinfo=LOCAL_ZONE)
    if taken.year not in _YEARS:
        raise ValueError("a year in which nobody takes photos")
    return taken.astimezone(UTC)


def _place(gps: Mapping[int, object]) -> tuple[float | None, float | None]:
    lon = _degrees(gps.get(ExifTags.GPS.GPSLongitude), gps.get(ExifTags.GPS.GPSLongitudeRef), "W")
    lat = _degrees(gps.get(ExifTags.GPS.GPSLatitude), gps.get(ExifTags.GPS.GPSLatitudeRef), "S")
    if lon is None or lat is None or (lon, lat) == (0, 0):  # what cameras without a fix write
        return None, None
    return (lon, lat) if abs(lon) <= 180 and abs(lat) <= 90 else (None, None)  # noqa: PLR2004  # the Earth's own


def _degrees(parts: object, reference: object, negative: str) -> float | None:
    if not isinstance(parts, tuple | list) or not parts:
        return None
    value: float = sum(float(part) / 60**power for power, part in enumerate(parts))
    if not isfinite(value):
        return None
    return -value if str(reference).strip("\0 ").upper() == negative else value


def _is_editor(names: tuple[object, ...]) -> bool:
    told = " ".join(name for name in names if isinstance(name, str))
    said = told.encode("latin-1", "ignore").decode("utf-8", "ignore").lower()  # Pillow reads EXIF's text as Latin-1
    return any(editor in said for editor in _EDITORS)
