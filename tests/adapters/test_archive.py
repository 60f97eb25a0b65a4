import hashlib
import subprocess
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from random import Random

import pytest

from app.adapters.archive import (
    BLOCK,
    MANIFEST,
    SUMS,
    TAIL_BYTES,
    ArchiveReader,
    ArchiveWriter,
    Damaged,
    _header,
    _tail,
)
from app.adapters.keys import Key
from app.dispatch.errors import BadInput

KEY = Key(id="vault-1.0a1b2c3d", secret=bytes(range(32)))
PARTS = {
    MANIFEST: b'{"format": "gridcase-backup"}',
    "database/00000001": bytes(range(256)) * 5,
    "media/served/2026/03/02/a.jpg": b"x" * BLOCK,
    "absent.txt": b"",
}


def _written(key: Key | None = KEY, parts: dict[str, bytes] = PARTS) -> bytes:
    file = BytesIO()
    with ArchiveWriter(file, made_at=1_770_000_000, seen=lambda _count: None) as writer:
        for name, content in parts.items():
            writer.add(name, content)
        writer.finish(key)
    return file.getvalue()


def _read(content: bytes) -> dict[str, bytes]:
    return {member.name: member.content() for member in ArchiveReader(BytesIO(content)).members()}


def _refused(content: bytes) -> bool:
    try:
        _read(content)
    except Damaged:
        return True
    return False


def test_what_went_in_comes_out_in_order() -> None:
    assert list(_read(_written()).items()) == list(PARTS.items())


def test_a_flip_of_any_single_byte_is_refused() -> None:
    whole = _written()
    chance = Random(7)  # noqa: S311  # a failure should come again
    taken = []
    for at in range(len(whole)):
        flipped = bytearray(whole)
        flipped[at] ^= chance.randrange(1, 256)
        if not _refused(bytes(flipped)):
            taken.append(at)
    assert taken == []


def test_every_length_but_the_right_one_is_refused() -> None:
    whole = _written()
    assert [length for length in range(len(whole)) if not _refused(whole[:length])] == []
    assert _refused(whole + b"\0")
    assert _refused(whole + bytes(BLOCK))


def _without_a_member(whole: bytes) -> bytes:
    start = whole.index(b"media/served")
    return whole[:start] + whole[start + 2 * BLOCK :]


def _with_a_seal_of_its_own(whole: bytes) -> bytes:
    """Put the right seal on a body whose list of sums is another's."""
    other = _written(None, {**PARTS, "absent.txt": b"media/served/b.jpg\n"})
    body = whole[: whole.index(SUMS.encode())] + other[other.index(SUMS.encode()) : -TAIL_BYTES]
    seal = ArchiveReader(BytesIO(whole)).seal
    return body + _tail(type(seal)(sha256=hashlib.sha256(body).hexdigest(), key_id=None, hmac=None))


@pytest.mark.parametrize("change", [_without_a_member, _with_a_seal_of_its_own])
def test_parts_that_do_not_belong_together_are_refused(change: Callable[[bytes], bytes]) -> None:
    assert _refused(change(_written()))


@pytest.mark.parametrize(
    "content",
    [b"", b"PGDMP\1\16", b"\0" * 4096, bytes(range(256)) * 40, _header("other.txt", 0, 0) + bytes(TAIL_BYTES)],
)
def test_a_file_of_another_kind_is_called_so(content: bytes) -> None:
    with pytest.raises(Damaged) as refused:
        ArchiveReader(BytesIO(content))
    assert refused.value.code == "backup_foreign"


def test_the_seal_tells_who_has_the_key() -> None:
    seal = ArchiveReader(BytesIO(_written())).seal
    assert seal.is_by(KEY)
    assert not seal.is_by(Key(id=KEY.id, secret=bytes(32)))
    unkeyed = ArchiveReader(BytesIO(_written(None))).seal
    assert (unkeyed.key_id, unkeyed.is_by(KEY)) == (None, False)


def test_the_usual_tools_read_it(tmp_path: Path) -> None:
    (tmp_path / "backup").write_bytes(_written())
    subprocess.run(["tar", "xf", "backup"], cwd=tmp_path, check=True)  # noqa: S607  # the machine's own
    ask = ["sha256sum", "-c", SUMS]
    checked = subprocess.run(ask, cwd=tmp_path, check=True, capture_output=True)  # noqa: S603  # the machine's own
    assert checked.stdout.count(b": OK") == len(PARTS)


def test_a_member_keeps_to_the_length_that_was_announced() -> None:
    with ArchiveWriter(BytesIO(), made_at=0, seen=lambda _count: None) as writer:
        writer.begin("a", 5)
        writer.write(b"1234")
        with pytest.raises(Damaged, match="a 的长度变了"):
            writer.end()
        with pytest.raises(BadInput):
            writer.begin("n" * 101, 0)
