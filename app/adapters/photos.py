"""Photos from strangers: looked at before they are decoded, and served only as what we drew from them ourselves."""

import io
import struct
import zipfile
import zlib
from dataclasses import dataclass, field
from typing import Final

import filetype
import pillow_heif
from PIL import Image, ImageOps

from app.adapters.exif import MediaFlag, Taken, read_exif
from app.dispatch.errors import BadInput, TooLarge, UnsupportedType

pillow_heif.register_heif_opener()

MOST_PHOTO_BYTES: Final = 15 * 1024 * 1024
MOST_PIXELS: Final = 50_000_000
LONGER_SIDE: Final = 2560
QUALITY: Final = 85

JPEG: Final = "image/jpeg"
MP4: Final = "video/mp4"
FORMATS: Final = {JPEG: ("JPEG",), "image/png": ("PNG",), "image/webp": ("WEBP",), "image/heic": ("HEIF",)}
SNIFFED_BYTES: Final = 8192

_HIDDEN: Final = (b"<script", b"<html", b"<svg", b"<?php", b"<!doctype")
_HEAD_OF_PDF: Final = 1024
_UNREADABLE: Final = (
    *(OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, ArithmeticError, RuntimeError),
    *(struct.error, zlib.error),
)
"""What decoders raise on bytes that somebody has broken."""
_BOMB: Final = (Image.DecompressionBombError, Image.DecompressionBombWarning)


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """What is served: an upright JPEG without any metadata; `taken` is what the original said of itself."""

    content: bytes = field(repr=False)
    width: int
    height: int
    taken: Taken


def kind_of(head: bytes) -> str:
    """Return the media type that the first bytes prove; raise UnsupportedType for any that is not taken."""
    kind = filetype.guess(head)
    mime = kind.mime if kind is not None else None
    if mime not in FORMATS and mime != MP4:
        raise UnsupportedType("只接受 JPEG、PNG、WebP、HEIC 照片和 MP4 视频")
    return str(mime)


def draw(content: bytes, mime: str) -> Photo:
    """Decode a photo within the limits and draw it anew; blocks, run it in a thread.

    Raises TooLarge beyond 15 MiB or 50 million pixels (told by the header, before anything is decoded), BadInput for
    what is truncated, damaged, or carries another kind of file inside.
    """
    if len(content) > MOST_PHOTO_BYTES:
        raise TooLarge(f"照片超过 {MOST_PHOTO_BYTES // 1024**2} MB")
    if _is_two_things(content):
        raise BadInput("照片中夹带了其他类型的文件，不能接收", code="damaged_media")
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS[mime]) as image:
            return _draw(image)
    except _BOMB as error:
        raise _too_many_pixels() from error
    except _UNREADABLE as error:
        raise BadInput("照片已损坏或不完整，请重新拍摄或上传", code="damaged_media") from error


def _draw(image: Image.Image) -> Photo:
    if image.width * image.height > MOST_PIXELS:
        raise _too_many_pixels()
    taken = read_exif(image)
    image.draft("RGB", (LONGER_SIDE, LONGER_SIDE))
    upright = image if MediaFlag.BROKEN_EXIF in taken.flags else ImageOps.exif_transpose(image)
    upright.thumbnail((LONGER_SIDE, LONGER_SIDE))
    clean = _on_white(upright)
    drawn = io.BytesIO()
    clean.save(drawn, "JPEG", quality=QUALITY)
    return Photo(content=drawn.getvalue(), width=clean.width, height=clean.height, taken=taken)


def _on_white(image: Image.Image) -> Image.Image:
    """Return the pixels alone: a new picture has no comment, profile, EXIF or XMP that saving could pass on."""
    clean = Image.new("RGB", image.size, "white")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        clean.paste(layer, mask=layer.getchannel("A"))
    else:
        clean.paste(image.convert("RGB"))
    return clean


def _is_two_things(content: bytes) -> bool:
    """Tell whether the bytes are a photo and also a page, a program, a document or an archive."""
    lower = content.lower()
    return (
        any(mark in lower for mark in _HIDDEN)
        or b"%pdf-" in lower[:_HEAD_OF_PDF]
        or zipfile.is_zipfile(io.BytesIO(content))
    )


def _too_many_pixels() -> TooLarge:
    return TooLarge(f"照片超过 {MOST_PIXELS // 10_000} 万像素")
