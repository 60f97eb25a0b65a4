"""Look at the server process of a data folder: does it live, where does it listen, what did it leave behind."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from app.dispatch.errors import Unavailable
from app.runtime.places import SOCKET_NAME

_PROC: Final = Path("/proc")
_PATIENCE_S: Final = 5.0
_ZOMBIE_S: Final = 1.0
_SOCKET_LINE: Final = 4
_STATUS_LINE: Final = 7
SOCKET_LOCK: Final = f"{SOCKET_NAME}.lock"


def live_pid(data: Path) -> int | None:
    """Return the pid of the postmaster that serves `data`, or None when none does."""
    lines = _pid_file(data)
    if not lines or not lines[0].isdigit():
        return None
    pid = int(lines[0])
    return pid if _serves(pid, data) else None


def socket_folder(data: Path) -> Path | None:
    """Return the folder in which the running postmaster of `data` listens."""
    lines = _pid_file(data)
    if live_pid(data) is None or len(lines) <= _SOCKET_LINE or not lines[_SOCKET_LINE]:
        return None
    return Path(lines[_SOCKET_LINE])


def is_ready(data: Path) -> bool:
    """Say whether the running postmaster of `data` takes connections; it does not while it recovers or stops."""
    lines = _pid_file(data)
    return len(lines) > _STATUS_LINE and lines[_STATUS_LINE].strip() == "ready"


def clear_remains(data: Path, sockets: Path) -> None:
    """Make `data` startable after its postmaster was killed: wait for its orphans, drop lock files that lie.

    PostgreSQL refuses to start while a backend of the killed postmaster still holds the shared memory, and also when
    the pid in an old lock file is a zombie or was since given to another process (both usual in containers). A lock
    of a pid that is gone is left to PostgreSQL, which frees the old shared memory by it.
    """
    if live_pid(data) is not None:
        return
    for sign in (None, signal.SIGQUIT, signal.SIGKILL):  # the log is written ahead: killing an orphan loses nothing
        for pid in _processes_in(data):
            if sign is not None:
                _signal(pid, sign)
        if wait_until(lambda: not _processes_in(data), _PATIENCE_S):
            break
    else:
        raise Unavailable(
            f"上次运行留下的数据库进程不退出。 Processes of the last run do not end: {_processes_in(data)}",
            code="postgresql_orphans",
        )
    if _PROC.is_dir():
        _drop_if_wrong(data / "postmaster.pid")
        _drop_if_wrong(sockets / SOCKET_LOCK)


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Ask `condition` often for at most `seconds`; return whether it came true."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def _drop_if_wrong(lock: Path) -> None:
    """Delete a lock file whose pid lives on, though no server does."""
    if not wait_until(lambda: not _names_a_process(lock), _ZOMBIE_S):
        lock.unlink(missing_ok=True)


def _pid_file(data: Path) -> list[str]:
    return _lines(data / "postmaster.pid")


def _lines(lock: Path) -> list[str]:
    try:
        return lock.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []


def _names_a_process(lock: Path) -> bool:
    lines = _lines(lock)
    return bool(lines) and (_PROC / lines[0].strip("- ")).exists()


def _serves(pid: int, data: Path) -> bool:
    if _PROC.is_dir():
        entry = _PROC / str(pid)
        return _is_server(entry) and _folder(entry) == data.resolve()
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # alive, somebody else's
        return True
    return True


def _processes_in(data: Path) -> list[int]:
    """List the PostgreSQL processes whose working folder is `data`; every one of a cluster's processes has it."""
    target = data.resolve()
    return [int(entry.name) for entry in _PROC.glob("[0-9]*") if _is_server(entry) and _folder(entry) == target]


def _is_server(entry: Path) -> bool:
    try:
        return (entry / "comm").read_text(encoding="utf-8").strip() in {"postgres", "postmaster"}
    except OSError:  # ended meanwhile
        return False


def _folder(entry: Path) -> Path | None:
    try:
        return (entry / "cwd").readlink()
    except OSError:  # ended meanwhile, or a zombie
        return None


def _signal(pid: int, sign: signal.Signals) -> None:
    try:
        os.kill(pid, sign)
    except ProcessLookupError:
        return
