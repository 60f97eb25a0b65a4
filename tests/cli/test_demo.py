"""`gridcase demo reset` and `gridcase simulate` as they are typed."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import asyncpg
import pytest

from app.runtime.locks import RunLock
from tests.towns import CITY, Town

ROOT: Final = Path(__file__).parents[2]
SCHEMAS: Final = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'sim\\_%'"
ROLES: Final = "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'sim\\_%'"


def _started(town: Town, home: Path, *arguments: str, **more: str) -> "subprocess.Popen[str]":
    bare: Mapping[str, str] = {key: value for key, value in os.environ.items() if not key.startswith("GRIDCASE_")}
    where = {"HOME": str(home), "CITY": CITY, "DATABASE_URL": town.app_url, "ADMIN_URL": town.admin_url, **more}
    return subprocess.Popen(  # noqa: S603  # our own program
        [sys.executable, "-P", "-m", "app.cli", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        cwd=ROOT,
        env={**bare, "PYTHONPATH": str(ROOT), **{f"GRIDCASE_{name}": value for name, value in where.items()}},
    )


def _run(town: Town, home: Path, *arguments: str, **more: str) -> tuple[int, str]:
    started = _started(town, home, *arguments, **more)
    said, _ = started.communicate(timeout=300)
    return started.returncode, said


async def _asked(town: Town, question: str) -> int:
    connection = await asyncpg.connect(town.admin_dsn)
    try:
        await connection.execute(f"SET search_path = {CITY}, public")
        return int(await connection.fetchval(question))
    finally:
        await connection.close()


def test_a_reset_is_refused_in_production_unasked_and_while_the_city_runs(fresh_city: Town, tmp_path: Path) -> None:
    status, said = _run(fresh_city, tmp_path, "demo", "reset", "--yes", MODE="production")
    assert (status, "production" in said) == (1, True)
    status, said = _run(fresh_city, tmp_path, "demo", "reset")
    assert (status, "--yes" in said) == (1, True)
    with RunLock(tmp_path).hold():
        status, said = _run(fresh_city, tmp_path, "demo", "reset", "--yes")
    assert (status, "Already running" in said) == (1, True)


async def test_a_reset_is_refused_while_somebody_is_connected_as_the_app(fresh_city: Town, tmp_path: Path) -> None:
    other = await asyncpg.connect(fresh_city.app_url.replace("+asyncpg", ""))
    try:
        status, said = _run(fresh_city, tmp_path, "demo", "reset", "--yes")
    finally:
        await other.close()
    assert (status, "being served" in said) == (1, True)


async def test_a_reset_leaves_a_fresh_city_and_an_empty_media_folder(fresh_city: Town, tmp_path: Path) -> None:
    for days in ("0", "1"):
        photo = tmp_path / "media" / "photo"
        photo.parent.mkdir(exist_ok=True)
        photo.touch()
        status, said = _run(fresh_city, tmp_path, "demo", "reset", "--yes", DEMO_DAYS=days)
        assert status == 0, said
        assert not photo.exists()
        assert (await _asked(fresh_city, "SELECT count(*) FROM cases") > 0) is (days == "1")
        assert await _asked(fresh_city, "SELECT count(*) FROM seedings WHERE finished_at IS NULL") == 0
        assert await _asked(fresh_city, "SELECT count(*) FROM sets WHERE kind = 'cells'") == 1


@pytest.mark.slow
async def test_a_simulation_publishes_checks_and_leaves_nothing(fresh_city: Town, tmp_path: Path) -> None:
    file = tmp_path / "told.json"
    status, said = _run(
        fresh_city, tmp_path, "simulate", "--days", "2", "--cases", "40", "--seed", "3", "--json", str(file)
    )
    assert status == 0, said
    assert "0 wrong" in said
    assert "按期结案率" in said
    told = json.loads(file.read_text(encoding="utf-8"))
    assert told["summary"]["cases"] >= 30
    assert told["bulletin"]["lines"][-1]["counts"]["filed"] == told["summary"]["cases"]
    assert (told["self_check"]["wrong"], told["self_check"]["findings"]) == (0, [])
    assert await _asked(fresh_city, SCHEMAS) == await _asked(fresh_city, ROLES) == 0
    assert not (tmp_path / "simulations").exists()


@pytest.mark.slow
async def test_a_simulation_that_is_interrupted_drops_its_city(fresh_city: Town, tmp_path: Path) -> None:
    for sign in (signal.SIGINT, signal.SIGTERM):
        started = _started(fresh_city, tmp_path, "simulate", "--days", "30", "--cases", "3000")
        assert started.stdout is not None
        assert any("playing" in line for line in started.stdout)
        assert await _asked(fresh_city, SCHEMAS) == 1
        started.send_signal(sign)
        started.communicate(timeout=120)
        assert started.returncode == 130
        assert await _asked(fresh_city, SCHEMAS) == await _asked(fresh_city, ROLES) == 0


@pytest.mark.slow
async def test_a_simulation_can_be_kept_and_dropped_later(fresh_city: Town, tmp_path: Path) -> None:
    status, said = _run(fresh_city, tmp_path, "simulate", "--days", "1", "--cases", "10", "--keep")
    assert status == 0, said
    assert await _asked(fresh_city, SCHEMAS) == 1
    name = said.rpartition("--drop ")[2].strip()
    assert _run(fresh_city, tmp_path, "simulate", "--drop", "sim_nothing")[0] == 1
    assert _run(fresh_city, tmp_path, "simulate", "--drop", name)[0] == 0
    assert await _asked(fresh_city, SCHEMAS) == await _asked(fresh_city, ROLES) == 0
