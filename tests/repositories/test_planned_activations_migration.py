"""Migration 0003 over a city that has been in use: what was in force stays known, grants are as narrow as they say."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import asyncpg
import pytest
from alembic import command
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from app.runtime.cluster import Cluster
from app.runtime.migrate import alembic_config, upgrade
from tests.towns import CITY, Town, copied, worker_name

CHANGED = datetime(2026, 1, 1, tzinfo=UTC)
STEP = """
INSERT INTO history (subject_id, number, subject, action, to_state, post, recorded_at, payload, hash)
VALUES ('00000000-0000-0000-0000-000000000001', $1, 'case', $2, 'filed', 'policy', now(), '{}', 'h')
"""
RULING = """
INSERT INTO rulings (id, unit_code, scope, valid_from, recorded_at)
VALUES ('00000000-0000-0000-0000-000000000002', 'u', 'city', now(), now())
"""


@pytest.fixture
def used_city(cluster: Cluster, empty_template: str) -> Iterator[Town]:
    with copied(cluster, empty_template, f"used_{worker_name()}") as town:
        yield town


@pytest.fixture
async def app(used_city: Town) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(used_city.app_url.replace("+asyncpg", ""))
    yield connection
    await connection.close()


async def _down_to(town: Town, revision: str) -> None:
    def down(connection: Connection) -> None:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.downgrade(config, revision)

    engine = create_async_engine(town.owner_url)
    async with engine.connect() as connection:
        await connection.run_sync(down)
        await connection.commit()
    await engine.dispose()


async def test_a_city_in_use_goes_up_down_and_up_again(used_city: Town, app: asyncpg.Connection) -> None:
    await _down_to(used_city, "0002")
    await app.execute("INSERT INTO book_version (id, number, changed_at) VALUES (1, 5, $1)", CHANGED)
    await app.execute(STEP, 1, "file")
    with pytest.raises(asyncpg.CheckViolationError):
        await app.execute(STEP, 2, "relocate")
    await upgrade(used_city.owner_url, CITY)
    known = await app.fetchrow("SELECT number, effective_from FROM book_changes")
    assert known is not None
    assert tuple(known) == (5, CHANGED)
    assert await app.fetchval("SELECT revision FROM book_version") == 0
    await app.execute(STEP, 2, "relocate")
    await _down_to(used_city, "0002")
    assert await app.fetchval("SELECT count(*) FROM history") == 2
    with pytest.raises(asyncpg.CheckViolationError):
        await app.execute(STEP, 3, "relocate")
    await upgrade(used_city.owner_url, CITY)
    assert await app.fetchval("SELECT number FROM book_changes") == 5


async def test_of_a_ruling_only_its_end_may_be_told(app: asyncpg.Connection) -> None:
    await app.execute(RULING)
    await app.execute("UPDATE rulings SET ended_at = now()")
    for refused in ("UPDATE rulings SET unit_code = 'x'", "UPDATE rulings SET valid_to = now()", "DELETE FROM rulings"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute(refused)
    for refused in ("UPDATE activations SET forced = true", "DELETE FROM book_changes", "DELETE FROM relocations"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute(refused)
