"""Sets come into force under load: no request fails, every answer is right for the version it names, all follow."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from httpx import ASGITransport, AsyncClient, HTTPError, Limits

from app.adapters.keys import load_keys
from app.main import create_app
from app.repositories.engine import open_engine, open_sessions
from app.repositories.sets import SetRepository
from app.services.transaction import Sessions
from tests.activation_load import FOLLOWED_WITHIN, Load, cut_listeners
from tests.small_city import store_small_city
from tests.towns import Town

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def sessions(fresh_city: Town) -> AsyncIterator[Sessions]:
    engine = open_engine(fresh_city.app_url)
    yield open_sessions(engine)
    await engine.dispose()


async def _activations(load: Load, count: int, soon: timedelta, *, scheduled: Sequence[int], dsn: str) -> None:
    """Put versions in force one after the other, some at an instant to come; cut every LISTEN half-way."""
    for number in range(count):
        draft = await load.draft()
        if number == count // 2:
            assert await cut_listeners(dsn) == len(load.clients)
        await load.activate(draft, datetime.now(UTC) + soon if number in scheduled else None)
        await asyncio.sleep(soon.total_seconds() if number in scheduled else soon.total_seconds() / 5)
    await asyncio.sleep(FOLLOWED_WITHIN.total_seconds() + 0.2)


async def _loaded(
    load: Load, count: int, *, per_second: int, scheduled: Sequence[int], soon: timedelta, dsn: str
) -> None:
    done = asyncio.Event()
    asking = asyncio.create_task(load.run(per_second, done))
    try:
        await _activations(load, count, soon, scheduled=scheduled, dsn=dsn)
    finally:
        done.set()
        await asking


def _holds(load: Load) -> None:
    """Nothing failed, every answer is what its version says, every process followed every version in time."""
    assert load.bad == []
    assert load.wrong() == []
    assert [late for version in load.since for late in load.late(version, FOLLOWED_WITHIN)] == []
    assert load.scheduled
    assert [late for version in load.scheduled for late in load.late(version, timedelta())] == []
    assert {one.client for one in load.answered if one.rules == len(load.books)} == set(range(len(load.clients)))


async def test_versions_come_into_force_under_load(fresh_city: Town, sessions: Sessions, tmp_path: Path) -> None:
    """Two applications of one city in this process; the slow one below has four processes and the whole rate."""
    await store_small_city(sessions)
    settings = fresh_city.settings(tmp_path)
    own = load_keys(settings.keys_dir)
    async with AsyncExitStack() as stack:
        clients = []
        for _ in range(2):
            app = create_app(settings)
            await stack.enter_async_context(app.router.lifespan_context(app))
            client = AsyncClient(transport=ASGITransport(app), base_url="http://gridcase.test", timeout=30)
            clients.append(await stack.enter_async_context(client))
        load = await Load.of(clients, sessions, own)
        await _loaded(load, 4, per_second=40, soon=timedelta(seconds=1), scheduled=(1,), dsn=fresh_city.admin_dsn)
    _holds(load)
    assert len({one.rules for one in load.answered}) == 5


@pytest.mark.slow
async def test_twenty_versions_under_two_hundred_requests_a_second(
    fresh_city: Town, sessions: Sessions, tmp_path: Path
) -> None:
    """Four processes, 200 requests/s, 20 activations, 2 of them scheduled, every LISTEN cut once."""
    async with sessions() as session:
        empty = await SetRepository(session).book_number() == 0
    if empty:
        await store_small_city(sessions)
    with _processes(fresh_city, tmp_path, 4) as addresses:
        async with AsyncExitStack() as stack:
            limits = Limits(max_connections=200, max_keepalive_connections=200)
            clients = [
                await stack.enter_async_context(AsyncClient(base_url=one, timeout=30, limits=limits))
                for one in addresses
            ]
            await asyncio.gather(*(_answers(one) for one in clients))
            load = await Load.of(clients, sessions, load_keys(fresh_city.settings(tmp_path).keys_dir))
            began = time.monotonic()
            await _loaded(
                load, 20, per_second=200, soon=timedelta(seconds=5), scheduled=(6, 13), dsn=fresh_city.admin_dsn
            )
            lasted = time.monotonic() - began
    counts = {
        "failed": len(load.bad),
        "wrong": len(load.wrong()),
        "versions": len({one.rules for one in load.answered}),
    }
    print(f"{len(load.answered)} answers in {lasted:.1f} s, {len(load.answered) / lasted:.0f}/s, {counts}")  # noqa: T201  # what was measured
    _holds(load)


async def _answers(client: AsyncClient) -> None:
    for _ in range(600):
        try:
            if (await client.get("/readyz")).status_code == 200:
                return
        except HTTPError:
            pass
        await asyncio.sleep(0.1)
    raise TimeoutError


@contextmanager
def _processes(town: Town, home: Path, count: int) -> Iterator[list[str]]:
    """Serve a city by several processes of uvicorn, each on its own port."""
    load_keys(town.settings(home).keys_dir)
    ports = [_free_port() for _ in range(count)]
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "GRIDCASE_HOME": str(home),
        "GRIDCASE_CITY": "test",
        "GRIDCASE_DATABASE_URL": town.app_url,
    }
    with (home / "served.log").open("wb") as log:
        # a connection closed for idleness at the moment it is used again would look like a request that failed
        command = [sys.executable, "-m", "uvicorn", "--factory", "app.main:create_app", "--timeout-keep-alive", "300"]
        running = [
            subprocess.Popen(  # noqa: S603  # our own command
                [*command, "--log-level", "warning", "--port", str(port)],
                cwd=home,
                env=environment,
                stdout=log,
                stderr=log,
            )
            for port in ports
        ]
        try:
            yield [f"http://127.0.0.1:{port}" for port in ports]
        finally:
            for one in running:
                one.terminate()
            for one in running:
                one.wait(30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
