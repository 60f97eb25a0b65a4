"""Read a backup to its last byte, without a database: is it whole, and whose is it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import IO, Final

from app.adapters.archive import ABSENT, DATABASE, MANIFEST, MEDIA, SEALED_KEYS, ArchiveReader, Damaged, Member, Seen
from app.adapters.keys import Key
from app.adapters.manifest import LARGEST_BYTES, Manifest

_ORDER: Final = (MANIFEST, DATABASE, MEDIA, SEALED_KEYS, ABSENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A backup that is whole. `authentic`: its seal was made with a key that is here; None: that key is not here."""

    manifest: Manifest
    size: int
    objects: int
    absent: frozenset[str]
    box: bytes | None
    authentic: bool | None


@dataclass(slots=True, kw_only=True)
class _Walk:
    """What was seen so far of the members."""

    place: int = -1
    parts: int = 0
    objects: int = 0
    small: dict[str, bytes] = field(default_factory=dict)
    orderly: bool = True

    def take(self, member: Member) -> None:
        """Note a member; wrong ones are only marked: whether a byte was flipped is known at the end."""
        place = next((at for at, name in enumerate(_ORDER) if _is(member.name, name)), -1)
        self.orderly &= place > self.place or (place == self.place and _ORDER[place].endswith("/"))
        self.place = place
        if member.name.startswith(DATABASE):
            self.parts += 1
            self.orderly &= member.name == f"{DATABASE}{self.parts:08d}"
        elif member.name.startswith(MEDIA):
            self.objects += 1
            self.orderly &= ".." not in member.name.split("/")
        elif member.name == ABSENT or member.size <= LARGEST_BYTES:
            self.small[member.name] = member.content()


def check_file(file: IO[bytes], keys: Iterable[Key], seen: Seen) -> Checked:
    """Read all of it; raise Damaged where one byte is not what was sealed, or the seal is another city's."""
    reader = ArchiveReader(file)
    walk = _Walk()
    for member in reader.members(seen):
        walk.take(member)
    manifest = Manifest.read(walk.small.get(MANIFEST, b""))
    if not (walk.orderly and walk.parts and ABSENT in walk.small and manifest.with_keys == (SEALED_KEYS in walk.small)):
        raise Damaged("备份的内容不全或次序不对。 Parts of this backup are missing or out of order.")
    sealing = [key for key in keys if key.id == reader.seal.key_id]
    if sealing and not reader.seal.is_by(sealing[0]):
        raise Damaged(
            "封条不是用本城的密钥做的：有人改过内容并重做了校验和。"
            " The seal was not made with this city's key: somebody altered the file and its sums.",
            code="backup_forged",
        )
    return Checked(
        manifest=manifest,
        size=reader.size,
        objects=walk.objects,
        absent=frozenset(walk.small[ABSENT].decode().splitlines()),
        box=walk.small.get(SEALED_KEYS),
        authentic=True if sealing else None,
    )


def _is(name: str, kind: str) -> bool:
    return name.startswith(kind) if kind.endswith("/") else name == kind
