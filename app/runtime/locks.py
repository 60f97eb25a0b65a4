"""Locks in the home folder; the kernel frees them when their holder dies, however it dies."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.dispatch.errors import Conflict


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold `path` alone, waiting for whoever has it."""
    with _opened(path) as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def shared(path: Path) -> Iterator[int]:
    """Hold `path` together with others; the handle lets `is_last` ask."""
    with _opened(path) as handle:
        fcntl.flock(handle, fcntl.LOCK_SH)
        yield handle


def is_last(handle: int) -> bool:
    """Say whether nobody else shares the lock any more (and keep them out from here on)."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class RunLock:
    """The right to be the one `gridcase run` of a home, with a note of where it answers."""

    def __init__(self, home: Path) -> None:
        """Take the home folder; it is made when missing."""
        home.mkdir(parents=True, exist_ok=True)
        self._path = home / "run.lock"

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Keep the right; raise Conflict naming the address of the run that has it."""
        with _opened(self._path) as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Conflict(self._taken(), code="already_running") from None
            self.note("")
            yield
            self.note("")

    def note(self, address: str) -> None:
        """Write down where we answer."""
        self._path.write_text(json.dumps({"pid": os.getpid(), "address": address}) + "\n", encoding="utf-8")

    def _taken(self) -> str:
        try:
            holder = json.loads(self._path.read_text(encoding="utf-8"))
        except ValueError:  # it is writing this very moment
            holder = {}
        where = holder.get("address") or "尚在启动 / still starting"
        return (
            f"本目录已有一个在运行：{where}（进程 {holder.get('pid', '?')}）。"
            " Already running in this home; stop it first, or set GRIDCASE_HOME and GRIDCASE_PORT for a second one."
        )


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield handle
    finally:
        os.close(handle)
