"""The commit that says success and means perhaps: a wait for the standby that somebody cancelled."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import asyncpg
import pytest
from sqlalchemy import func, select, text

from app.dispatch.errors import Unavailable
from app.models.work import ReceiptTry
from app.repositories.engine import open_engine, open_sessions, warnings_of
from app.repositories.receipts import ReceiptRepository
from app.services.transaction import Sessions, writing
from tests.towns import Town

NOBODY = "nobody"


@pytest.fixture
async def committing(fresh_city: Town) -> AsyncIterator[Sessions]:
    engine = open_engine(fresh_city.app_url, pool=2)
    yield open_sessions(engine)
    await engine.dispose()


@pytest.fixture
async def admin(fresh_city: Town) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(fresh_city.admin_dsn)
    yield connection
    await connection.close()


async def _count(sessions: Sessions) -> int:
    async with sessions() as session:
        return (await session.execute(select(func.count()).select_from(ReceiptTry))).scalar_one()


async def _await_a_standby(admin: asyncpg.Connection, name: str) -> None:
    await admin.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{name}'")
    await admin.execute("SELECT pg_reload_conf()")


async def _cancel_whoever_waits(admin: asyncpg.Connection, database: str) -> None:
    waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND datname = $1"
    for _ in range(500):
        for row in await admin.fetch(waiting, database):
            await admin.execute("SELECT pg_cancel_backend($1)", row["pid"])
            return
        await asyncio.sleep(0.01)


async def _write_durably(sessions: Sessions) -> None:
    async with writing(sessions) as session:
        await session.execute(text("SET LOCAL synchronous_commit = on"))
        await ReceiptRepository(session).count_wrong_try("R", datetime.now(UTC))


async def test_a_commit_that_the_standby_may_lack_is_not_acknowledged(
    fresh_city: Town, committing: Sessions, admin: asyncpg.Connection
) -> None:
    before = await _count(committing)
    await _await_a_standby(admin, NOBODY)
    try:
        cancelling = asyncio.create_task(_cancel_whoever_waits(admin, fresh_city.name))
        with pytest.raises(Unavailable) as caught:
            await _write_durably(committing)
        await cancelling
    finally:
        await _await_a_standby(admin, "")
    assert caught.value.code == "commit_in_doubt"
    assert await _count(committing) == before + 1, "PostgreSQL has it, and the caller must ask again"


async def test_an_old_warning_says_nothing_about_a_later_commit(committing: Sessions) -> None:
    async with writing(committing) as session:
        await session.execute(text("DO $$ BEGIN RAISE WARNING 'mind the step'; END $$"))
        assert warnings_of(await session.connection())
    async with writing(committing) as session:
        await ReceiptRepository(session).count_wrong_try("R", datetime.now(UTC))


async def test_connections_without_a_listener_commit_all_the_same(sessions: Sessions) -> None:
    async with writing(sessions) as session:
        await session.execute(text("SELECT 1"))
