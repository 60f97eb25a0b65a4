"""Run a whole city from one command: database, tables, first data, API and worker; stop them the other way round."""

import asyncio
import errno
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection, HTTPException
from typing import Final

import structlog

from app.dispatch.errors import Conflict, Unavailable
from app.runtime.cluster import Cluster
from app.runtime.lend import prepare_city, with_addresses
from app.runtime.locks import RunLock, shared
from app.runtime.logs import configure_logs
from app.runtime.processes import listen
from app.runtime.supervisor import Duty, Supervisor, restore, signalled
from app.settings import Settings

Say = Callable[[str], None]
Seed = Callable[[Settings], object]
_PORT_S: Final = 25.0
"""Seconds; processes of a killed run give the port back within their own time of grace."""
_READY_S: Final = 120.0

log = structlog.stdlib.get_logger(__name__)


def run_city(settings: Settings, *, seed: Seed, say: Say, greet: Callable[[str], None]) -> None:
    """Run until told to stop. `seed` fills an empty city, `greet` gets the address once it answers.

    Raises Conflict when this home runs already or the port is taken, Unavailable when the database cannot be had.
    """
    for sign in (signal.SIGTERM, signal.SIGHUP):  # until the processes run, being told to stop means giving up
        signal.signal(sign, signal.default_int_handler)
    lock = RunLock(settings.home)
    with lock.hold(), shared(settings.home / "use.lock"), ExitStack() as held:
        configure_logs(settings, "run")
        listener = held.enter_context(_take_port(settings, say))
        cluster = held.enter_context(_running(Cluster(settings.home), say)) if settings.is_private else None
        prepare_city(settings, cluster, say)
        full = with_addresses(settings, cluster) if cluster else settings
        seed(full)
        address = address_of(settings.host, listener)
        lock.note(address)
        asyncio.run(_keep_running(full, cluster, listener, lambda: greet(address)))
        say("已停止接口与后台进程 / API and worker stopped")


def address_of(host: str, listener: socket.socket) -> str:
    """Return the address at which a browser on this machine finds `listener`."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # compared, not bound
    port = listener.getsockname()[1]
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"


async def _keep_running(
    settings: Settings, cluster: Cluster | None, listener: socket.socket, greet: Callable[[], None]
) -> None:
    supervisor = Supervisor(_environment(settings))
    descriptor = listener.fileno()
    names = [f"api-{number}" for number in range(1, settings.workers + 1)]
    supervisor.keep(
        *(Duty(name=name, arguments=("api", name, str(descriptor)), descriptors=(descriptor,)) for name in names)
    )
    supervisor.keep(Duty(name="worker", arguments=("worker", "worker", "-")))
    tasks = [asyncio.create_task(_greet_when_ready(settings.host, listener, greet))]
    if cluster is not None:
        tasks.append(asyncio.create_task(restore(lambda: cluster.pid() is not None, cluster.start)))
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


@contextmanager
def _take_port(settings: Settings, say: Say) -> Iterator[socket.socket]:
    end = time.monotonic() + _PORT_S
    place = f"{settings.host}:{settings.port}"
    told = False
    while (listener := _try_port(settings)) is None:
        if time.monotonic() > end:
            raise Conflict(
                f"{place} 已被占用，请换端口 / taken, choose another: GRIDCASE_PORT={settings.port + 10}",
                code="port_taken",
            )
        if not told:
            say(f"{place} 被占用，等它空出来 / taken, waiting up to {_PORT_S:.0f} s for a killed run to give it back")
            told = True
        time.sleep(0.3)
    with listener:
        yield listener


def _try_port(settings: Settings) -> socket.socket | None:
    try:
        return listen(settings.host, settings.port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return None
        raise Unavailable(
            f"不能在 {settings.host}:{settings.port} 上监听 / cannot listen: {error.strerror}", code="port_unusable"
        ) from error


def _environment(settings: Settings) -> Mapping[str, str]:
    """Return the environment of API and worker: the app's database address, never the owner's."""
    inherited = {key: value for key, value in os.environ.items() if key != "GRIDCASE_ADMIN_URL"}
    return {**inherited, "GRIDCASE_DATABASE_URL": settings.database_url or "", "GRIDCASE_HOME": str(settings.home)}
