"""The journal of a restore is on the disk before what it names is made, and gone before anybody uses the city."""

import os
from pathlib import Path

import pytest

from app.runtime.unfinished import NAME, Made, Unfinished


@pytest.fixture
def forced(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[str, bool]]:
    """Return the list of what is forced to the disk: which file or folder, and whether the journal was there then."""
    found: list[tuple[str, bool]] = []
    force = os.fsync

    def watch(handle: int) -> None:
        found.append((Path(f"/proc/self/fd/{handle}").readlink().name, (tmp_path / NAME).exists()))
        force(handle)

    monkeypatch.setattr(os, "fsync", watch)
    return found


def test_what_is_made_next_outlives_a_power_cut(tmp_path: Path, forced: list[tuple[str, bool]]) -> None:
    journal = Unfinished(tmp_path)
    journal.note(Made.SCHEMA)
    assert forced == [(NAME, True), (tmp_path.name, True)]
    journal.note(Made.OBJECT, "a/b")
    assert len(forced) == 2, "not for every photo"
    assert journal.has(Made.SCHEMA)
    assert journal.has(Made.OBJECT)


def test_a_finished_restore_is_not_taken_back_after_a_power_cut(tmp_path: Path, forced: list[tuple[str, bool]]) -> None:
    journal = Unfinished(tmp_path)
    journal.note(Made.KEY, "vault-1")
    journal.finish()
    assert forced[-1] == (tmp_path.name, False)
    assert not journal.exists
