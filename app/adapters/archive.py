"""The file of a backup: a plain tar, written and read once from front to back, every byte of it covered.

Its members, in this order: `manifest.json`; `database/00000001` and on, the parts of one dump; `media/<key>`, one an
object; `keys.sealed`, when asked for; `absent.txt`, the objects that were not to be had; `SHA256SUMS`, as sha256sum
writes it, of all members before it; `seal`. The seal holds the SHA-256 of every byte before it, a keyed digest of that,
and a check of itself; the end of the file follows from the seal byte by byte, so that no byte is left uncovered.
"""

import hashlib
import hmac
import re
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import IO, Final, Self

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.adapters.keys import Key
from app.dispatch.errors import BadInput

MANIFEST: Final = "manifest.json"
DATABASE: Final = "database/"
MEDIA: Final = "media/"
SEALED_KEYS: Final = "keys.sealed"
ABSENT: Final = "absent.txt"
SUMS: Final = "SHA256SUMS"
SEAL: Final = "seal"

BLOCK: Final = tarfile.BLOCKSIZE
CHUNK_BYTES: Final = 1024 * 1024
TAIL_BYTES: Final = 4 * BLOCK
"""The seal's header, its one block, and the two blocks of zeros that end a tar."""
LONGEST_NAME: Final = 100
_SEAL: Final = re.compile(
    r"gridcase-backup-seal 1\nsha256 (?P<sha256>[0-9a-f]{64})\nhmac (?P<key_id>[a-z0-9.-]{1,40}) "
    r"(?P<hmac>-|[0-9a-f]{64})\ncheck [0-9a-f]{64}\n"
)

Seen = Callable[[int], None]
"""Told again and again how many more bytes are done."""


class Damaged(BadInput):
    """A file that is no whole backup; nothing of it is used."""

    code = "backup_damaged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """What the end of a backup says of all that stands before it; no `key_id`: made where no key was at hand."""

    sha256: str
    key_id: str | None
    hmac: str | None

    def is_by(self, key: Key) -> bool:
        """Tell whether the keyed digest was made with `key`."""
        return hmac.compare_digest(self.hmac or "", _keyed(key, self.sha256))


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One part of a backup; its chunks are read before the next member is asked for."""

    name: str
    size: int
    chunks: Iterator[bytes]

    def content(self) -> bytes:
        """Return the whole of it; only for what is known to be small."""
        return b"".join(self.chunks)


class ArchiveWriter:
    """Writes members one after the other; memory does not grow with their number or size."""

    def __init__(self, file: IO[bytes], *, made_at: float, seen: Seen) -> None:
        """Take an empty file, and the time (seconds since 1970) that the members carry."""
        self._file = file
        self._made_at = made_at
        self._seen = seen
        self._digest = hashlib.sha256()
        self._sums = tempfile.TemporaryFile()  # noqa: SIM115  # a line an object is too much for memory; see `__exit__`
        self._member = hashlib.sha256()
        self._name = ""
        self._left = 0
        self._padding = 0

    def __enter__(self) -> Self:
        """Write within a block."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Let go of the list of sums."""
        self._sums.close()

    def add(self, name: str, content: bytes) -> None:
        """Write a small member."""
        self.begin(name, len(content))
        self.write(content)
        self.end()

    def begin(self, name: str, size: int) -> None:
        """Begin a member of exactly `size` bytes."""
        self._put(_header(name, size, self._made_at))
        self._name, self._left, self._padding = name, size, -size % BLOCK
        self._member = hashlib.sha256()

    def write(self, chunk: bytes) -> None:
        """Add bytes to the member that was begun."""
        self._left -= len(chunk)
        self._member.update(chunk)
        self._put(chunk)

    def end(self) -> None:
        """End the member; raise Damaged when it was not as long as announced."""
        if self._left:
            raise Damaged(f"{self._name} 的长度变了 / is not as long as announced")
        self._put(bytes(self._padding))
        self._sums.write(_sum_line(self._member.hexdigest(), self._name))

    def finish(self, key: Key | None) -> Seal:
        """Write the list of sums and the seal, keyed by `key` when there is one."""
        self.begin(SUMS, self._sums.tell())
        self._sums.seek(0)
        while chunk := self._sums.read(CHUNK_BYTES):
            self.write(chunk)
        self._put(bytes(self._padding))
        sha256 = self._digest.hexdigest()
        seal = Seal(sha256=sha256, key_id=key.id if key else None, hmac=_keyed(key, sha256) if key else None)
        self._file.write(_tail(seal))
        return seal

    def _put(self, content: bytes) -> None:
        self._file.write(content)
        self._digest.update(content)
        self._seen(len(content))


class ArchiveReader:
    """Reads a backup front to back, as often as wanted; raises Damaged with a text for people."""

    def __init__(self, file: IO[bytes]) -> None:
        """Take an open file; its first and its last blocks are looked at."""
        self._file = file
        self.size = file.seek(0, 2)
        file.seek(0)
        first = _parse(file.read(BLOCK))
        if first is None or first.name != MANIFEST:
            raise Damaged("不是网格派件的备份文件。 This is no backup of Gridcase.", code="backup_foreign")
        file.seek(max(self.size - TAIL_BYTES, 0))
        self.seal = _read_tail(file.read())

    def members(self, seen: Seen | None = None) -> Iterator[Member]:
        """Yield every member but the seal; at the end every byte has been compared with what the seal says."""
        self._file.seek(0)
        covered = _Covered(self._file, self.size - TAIL_BYTES, seen or (lambda _count: None))
        sums = hashlib.sha256()
        while block := covered.read(BLOCK):
            info = _parse(block)
            if info is None:
                raise _broken()
            digest = hashlib.sha256()
            chunks = covered.chunks(info.size, digest.update)
            if info.name != SUMS:
                yield Member(name=info.name, size=info.size, chunks=chunks)
            for _rest in chunks:  # what the caller did not care to read is covered all the same
                continue
            covered.read(-info.size % BLOCK)
            if info.name != SUMS:
                sums.update(_sum_line(digest.hexdigest(), info.name))
            elif digest.hexdigest() != sums.hexdigest():
                raise _broken()
        if covered.sha256 != self.seal.sha256:
            raise _broken()


class _Covered:
    """The part of a file that its seal covers, digested while it is read."""

    def __init__(self, file: IO[bytes], size: int, seen: Seen) -> None:
        self._file = file
        self._left = size
        self._seen = seen
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """Return the digest of what was read."""
        return self._digest.hexdigest()

    def read(self, size: int) -> bytes:
        """Read so many bytes; fewer only at the very end."""
        content = self._file.read(min(size, self._left))
        if len(content) < size and content:
            raise _broken()
        self._left -= len(content)
        self._digest.update(content)
        self._seen(len(content))
        return content

    def chunks(self, size: int, note: Callable[[bytes], None]) -> Iterator[bytes]:
        """Read so many bytes in pieces, telling `note` of each."""
        if size > self._left:
            raise _broken()
        return self._pieces(size, note)

    def _pieces(self, size: int, note: Callable[[bytes], None]) -> Iterator[bytes]:
        while size:
            chunk = self.read(min(size, CHUNK_BYTES))
            if not chunk:
                raise _broken()
            size -= len(chunk)
            note(chunk)
            yield chunk


def _header(name: str, size: int, made_at: float) -> bytes:
    if len(name.encode()) > LONGEST_NAME:
        raise BadInput(f"名称过长 / this name is too long for a backup: {name}", code="backup_name")
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = size, 0o600, int(made_at)
    return info.tobuf(tarfile.GNU_FORMAT)  # the form that carries any size


def _parse(block: bytes) -> tarfile.TarInfo | None:
    try:
        return tarfile.TarInfo.frombuf(block, "utf-8", "strict")
    except (tarfile.HeaderError, UnicodeDecodeError):
        return None


def _sum_line(sha256: str, name: str) -> bytes:
    return f"{sha256}  {name}\n".encode()


def _keyed(key: Key, sha256: str) -> str:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"gridcase backup seal 1").derive(key.secret)
    return hmac.new(derived, bytes.fromhex(sha256), hashlib.sha256).hexdigest()


def _tail(seal: Seal) -> bytes:
    """Return the end of a backup; it follows from the seal alone."""
    text = f"gridcase-backup-seal 1\nsha256 {seal.sha256}\nhmac {seal.key_id or '-'} {seal.hmac or '-'}\n"
    content = f"{text}check {hashlib.sha256(text.encode()).hexdigest()}\n".encode()
    tail = BytesIO(bytes(TAIL_BYTES))
    tail.write(_header(SEAL, len(content), 0) + content)
    return tail.getvalue()


def _read_tail(tail: bytes) -> Seal:
    found = _SEAL.match(tail[BLOCK : 2 * BLOCK].decode("ascii", "replace"))
    if found is None:
        raise Damaged(
            "备份文件不完整（被截断或尾部损坏），不可使用。 This backup is cut off or its end is damaged: not usable."
        )
    seal = Seal(
        sha256=found["sha256"],
        key_id=None if found["key_id"] == "-" else found["key_id"],
        hmac=None if found["hmac"] == "-" else found["hmac"],
    )
    if _tail(seal) != tail:
        raise _broken()
    return seal


def _broken() -> Damaged:
    return Damaged(
        "备份文件已损坏：内容与封条不符，整份拒用。 This backup is damaged: it is not what was sealed; refused whole."
    )
