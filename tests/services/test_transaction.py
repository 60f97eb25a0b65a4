"""The commit that says success and means perhaps: a wait for the standby that somebody cancelled."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy import func, select, text
from uuid_utils.compat import uuid7

from app.adapters.keys import Keys
from app.dispatch.arrival import Arrival
from app.dispatch.codes import Post, Source
from app.dispatch.errors import Unavailable
from app.main import wire
from app.models.work import ReceiptTry
from app.repositories.engine import open_engine, open_sessions, warnings_of
from app.repositories.receipts import ReceiptRepository
from app.services.arrivals import Incoming, Received
from app.services.idempotency import KeyUse
from app.services.ledger import Acting
from app.services.transaction import Sessions, writing
from tests.small_city import store_small_city
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


async def _twice_in_doubt(town: Town, admin: asyncpg.Connection, write: Callable[[], Awaitable[object]]) -> list[str]:
    """Write twice while the standby is away, and somebody cancels each wait; return how the writer was answered."""
    codes = []
    for _ in range(2):
        cancelling = asyncio.create_task(_cancel_whoever_waits(admin, town.name))
        try:
            await write()
            codes.append("taken")
        except Unavailable as error:
            codes.append(error.code)
        cancelling.cancel()
        await asyncio.gather(cancelling, return_exceptions=True)
    return codes


async def test_the_same_again_is_not_acknowledged_either_while_the_standby_may_lack_the_first(
    fresh_city: Town, admin: asyncpg.Connection, keys: Keys, tmp_path: Path
) -> None:
    await admin.execute(f'ALTER DATABASE "{fresh_city.name}" SET synchronous_commit = on')
    engine = open_engine(fresh_city.app_url, pool=2)
    sessions = open_sessions(engine)
    await store_small_city(sessions)
    wired = wire(fresh_city.settings(tmp_path), sessions, keys)
    use = KeyUse(scope="s", route="r", key="k", body_digest=b"d")
    now = datetime.now(UTC)

    async def write(used: KeyUse | None, client_id: UUID | None) -> Received:
        arrival = Arrival(id=uuid7(), source=Source.INSPECTOR, description="x", client_id=client_id)
        return await wired.intake.receive_one(
            Incoming(arrival=arrival, acting=Acting(now=now, post=Post.OPERATOR)), used
        )

    client_id = uuid4()
    await _await_a_standby(admin, NOBODY)
    try:
        by_client_id = await _twice_in_doubt(fresh_city, admin, lambda: write(None, client_id))
        by_key = await _twice_in_doubt(fresh_city, admin, lambda: write(use, None))
    finally:
        await _await_a_standby(admin, "")
        await admin.execute(f'ALTER DATABASE "{fresh_city.name}" RESET synchronous_commit')
    assert by_client_id == ["commit_in_doubt"] * 2
    assert by_key == ["commit_in_doubt"] * 2
    assert not (await write(None, client_id)).created, "the standby is not waited for any more"
    await engine.dispose()


async def test_an_old_warning_says_nothing_about_a_later_commit(committing: Sessions) -> None:
    async with writing(committing) as session:
        await session.execute(text("DO $$ BEGIN RAISE WARNING 'mind the step'; END $$"))
        assert warnings_of(await session.connection())
    async with writing(committing) as session:
        await ReceiptRepository(session).count_wrong_try("R", datetime.now(UTC))


async def test_connections_without_a_listener_commit_all_the_same(sessions: Sessions) -> None:
    async with writing(sessions) as session:
        await session.execute(text("SELECT 1"))
