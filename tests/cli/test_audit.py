"""`gridcase audit` as it is typed: what it prints, and the status it ends with."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import pytest

from tests.towns import CITY, Town

ROOT = Path(__file__).parents[2]
STEP = """
INSERT INTO test.history (subject_id, number, subject, action, to_state, post, recorded_at, payload, hash)
VALUES ('00000000-0000-0000-0000-000000000001', 2, 'case', 'file', 'filed', 'shift_lead', now(), '{}', repeat('0', 64))
"""
ALL_GONE = "SET session_replication_role = replica; DELETE FROM test.history"
FACT = """
INSERT INTO test.report_facts (report_id, first_recorded_at, last_recorded_at, received_at, source, desk,
  valid, answered_on_time, satisfied, solved)
VALUES ('00000000-0000-0000-0000-000000000001', now(), now(), now(), 'citizen', 'city', true, true, true, true)
"""


@pytest.fixture
def home() -> Iterator[Path]:
    """Lend a home that the server's user may enter."""
    with TemporaryDirectory() as name:
        folder = Path(name).resolve()
        folder.chmod(0o755)
        yield folder / "home"


def _audit(what: str, home: Path, **more: str) -> subprocess.CompletedProcess[str]:
    bare: Mapping[str, str] = {key: value for key, value in os.environ.items() if not key.startswith("GRIDCASE_")}
    return subprocess.run(  # noqa: S603  # our own program
        [sys.executable, "-m", "app.cli", *what.split()],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        cwd=ROOT,
        env={**bare, "GRIDCASE_HOME": str(home), "LC_ALL": "C", **more},
    )


async def _as_admin(town: Town, statement: str) -> None:
    connection = await asyncpg.connect(town.admin_dsn)
    await connection.execute(statement)
    await connection.close()


@pytest.mark.parametrize(
    ("what", "statement", "said"),
    [
        ("audit verify", STEP, "case 00000000-0000-0000-0000-000000000001 1: 这一步不见了 / this step is missing"),
        ("audit facts", FACT, "reports 00000000-0000-0000-0000-000000000001"),
    ],
)
def test_status_and_words_follow_what_was_found(
    fresh_city: Town, home: Path, what: str, statement: str, said: str
) -> None:
    where = {"GRIDCASE_DATABASE_URL": fresh_city.app_url, "GRIDCASE_CITY": CITY}
    clean = _audit(what, home, **where)
    assert (clean.returncode, clean.stderr) == (0, "")
    asyncio.run(_as_admin(fresh_city, statement))
    spoilt = _audit(what, home, **where)
    assert spoilt.returncode == 1, spoilt.stderr
    assert said in spoilt.stdout
    assert "Traceback" not in spoilt.stderr
    assert ("Not held against anchors" in spoilt.stdout) is (what == "audit verify")


def test_what_was_anchored_and_taken_away_is_named(fresh_city: Town, home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "anchors"
    folder.mkdir()
    where = {
        "GRIDCASE_DATABASE_URL": fresh_city.app_url,
        "GRIDCASE_CITY": CITY,
        "GRIDCASE_ANCHOR_DIR": str(folder),
    }
    asyncio.run(_as_admin(fresh_city, ALL_GONE))
    asyncio.run(_as_admin(fresh_city, STEP.replace("0001', 2", "0002', 1")))
    made = _audit("audit anchor", home, **where)
    assert (made.returncode, "anchor 1: " in made.stdout) == (0, True), made.stderr
    asyncio.run(_as_admin(fresh_city, ALL_GONE))
    spoilt = _audit("audit verify", home, **where)
    assert spoilt.returncode == 1, spoilt.stderr
    assert "00000000-0000-0000-0000-000000000002 1: 锚点有而库中没有" in spoilt.stdout
    assert "1 anchors; what was recorded after" in spoilt.stdout
    (folder / "00000001.anchor").unlink()
    spoilt = _audit("audit verify", home, **where)
    assert "anchor 1: 不见了 / is not there" in spoilt.stdout


def test_the_private_cluster_is_started_for_it_and_stopped_afterwards(home: Path) -> None:
    none = _audit("audit verify", home)
    assert none.returncode == 1
    assert "gridcase db upgrade" in none.stderr
    assert "Traceback" not in none.stderr
    assert _audit("db upgrade", home).returncode == 0
    done = _audit("audit facts", home)
    assert done.returncode == 0, done.stderr
    assert "0 cases, 0 reports, 0 differences" in done.stdout
    without = _audit("audit anchor", home)
    assert (without.returncode, "GRIDCASE_ANCHOR_DIR" in without.stderr) == (1, True)
    assert _audit("db status", home).returncode == 3
