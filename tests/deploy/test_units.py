"""The systemd units: what they start exists, and systemd understands every line."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from app.settings import Settings
from tests.deploy.commands import complaint

UNITS: Final = sorted((Path(__file__).parents[2] / "deploy" / "systemd").iterdir())
_PROGRAM: Final = "/srv/gridcase/.venv/bin/gridcase"


def _values(unit: Path, key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE)


def _commands(unit: Path) -> list[list[str]]:
    """Return the command lines after the program's name, also those that a shell is given."""
    found = []
    for line in _values(unit, "ExecStart"):
        words = shlex.split(line)
        while words[:2] == ["/bin/sh", "-c"]:
            words = shlex.split(words[2])
        assert words[0] == _PROGRAM, line
        found.append(words[1:])
    return found


@pytest.mark.parametrize("unit", [one for one in UNITS if one.suffix == ".service"], ids=lambda one: one.name)
def test_it_starts_commands_that_there_are_as_nobody_special(unit: Path) -> None:
    assert _commands(unit)
    assert [wrong for words in _commands(unit) if (wrong := complaint(words))] == []
    assert _values(unit, "User") == ["gridcase"]
    assert _values(unit, "NoNewPrivileges") == ["yes"]
    assert _values(unit, "ProtectSystem") == ["strict"]
    named = [one.partition("=")[0] for one in _values(unit, "Environment")]
    assert [one for one in named if one.removeprefix("GRIDCASE_").lower() not in Settings.model_fields] == []


def test_every_timer_has_its_service() -> None:
    timers = [one for one in UNITS if one.suffix == ".timer"]
    assert timers
    assert [one.name for one in timers if one.with_suffix(".service") not in UNITS] == []


def test_only_the_backup_may_know_the_owners_address() -> None:
    knowing = [one.name for one in UNITS if "gridcase-owner.env" in " ".join(_values(one, "EnvironmentFile"))]
    assert knowing == ["gridcase-backup.service"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here: the units were only read")
def test_systemd_understands_every_line(tmp_path: Path) -> None:
    """Look at them in a root of their own, where their program and what they wait for exist."""
    place, program = tmp_path / "etc/systemd/system", tmp_path / _PROGRAM[1:]
    for folder in (place, program.parent, tmp_path / "usr/lib/systemd/system", tmp_path / "bin"):
        folder.mkdir(parents=True)
    for one in (program, tmp_path / "bin/sh"):
        one.write_text("#!/bin/sh\n")
        one.chmod(0o755)
    for target in ("basic", "sysinit", "shutdown", "network-online", "multi-user", "timers"):
        (tmp_path / f"usr/lib/systemd/system/{target}.target").write_text("[Unit]\nDescription=x\n")
    for unit in UNITS:
        shutil.copy(unit, place)
    seen = subprocess.run(  # noqa: S603  # the machine's own
        [
            _which("systemd-analyze"),
            "verify",
            f"--root={tmp_path}",
            "--man=no",
            *(str(place / one.name) for one in UNITS),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    ours = [line for line in seen.stderr.splitlines() if "gridcase" in line]
    assert (seen.returncode, ours) == (0, [])


def _which(program: str) -> str:
    found = shutil.which(program)
    assert found is not None, program
    return found
