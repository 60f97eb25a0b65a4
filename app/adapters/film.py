"""Films as they are: an MP4 is kept byte for byte, so its boxes must be its own, whole, and all there is."""

import struct
from typing import IO, Final

from app.dispatch.errors import BadInput, TooLarge

MOST_FILM_BYTES: Final = 100 * 1024 * 1024

_HEADER: Final = struct.Struct(">I4s")
_LONG: Final = struct.Struct(">Q")
_LONG_FOLLOWS, _TO_THE_END = 1, 0
_MOST_BOXES: Final = 200_000
_BOXES: Final = frozenset(
    name.encode("ascii")
    for name in (
        *("ftyp", "styp", "moov", "moof", "mdat", "mfra", "free", "skip", "wide"),
        *("meta", "udta", "uuid", "sidx", "ssix", "prft", "emsg", "pdin"),
    )
)
"""Top-level boxes of ISO/IEC 14496-12 and what phones add to them."""


def check_film(file: IO[bytes], size: int) -> None:
    """Raise TooLarge or BadInput unless the file is a whole MP4 with a film in it and nothing besides."""
    if size > MOST_FILM_BYTES:
        raise TooLarge(f"视频超过 {MOST_FILM_BYTES // 1024**2} MB")
    names = _top_boxes(file, size)
    if names[:1] != [b"ftyp"] or not {b"moov", b"mdat"} <= set(names):
        raise BadInput("视频不完整：缺少必需的内容，请重新录制或上传", code="damaged_media")


def _top_boxes(file: IO[bytes], size: int) -> list[bytes]:
    names: list[bytes] = []
    at = 0
    while at < size and len(names) < _MOST_BOXES:
        file.seek(at)
        name, length = _box(file, size - at)
        names.append(name)
        at += length
    if at != size:
        raise _broken()
    return names


def _box(file: IO[bytes], left: int) -> tuple[bytes, int]:
    head = file.read(_HEADER.size)
    if len(head) < _HEADER.size:
        raise _broken()
    length, name = _HEADER.unpack(head)
    least = _HEADER.size
    if length == _LONG_FOLLOWS:
        rest = file.read(_LONG.size)
        least += _LONG.size
        length = _LONG.unpack(rest)[0] if len(rest) == _LONG.size else 0
    elif length == _TO_THE_END:
        length = left
    if name not in _BOXES or not least <= length <= left:
        raise _broken()
    return name, length


def _broken() -> BadInput:
    return BadInput("视频文件被截断，或夹带了其他内容，请重新上传", code="damaged_media")
