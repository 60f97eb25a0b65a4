"""Photos and films: taken in once, kept sealed as they came, shown only as redrawn and only to who may see them."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from os import SEEK_END
from typing import IO, Final
from uuid import UUID, uuid4

from uuid_utils.compat import uuid7

from app.adapters.exif import MediaFlag, Taken
from app.adapters.film import check_film
from app.adapters.objects import Objects
from app.adapters.photos import JPEG, MOST_PHOTO_BYTES, MP4, SNIFFED_BYTES, Photo, draw, kind_of
from app.adapters.sealing import Sealed, Sealer
from app.dispatch.access import Actor, Thing, sight
from app.dispatch.book import Book
from app.dispatch.calendar import LOCAL_ZONE
from app.dispatch.errors import ClientIdTaken, NotVisible
from app.dispatch.order_access import order_sight
from app.repositories.media import MediaRepository, Medium
from app.services.transaction import Sessions, reading, writing

AT_ONCE: Final = 2
"""Photos decoded at the same time in one process; each may take some 200 MB meanwhile."""

SERVED: Final = "served/"
ORIGINAL: Final = "original/"
_ENDINGS: Final = {JPEG: ".jpg", MP4: ".mp4"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A medium that is in the store, and whether this upload put it there."""

    medium: Medium
    created: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A medium that may be shown: its bytes in chunks, and a file name that says nothing."""

    medium: Medium
    filename: str
    chunks: AsyncIterator[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """What went into the store."""

    key: str
    mime: str
    size: int
    width: int | None = None
    height: int | None = None
    taken: Taken


class MediaService:
    """The only way in and out for photos and films."""

    def __init__(self, sessions: Sessions, objects: Objects, sealer: Sealer, now: Callable[[], datetime]) -> None:
        """Take where rows and objects go, and what seals the originals."""
        self._sessions = sessions
        self._objects = objects
        self._sealer = sealer
        self._now = now
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def keep(self, file: IO[bytes], *, media_id: UUID | None = None, account_id: UUID | None) -> Kept:
        """Store a photo or film; the same id with the same bytes of the same account gives the first answer again.

        Objects are written before the row: what fails in between leaves objects that nothing names, never a row
        without its object. Raises UnsupportedType, TooLarge, BadInput for files that are not taken, ClientIdTaken
        for an id that belongs to other bytes or somebody else.
        """
        own_id, now = media_id or uuid7(), self._now()
        sha256, size = await asyncio.to_thread(_measure, file)
        async with reading(self._sessions) as session:
            if (known := await MediaRepository(session).get(own_id)) is not None:
                return _known(known, sha256, account_id)
        stored = await self._store(file, size, now)
        async with writing(self._sessions) as session:
            return await _record(MediaRepository(session), own_id, sha256, stored, account_id, now)

    async def show(self, media_id: UUID, actor: Actor, book: Book) -> Shown:
        """Return a medium for one who uploaded it or sees a report or case that uses it; else raise NotVisible."""
        async with reading(self._sessions) as session:
            medium = await MediaRepository(session).seen(
                media_id,
                actor.account_id,
                reports=sight(actor, Thing.REPORT, book.units_below),
                cases=sight(actor, Thing.CASE, book.units_below),
                orders=order_sight(actor, book.units_below),
            )
        if medium is None:
            raise NotVisible
        filename = f"{medium.id}{_ENDINGS[medium.mime]}"
        return Shown(medium=medium, filename=filename, chunks=await self._objects.get(medium.object_key))

    async def _store(self, file: IO[bytes], size: int, now: datetime) -> _Stored:
        mime = kind_of(await asyncio.to_thread(_read, file, SNIFFED_BYTES))
        name = f"{now.astimezone(LOCAL_ZONE):%Y/%m/%d}/{uuid4()}"
        if mime == MP4:
            return await self._store_film(file, size, f"{SERVED}{name}{_ENDINGS[MP4]}")
        return await self._store_photo(file, mime, name)

    async def _store_film(self, file: IO[bytes], size: int, key: str) -> _Stored:
        await asyncio.to_thread(check_film, file, size)
        file.seek(0)
        await self._objects.put(key, file)
        return _Stored(key=key, mime=MP4, size=size, taken=Taken())

    async def _store_photo(self, file: IO[bytes], mime: str, name: str) -> _Stored:
        key, original = f"{SERVED}{name}{_ENDINGS[JPEG]}", f"{ORIGINAL}{name}"
        async with self._turn:
            photo, sealed = await asyncio.to_thread(self._draw_and_seal, file, mime, original)
        await self._objects.put(original, sealed)
        await self._objects.put(key, photo.content)
        return _Stored(
            key=key, mime=JPEG, size=len(photo.content), width=photo.width, height=photo.height, taken=photo.taken
        )

    def _draw_and_seal(self, file: IO[bytes], mime: str, place: str) -> tuple[Photo, bytes]:
        content = _read(file, MOST_PHOTO_BYTES + 1)
        photo = draw(content, mime)
        return photo, pack(self._sealer.seal_bytes(content, place))


def objects_of(object_key: str, mime: str) -> tuple[str, ...]:
    """Return the keys of all objects of a medium: what is served and, of a photo, its sealed original."""
    if mime != JPEG:
        return (object_key,)
    return (object_key, original_of(object_key))


def original_of(object_key: str) -> str:
    """Return the key of the sealed original of the photo that is served under `object_key`."""
    return object_key.replace(SERVED, ORIGINAL, 1).removesuffix(_ENDINGS[JPEG])


def pack(sealed: Sealed) -> bytes:
    """Return a sealed original as it lies in the store: the id of its key, a line feed, nonce and ciphertext."""
    return sealed.key_id.encode("ascii") + b"\n" + sealed.sealed


def unpack(stored: bytes) -> Sealed:
    """Undo `pack`; `Sealer.open_bytes` opens it for the key it lay under."""
    key_id, _, sealed = stored.partition(b"\n")
    return Sealed(key_id=key_id.decode("ascii"), sealed=sealed)


async def _record(
    media: MediaRepository, own_id: UUID, sha256: str, stored: _Stored, account_id: UUID | None, now: datetime
) -> Kept:
    reused = await media.is_known_content(sha256, besides=own_id)
    medium = Medium(
        id=own_id,
        object_key=stored.key,
        sha256=sha256,
        mime=stored.mime,
        size=stored.size,
        width=stored.width,
        height=stored.height,
        taken_at=stored.taken.at,
        taken_lon=stored.taken.lon,
        taken_lat=stored.taken.lat,
        flags=tuple(sorted(stored.taken.flags | ({MediaFlag.REUSED} if reused else set()))),
        account_id=account_id,
        created_at=now,
    )
    if await media.add(medium):
        return Kept(medium=medium, created=True)
    first = await media.get(own_id)
    assert first is not None  # noqa: S101  # the id was in the way a moment ago, and nothing deletes media
    return _known(first, sha256, account_id)


def _known(medium: Medium, sha256: str, account_id: UUID | None) -> Kept:
    if medium.sha256 != sha256 or medium.account_id != account_id:
        raise ClientIdTaken("这个编号已用于另一份媒体文件", fields={"id": str(medium.id)})
    return Kept(medium=medium, created=False)


def _measure(file: IO[bytes]) -> tuple[str, int]:
    """Return the SHA-256 and the size in bytes."""
    file.seek(0)
    sha256 = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]  # any readable binary file will do
    file.seek(0, SEEK_END)
    return sha256, file.tell()


def _read(file: IO[bytes], most: int) -> bytes:
    file.seek(0)
    return file.read(most)
