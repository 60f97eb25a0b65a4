from pathlib import Path

import pytest

from app.dispatch.errors import Unavailable
from app.runtime import binaries
from app.runtime.binaries import Server, choose_server


def _servers(*usable: tuple[int, bool]) -> list[Server]:
    return [Server(major=major, folder=Path(f"/pg/{major}"), has_postgis=postgis) for major, postgis in usable]


def _install(monkeypatch: pytest.MonkeyPatch, *servers: tuple[int, bool]) -> None:
    monkeypatch.setattr(binaries, "installed_servers", lambda: _servers(*servers))


def test_the_newest_with_postgis_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    _install(monkeypatch, (18, False), (17, True), (15, True))
    assert choose_server().major == 17


def test_existing_data_decide_the_major(monkeypatch: pytest.MonkeyPatch) -> None:
    _install(monkeypatch, (17, True), (15, True))
    assert choose_server(15).major == 15


def test_data_whose_binaries_are_gone_stop_with_the_command_that_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    _install(monkeypatch, (17, True))
    with pytest.raises(Unavailable, match="apt-get install postgresql-16 postgresql-16-postgis-3"):
        choose_server(16)


def test_an_old_major_or_one_without_postgis_is_no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    _install(monkeypatch, (16, False), (14, True))
    with pytest.raises(Unavailable, match="PostGIS"):
        choose_server()


def test_an_installation_outside_debian_is_asked_what_it_is(tmp_path: Path) -> None:
    share = tmp_path / "share"
    (share / "extension").mkdir(parents=True)
    for program, answer in {"initdb": "", "postgres": "postgres (PostgreSQL) 16.4", "pg_config": str(share)}.items():
        path = tmp_path / program
        path.write_text(f"#!/bin/sh\necho '{answer}'\n")
        path.chmod(0o755)
    without = binaries._inspect(tmp_path)
    assert without == Server(major=16, folder=tmp_path, has_postgis=False)
    (share / "extension" / "postgis.control").touch()
    with_postgis = binaries._inspect(tmp_path)
    assert with_postgis == Server(major=16, folder=tmp_path, has_postgis=True)
