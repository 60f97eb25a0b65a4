"""Lend a city that is nobody's: a database and a role pair of its own in the private cluster, dropped at the end."""

import asyncio
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final

import asyncpg

from app.dispatch.errors import Unavailable
from app.runtime.cluster import Cluster
from app.runtime.crew import LogTarget, child_command, child_environment
from app.runtime.database import city_names, ensure_city, ensure_database
from app.runtime.lend import lend_cluster
from app.runtime.migrate import upgrade
from app.settings import Settings

_PREFIX: Final = "scratch_"
_READY_S: Final = 60.0
_STOP_S: Final = 15.0


@contextmanager
def lend_scratch(settings: Settings) -> Iterator[Settings]:
    """Lend settings of an empty, migrated city with a home of its own; its `admin_url` is the superuser's.

    What a run that was killed left behind is dropped first. Raises Unavailable where the database is not ours.
    """
    if not settings.is_private:
        raise Unavailable(
            "设了 GRIDCASE_DATABASE_URL：只在私有数据库上建临时城市，请去掉它再试。 "
            "A scratch city is made in the private cluster only: unset GRIDCASE_DATABASE_URL.",
            code="not_private",
        )
    with lend_cluster(settings) as cluster:
        asyncio.run(_sweep(cluster))
        with scratch_city(cluster) as full:
            yield full


@contextmanager
def scratch_city(cluster: Cluster) -> Iterator[Settings]:
    """Make the city in a cluster that runs, and drop it at the end."""
    name = f"{_PREFIX}{os.getpid()}"
    home = Path(tempfile.mkdtemp(prefix="gridcase-scratch-"))
    try:
        yield asyncio.run(_make(cluster, name, home))
    finally:
        asyncio.run(_drop(cluster, name))
        shutil.rmtree(home, ignore_errors=True)


async def _make(cluster: Cluster, name: str, home: Path) -> Settings:
    await ensure_database(cluster.dsn(), name)
    await ensure_city(cluster.dsn(database=name), name)
    names = city_names(name)
    await upgrade(cluster.url(names.owner, name), name)
    return Settings(
        home=home, city=name, database_url=cluster.url(names.app, name), admin_url=cluster.url(database=name)
    )


async def _sweep(cluster: Cluster) -> None:
    """Drop the scratch cities of processes that are gone."""
    connection = await asyncpg.connect(cluster.dsn())
    try:
        found = await connection.fetch("SELECT datname FROM pg_database WHERE starts_with(datname, $1)", _PREFIX)
    finally:
        await connection.close()
    for row in found:
        pid = re.fullmatch(rf"{_PREFIX}(\d+)", row["datname"])
        if pid is not None and not _lives(int(pid[1])):
            await _drop(cluster, row["datname"])


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


async def _drop(cluster: Cluster, name: str) -> None:
    names = city_names(name)
    connection = await asyncpg.connect(cluster.dsn())
    try:
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        for role in (names.app, names.owner):
            await connection.execute(f'DROP ROLE IF EXISTS "{role}"')
    finally:
        await connection.close()


@contextmanager
def served(settings: Settings) -> Iterator[tuple[str, int]]:
    """Serve a city by one API process on a free port of this machine; yield where, once it answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        process = subprocess.Popen(
            child_command("api", "api", LogTarget.FILE, str(listener.fileno())),
            env={**child_environment(settings), "GRIDCASE_CITY": settings.city, "GRIDCASE_LOG_LEVEL": "WARNING"},
            stdin=subprocess.PIPE,
            pass_fds=(listener.fileno(),),
        )
        try:
            host, port = listener.getsockname()
            _await_ready(process, host, port)
            yield host, port
        finally:
            process.terminate()
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdin is not None:
                process.stdin.close()


def _await_ready(process: subprocess.Popen[bytes], host: str, port: int) -> None:
    until = time.monotonic() + _READY_S
    while process.poll() is None and time.monotonic() < until:
        connection = HTTPConnection(host, port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:  # noqa: PLR2004  # HTTP's own OK
                return
        except (OSError, HTTPException):  # not yet
            pass
        finally:
            connection.close()
        time.sleep(0.1)
    raise Unavailable("接口没有起来。 The API did not start.", code="api_not_ready")
