"""Bring a saved city back: all of it, proven, or nothing of it."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from app.adapters.archive import DATABASE, MEDIA, ArchiveReader, Member, Seen
from app.adapters.key_box import unlock
from app.adapters.keys import load_keys, place_key, present_keys
from app.adapters.manifest import Manifest
from app.adapters.objects import Objects
from app.dispatch.errors import BadInput, Conflict, Unavailable
from app.repositories.engine import open_engine, open_sessions
from app.runtime.clients import Clients
from app.runtime.cluster import Cluster
from app.runtime.database import city_names, ensure_city, present_parts
from app.runtime.lend import app_password, lend_administrator
from app.runtime.locks import RunLock
from app.runtime.migrate import is_known, upgrade
from app.runtime.supply import Supply, find_supply
from app.runtime.unfinished import Made, Unfinished
from app.runtime.verify import Checked, check_file
from app.services.restored import Proof, prove
from app.settings import Settings

Say = Callable[[str], None]
Expect = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Where the backup is, where keys may be found besides in the home, and whether to go on without those missing."""

    source: Path
    keys_dir: Path | None = None
    passphrase: str | None = None
    without_keys: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What was brought back, and what was found when it was looked through."""

    manifest: Manifest
    absent: int
    missing: tuple[str, ...]
    proof: Proof


@contextmanager
def open_backup(path: Path) -> Iterator[IO[bytes]]:
    """Lend the file; raise BadInput when it cannot be read."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise BadInput(f"读不到 {path} / cannot read it: {error.strerror}", code="file_unreadable") from error
    with file:
        yield file


def restore_city(settings: Settings, order: Order, *, say: Say, expect: Expect, seen: Seen) -> Restored:
    """Check the file to its last byte, then the place, then bring all of it in and prove it.

    Raises Damaged, BadInput or Conflict before anything is made; after that any failure takes everything back.
    """
    with open_backup(order.source) as file:
        expect(2 * order.source.stat().st_size)  # read to check it, read again to bring it in
        held = present_keys(settings.keys_dir)
        given = present_keys(order.keys_dir) if order.keys_dir else {}
        checked = check_file(file, [*held.values(), *given.values()], seen)
        say(
            f"文件完好 / the file is whole: {checked.manifest.city} {checked.manifest.created_at:%Y-%m-%d %H:%M:%S} UTC"
        )
        _see_fit(settings, checked.manifest)
        if checked.box is not None and order.passphrase is not None:
            given |= unlock(checked.box, order.passphrase)
        unfinished, had_home = Unfinished(settings.home), settings.home.exists()
        with RunLock(settings.home).hold():
            _clear_former(settings, unfinished, say)
            try:
                if not had_home:
                    unfinished.note(Made.HOME)
                supply = find_supply(checked.manifest, present_keys(settings.keys_dir), given)
                supply.see_complete(without=order.without_keys)
                return _restore(settings, file, checked, supply, unfinished, seen)
            except BaseException:
                _take_back(settings, unfinished)
                raise


def _see_fit(settings: Settings, manifest: Manifest) -> None:
    if manifest.city != settings.city:
        raise BadInput(
            f"备份里是城市 {manifest.city}：请设 GRIDCASE_CITY={manifest.city}。 It holds another city.",
            code="backup_city",
        )
    if not is_known(manifest.revision):
        raise BadInput(
            f"备份由更新的版本（{manifest.release}，迁移 {manifest.revision}）写成。 A newer release wrote it.",
            code="backup_newer",
        )


def _clear_former(settings: Settings, unfinished: Unfinished, say: Say) -> None:
    if unfinished.exists:
        say("清掉上次没有做完的恢复 / clearing what a killed restore left")
        whole_home = unfinished.has(Made.HOME)
        _take_back(settings, unfinished)
        if whole_home:
            settings.home.mkdir()
            unfinished.note(Made.HOME)


def _take_back(settings: Settings, unfinished: Unfinished) -> None:
    """Undo what was made; where that fails the journal stays, and the next restore tries again."""
    if not unfinished.exists:
        return
    if unfinished.has(Made.SCHEMA) and not unfinished.has(Made.CLUSTER):
        with lend_administrator(settings) as (_full, admin):
            asyncio.run(unfinished.undo_city(admin, settings.city))
    unfinished.undo(Objects.at(settings.media_url, settings.home / "media"), settings.keys_dir)


def _restore(
    settings: Settings, file: IO[bytes], checked: Checked, supply: Supply, unfinished: Unfinished, seen: Seen
) -> Restored:
    if settings.is_private and not _has_cluster(settings.home):
        unfinished.note(Made.CLUSTER)
    with lend_administrator(settings) as (full, admin):
        work = _Restore(full, admin, checked, supply, unfinished, seen, private=settings.is_private)
        proof = asyncio.run(work.run(ArchiveReader(file)))
    unfinished.finish()
    missing = tuple(supply.missing)
    return Restored(manifest=checked.manifest, absent=len(checked.absent), missing=missing, proof=proof)


def _has_cluster(home: Path) -> bool:
    """Tell whether `home` has a cluster of its own; data of an earlier home at its path are set aside at its start."""
    data = Cluster(home).data
    return (data / "PG_VERSION").exists() and (data.parent == home or (home / "where").exists())


class _Restore:
    """The steps, each written down in the journal before it is taken."""

    def __init__(
        self,
        settings: Settings,
        admin: str,
        checked: Checked,
        supply: Supply,
        unfinished: Unfinished,
        seen: Seen,
        *,
        private: bool,
    ) -> None:
        self._settings = settings
        self._admin = admin
        self._checked = checked
        self._supply = supply
        self._unfinished = unfinished
        self._seen = seen
        self._private = private
        self._names = city_names(settings.city)
        self._objects = Objects.at(settings.media_url, settings.home / "media")

    async def run(self, reader: ArchiveReader) -> Proof:
        """Take all steps; return what the restored city shows of itself."""
        await self._make_city()
        await self._bring_in(reader)
        await upgrade(self._owner_url, self._settings.city)
        self._place_keys()
        return await self._prove()

    @property
    def _owner_url(self) -> str:
        if self._settings.admin_url is None:
            raise Unavailable("未设 GRIDCASE_ADMIN_URL。 GRIDCASE_ADMIN_URL is not set.")
        return self._settings.admin_url

    async def _make_city(self) -> None:
        settings, names = self._settings, self._names
        present = await present_parts(self._admin, settings.city)
        if names.schema in present:
            raise Conflict(
                f"数据库里已有城市 {settings.city}，未动任何东西。 The city is there already; nothing was touched.",
                code="city_exists",
            )
        self._unfinished.note(Made.SCHEMA)
        if not present:
            self._unfinished.note(Made.ROLES)
        password = None if self._private else app_password(settings)
        await ensure_city(self._admin, settings.city, login=self._private, app_password=password)

    async def _bring_in(self, reader: ArchiveReader) -> None:
        """Feed the dump to the database, then put the objects; at the end the file has been compared once more."""
        clients = Clients.to_restore(self._owner_url, self._names, self._checked.manifest.pg_dump)
        members = reader.members(self._seen)
        next(members)  # the manifest, read before
        member = await self._load(members, clients)
        while member is not None:
            if member.name.startswith(MEDIA):
                await self._put(member.name.removeprefix(MEDIA), member.content())
            member = next(members, None)

    async def _load(self, members: Iterator[Member], clients: Clients) -> Member | None:
        """Feed the parts of the dump; return the member that follows them."""
        member = next(members, None)
        async with clients.restore() as sink:
            while member is not None and member.name.startswith(DATABASE):
                for chunk in member.chunks:
                    sink.write(chunk)
                    await sink.drain()
                member = next(members, None)
        return member

    async def _put(self, key: str, content: bytes) -> None:
        """Store an object; one that lies there already has to be the same."""
        found = await self._objects.find(key)
        if found is None:
            self._unfinished.note(Made.OBJECT, key)
            await self._objects.put(key, content)
        elif b"".join([chunk async for chunk in found.chunks]) != content:
            raise Conflict(f"媒体库里已有另一份 {key}。 Another object lies under this key.", code="object_exists")

    def _place_keys(self) -> None:
        folder = self._settings.keys_dir
        for name in {"vault-1", "search-1", "token", *self._supply.placed} - set(present_keys(folder)):
            self._unfinished.note(Made.KEY, name)
        for name, key in self._supply.placed.items():
            place_key(folder, name, key)
        load_keys(folder)  # makes those that are lost anew: a city cannot run without

    async def _prove(self) -> Proof:
        settings, manifest = self._settings, self._checked.manifest
        engine = open_engine(settings.database_url or "", pool=2)
        try:
            keys = load_keys(settings.keys_dir)
            without = self._supply.missing
            proof = await prove(open_sessions(engine), self._objects, keys, without=without)
        finally:
            await engine.dispose()
        if (proof.chains, proof.root) != (manifest.history.chains, manifest.history.root):
            raise Unavailable("恢复出的历史与备份所载不符。 The restored history is not the one that was saved.")
        lost = [key for key in proof.absent if key not in self._checked.absent]
        if lost:
            raise Unavailable(f"恢复后缺媒体 / media are missing after all: {', '.join(lost[:5])}")
        return proof
