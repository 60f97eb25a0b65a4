import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from typer.testing import CliRunner

from app.cli.main import cli

ROOT = Path(__file__).parents[2]


@pytest.fixture
def home() -> Iterator[Path]:
    """Lend a home that the server's user may enter."""
    with TemporaryDirectory() as name:
        folder = Path(name).resolve()
        folder.chmod(0o755)
        yield folder / "home"


def _gridcase(*arguments: str, home: Path, **more: str) -> subprocess.CompletedProcess[str]:
    bare: Mapping[str, str] = {key: value for key, value in os.environ.items() if not key.startswith("GRIDCASE_")}
    return subprocess.run(  # noqa: S603  # our own program
        [sys.executable, "-m", "app.cli", *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        cwd=ROOT,
        env={**bare, "GRIDCASE_HOME": str(home), "LC_ALL": "C", **more},
    )


@pytest.mark.parametrize("command", ["run", "serve", "work", "doctor", "openapi", "db start", "db psql", "db upgrade"])
def test_every_command_explains_itself_in_both_languages(command: str) -> None:
    shown = CliRunner().invoke(cli, [*command.split(), "--help"])
    assert shown.exit_code == 0
    sentence = shown.output.split("Options")[0]
    assert any("\u4e00" <= letter <= "\u9fff" for letter in sentence)
    assert any(letter.isascii() and letter.isalpha() for letter in sentence)


def test_help_loads_no_framework() -> None:
    heavy = "{'fastapi', 'sqlalchemy', 'asyncpg', 'numpy', 'shapely', 'pydantic'}"
    asked = subprocess.run(  # noqa: S603  # our own program
        [sys.executable, "-c", f"import sys, app.cli.main; print(sorted({heavy} & set(sys.modules)))"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert asked.stdout.strip() == "[]"


def test_the_private_database_is_started_found_and_stopped(home: Path) -> None:
    assert _gridcase("db", "status", home=home).returncode == 3
    started = _gridcase("db", "start", home=home)
    assert started.returncode == 0, started.stderr
    try:
        assert _gridcase("db", "status", home=home).returncode == 0
    finally:
        assert "已停止" in _gridcase("db", "stop", home=home).stdout
    assert _gridcase("db", "status", home=home).returncode == 3


def test_a_bad_setting_is_one_sentence_and_status_1(home: Path) -> None:
    done = _gridcase("db", "status", home=home, GRIDCASE_PORT="eight")
    assert done.returncode == 1
    assert "GRIDCASE_PORT" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_external_database_is_not_ours_to_stop(home: Path) -> None:
    done = _gridcase("db", "stop", home=home, GRIDCASE_DATABASE_URL="postgresql://a@nowhere/b")
    assert done.returncode == 1
    assert "not ours" in done.stderr
    assert not home.exists()


def test_the_doctor_calls_a_reachable_demo_unsafe(home: Path) -> None:
    done = _gridcase("doctor", home=home, GRIDCASE_HOST="0.0.0.0", GRIDCASE_TYPO="1")  # noqa: S104  # the unsafe case
    assert done.returncode == 1
    assert "demo passwords are reachable" in done.stdout
    assert "GRIDCASE_TYPO" in done.stdout
    assert not home.exists()
