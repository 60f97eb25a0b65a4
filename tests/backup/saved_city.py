"""A small city that really committed things: reports with reporters, photos, numbers drawn; and places for it."""

import asyncio
import io
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import asyncpg
from httpx import ASGITransport, AsyncClient

from app.adapters.keys import load_keys
from app.adapters.passwords import Passwords
from app.main import create_app, wire
from app.repositories.engine import open_engine, open_sessions
from app.runtime.cluster import Cluster
from app.runtime.database import ensure_database
from app.settings import Settings
from tests.adapters.pictures import exif, film, photo
from tests.conftest import CHEAP
from tests.small_city import IN_EAST, IN_WEST, store_small_city
from tests.towns import CITY, Town

NUMBERS_DRAWN: Final = 41
PHONE: Final = "13800001234"


@dataclass(slots=True)
class Citizens:
    """People who report by HTTP; `acknowledged` grows with every answer."""

    client: AsyncClient
    acknowledged: list[str]

    async def report(self) -> None:
        """Send one report, and note its id once it was answered."""
        lon, lat = IN_WEST if len(self.acknowledged) % 2 else IN_EAST
        body = {
            "kind": "event",
            "category": "0305",
            "description": f"第 {len(self.acknowledged)} 处扬尘",
            "location": {"lon": lon, "lat": lat, "datum": "cgcs2000", "from": "device", "accuracy_m": 5},
            "reporter": {"name": "张三", "phone": PHONE},
            "client_id": str(uuid4()),
        }
        answer = await self.client.post("/api/v1/citizen/reports", json=body)
        assert answer.status_code == 201, answer.text
        self.acknowledged.append(answer.json()["id"])


@asynccontextmanager
async def citizens(settings: Settings) -> AsyncIterator[Citizens]:
    """Serve the city to citizens."""
    engine = open_engine(settings.database_url or "")
    app = create_app(settings)
    keys = load_keys(settings.keys_dir)
    app.state.wired = wire(settings, open_sessions(engine), keys, passwords=Passwords(CHEAP))
    await app.state.wired.books.refresh()
    try:
        async with AsyncClient(transport=ASGITransport(app), base_url="http://gridcase.test") as client:
            yield Citizens(client=client, acknowledged=[])
    finally:
        await engine.dispose()


async def settle(settings: Settings) -> list[str]:
    """Fill an empty migrated city; return the ids of its reports."""
    engine = open_engine(settings.database_url or "")
    await store_small_city(open_sessions(engine))
    await engine.dispose()
    async with citizens(settings) as people:
        wired = people.client._transport.app.state.wired  # type: ignore[attr-defined]  # the application we gave it
        for size in ((64, 48), (30, 90)):
            await wired.media.keep(io.BytesIO(photo(size=size, exif=exif())), account_id=None)
        await wired.media.keep(io.BytesIO(film()), account_id=None)
        for _ in range(12):
            await people.report()
    await run(settings.admin_url, "SELECT nextval('case_numbers') FROM generate_series(1, $1)", NUMBERS_DRAWN)
    return people.acknowledged


async def run(url: str | None, statement: str, *values: object) -> list[dict[str, Any]]:
    """Run a statement at an address of SQLAlchemy's."""
    connection = await asyncpg.connect((url or "").replace("+asyncpg", ""))
    try:
        return [dict(row) for row in await connection.fetch(statement, *values)]
    finally:
        await connection.close()


@contextmanager
def empty_place(cluster: Cluster, home: Path, name: str) -> Iterator[Settings]:
    """Lend a home and a database in which nothing is, on a server that is not ours to start."""
    asyncio.run(ensure_database(cluster.dsn(), name))
    town = Town(cluster=cluster, name=name)
    try:
        yield Settings(home=home, city=CITY, database_url=town.app_url, admin_url=town.admin_url)
    finally:
        asyncio.run(run(cluster.url(), f'DROP DATABASE "{name}" WITH (FORCE)'))
