"""The demo city served for real: things are committed, the clock is ours, and everything goes through HTTP."""

import base64
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from app.adapters.dialects import StandardWebhooks
from app.adapters.keys import Keys
from app.adapters.passwords import Passwords
from app.demo.seed import PARTNER, PASSWORD, SECRET
from app.dispatch.access import Appointment
from app.dispatch.book import Book
from app.main import create_app, wire
from app.models import people
from app.services.transaction import Sessions
from tests.conftest import CHEAP
from tests.partners_stored import Clock
from tests.people_stored import store_account
from tests.towns import Town

MONDAY: Final = datetime(2026, 3, 2, 1, tzinfo=UTC)
"""09:00 in the city, a working day: the windows of requests are open."""
API: Final = "/api/v1"
_TOKEN_LASTS: Final = timedelta(minutes=5)
Json = dict[str, Any]


@dataclass(slots=True)
class Served:
    """A client, the clock, the book in force, and short ways to act."""

    app: FastAPI
    client: AsyncClient
    clock: Clock
    sessions: Sessions
    town: Town
    passwords: Passwords
    tokens: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    places: list[tuple[float, float]] = field(default_factory=list)
    seen: list[tuple[str, Response]] = field(default_factory=list)
    """Who was answered what, in order."""

    @property
    def book(self) -> Book:
        current: Book = self.app.state.wired.books.current
        return current

    async def call(
        self, method: str, path: str, who: str | None = None, *, headers: Mapping[str, str] | None = None, **given: Any
    ) -> Response:
        """Send a request in somebody's name; `json`, `content`, `params` as httpx takes them."""
        sent = dict(headers or {})
        if who is not None:
            sent["Authorization"] = f"Bearer {await self.token(who)}"
        address = path if path.startswith(("/api/", "/healthz", "/readyz", "/metrics", "/docs")) else f"{API}{path}"
        answer = await self.client.request(method, address, headers=sent, **given)
        self.seen.append((who or "nobody", answer))
        return answer

    async def get(self, path: str, who: str | None = None, **given: Any) -> Response:
        return await self.call("GET", path, who, **given)

    async def post(self, path: str, who: str | None = None, body: object = None, **given: Any) -> Response:
        return await self.call("POST", path, who, json=body, **given)

    async def act(self, thing: str, subject_id: str, action: str, who: str, **body: Any) -> Json:
        """Act and expect it to work; `thing` is `reports` or `cases`."""
        answer = await self.post(f"/{thing}/{subject_id}/actions/{action}", who, body)
        assert answer.status_code == 200, (action, who, answer.text)
        found: Json = answer.json()
        return found

    async def token(self, username: str) -> str:
        """Return a token that is still good by our clock."""
        known = self.tokens.get(username)
        if known is None or not known[1] <= self.clock() < known[1] + _TOKEN_LASTS:
            form = {"grant_type": "password", "username": username, "password": PASSWORD}
            answer = await self.client.post(f"{API}/auth/token", data=form)
            assert answer.status_code == 200, answer.text
            known = self.tokens[username] = (answer.json()["access_token"], self.clock())
        return known[0]

    async def employ(self, username: str, *held: Appointment) -> UUID:
        """Store an account of ours beside those of the demo."""
        return await store_account(
            self.sessions, username, *held, password_hash=await self.passwords.hash(PASSWORD), demo=True
        )

    async def order(self, order_no: str, action: str = "create", **fields: Any) -> Response:
        """Send an event of the demo partner, signed now."""
        body = json.dumps({"order_no": order_no, "action": action, **fields}, ensure_ascii=False).encode()
        return await self.push(body)

    async def push(self, body: bytes, *, at: datetime | None = None, signature: str | None = None) -> Response:
        """Send bytes as the demo partner."""
        headers = StandardWebhooks().sign(SECRET, f"m-{uuid4()}", at or self.clock(), body)
        if signature is not None:
            headers["webhook-signature"] = signature
        headers["content-type"] = "application/json"
        return await self.call("POST", f"/hotline/{PARTNER}/orders", headers=headers, content=body)

    def place(self) -> tuple[float, float]:
        """Return a point well inside a cell in which nothing has been reported yet."""
        return self.places.pop()

    accounts: dict[str, str] = field(default_factory=dict)
    """From a unit's code to the username of its demo account."""


FORGED: Final = "v1," + base64.b64encode(bytes(32)).decode()


def location(place: tuple[float, float], **more: Any) -> Json:
    """Return a point as clients give it."""
    return {"lon": place[0], "lat": place[1], "datum": "cgcs2000", "from": "device", **more}


def report(place: tuple[float, float], **more: Any) -> Json:
    """Return an inspector's report of an event that takes four work hours."""
    return {
        "source": "inspector",
        "kind": "event",
        "category": "0110",
        "condition": 1,
        "description": "人行道上有暴露垃圾",
        "location": location(place),
        **more,
    }


@asynccontextmanager
async def served(town: Town, keys: Keys, home: Path) -> AsyncIterator[Served]:
    """Serve a seeded town."""
    settings, clock, passwords = town.settings(home), Clock(MONDAY), Passwords(CHEAP)
    engine = create_async_engine(town.app_url, pool_size=30)
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    app = create_app(settings)
    app.state.wired = wire(settings, sessions, keys, now=clock, passwords=passwords)
    await app.state.wired.books.refresh()
    transport = ASGITransport(app)
    async with AsyncClient(transport=transport, base_url="http://gridcase.test") as client:
        yield Served(
            app=app,
            client=client,
            clock=clock,
            sessions=sessions,
            town=town,
            passwords=passwords,
            accounts=await _accounts(sessions),
            places=await _places(sessions),
        )
    await engine.dispose()


async def _accounts(sessions: Sessions) -> dict[str, str]:
    held = select(people.Appointment.unit_code, people.Account.username).join(people.Account)
    held = held.where(people.Account.username.startswith("unit"))
    async with sessions() as session:
        return {unit: name for unit, name in await session.execute(held) if unit is not None}


async def _places(sessions: Sessions) -> list[tuple[float, float]]:
    """Return points inside cells that are far from each other, so that nothing looks like a duplicate."""
    inside = text(
        "SELECT ST_X(p.geom), ST_Y(p.geom) FROM (SELECT code, ST_PointOnSurface(geom) AS geom FROM cells) AS p"
        " ORDER BY p.code"
    )
    async with sessions() as session:
        found = [(lon, lat) for lon, lat in await session.execute(inside)]
    return found[::7]
