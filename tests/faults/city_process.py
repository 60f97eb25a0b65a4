"""`gridcase run` as a stranger starts it, in a home of its own, and whatever of it can be killed."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

from app.runtime.cluster import Cluster
from app.runtime.database import DATABASE

T = TypeVar("T")
ROOT: Final = Path(__file__).parents[2]
PATIENCE_S: Final = 180
_PROC: Final = Path("/proc")
_BARE: Final = {key: value for key, value in os.environ.items() if not key.startswith("GRIDCASE_")}


class CityProcess:
    """One supervised city: API, worker and a private database below one process of ours."""

    def __init__(self, folder: Path, *, demo_days: int = 0, workers: int = 1) -> None:
        self.home = folder / "home"
        self._demo_days = demo_days
        self._workers = workers
        self.cluster = Cluster(self.home)
        self.address = f"http://127.0.0.1:{_free_port()}"
        self._log = folder / "run.log"
        self._run: subprocess.Popen[bytes] | None = None

    @property
    def dsn(self) -> str:
        """Tell where the owner finds the tables."""
        return self.cluster.dsn(role="demo_owner", database=DATABASE)

    def start(self, until: str = "ready: ") -> None:
        """Do what `make run` does after its set-up, and wait for the greeting, or for another word."""
        seen = len(self.said())
        with self._log.open("ab") as log:
            self._run = subprocess.Popen(  # noqa: S603  # our own command
                self._command("run"), cwd=ROOT, env=self._environment(), stdout=log, stderr=subprocess.STDOUT
            )
        run = self._run
        wait_for(lambda: until in self.said()[seen:] or run.poll() is not None, "start")
        assert run.poll() is None, self.said()[-4000:]

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run another command of ours in the same home."""
        return subprocess.run(  # noqa: S603  # our own command
            self._command(*words),
            cwd=ROOT,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    def pid(self, what: str) -> int | None:
        """Return the process that may be killed now: `api`, `worker`, `postmaster` or `run`; None while it is down."""
        if what == "postmaster":
            return self.cluster.pid()
        if what == "run":
            return self._run.pid if self._run is not None and self._run.poll() is None else None
        return next((pid for pid in self._children() if what.encode() in _words(pid)[3:4]), None)

    def kill(self, what: str) -> int:
        """Kill it as nothing else can, as soon as it is there; return which process that was."""
        pid = wait_for(lambda: self.pid(what), what)
        os.kill(pid, signal.SIGKILL)
        if what == "run" and self._run is not None:
            self._run.wait(PATIENCE_S)
        return pid

    def said(self) -> str:
        """Return what was printed so far, by all runs."""
        return self._log.read_text(encoding="utf-8", errors="replace") if self._log.exists() else ""

    def end(self) -> None:
        """Stop everything: politely, and what is left after that by force."""
        try:
            if self._run is not None:
                self._run.terminate()
                self._run.wait(60)
        finally:
            for pid in self._ours():
                os.kill(pid, signal.SIGKILL)
            if self._run is not None:
                self._run.wait(10)
            self.cluster.stop()

    def _children(self) -> list[int]:
        run = self.pid("run")
        if run is None:
            return []
        return [int(pid) for task in _PROC.glob(f"{run}/task/*/children") for pid in _read(task).split()]

    def _ours(self) -> list[int]:
        """List the processes of this home except the database's, also those whose parent is gone."""
        mark = f"GRIDCASE_HOME={self.home}".encode()
        found = [int(entry.parent.name) for entry in _PROC.glob("[0-9]*/environ") if mark in _read(entry).split(b"\0")]
        return [pid for pid in found if b"app.runtime.child" in _words(pid) or b"app.cli" in _words(pid)]

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-P", "-m", "app.cli", *words]

    def _environment(self) -> dict[str, str]:
        port = self.address.rpartition(":")[2]
        ours = {"HOME": str(self.home), "PORT": port, "DEMO_DAYS": str(self._demo_days), "WORKERS": str(self._workers)}
        return {**_BARE, "PYTHONPATH": str(ROOT), **{f"GRIDCASE_{name}": value for name, value in ours.items()}}


@contextmanager
def city_process(*, demo_days: int = 0, until: str = "ready: ", workers: int = 1) -> Iterator[CityProcess]:
    """Lend a city that runs, or was started until it said a word; nothing of it is left afterwards."""
    # not pytest's tmp_path: that is closed to the user to whom root hands the database
    folder = Path(tempfile.mkdtemp(prefix="gridcase-", dir="/tmp")).resolve()
    folder.chmod(0o755)
    city = CityProcess(folder, demo_days=demo_days, workers=workers)
    try:
        city.start(until)
        yield city
    finally:
        try:
            city.end()
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def wait_for(ask: Callable[[], T | None], what: str, seconds: float = PATIENCE_S) -> T:
    """Ask often until the answer is something; fail naming `what` was waited for."""
    end = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < end, f"waited {seconds:.0f} s in vain for: {what}"
        time.sleep(0.05)
    return answer


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _words(pid: int) -> list[bytes]:
    return _read(_PROC / str(pid) / "cmdline").split(b"\0")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # the process ended meanwhile
        return b""
