"""Saving: one moment, everything that moment names, and nothing half-written."""

import asyncio
import errno
import json
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from app.adapters.archive import ABSENT, ArchiveReader, ArchiveWriter
from app.adapters.keys import load_keys
from app.dispatch.errors import BadInput, Conflict, Unavailable
from app.runtime import clients
from app.runtime.clients import Clients
from app.runtime.database import city_names
from app.runtime.restore import Order, restore_city
from app.runtime.verify import check_file
from app.settings import Settings
from tests.backup.conftest import Source, save
from tests.backup.saved_city import citizens, run


def _members(file: Path) -> dict[str, bytes]:
    with file.open("rb") as opened:
        return {member.name: member.content() for member in ArchiveReader(opened).members()}


def test_it_holds_what_it_says_and_no_key(source: Source) -> None:
    members = _members(source.file)
    manifest = json.loads(members["manifest.json"])
    assert (manifest["city"], manifest["reports"], manifest["media"]) == ("test", len(source.reports), 3)
    assert (manifest["history"]["chains"], manifest["with_keys"]) == (len(source.reports), False)
    keys = load_keys(source.settings.keys_dir)
    whole = source.file.read_bytes()
    for key in (keys.token, keys.search, *keys.vault):
        assert key.id.encode() in whole
        assert key.line.split()[1].encode() not in whole
        assert key.secret not in whole
    assert stat.S_IMODE(source.file.stat().st_mode) == 0o600
    assert (source.saved.size, source.saved.objects, source.saved.absent) == (len(whole), 5, 0)


def test_a_file_that_is_there_is_replaced_only_when_told(source: Source, tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"precious")
    with pytest.raises(Conflict):
        save(source.settings, tmp_path / "old")
    assert (tmp_path / "old").read_bytes() == b"precious"
    save(source.settings, tmp_path / "old", force=True)
    assert "manifest.json" in _members(tmp_path / "old")
    with pytest.raises(BadInput):
        save(source.settings, tmp_path / "nowhere" / "new")


def test_what_the_store_has_lost_or_cut_short_is_named(source: Source, tmp_path: Path) -> None:
    store = tmp_path / "store"
    shutil.copytree(source.settings.home / "media", store)
    [film] = store.rglob("*.mp4")
    film.write_bytes(film.read_bytes()[:-1])
    lost = next(path for path in sorted((store / "original").rglob("*")) if path.is_file())
    lost.unlink()
    saved = save(source.settings.model_copy(update={"media_url": f"file://{store}"}), tmp_path / "file")
    assert (saved.objects, saved.absent) == (3, 2)
    assert set(_members(tmp_path / "file")[ABSENT].decode().splitlines()) == {
        str(film.relative_to(store)),
        str(lost.relative_to(store)),
    }


def test_keys_that_are_gone_from_this_machine_are_named(source: Source, tmp_path: Path) -> None:
    bare = source.settings.model_copy(update={"home": tmp_path, "media_url": f"file://{source.settings.home}/media"})
    saved = save(bare, tmp_path / "file")
    assert saved.lost_key_ids == (load_keys(source.settings.keys_dir).vault[0].id,)
    assert not (tmp_path / "keys").exists()


def test_a_full_disk_leaves_no_file(source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = ArchiveWriter.add

    def add(writer: ArchiveWriter, name: str, content: bytes) -> None:
        if name == ABSENT:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(writer, name, content)

    monkeypatch.setattr(ArchiveWriter, "add", add)
    with pytest.raises(Unavailable, match="No space left"):
        save(source.settings, tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_without_room_is_told_before_anything_is_written(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(10, 9, 1))
    with pytest.raises(Unavailable) as refused:
        save(source.settings, tmp_path / "file")
    assert refused.value.code == "disk_full"
    assert list(tmp_path.iterdir()) == []


def test_only_the_owner_can_save_a_city(source: Source, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="permission denied"):
        save(source.settings.model_copy(update={"admin_url": source.settings.database_url}), tmp_path / "file")
    with pytest.raises(Unavailable, match="no such city"):
        save(source.settings.model_copy(update={"city": "nowhere"}), tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


def test_a_dump_that_fails_says_why_and_leaves_no_file(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Clients, "_as_owner", lambda _self: ["--role=nobody_knows"])
    with pytest.raises(Unavailable, match=r'pg_dump.*\n.*role "nobody_knows" does not exist'):
        save(source.settings, tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


def test_everything_acknowledged_before_it_began_is_in_it(source: Source, place: Settings, tmp_path: Path) -> None:
    async def under_load() -> tuple[list[str], list[str]]:
        async with citizens(source.settings) as people:

            async def go_on() -> None:
                while True:
                    await people.report()

            writers = [asyncio.create_task(go_on()) for _ in range(3)]
            for _ in range(10):
                await people.report()
            before = list(people.acknowledged)
            await asyncio.to_thread(save, source.settings, tmp_path / "file")
            during = list(people.acknowledged)
            for one in writers:
                one.cancel()
            await asyncio.gather(*writers, return_exceptions=True)
        return before, during

    before, during = asyncio.run(under_load())
    assert len(during) > len(before)
    order = Order(source=tmp_path / "file", keys_dir=source.settings.keys_dir)
    done = restore_city(place, order, say=_hush, expect=_hush, seen=_hush)
    stored = {str(row["id"]) for row in asyncio.run(run(place.admin_url, "SELECT id FROM test.reports"))}
    assert {*source.reports, *before} <= stored
    assert (done.proof.audit.wrong, done.proof.audit.chains) == (0, len(stored))


def test_the_programs_are_the_servers_own_for_a_dump_and_the_newest_for_a_restore(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = [(18, Path("/pg/18")), (17, Path("/pg/17")), (15, Path("/pg/15"))]
    monkeypatch.setattr(clients, "installed_clients", lambda *_names: found)
    names = city_names("test")
    assert Clients.to_dump("postgresql://a@h/d", names, 15).major == 15
    assert Clients.to_dump("postgresql://a@h/d", names, 16).major == 17
    assert Clients.to_restore("postgresql://a@h/d", names, 15).major == 18
    with pytest.raises(Unavailable, match="postgresql-client-19"):
        Clients.to_dump("postgresql://a@h/d", names, 19)


def test_no_password_stands_in_a_command_line() -> None:
    tools = Clients(
        major=15, folder=Path("/pg"), address="postgresql+asyncpg://root:s3cret@host/db", names=city_names("test")
    )
    command: list[Any] = tools._command("pg_dump", *tools._as_owner())
    assert command == ["/pg/pg_dump", "-d", "postgresql://root@host/db", "-w", "--role=test_owner"]
    assert tools._environment()["PGPASSWORD"] == "s3cret"


def test_the_file_is_checked_without_any_database(source: Source, tmp_path: Path) -> None:
    assert subprocess.run(["tar", "tf", source.file], check=True, capture_output=True).stdout  # noqa: S603, S607
    with source.file.open("rb") as file:
        ours = check_file(file, load_keys(source.settings.keys_dir).vault, _hush)
        others = check_file(file, load_keys(tmp_path / "keys").vault, _hush)
    assert (ours.authentic, others.authentic) == (True, None)
    assert (ours.objects, ours.manifest) == (5, source.saved.manifest)


def _hush(_said: object) -> None:
    pass
