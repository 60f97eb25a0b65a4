import io
import struct

import pytest

from app.adapters.film import MOST_FILM_BYTES, check_film
from app.dispatch.errors import BadInput, TooLarge
from tests.adapters.pictures import box, film


def check(content: bytes) -> None:
    check_film(io.BytesIO(content), len(content))


def long_box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I4sQ", 1, name, 16 + len(content)) + content


HEAD = box(b"ftyp", b"isom\0\0\0\0isommp42")


@pytest.mark.parametrize(
    "content",
    [
        film(),
        HEAD + box(b"free") + long_box(b"mdat", b"\0" * 32) + box(b"moov"),
        HEAD + box(b"moov") + struct.pack(">I4s", 0, b"mdat") + b"\0" * 32,
    ],
    ids=["plain", "long box", "last box to the end"],
)
def test_whole_films_pass(content: bytes) -> None:
    check(content)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        HEAD,
        box(b"moov") + box(b"mdat"),
        film()[:-1],
        film()[: len(HEAD) + 20],
        film() + b"PK\x03\x04rest",
        film() + b"<html>",
        film() + box(b"evil", b"<script>"),
        HEAD + struct.pack(">I4s", 4, b"moov") + box(b"mdat"),
        HEAD + struct.pack(">I4sQ", 1, b"moov", 8),
    ],
    ids=[
        "empty",
        "head",
        "no ftyp",
        "cut",
        "cut early",
        "archive",
        "page",
        "unknown box",
        "too short",
        "long too short",
    ],
)
def test_others_are_refused(content: bytes) -> None:
    with pytest.raises(BadInput) as refused:
        check(content)
    assert refused.value.code == "damaged_media"


def test_the_limit_is_looked_at_first() -> None:
    check_film(io.BytesIO(film()), len(film()))
    with pytest.raises(TooLarge):
        check_film(io.BytesIO(), MOST_FILM_BYTES + 1)
