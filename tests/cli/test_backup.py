"""`gridcase db backup`, `verify` and `restore` as they are typed."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest

from tests.backup.saved_city import settle
from tests.faults.city_process import wait_for
from tests.towns import CITY, Town

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Lend a folder that the server's user may enter."""
    with TemporaryDirectory() as name:
        place = Path(name).resolve()
        place.chmod(0o755)
        yield place


def _db(what: str, *files: Path, home: Path, **more: str) -> subprocess.CompletedProcess[str]:
    bare: Mapping[str, str] = {key: value for key, value in os.environ.items() if not key.startswith("GRIDCASE_")}
    return subprocess.run(  # noqa: S603  # our own program
        [sys.executable, "-m", "app.cli", "db", *what.split(), *map(str, files)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        cwd=ROOT,
        env={**bare, "GRIDCASE_HOME": str(home), "GRIDCASE_CITY": CITY, "LC_ALL": "C", **more},
    )


@pytest.fixture(scope="module")
def former(fresh_city: Town, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int, dict[str, str]]:
    """Return a home, how many reports its city has, and where that is."""
    settings = fresh_city.settings(tmp_path_factory.mktemp("former"))
    reports = asyncio.run(settle(settings))
    where = {"GRIDCASE_DATABASE_URL": fresh_city.app_url, "GRIDCASE_ADMIN_URL": fresh_city.owner_url}
    return settings.home, len(reports), where


def test_a_city_of_another_server_comes_back_in_a_private_home(
    former: tuple[Path, int, dict[str, str]], folder: Path
) -> None:
    """The way to a newer PostgreSQL: saved on one cluster, brought back on another that is made for it."""
    home, reports, where = former
    file = folder / "city.backup"
    saved = _db("backup", file, home=home, **where)
    assert (saved.returncode, saved.stderr) == (0, "")
    assert "Losing them is losing the vault" in saved.stdout
    checked = _db("verify", file, home=home)
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "sealed by a key of this home" in checked.stdout
    keyless = _db("restore", file, home=folder / "new")
    assert (keyless.returncode, (folder / "new").exists()) == (1, False)
    assert "stay closed for ever" in keyless.stderr
    assert "Traceback" not in keyless.stderr
    restored = _db("restore --keys", home / "keys", file, home=folder / "new")
    assert (restored.returncode, restored.stderr) == (0, "")
    assert f"链 / chains {reports}" in restored.stdout
    assert (folder / "new" / "pg" / "PG_VERSION").exists()


def test_a_damaged_file_is_refused_with_status_1(folder: Path) -> None:
    (folder / "damaged").write_bytes(Random(3).randbytes(5000))  # noqa: S311  # a failure should come again
    refused = _db("verify", folder / "damaged", home=folder / "none")
    assert (refused.returncode, "no backup of Gridcase" in refused.stderr) == (1, True)
    assert "Traceback" not in refused.stderr
    assert not (folder / "none").exists()


@pytest.mark.slow
def test_a_deep_look_restores_into_a_city_that_is_thrown_away(
    former: tuple[Path, int, dict[str, str]], folder: Path
) -> None:
    home, reports, where = former
    file = folder / "city.backup"
    assert _db("backup", file, home=home, **where).returncode == 0
    before = set(Path("/tmp").glob("gridcase-*"))  # noqa: S108  # where it rehearses
    deep = _db("verify --deep", file, home=home, **where)
    assert (deep.returncode, deep.stderr) == (0, "")
    assert f"链 / chains {reports}，" in deep.stdout.splitlines()[-1]
    left = {place for place in set(Path("/tmp").glob("gridcase-*")) - before if (place / "keys").exists()}  # noqa: S108
    assert left == set()


@pytest.mark.slow
def test_a_restore_that_was_killed_leaves_no_city_to_start_and_is_done_by_the_next(
    former: tuple[Path, int, dict[str, str]], folder: Path
) -> None:
    home, reports, where = former
    file, new = folder / "city.backup", folder / "new"
    assert _db("backup", file, home=home, **where).returncode == 0
    words = [sys.executable, "-m", "app.cli", "db", "restore", "--keys", str(home / "keys"), str(file)]
    environment = {**os.environ, "GRIDCASE_HOME": str(new), "GRIDCASE_CITY": CITY}
    with subprocess.Popen(words, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as killed:  # noqa: S603  # our own program
        journal = new / "restore.unfinished"
        wait_for(lambda: journal.exists() and "schema" in journal.read_text(), "the restore to make something")
        killed.kill()
    started = _db("upgrade", home=new)
    assert (started.returncode, "killed half-way" in started.stderr) == (1, True)
    again = _db("restore --keys", home / "keys", file, home=new)
    assert (again.returncode, again.stderr) == (0, "")
    assert f"链 / chains {reports}" in again.stdout
    assert not journal.exists()
