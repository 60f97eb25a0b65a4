"""Nothing acknowledged is lost, whatever is killed: the whole service as a stranger runs it, under load."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from app.runtime.cluster import Cluster
from app.runtime.database import DATABASE

ROOT: Final = Path(__file__).parents[2]
TIMES: Final = 10
LOADERS: Final = 3
_BARE: Final = {key: value for key, value in os.environ.items() if not key.startswith("GRIDCASE_")}


class Service:
    """`gridcase run` in a home of its own, and what may be killed of it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.cluster = Cluster(home)
        self.address = ""
        self._run: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        log = (self.home.parent / "run.log").open("wb")
        with log:
            self._run = subprocess.Popen(
                [sys.executable, "-m", "app.cli", "run"],
                cwd=ROOT,
                env={**_BARE, "GRIDCASE_HOME": str(self.home), "GRIDCASE_PORT": "0"},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        _wait_for(lambda: b"ready: " in self._said() or self._ended())
        found = re.search(r"ready: (\S+)", self._said().decode())
        assert found, self._said().decode()
        self.address = found[1]

    def stop(self) -> None:
        if self._run is not None:
            self._run.terminate()
            self._run.wait(60)

    def kill(self, what: str) -> None:
        """Kill one process as nothing else can, and wait until the service answers again."""
        if what == "run":
            assert self._run is not None
            self._run.kill()
            self._run.wait()
            self.start()
            return
        pid = self.cluster.pid() if what == "postmaster" else self._child(what)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        _wait_for(lambda: self._runs_again(what, pid) and self.is_ready())

    def is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.address}/readyz", timeout=5).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def _runs_again(self, what: str, killed: int) -> bool:
        pid = self.cluster.pid() if what == "postmaster" else self._child(what)
        return pid not in {None, killed}

    def _child(self, name: str) -> int | None:
        assert self._run is not None
        for children in Path(f"/proc/{self._run.pid}/task").glob("*/children"):
            for pid in children.read_text().split():
                try:
                    words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                except FileNotFoundError:  # ended meanwhile
                    continue
                if name.encode() in words:
                    return int(pid)
        return None

    def _said(self) -> bytes:
        return (self.home.parent / "run.log").read_bytes()

    def _ended(self) -> bool:
        return self._run is not None and self._run.poll() is not None


class Loader(threading.Thread):
    """Files reports one after the other and keeps a journal of what was tried and what was acknowledged."""

    def __init__(self, service: Service) -> None:
        super().__init__(daemon=True)
        self._service = service
        self._done = threading.Event()
        self.tried: set[UUID] = set()
        self.acknowledged: dict[UUID, str] = {}

    def run(self) -> None:
        token = ""
        with httpx.Client(timeout=10) as client:
            while not self._done.is_set():
                try:
                    token = token or self._sign_in(client)
                    if self._file(client, token) == httpx.codes.UNAUTHORIZED:
                        token = ""
                except (httpx.HTTPError, KeyError, ValueError):  # that is what killing looks like from outside
                    time.sleep(0.05)

    def end(self) -> None:
        self._done.set()
        self.join(30)

    def _sign_in(self, client: httpx.Client) -> str:
        form = {"username": "inspector01", "password": "gridcase-demo"}
        return str(client.post(f"{self._service.address}/api/v1/auth/token", data=form).json()["access_token"])

    def _file(self, client: httpx.Client, token: str) -> int:
        client_id = uuid4()
        self.tried.add(client_id)
        answer = client.post(
            f"{self._service.address}/api/v1/reports",
            headers={"Authorization": f"Bearer {token}"},
            json={
                "source": "inspector",
                "kind": "event",
                "category": "0305",
                "condition": 1,
                "description": "路边堆放施工废弃料",
                "location": {"lon": 104.1, "lat": 30.6, "datum": "wgs84", "from": "device"},
                "client_id": str(client_id),
            },
        )
        if answer.is_success:
            self.acknowledged[client_id] = answer.json()["id"]
        return answer.status_code


@pytest.fixture
def service() -> Iterator[Service]:
    with TemporaryDirectory() as name:
        folder = Path(name).resolve()
        folder.chmod(0o755)  # the server's user has to get through when root runs this
        running = Service(folder / "home")
        try:
            running.start()
            yield running
        finally:
            running.stop()
            Cluster(running.home).stop()


@pytest.mark.slow
def test_every_acknowledged_report_is_there_once_after_any_kill(service: Service) -> None:
    loaders = [Loader(service) for _ in range(LOADERS)]
    for loader in loaders:
        loader.start()
    counts = Counter[str]()
    for what in ("api-1", "worker", "postmaster", "run") * TIMES:
        before = sum(len(loader.acknowledged) for loader in loaders)
        _wait_for(lambda before=before: sum(len(loader.acknowledged) for loader in loaders) > before + 5)  # type: ignore[misc]
        asyncio.run(_set_timer(service.cluster))
        service.kill(what)
        counts[what] += 1
    for loader in loaders:
        loader.end()
    service.stop()
    service.start()

    stored = asyncio.run(_stored(service.cluster))
    acknowledged = {client: report for loader in loaders for client, report in loader.acknowledged.items()}
    tried = set().union(*(loader.tried for loader in loaders))
    assert set(counts.values()) == {TIMES}
    assert len(acknowledged) > 4 * TIMES * 5
    assert {client: stored.get(client) for client in acknowledged} == acknowledged
    assert set(stored) <= tried
    _wait_for(lambda: asyncio.run(_fired(service.cluster)) == 4 * TIMES)


async def _stored(cluster: Cluster) -> dict[UUID, str]:
    connection = await asyncpg.connect(cluster.dsn(database=DATABASE))
    rows = await connection.fetch("SELECT client_id, id FROM demo.reports WHERE client_id IS NOT NULL")
    await connection.close()
    assert len({row["client_id"] for row in rows}) == len(rows)
    return {row["client_id"]: str(row["id"]) for row in rows}


async def _set_timer(cluster: Cluster) -> None:
    """Leave a timer that is due in the middle of the kill; that its case is not there ends it quietly."""
    connection = await asyncpg.connect(cluster.dsn(database=DATABASE))
    await connection.execute(
        "INSERT INTO demo.timers (id, kind, subject_id, due_at, payload, attempt)"
        " VALUES ($1, 'auto_sign', $2, now() + interval '0.3 seconds', '{}', 0)",
        uuid4(),
        uuid4(),
    )
    await connection.close()


async def _fired(cluster: Cluster) -> int:
    connection = await asyncpg.connect(cluster.dsn(database=DATABASE))
    count = await connection.fetchval(
        "SELECT count(*) FROM demo.timers WHERE kind = 'auto_sign' AND done_at IS NOT NULL"
    )
    await connection.close()
    return int(count)


def _wait_for(condition: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the service did not come back"
        time.sleep(0.05)
