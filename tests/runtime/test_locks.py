from pathlib import Path

import pytest

from app.dispatch.errors import Conflict
from app.runtime.locks import RunLock, is_last, shared


def test_a_second_run_is_refused_with_the_first_ones_address(tmp_path: Path) -> None:
    first = RunLock(tmp_path)
    with first.hold():
        first.note("http://127.0.0.1:8000")
        with pytest.raises(Conflict, match=r"http://127\.0\.0\.1:8000"), RunLock(tmp_path).hold():
            raise AssertionError("two runs in one home")
    with RunLock(tmp_path).hold():
        assert True


def test_a_run_that_is_still_starting_is_told_apart(tmp_path: Path) -> None:
    with RunLock(tmp_path).hold(), pytest.raises(Conflict, match="still starting"), RunLock(tmp_path).hold():
        raise AssertionError("two runs in one home")


def test_only_the_last_user_may_stop_what_was_shared(tmp_path: Path) -> None:
    path = tmp_path / "use.lock"
    with shared(path) as first:
        with shared(path):
            assert not is_last(first)
        assert is_last(first)
