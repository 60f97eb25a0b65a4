"""Small real photos and films for tests, made on the spot."""

import io
import struct
from typing import Any

import pillow_heif
from PIL import ExifTags, Image

pillow_heif.register_heif_opener()

OWNER = "CANARY-OWNER-7731"
FORMATS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "HEIF": "image/heic"}


def picture(size: tuple[int, int] = (64, 48)) -> Image.Image:
    """Return a picture in which left and right, top and bottom differ."""
    return Image.linear_gradient("L").rotate(30).resize(size).convert("RGB")


def exif(
    *,
    software: str = "HarmonyOS 4.2",
    orientation: int = 1,
    place: tuple[float, float] = (110.35, 20.02),
    time: str = "2026:03:02 09:15:00",
) -> bytes:
    """Return EXIF with time, place (lon, lat) and an owner's name."""
    made = Image.Exif()
    made[ExifTags.Base.Software] = software.encode()
    made[ExifTags.Base.Orientation] = orientation
    made[ExifTags.Base.Artist] = OWNER
    made.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = time
    lon, lat = place
    gps = made.get_ifd(ExifTags.IFD.GPSInfo)
    gps[ExifTags.GPS.GPSLongitudeRef], gps[ExifTags.GPS.GPSLongitude] = "E" if lon >= 0 else "W", _parts(lon)
    gps[ExifTags.GPS.GPSLatitudeRef], gps[ExifTags.GPS.GPSLatitude] = "N" if lat >= 0 else "S", _parts(lat)
    return made.tobytes()


def photo(kind: str = "JPEG", *, size: tuple[int, int] = (64, 48), **saved: Any) -> bytes:
    """Return the bytes of a photo; `saved` goes to the writer of its format."""
    drawn = io.BytesIO()
    picture(size).save(drawn, kind, **saved)
    return drawn.getvalue()


def box(name: bytes, content: bytes = b"") -> bytes:
    """Return one box of an MP4."""
    return struct.pack(">I4s", 8 + len(content), name) + content


def film(*, payload: bytes = b"\0" * 64) -> bytes:
    """Return the least that is an MP4."""
    return box(b"ftyp", b"isom\0\0\0\0isommp42") + box(b"moov", box(b"mvhd", b"\0" * 100)) + box(b"mdat", payload)


def _parts(degrees: float) -> tuple[float, float, float]:
    whole = int(abs(degrees))
    minutes = (abs(degrees) - whole) * 60
    return (float(whole), float(int(minutes)), round((minutes - int(minutes)) * 60, 3))
