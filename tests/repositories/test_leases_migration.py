"""Migration 0010 over a city that has been in use: since when everything waits is told from the history."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from app.adapters.keys import Keys
from app.dispatch import commands
from app.runtime.cluster import Cluster
from app.runtime.migrate import alembic_config, upgrade
from tests.acts_played import ACCEPT, DISPOSE, act, dispatched, errors, on_cases, reported, sound
from tests.hotline_city import City, open_city
from tests.towns import CITY, Town, copied, worker_name

WAITING = "SELECT id, waiting_since FROM reports UNION ALL SELECT id, waiting_since FROM cases"
RULING = "SELECT id, ruling_due_at FROM requests"


@pytest.fixture
def used_city(cluster: Cluster, empty_template: str) -> Iterator[Town]:
    with copied(cluster, empty_template, f"waited_{worker_name()}") as town:
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


async def _instants(city: City, query: str) -> dict[object, datetime | None]:
    async with city.sessions() as session:
        return {one: at for one, at in await session.execute(text(query))}  # noqa: C416  # rows are not tuples


async def test_what_waited_before_waits_since_the_same_instant(used_city: Town, keys: Keys, tmp_path: Path) -> None:
    async with open_city(used_city, keys, tmp_path) as city:
        _new, accepted = await reported(city, 2)
        asking, disposed, ended = await dispatched(city, 3)
        wanted = [
            act(city, "report", accepted, ACCEPT),
            act(city, "case", asking, commands.RequestExtension(reason_code="weather")),
            *on_cases(city, [disposed], DISPOSE, commands.Note(text="已电话核实")),
            act(city, "case", ended, commands.Void(reason_code="filed_by_mistake")),
        ]
        assert set(errors(await city.acts.play(wanted))) == {None}
        before, ruling = await _instants(city, WAITING), await _instants(city, RULING)
    assert before[ended] is None
    assert None not in {before[asking], before[disposed], before[accepted], *ruling.values()}
    assert len(ruling) == 1
    await _down_to(used_city, "0009")
    await upgrade(used_city.owner_url, CITY)
    async with open_city(used_city, keys, tmp_path) as city:
        await sound(city)
        assert (await _instants(city, WAITING), await _instants(city, RULING)) == (before, ruling)
