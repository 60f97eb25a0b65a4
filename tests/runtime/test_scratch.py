"""A scratch city is there for as long as it is lent, and nothing of it afterwards."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from app.dispatch.errors import Unavailable
from app.runtime import scratch
from app.runtime.cluster import Cluster
from app.runtime.database import ensure_city, ensure_database
from app.settings import Settings

LEFT = "scratch_999999999"
"""Of a process that cannot be alive."""


async def _names(cluster: Cluster) -> set[str]:
    connection = await asyncpg.connect(cluster.dsn())
    try:
        rows = await connection.fetch("SELECT datname AS name FROM pg_database UNION ALL SELECT rolname FROM pg_roles")
    finally:
        await connection.close()
    return {row["name"] for row in rows}


async def _tables(settings: Settings) -> int:
    connection = await asyncpg.connect(str(settings.database_url).replace("+asyncpg", ""))
    try:
        return int(await connection.fetchval("SELECT count(*) FROM reports"))
    finally:
        await connection.close()


def _lend_and_fail(cluster: Cluster, seen: list[Settings]) -> None:
    with scratch.scratch_city(cluster) as settings:
        seen.append(settings)
        assert asyncio.run(_tables(settings)) == 0
        raise KeyboardInterrupt


def test_nothing_is_left_of_a_scratch_city_even_when_it_is_broken_off(cluster: Cluster) -> None:
    before, seen = asyncio.run(_names(cluster)), list[Settings]()
    with pytest.raises(KeyboardInterrupt):
        _lend_and_fail(cluster, seen)
    assert asyncio.run(_names(cluster)) == before
    assert not seen[0].home.exists()


async def _leave_one_behind(cluster: Cluster) -> None:
    await ensure_database(cluster.dsn(), LEFT)
    await ensure_city(cluster.dsn(database=LEFT), LEFT)


def test_what_a_killed_run_left_is_dropped_by_the_next(cluster: Cluster) -> None:
    asyncio.run(_leave_one_behind(cluster))
    assert {LEFT, f"{LEFT}_owner", f"{LEFT}_app"} <= asyncio.run(_names(cluster))
    asyncio.run(scratch._sweep(cluster))
    assert not {name for name in asyncio.run(_names(cluster)) if name.startswith(LEFT)}


def test_a_database_that_is_not_ours_gets_no_scratch_city(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, database_url="postgresql://x@localhost/x")
    with pytest.raises(Unavailable, match="私有"), scratch.lend_scratch(settings):
        pass
