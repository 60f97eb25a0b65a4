"""Ask several processes of one city at a steady rate while sets come into force, and hold every answer to its version.

What a version says is worked out here, from rows of our own and a pure rule book, never asked of the service.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import cycle
from typing import Any, Final
from uuid import UUID, uuid4

import asyncpg
from httpx import AsyncClient

from app.adapters.keys import Keys
from app.adapters.tokens import Tokens
from app.dispatch.access import Appointment
from app.dispatch.codes import Kind, Post, Scope
from app.dispatch.responsibility import Matter, Place, Rule, Unit
from app.dispatch.routing import RuleBook
from app.dispatch.set_codes import SetKind
from app.repositories.hints import LISTENS
from app.services.transaction import Sessions
from tests.people_stored import store_account
from tests.sets_stored import rule, store_draft
from tests.small_city import (
    DISTRICT,
    EAST,
    EAST_CELL,
    IN_EAST,
    IN_WEST,
    UNIT_EAST,
    UNIT_TOP,
    UNIT_WEST,
    WEST,
    WEST_CELL,
)
from tests.towns import CITY

FOLLOWED_WITHIN: Final = timedelta(seconds=2)
_UNITS: Final = (UNIT_WEST, UNIT_EAST, UNIT_TOP)
_MATTER: Final = Matter(kind=Kind.EVENT, major="03", minor="05", condition=1)
_NOON: Final = datetime(2026, 6, 1, tzinfo=UTC)
_SPOTS: Final = (
    (IN_WEST, Place(cell_code=WEST_CELL, zones={}, street=WEST, district=DISTRICT)),
    (IN_EAST, Place(cell_code=EAST_CELL, zones={}, street=EAST, district=DISTRICT)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request and what came back; instants by this machine's clock."""

    client: int
    sent_at: datetime
    status: int
    spot: int
    unit_code: str | None
    rule_id: str | None
    rules: int
    book: int


@dataclass(slots=True)
class Load:
    """The processes, who asks, what is expected of each version, and everything that was answered."""

    clients: Sequence[AsyncClient]
    sessions: Sessions
    headers: dict[str, str]
    books: dict[int, RuleBook]
    answered: list[Asked] = field(default_factory=list)
    bad: list[str] = field(default_factory=list)
    since: dict[int, datetime] = field(default_factory=dict)
    """From when each version was in force for certain: its activation was answered, or its instant came."""
    scheduled: list[int] = field(default_factory=list)

    @classmethod
    async def of(cls, clients: Sequence[AsyncClient], sessions: Sessions, keys: Keys) -> "Load":
        """Store an account that may ask, report and activate; the small city is in force with version 1."""
        posts = [Appointment(post=post, desk="city") for post in (Post.ADMIN, Post.INSPECTOR)]
        account = await store_account(sessions, f"load-{uuid4()}", *posts)
        token = Tokens(keys.token, CITY).sign(account, 0, datetime.now(UTC))
        first = [rule("r1", UNIT_WEST, Scope.STREET, WEST), rule("r2", UNIT_EAST, Scope.STREET, EAST)]
        return cls(clients, sessions, {"Authorization": f"Bearer {token}"}, {1: _compiled(first)})

    async def draft(self) -> UUID:
        """Store the rules of the next version, which name other units than those before."""
        version = len(self.books) + 1
        west, east = _UNITS[version % 3], _UNITS[(version + 1) % 3]
        rows = [rule(f"v{version}w", west, Scope.STREET, WEST), rule(f"v{version}e", east, Scope.STREET, EAST)]
        self.books[version] = _compiled(rows)
        return await store_draft(self.sessions, SetKind.RULES, rows)

    async def activate(self, draft: UUID, at: datetime | None = None) -> None:
        """Put the newest version in force through the API."""
        version, body = len(self.books), {"from": at.isoformat() if at else None}
        path = f"/api/v1/admin/sets/{draft}/activate"
        answer = await self.clients[version % len(self.clients)].post(path, json=body, headers=self.headers)
        assert answer.status_code == 200, answer.text
        assert answer.json()["sets"][0]["version"] == version
        self.since[version] = at or datetime.now(UTC)
        if at is not None:
            self.scheduled.append(version)

    async def run(self, per_second: int, until: asyncio.Event) -> None:
        """Send requests at a steady rate, whatever the answers take, until told to stop."""
        loop, running, begin = asyncio.get_running_loop(), set[asyncio.Task[None]](), asyncio.get_running_loop().time()
        for number, client in enumerate(cycle(range(len(self.clients)))):
            if until.is_set():
                break
            await asyncio.sleep(max(0.0, begin + number / per_second - loop.time()))
            task = asyncio.create_task(
                self._report(client, number) if number % 4 == 0 else self._explain(client, number)
            )
            running.add(task)
            task.add_done_callback(running.discard)
        await asyncio.gather(*running)

    async def _explain(self, client: int, number: int) -> None:
        (lon, lat), _ = _SPOTS[number % 2]
        params: dict[str, Any] = {"lon": lon, "lat": lat, "kind": "event", "category": "0305", "condition": 1}
        call = self.clients[client].get("/api/v1/dispatch/explain", params=params, headers=self.headers)
        await self._note(client, number % 2, call, lambda body: body)

    async def _report(self, client: int, number: int) -> None:
        (lon, lat), _ = _SPOTS[number % 2]
        body = {
            "source": "inspector",
            "kind": "event",
            "category": "0305",
            "condition": 1,
            "description": "路面有渣土",
            "location": {"lon": lon, "lat": lat, "datum": "cgcs2000", "from": "by_hand"},
            "client_id": str(uuid4()),
        }
        call = self.clients[client].post("/api/v1/reports", json=body, headers=self.headers)
        await self._note(client, number % 2, call, lambda body: body["routing"])

    async def _note(
        self, client: int, spot: int, call: Awaitable[Any], pick: Callable[[dict[str, Any]], dict[str, Any]]
    ) -> None:
        sent_at = datetime.now(UTC)
        try:
            answer = await call
        except Exception as error:  # noqa: BLE001  # whatever kept a request from being answered counts against us
            self.bad.append(repr(error))
            return
        if not answer.is_success:
            self.bad.append(f"{answer.status_code} {answer.text}")
            return
        told = pick(answer.json())
        self.answered.append(
            Asked(
                client=client,
                sent_at=sent_at,
                status=answer.status_code,
                spot=spot,
                unit_code=told["unit_code"],
                rule_id=told["rule_id"],
                rules=told["versions"]["rules"],
                book=told["versions"]["book"],
            )
        )

    def wrong(self) -> list[str]:
        """Return every answer that is not what the version it names says, or names one of two for one book number."""
        found, numbers = [], dict[int, int]()
        for one in self.answered:
            decision = self.books[one.rules].decide(_SPOTS[one.spot][1], _MATTER, _NOON)
            if (one.unit_code, one.rule_id) != (decision.unit_code, decision.rule_id):
                found.append(f"{one} should be {decision.unit_code} {decision.rule_id}")
            if numbers.setdefault(one.book, one.rules) != one.rules:
                found.append(f"{one} but book {one.book} had rules {numbers[one.book]}")
        return found

    def late(self, version: int, grace: timedelta) -> list[Asked]:
        """Return the answers to requests sent so long after a version came into force that still name an older one."""
        since = self.since[version] + grace
        return [one for one in self.answered if one.sent_at >= since and one.rules < version]


async def cut_listeners(dsn: str) -> int:
    """Cut every connection that listens for hints; return how many there were."""
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name = $1",
            LISTENS,
        )
    finally:
        await connection.close()
    return len(rows)


def _compiled(rows: Sequence[dict[str, Any]]) -> RuleBook:
    return RuleBook.compile([Rule(**row) for row in rows], [Unit(code=one, name=one) for one in _UNITS], [], [])
