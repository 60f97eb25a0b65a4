import io
import zipfile
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageStat

from app.adapters import photos
from app.adapters.exif import MediaFlag
from app.adapters.photos import LONGER_SIDE, draw, kind_of
from app.dispatch.errors import BadInput, GridcaseError, TooLarge, UnsupportedType
from tests.adapters.pictures import FORMATS, OWNER, exif, film, photo, picture

TRACES = (b"Exif", b"GPS", b"xmp", b"XMP", b"ICC_PROFILE", b"2026:03:02", OWNER.encode(), b"a comment")
quiet = pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow warns of EXIF that it reads only in part


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


@pytest.mark.parametrize("kind", FORMATS)
def test_time_and_place_are_read_from_every_kind_and_served_from_none(kind: str) -> None:
    original = photo(kind, exif=exif())
    assert kind_of(original[:8192]) == FORMATS[kind]
    assert OWNER.encode() in original
    drawn = draw(original, FORMATS[kind])
    assert drawn.taken.at == datetime(2026, 3, 2, 1, 15, tzinfo=UTC)  # the camera's clock is the city's
    assert (drawn.taken.lon, drawn.taken.lat) == pytest.approx((110.35, 20.02))
    assert drawn.taken.flags == set()
    assert opened(drawn.content).format == "JPEG"
    assert not opened(drawn.content).getexif()
    assert [trace for trace in TRACES if trace in drawn.content] == []


def test_comments_profiles_and_packets_are_not_passed_on() -> None:
    original = photo(comment=b"a comment", icc_profile=b"x" * 200 + OWNER.encode(), xmp=b"<x:xmpmeta>GPS</x:xmpmeta>")
    assert all(trace in original for trace in (b"a comment", b"ICC_PROFILE", b"xmpmeta"))
    drawn = draw(original, "image/jpeg").content
    assert [trace for trace in TRACES if trace in drawn] == []


def test_a_photo_taken_sideways_is_served_upright() -> None:
    drawn = draw(photo(exif=exif(orientation=6), quality=95), "image/jpeg")
    assert (drawn.width, drawn.height) == (48, 64)
    upright = picture().transpose(Image.Transpose.ROTATE_270)
    assert max(ImageStat.Stat(ImageChops.difference(opened(drawn.content).convert("RGB"), upright)).mean) < 4


def test_a_large_photo_is_served_smaller_in_its_own_proportion() -> None:
    drawn = draw(photo(size=(4000, 1000)), "image/jpeg")
    assert (drawn.width, drawn.height) == (LONGER_SIDE, LONGER_SIDE // 4)
    assert opened(drawn.content).size == (drawn.width, drawn.height)


def test_what_is_transparent_is_served_white() -> None:
    original = io.BytesIO()
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(original, "PNG")
    assert opened(draw(original.getvalue(), "image/png").content).getpixel((4, 4)) == (255, 255, 255)


@quiet
@pytest.mark.parametrize(
    ("said", "flags"),
    [
        (b"", {MediaFlag.NO_EXIF}),
        (exif(software="Adobe Photoshop 25.1 (Windows)"), {MediaFlag.EDITED}),
        (exif(software="美图秀秀 10"), {MediaFlag.EDITED}),
        (exif(software="HarmonyOS 4.2"), set()),
        (exif(time="yesterday"), {MediaFlag.BROKEN_EXIF}),
        (exif(time="9999:12:31 23:59:59"), {MediaFlag.BROKEN_EXIF}),
        (exif(time="0001:01:01 00:00:00"), {MediaFlag.BROKEN_EXIF}),
        (b"Exif\0\0II*\0\xff\xff\xff\x7f", {MediaFlag.NO_EXIF}),
    ],
    ids=["none", "editor", "editor in Chinese", "phone", "no time", "last year", "first year", "broken"],
)
def test_flags_say_what_to_doubt(said: bytes, flags: set[MediaFlag]) -> None:
    assert draw(photo(exif=said), "image/jpeg").taken.flags == flags


@pytest.mark.parametrize("place", [(0.0, 0.0), (200.0, 20.0), (110.0, 95.0)])
def test_a_place_that_is_none_is_not_kept(place: tuple[float, float]) -> None:
    taken = draw(photo(exif=exif(place=place)), "image/jpeg").taken
    assert (taken.lon, taken.lat) == (None, None)
    assert taken.at is not None


def test_south_and_west_are_negative() -> None:
    taken = draw(photo(exif=exif(place=(-70.5, -33.25))), "image/jpeg").taken
    assert (taken.lon, taken.lat) == pytest.approx((-70.5, -33.25))


@pytest.mark.parametrize(
    "content",
    [b"", b"GIF89a" + b"\0" * 64, b"%PDF-1.7\n", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"BM" + b"\0" * 64,
     b"\0\0\0\x18ftypqt  \0\0\0\0qt  ", b"MZ" + b"\0" * 64],
    ids=["empty", "gif", "pdf", "svg", "bmp", "quicktime", "program"],
)  # fmt: skip
def test_other_kinds_are_not_taken(content: bytes) -> None:
    with pytest.raises(UnsupportedType):
        kind_of(content)


def test_films_are_told_from_photos_in_the_same_container() -> None:
    assert kind_of(film()) == "video/mp4"
    assert kind_of(photo("HEIF")) == "image/heic"


@pytest.mark.parametrize("kind", FORMATS)
def test_truncated_photos_are_refused(kind: str) -> None:
    content = photo(kind, size=(200, 200))
    for part in (0.2, 0.5, 0.9):
        with pytest.raises(BadInput) as refused:
            draw(content[: int(len(content) * part)], FORMATS[kind])
        assert refused.value.code == "damaged_media"


def archive() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as made:
        made.writestr("run.sh", "#!/bin/sh")
    return packed.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        photo() + archive(),
        photo() + b"<SCRIPT>alert(1)</SCRIPT>",
        photo(comment=b"<?php system($_GET[0]); ?>"),
        photo(comment=b"%PDF-1.4"),
    ],
    ids=["archive", "page", "program", "document"],
)
def test_photos_that_are_something_else_too_are_refused(content: bytes) -> None:
    assert opened(content).format == "JPEG"
    with pytest.raises(BadInput) as refused:
        draw(content, "image/jpeg")
    assert refused.value.code == "damaged_media"


def test_a_photo_is_read_only_as_what_it_proved_to_be() -> None:
    with pytest.raises(BadInput):
        draw(photo("PNG"), "image/jpeg")


def test_pixels_are_counted_before_anything_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    def decode(*_: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", decode)
    for size in ((8000, 6251), (20_000, 10_000)):  # just beyond our limit, and beyond Pillow's own
        original = io.BytesIO()
        Image.new("1", size).save(original, "PNG")
        with pytest.raises(TooLarge):
            draw(original.getvalue(), "image/png")


def test_bytes_are_counted_too(monkeypatch: pytest.MonkeyPatch) -> None:
    content = photo()
    monkeypatch.setattr(photos, "MOST_PHOTO_BYTES", len(content))
    assert draw(content, "image/jpeg").width == 64
    with pytest.raises(TooLarge):
        draw(content + b"\0", "image/jpeg")


@quiet
@given(
    kind=st.sampled_from(sorted(FORMATS)), at=st.floats(0, 1, exclude_max=True), put=st.binary(min_size=1, max_size=40)
)
def test_broken_bytes_are_refused_or_drawn_and_never_a_bug(kind: str, at: float, put: bytes) -> None:
    content = bytearray(photo(kind, exif=exif()))
    place = int(at * len(content))
    content[place : place + len(put)] = put
    try:
        drawn = draw(bytes(content), FORMATS[kind])
    except GridcaseError:
        return
    assert OWNER.encode() not in drawn.content
