"""Migration 0013 over requests of a city in use: who ruled on them, and whose word those wait for that are pending."""

from collections.abc import Iterator

import asyncpg
import pytest
from alembic import command
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from app.runtime.cluster import Cluster
from app.runtime.migrate import alembic_config, upgrade
from tests.towns import CITY, Town, copied, worker_name

BEFORE = "0012"
ASKED = """
INSERT INTO requests (id, case_id, round, leg, kind, state, reason_code, asked_at)
VALUES (gen_random_uuid(), gen_random_uuid(), 1, 1, $1, $2, 'x', now())
"""
RULED = "SELECT kind, state, chain, step, ruler FROM requests ORDER BY kind, state"


@pytest.fixture
def used_city(cluster: Cluster, empty_template: str) -> Iterator[Town]:
    with copied(cluster, empty_template, f"chains_{worker_name()}") as town:
        yield town


async def _down(town: Town) -> None:
    def down(connection: Connection) -> None:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.downgrade(config, BEFORE)

    engine = create_async_engine(town.owner_url)
    async with engine.connect() as connection:
        await connection.run_sync(down)
        await connection.commit()
    await engine.dispose()


async def test_requests_of_before_have_the_one_post_of_their_kind(used_city: Town) -> None:
    await _down(used_city)
    admin = await asyncpg.connect(used_city.admin_dsn)
    await admin.execute(f"SET search_path = {CITY}, public")
    await admin.execute("SET session_replication_role = replica")  # their cases are of no account here
    for kind, state in (
        ("return", "pending"),
        ("return", "granted"),
        ("extension", "pending"),
        ("extension", "refused"),
    ):
        await admin.execute(ASKED, kind, state)
    for _ in range(2):
        await upgrade(used_city.owner_url, CITY)
        assert [tuple(row) for row in await admin.fetch(RULED)] == [
            ("extension", "pending", ["shift_lead"], 0, "shift_lead"),
            ("extension", "refused", ["shift_lead"], 0, None),
            ("return", "granted", ["dispatcher"], 1, None),
            ("return", "pending", ["dispatcher"], 0, "dispatcher"),
        ]
        with pytest.raises(asyncpg.CheckViolationError):
            await admin.execute("UPDATE requests SET ruler = 'nobody'")
        await _down(used_city)
        assert await admin.fetchval("SELECT count(*) FROM requests") == 4
    await admin.close()
