"""Save a city into one file while it serves: one snapshot of its tables, and all objects that the snapshot names."""

import errno
import os
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Final

from sqlalchemy.exc import DBAPIError

from app.adapters.archive import ABSENT, DATABASE, MANIFEST, MEDIA, SEALED_KEYS, ArchiveWriter, Seen
from app.adapters.key_box import lock
from app.adapters.keys import Key, present_keys
from app.adapters.manifest import HistoryMark, KeyMark, Manifest
from app.adapters.objects import Objects
from app.dispatch.errors import BadInput, Conflict, Unavailable
from app.repositories.engine import open_sessions
from app.runtime.clients import Clients
from app.runtime.database import city_names
from app.runtime.migrate import owner_engine
from app.services.backup import Moment, Wanted, listed_objects, saving
from app.services.readiness import RELEASE
from app.services.transaction import sqlstate
from app.settings import Settings

Say = Callable[[str], None]
Expect = Callable[[int], None]
"""Told about how many bytes will be written."""
_VAULT: Final = "vault-"
_REFUSALS: Final = frozenset({"3D000", "28000", "42P01", "42501", "22023"})
"""SQLSTATEs: no database, no such role, no table, no right, no role to take."""
_DISK: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What was written, and what the city itself no longer has."""

    manifest: Manifest
    size: int
    objects: int
    absent: int
    lost_key_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is wanted: where to, whether a file that is there may go, and a passphrase if the keys are to go along."""

    target: Path
    force: bool = False
    passphrase: str | None = None


async def save_city(settings: Settings, order: Order, *, say: Say, expect: Expect, seen: Seen) -> Saved:
    """Write the backup under another name, force it to the disk, rename it.

    Raises Conflict where the file exists, Unavailable where room, rights or programs are missing. A failure leaves no
    file behind.
    """
    if settings.admin_url is None:
        raise Unavailable("未设 GRIDCASE_ADMIN_URL：备份要读全部表。 The owner's address is needed to read all tables.")
    if order.target.exists() and not order.force:
        raise Conflict(
            f"{order.target} 已存在；要覆盖请加 --force。 It exists; --force replaces it.", code="file_exists"
        )
    if not order.target.absolute().parent.is_dir():
        raise BadInput(f"没有这个目录 / no such folder: {order.target.absolute().parent}", code="folder_missing")
    keys = present_keys(settings.keys_dir)
    box = lock(keys, order.passphrase) if order.passphrase is not None else None
    objects = Objects.at(settings.media_url, settings.home / "media")
    async with _known_refusals(), AsyncExitStack() as snapshot:
        engine = owner_engine(settings.admin_url, settings.city)
        snapshot.push_async_callback(engine.dispose)
        work, moment = await snapshot.enter_async_context(saving(open_sessions(engine)))
        _see_room(order.target, moment, say)
        expect(moment.about_bytes)
        clients = Clients.to_dump(settings.admin_url, city_names(settings.city), moment.server_major)
        manifest = _manifest(settings, moment, clients, keys, with_keys=box is not None)
        with (
            _new_file(order.target) as file,
            TemporaryFile("w+", encoding="utf-8") as listing,
            ArchiveWriter(file, made_at=time.time(), seen=seen) as writer,
        ):
            writer.add(MANIFEST, manifest.written())
            await _write_dump(writer, clients, moment.snapshot)
            await work.list_objects(listing)
            await snapshot.aclose()  # an open snapshot keeps the database from tidying up
            count, absent = await _write_objects(writer, listed_objects(listing, objects))
            if box is not None:
                writer.add(SEALED_KEYS, box)
            writer.add(ABSENT, "".join(f"{key}\n" for key in absent).encode())
            writer.finish(seal_key(keys))
            size = file.tell()
    lost = tuple(sorted(set(moment.key_ids) - {key.id for key in keys.values()}))
    return Saved(manifest=manifest, size=size, objects=count, absent=len(absent), lost_key_ids=lost)


@asynccontextmanager
async def _known_refusals() -> AsyncIterator[None]:
    """Say in words what a database answers that has not got the city, or has not got it for us."""
    try:
        yield
    except (DBAPIError, OSError) as error:
        if sqlstate(error) not in _REFUSALS:
            raise
        raise Unavailable(
            "库里没有这座城市，或 GRIDCASE_ADMIN_URL 的角色不是它的属主。"
            " The database holds no such city, or the role of GRIDCASE_ADMIN_URL does not own it (permission denied).",
            code="database_rights",
        ) from error


def seal_key(keys: Mapping[str, Key]) -> Key | None:
    """Return the key that seals: the newest of the vault."""
    names = [name for name in keys if name.startswith(_VAULT)]
    return keys[max(names, key=lambda name: int(name.removeprefix(_VAULT)))] if names else None


async def _write_dump(writer: ArchiveWriter, clients: Clients, snapshot: str) -> None:
    number = 0
    async with clients.dump(snapshot) as pieces:
        async for piece in pieces:
            number += 1
            writer.add(f"{DATABASE}{number:08d}", piece)


async def _write_objects(writer: ArchiveWriter, objects: AsyncIterator[Wanted]) -> tuple[int, list[str]]:
    """Copy the objects; return how many there were, and the keys of those that were not."""
    count, absent = 0, []
    async for wanted in objects:
        if wanted.found is None:
            absent.append(wanted.key)
            continue
        count += 1
        writer.begin(f"{MEDIA}{wanted.key}", wanted.found.size)
        async for chunk in wanted.found.chunks:
            writer.write(chunk)
        writer.end()
    return count, absent


def _manifest(
    settings: Settings, moment: Moment, clients: Clients, keys: Mapping[str, Key], *, with_keys: bool
) -> Manifest:
    return Manifest(
        release=RELEASE,
        city=settings.city,
        created_at=datetime.now(UTC),
        revision=moment.revision,
        postgresql=moment.server_major,
        pg_dump=clients.major,
        history=HistoryMark(chains=moment.chains, steps=moment.counts.steps, root=moment.root),
        reports=moment.counts.reports,
        cases=moment.counts.cases,
        media=moment.counts.media,
        keys=tuple(KeyMark.of(name, key) for name, key in keys.items()),
        used_key_ids=moment.key_ids,
        with_keys=with_keys,
    )


def _see_room(target: Path, moment: Moment, say: Say) -> None:
    free = shutil.disk_usage(target.absolute().parent).free
    about = moment.about_bytes
    say(f"约需 {about / 1e6:.0f} MB，剩余 {free / 1e6:.0f} MB / about {about / 1e6:.0f} MB, free {free / 1e6:.0f} MB")
    if free < about:
        raise Unavailable(f"{target.absolute().parent} 空间不足。 There is not enough room there.", code="disk_full")


@contextmanager
def _new_file(target: Path) -> Iterator[IO[bytes]]:
    """Lend a file that appears under its name, whole and on the disk, only at the end; else it never was."""
    draft = target.with_name(f".{target.name}.{secrets.token_hex(6)}")
    try:
        handle = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise BadInput(f"不能写 {target} / cannot write: {error.strerror}", code="file_unwritable") from error
    try:
        with os.fdopen(handle, "r+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
        _sync(target.parent)
    except BaseException as error:
        draft.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno in _DISK:
            text = f"写 {target} 失败 / writing failed: {error.strerror}"
            raise Unavailable(text, code="disk_failed") from error
        raise


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
