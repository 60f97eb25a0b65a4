import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app.services import worker
from app.services.worker import repeat, run_forever
from app.settings import Settings
from tests.towns import Town

CUT = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'test_app' AND datname = current_database()"
)


async def test_a_loop_goes_on_after_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "LONGEST_PAUSE", timedelta(milliseconds=5))
    stop = asyncio.Event()
    rounds: list[int] = []

    async def work() -> None:
        rounds.append(len(rounds))
        if len(rounds) == 4:
            stop.set()
        if len(rounds) < 4:
            raise OSError("away")

    await asyncio.wait_for(repeat("test", timedelta(milliseconds=1), work, stop), 10)
    assert rounds == [0, 1, 2, 3]


async def test_a_loop_that_waits_stops_when_told() -> None:
    stop = asyncio.Event()
    begun = asyncio.Event()

    async def work() -> None:
        begun.set()

    loop = asyncio.create_task(repeat("test", timedelta(hours=1), work, stop))
    await begun.wait()
    stop.set()
    await asyncio.wait_for(loop, 10)


async def test_the_worker_outlives_its_connections_and_ends_when_told(fresh_city: Town, tmp_path: Path) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(run_forever(fresh_city.settings(tmp_path), stop))
    engine = create_async_engine(fresh_city.admin_url, isolation_level="AUTOCOMMIT")
    try:
        for _ in range(2):
            assert await _cut(engine) > 0
        assert not running.done()
        stop.set()
        await asyncio.wait_for(running, 20)
    finally:
        running.cancel()
        await engine.dispose()


async def _cut(engine: AsyncEngine) -> int:
    """End the worker's connections as soon as it has some; return how many."""
    for _ in range(200):
        async with engine.connect() as connection:
            ended = await connection.execute(CUT)
            if count := len(ended.all()):
                return count
        await asyncio.sleep(0.05)
    return 0


async def test_without_a_database_the_worker_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="gridcase"):
        await run_forever(Settings(home=tmp_path), asyncio.Event())
