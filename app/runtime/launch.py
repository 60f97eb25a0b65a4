"""Run a whole city from one command: database, tables, first data, API and worker; stop them the other way round."""

import asyncio
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection, HTTPException
from typing import Final

import structlog

from app.runtime.cluster import Cluster
from app.runtime.crew import LogTarget, api_duties, child_environment, worker_duty
from app.runtime.lend import prepare_city, with_addresses
from app.runtime.locks import RunLock, shared
from app.runtime.logs import configure_logs
from app.runtime.port import address_of, take_port
from app.runtime.supervisor import Supervisor, restore, signalled, stop_signals
from app.settings import Settings

Say = Callable[[str], None]
Seed = Callable[[Settings], object]
_READY_S: Final = 120.0

log = structlog.stdlib.get_logger(__name__)


def run_city(settings: Settings, *, seed: Seed, say: Say, greet: Callable[[str], None]) -> None:
    """Run until told to stop. `seed` fills an empty city, `greet` gets the address once it answers.

    Raises Conflict when this home runs already or the port is taken, Unavailable when the database cannot be had.
    """
    for sign in stop_signals():  # until the processes run, being told to stop means giving up
        signal.signal(sign, signal.default_int_handler)
    lock = RunLock(settings.home)
    with lock.hold(), shared(settings.home / "use.lock"), ExitStack() as held:
        configure_logs(settings, "run")
        listener = held.enter_context(take_port(settings, say))
        cluster = held.enter_context(_running(Cluster(settings.home), say)) if settings.is_private else None
        prepare_city(settings, cluster, say)
        full = with_addresses(settings, cluster) if cluster else settings
        seed(full)
        address = address_of(settings.host, listener)
        lock.note(address)
        asyncio.run(_keep_running(full, cluster, listener, lambda: greet(address)))
        say("已停止接口与后台进程 / API and worker stopped")


async def _keep_running(
    settings: Settings, cluster: Cluster | None, listener: socket.socket, greet: Callable[[], None]
) -> None:
    supervisor = Supervisor(child_environment(settings))
    supervisor.keep(*api_duties(settings, listener, LogTarget.FILE))
    supervisor.keep(worker_duty(LogTarget.FILE))
    tasks = [asyncio.create_task(_greet_when_ready(settings.host, listener, greet))]
    if cluster is not None:
        tasks.append(asyncio.create_task(restore(lambda: cluster.pid() is not None, cluster.restart)))
    await signalled()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await supervisor.stop()


async def _greet_when_ready(host: str, listener: socket.socket, greet: Callable[[], None]) -> None:
    began = time.monotonic()
    while not await asyncio.to_thread(_is_ready, address_of(host, listener)):
        if time.monotonic() - began > _READY_S:
            log.warning("not ready yet, see the log folder", waited_s=_READY_S)
            began = time.monotonic()
        await asyncio.sleep(0.2)
    greet()


def _is_ready(address: str) -> bool:
    connection = HTTPConnection(address.removeprefix("http://"), timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200  # noqa: PLR2004  # HTTP's own OK
    except (OSError, HTTPException):  # nobody listens yet
        return False
    finally:
        connection.close()


@contextmanager
def _running(cluster: Cluster, say: Say) -> Iterator[Cluster]:
    began = time.monotonic()
    first = not cluster.exists()
    started = cluster.start()
    said = (
        "已新建并启动 / created and started" if first else "已启动 / started" if started else "接管已在运行的 / adopted"
    )
    say(f"数据库 PostgreSQL {cluster.server().major}：{said}（{time.monotonic() - began:.1f} s，{cluster.data}）")
    try:
        yield cluster
    finally:
        cluster.stop()
        say("数据库已停止 / database stopped")
