"""The first start: what it leaves, what a second one adds, and what becomes of one that was interrupted."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from alembic import command
from sqlalchemy import Connection, func, select
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from app.demo.first_start import CASES_A_DAY, Telling, first_start
from app.models.cases import Case
from app.models.history import HistoryRow
from app.models.reports import Report
from app.repositories.engine import open_engine, open_sessions
from app.repositories.health import HealthRepository
from app.repositories.seedings import SeedingRepository
from app.runtime.empty import empty_city
from app.runtime.migrate import alembic_config, upgrade
from app.services.transaction import Sessions, reading, writing
from app.settings import Settings
from tests.towns import CITY, Town


class Interrupted(BaseException):
    """What Ctrl-C is to a program."""


@pytest.fixture(scope="module")
def life_settings(fresh_city: Town, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return fresh_city.settings(tmp_path_factory.mktemp("home"), demo_days=1)


@pytest.fixture
async def lively(fresh_city: Town) -> AsyncIterator[Sessions]:
    """Lend sessions that really commit."""
    engine = open_engine(fresh_city.app_url)
    yield open_sessions(engine)
    await engine.dispose()


async def start(settings: Settings, *, stop_at: int | None = None) -> list[str]:
    """Start as `gridcase run` does; return what was said. `stop_at`: after so many waves somebody presses Ctrl-C."""
    said, waves = list[str](), 0

    def played(done: int, total: int) -> None:
        nonlocal waves
        waves += 1
        assert 0 <= done <= total
        if waves == stop_at:
            raise Interrupted

    async def empty() -> None:
        said.append("emptied")
        await empty_city(str(settings.admin_url), settings.city)

    await first_start(settings, empty=empty, telling=Telling(say=said.append, played=played))
    return said


async def size(sessions: Sessions) -> tuple[int, int, int]:
    async with reading(sessions) as session:
        rows = [await session.scalar(select(func.count()).select_from(one)) for one in (Report, Case, HistoryRow)]
    return rows[0] or 0, rows[1] or 0, rows[2] or 0


async def is_seeded(sessions: Sessions) -> bool:
    async with reading(sessions) as session:
        return await HealthRepository(session).seeded()


async def test_a_start_that_was_interrupted_ends_whole_and_not_doubled(
    life_settings: Settings, lively: Sessions
) -> None:
    with pytest.raises(Interrupted):
        await start(life_settings, stop_at=1)
    assert not await is_seeded(lively)
    left = await size(lively)
    assert left[0] > 0
    said = await start(life_settings)
    assert "emptied" in said
    assert await is_seeded(lively)
    whole = await size(lively)
    assert whole[0] > left[0]
    assert CASES_A_DAY * 0.8 <= whole[1] <= CASES_A_DAY * 1.25
    assert await start(life_settings) == []
    assert await size(lively) == whole


async def test_a_city_of_an_earlier_release_is_left_as_it_is(life_settings: Settings, lively: Sessions) -> None:
    await start(life_settings)
    before = await size(lively)
    await to_release_one(life_settings)
    await upgrade(str(life_settings.admin_url), CITY)
    assert await is_seeded(lively)
    (said,) = await start(life_settings)
    assert "gridcase demo reset" in said
    assert await size(lively) == before
    assert await start(life_settings) == []


async def to_release_one(settings: Settings) -> None:
    """Take the tables back to what the first release had, with all that is in them."""

    def downgrade(connection: Connection) -> None:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")

    engine = create_async_engine(str(settings.admin_url), poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(downgrade)
        await connection.commit()
    await engine.dispose()


async def test_without_days_there_are_master_data_only(
    life_settings: Settings, fresh_city: Town, lively: Sessions
) -> None:
    await empty_city(fresh_city.owner_url, CITY)
    bare = life_settings.model_copy(update={"demo_days": 0})
    assert len(await start(bare)) == 1
    assert await is_seeded(lively)
    assert await size(lively) == (0, 0, 0)
    assert await start(life_settings) == []
    assert await size(lively) == (0, 0, 0)


async def test_what_is_unfinished_is_not_ready(lively: Sessions) -> None:
    """A release may add work of its own to a first start."""
    async with writing(lively) as session:
        await SeedingRepository(session).begin("more", datetime.now(UTC))
    assert not await is_seeded(lively)
    async with writing(lively) as session:
        await SeedingRepository(session).finish("more", datetime.now(UTC))
    assert await is_seeded(lively)
