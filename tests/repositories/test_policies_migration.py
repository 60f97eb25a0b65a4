"""The table of policies in a city that has been in use: up, down and up again; of a row only its end may be told."""

from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest
from alembic import command
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from app.runtime.cluster import Cluster
from app.runtime.migrate import alembic_config, upgrade
from tests.towns import CITY, Town, copied, worker_name

ROW = """
INSERT INTO policies (id, policy, value, kind, major, minor, source, valid_from, valid_to, reason, recorded_at)
VALUES (gen_random_uuid(), 'auto_close', $1, $2, $3, $4, $5, now(), now() + $6::interval, 'why', now())
"""
GOOD = ("true", "event", "03", "05", "citizen", None)


@pytest.fixture
def used_city(cluster: Cluster, empty_template: str) -> Iterator[Town]:
    with copied(cluster, empty_template, f"policies_{worker_name()}") as town:
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


async def test_a_city_in_use_goes_down_and_up_again_and_rows_are_only_ended(
    used_city: Town, app: asyncpg.Connection
) -> None:
    await app.execute(ROW, *GOOD)
    await app.execute("UPDATE policies SET ended_at = now(), ended_by = id, end_reason = 'over'")
    for refused in (
        "UPDATE policies SET value = 'false'",
        "UPDATE policies SET valid_to = now()",
        "UPDATE policies SET reason = 'x'",
        "DELETE FROM policies",
        "TRUNCATE policies",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute(refused)
    for bad in ((0, None), (1, "thing"), (2, None), (4, "moon")):
        said = [bad[1] if place == bad[0] else value for place, value in enumerate(GOOD)]
        with pytest.raises((asyncpg.NotNullViolationError, asyncpg.CheckViolationError)):
            await app.execute(ROW, *said)
    await app.execute("INSERT INTO book_version (id, number, revision, changed_at) VALUES (1, 5, 0, now())")
    await _down_to(used_city, "0007")
    assert await app.fetchval("SELECT to_regclass('policies')") is None
    await upgrade(used_city.owner_url, CITY)
    assert await app.fetchval("SELECT count(*) FROM policies") == 0
    assert await app.fetchval("SELECT number FROM book_version") == 5
    await app.execute(ROW, *GOOD)
