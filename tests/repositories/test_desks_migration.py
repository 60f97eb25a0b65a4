"""Migration 0007 over a city that has been in use: co-units get the leg they helped, and end when the history says."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import asyncpg
import pytest
from alembic import command
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from app.runtime.cluster import Cluster
from app.runtime.migrate import alembic_config, upgrade
from tests.towns import CITY, Town, copied, worker_name

BEGUN: Final = datetime(2026, 3, 2, 1, tzinfo=UTC)
CASE: Final = "00000000-0000-0000-0000-0000000000{:02d}"
ROW: Final = """
INSERT INTO cases (id, case_no, state, round, source, handling, kind, category, condition, catalogue, description, tags,
                   attention, flags, zones, routing, desk, unit_codes, filed_at, provisional, urges, updated_at,
                   version)
VALUES ($1, $2, $3, 1, 'inspector', 'ordinary', 'event', '0110', 1, 'city-practice-1', '', '{}', '{}', '{}', '{}', '{}',
        'city', '{U1,U2,U3}', now(), false, 0, now(), 1)
"""
STEP: Final = """
INSERT INTO history (subject_id, number, subject, action, to_state, post, recorded_at, payload, hash)
VALUES ($1, $2, 'case', $3, $4, 'policy', $5, '{}', 'h')
"""
LEG: Final = """
INSERT INTO legs (case_id, round, number, kind, unit_code, dispatched_at, ended_at, "end", first_recorded_at,
                  last_recorded_at)
VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $5, $5)
"""


@pytest.fixture
def used_city(cluster: Cluster, empty_template: str) -> Iterator[Town]:
    with copied(cluster, empty_template, f"desks_{worker_name()}") as town:
        yield town


@pytest.fixture
async def owner(used_city: Town) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(used_city.owner_url.replace("+asyncpg", ""))
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


def at(minutes: int) -> datetime:
    return BEGUN + timedelta(minutes=minutes)


async def _lived(owner: asyncpg.Connection, number: int, *steps: tuple[str, str, int]) -> str:
    """Store a case with steps (action, state, minute), the first of them its filing."""
    case = CASE.format(number)
    await owner.execute(ROW, case, f"C{number}", steps[-1][1])
    for place, (action, state, minute) in enumerate(steps, start=1):
        await owner.execute(STEP, case, place, action, state, at(minute))
    return case


async def _parts(owner: asyncpg.Connection, case: str) -> list[dict[str, Any]]:
    found = await owner.fetch(
        'SELECT number, parent, ended_at, "end", assisted_at, assisted_on_time FROM legs WHERE case_id = $1 ORDER BY 1',
        case,
    )
    return [dict(row) for row in found]


async def test_parts_of_before_are_known_afterwards(used_city: Town, owner: asyncpg.Connection) -> None:
    await _down_to(used_city, "0006")
    filed, sent = ("file", "filed", 0), ("dispatch", "dispatched", 0)  # both at one instant: filed and sent at once
    again = await _lived(owner, 1, filed, sent, ("dispose", "disposed", 60), ("check", "dispatched", 90))
    await owner.execute(LEG, again, 1, "main", "U1", at(0), None, None)
    await owner.execute(LEG, again, 2, "assist", "U2", at(0), None, None)
    back = ("grant", "filed", 30), ("dispatch", "dispatched", 40), ("note", "dispatched", 50)
    twice = await _lived(owner, 2, filed, sent, *back)
    for number, kind, unit, since, until in (
        (1, "main", "U1", 0, 30),
        (2, "assist", "U2", 0, 30),
        (3, "main", "U3", 40, None),
        (4, "assist", "U2", 40, None),
        (5, "assist", "U1", 40, None),
    ):
        ended = (at(until), "returned") if until else (None, None)
        await owner.execute(LEG, twice, number, kind, unit, at(since), *ended)
    await upgrade(used_city.owner_url, CITY)

    main, helper = await _parts(owner, again)
    assert (main["parent"], main["assisted_at"], main["assisted_on_time"], main["ended_at"]) == (None, None, None, None)
    assert helper == {
        "number": 2,
        "parent": 1,
        "ended_at": at(60),
        "end": "superseded",
        "assisted_at": at(0),
        "assisted_on_time": False,
    }
    told = [(one["parent"], one["ended_at"], one["end"]) for one in await _parts(owner, twice)]
    assert told == [
        (None, at(30), "returned"),
        (1, at(30), "superseded"),
        (None, None, None),
        (3, None, None),
        (3, None, None),
    ]
    at_work = await owner.fetch("SELECT case_no, leg_units, desk FROM cases ORDER BY case_no")
    assert [tuple(row) for row in at_work] == [("C1", [], "city"), ("C2", ["U1", "U2"], "city")]


async def test_what_the_release_before_writes_has_defaults(used_city: Town, owner: asyncpg.Connection) -> None:
    await owner.execute(ROW, CASE.format(9), "C9", "filed")
    assert await owner.fetchval("SELECT leg_units FROM cases WHERE case_no = 'C9'") == []
    nullable = (
        "SELECT is_nullable || column_default FROM information_schema.columns WHERE table_schema = current_schema()"
    )
    assert await owner.fetchval(f"{nullable} AND table_name = 'reports' AND column_name = 'desk'") == "NO'city'::text"
    await _down_to(used_city, "0006")
    gone = await owner.fetchval(
        "SELECT count(*) FROM information_schema.columns WHERE table_schema = current_schema()"
        " AND (table_name, column_name) IN (('reports', 'desk'), ('cases', 'leg_units'), ('legs', 'parent'))"
    )
    assert gone == 0
