"""Migration 0012 over a city that has been in use: what reporters asked and said is told from vault and history."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from app.adapters.keys import Keys
from app.dispatch import commands
from app.runtime.cluster import Cluster
from app.runtime.migrate import alembic_config, upgrade
from tests.acts_played import AT_ONCE, TO_THE_CHECK, act, errors, on_cases, sound
from tests.hotline_city import PLACE, open_city
from tests.towns import CITY, Town, copied, worker_name


@pytest.fixture
def used_city(cluster: Cluster, empty_template: str) -> Iterator[Town]:
    with copied(cluster, empty_template, f"said_{worker_name()}") as town:
        yield town


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


async def test_what_was_said_before_stands_with_the_reports(used_city: Town, keys: Keys, tmp_path: Path) -> None:
    caller = {"name": "张三", "phone": "13800001234", "callback_phone": "13900001234"}
    async with open_city(used_city, keys, tmp_path) as city:
        asks = (await city.say("M1", content="x", location=PLACE, caller=caller)).report_id
        silent = (await city.say("M2", content="x", location=PLACE)).report_id
        (filed,) = await city.acts.play([act(city, "report", asks, AT_ONCE)])
        said = [commands.CallBack(report_id=asks, reached=True, satisfaction=grade) for grade in (1, 3, 5)]
        wanted = on_cases(city, list(filed.opened), *TO_THE_CHECK, commands.Close(), *said)
        assert set(errors(await city.acts.play(wanted))) == {None}
        before = {one: await city.report(one) for one in (asks, silent)}
    await _down_to(used_city, "0011")
    await upgrade(used_city.owner_url, CITY)
    async with open_city(used_city, keys, tmp_path) as city:
        await sound(city)
        for one, was in before.items():
            now = await city.report(one)
            assert (now.asks_call, now.called_back_at, now.opinions) == (
                was.asks_call,
                was.called_back_at,
                was.opinions,
            )
        assert [one["satisfaction"] for one in before[asks].opinions] == [1, 5]
        assert (before[asks].asks_call, before[silent].asks_call) == (True, False)
