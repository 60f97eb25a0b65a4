"""The real services over the real database for the state machine: people who act, and what is stored as one value."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from uuid_utils.compat import uuid7

from app.adapters.keys import Keys
from app.api.deps import Wired
from app.dispatch import commands
from app.dispatch.access import Actor, Appointment
from app.dispatch.arrival import Arrival
from app.dispatch.codes import Kind, LocationFrom, Post, Source
from app.dispatch.errors import BadInput, Conflict, GridcaseError, NotPermitted, NotVisible
from app.dispatch.points import Point
from app.dispatch.policy_book import Selectors
from app.dispatch.policy_rows import PolicyWanted
from app.main import wire
from app.repositories.engine import open_engine, open_sessions
from app.services.arrivals import Incoming
from app.services.audit import Audit
from app.services.cases import Meta
from app.services.ledger import Acting
from app.services.policies import PolicyService
from app.services.timers import Timers
from tests.brute.moves import BEGIN
from tests.partners_stored import Clock, order, signed, store_partner
from tests.people_stored import store_account
from tests.small_city import IN_WEST, UNIT_EAST, UNIT_TOP, UNIT_WEST, store_small_city
from tests.towns import Town

PARTNER: Final = "machine"
POLICIES: Final = {
    "desk_check": True,
    "recheck_share": 0,
    "redo_limit": {"value": 3, "unit": "continuous_hour"},
    "follow_up_limit": {"value": 5, "unit": "continuous_hour"},
}
"""So that due times are sums, and nothing is drawn by lot but who is sent."""
WORDS: Final = ((NotVisible, "not_visible"), (NotPermitted, "not_permitted"), (BadInput, "bad"), (Conflict, "conflict"))

_SNAPSHOT: Final = """
SELECT json_build_object(
 'cases', (SELECT json_agg(json_build_array(id, state, version, round, urges, tags, unit_code, case_due_at, leg_due_at,
    inspector_id)) FROM cases),
 'legs', (SELECT json_agg(json_build_array(case_id, round, kind, unit_code, "end", due_at) ORDER BY case_id, round,
    number) FROM legs),
 'requests', (SELECT json_agg(json_build_array(case_id, round, leg, kind, state) ORDER BY asked_at, id) FROM requests),
 'rounds', (SELECT json_agg(json_build_array(case_id, round, unit_code, first_dispatch_at, standing_disposed_at,
    closed_at, end_kind, case_due_at, counted, dispatched, disposed, closed, case_on_time, accurate, reworks,
    extensions, suspensions, returns)) FROM round_facts),
 'reports', (SELECT json_agg(json_build_array(id, state, version, verifier_id)) FROM reports),
 'links', (SELECT json_agg(json_build_array(case_id, report_id)) FROM case_reports WHERE until IS NULL),
 'told', (SELECT json_agg(json_build_array(payload->>'order_no', kind) ORDER BY id) FROM outbox),
 'timers', (SELECT json_agg(json_build_array(subject_id, kind, due_at)) FROM timers WHERE done_at IS NULL),
 'history', (SELECT json_agg(json_build_array(subject_id, n, last)) FROM (
    SELECT subject_id, count(*) AS n, max(number) AS last FROM history GROUP BY subject_id) AS h))
"""


_EMPTY: Final = (
    "TRUNCATE reports, cases, history, history_texts, outbox, timers, inbox, round_facts, report_facts CASCADE"
)


@dataclass(frozen=True, slots=True)
class Someone:
    """Who acts: the posts he holds, and for units which."""

    actor: Actor
    posts: tuple[str, ...]
    unit: str | None = None

    @property
    def id(self) -> UUID:
        return self.actor.account_id


_POSTS: Final[Sequence[tuple[tuple[str, ...], str | None]]] = (
    *(((post,), None) for post in ("operator", "shift_lead", "dispatcher", "coordinator", "supervisor")),
    (("operator", "shift_lead", "dispatcher"), None),
    *((("unit",), unit) for unit in (UNIT_WEST, UNIT_EAST, UNIT_TOP)),
    *((("inspector",), None) for _ in range(3)),
)


@dataclass(slots=True)
class RealTown:
    """The services with a clock of our own; `admin` reads what is stored, and empties the town."""

    admin: AsyncConnection
    wired: Wired
    clock: Clock
    people: list[Someone]
    orders: int = 0

    async def empty(self) -> None:
        """Forget every report and case, and what came of them."""
        self.clock.at, self.orders = BEGIN, 0
        await self.admin.execute(text(_EMPTY))

    async def receive(self, author: UUID | None) -> tuple[UUID, str | None]:
        """Bring in a report: an inspector's, or an order of the partner."""
        lon, lat = IN_WEST
        if author is None:
            self.orders += 1
            number = f"N{self.orders}"
            place = {"lon": lon, "lat": lat, "datum": "cgcs2000"}
            return await self.say(number, "create", title="扬尘", kind="event", category="0305", location=place), number
        point = Point(lon=lon, lat=lat, raw_lon=lon, raw_lat=lat, datum="cgcs2000", located_from=LocationFrom.DEVICE)
        arrival = Arrival(
            id=uuid7(),
            source=Source.INSPECTOR,
            description="路面有渣土",
            kind=Kind.EVENT,
            category="0305",
            point=point,
            account_id=author,
        )
        acting = Acting(now=self.clock.at, post=Post.INSPECTOR, actor_id=author)
        (received,) = await self.wired.intake.receive([Incoming(arrival=arrival, acting=acting)])
        return received.report_id, None

    async def say(self, order_no: str, action: str, **fields: object) -> UUID:
        """Let the partner say something about an order."""
        body = order(order_no, action, event_id=str(uuid7()), **fields)
        taken = await self.wired.hotline.take(PARTNER, signed(body, self.clock.at), body)
        return taken.report_id

    async def act(self, things: str, subject_id: UUID, command: commands.Command, who: Someone) -> str:
        """Act; return `done` or the kind of the refusal."""
        service = self.wired.cases if things == "cases" else self.wired.reports
        try:
            await service.act(subject_id, command, who.actor, Meta())
        except GridcaseError as error:
            return _word(error)
        return "done"

    async def act_on_many(self, ids: Sequence[UUID], command: commands.Command, who: Someone) -> list[str]:
        outcomes = await self.wired.cases.act_on_many(ids, command, who.actor, Meta())
        return [_word(one.error) if one.error else "done" for one in outcomes]

    async def work(self) -> None:
        """Let the worker fire what is due."""
        timers = Timers(self.wired.sessions, self.wired.acts, self.wired.now)
        while await timers.fire_due():
            pass

    async def pending(self, case_id: UUID) -> UUID | None:
        """Return the request that waits."""
        asked = text("SELECT id FROM requests WHERE case_id = :case AND state = 'pending'")
        found: UUID | None = await self.admin.scalar(asked, {"case": case_id})
        return found

    async def stored(self) -> dict[str, list[list[Any]]]:
        """Return everything that the model speaks about."""
        found = await self.admin.scalar(text(_SNAPSHOT))
        return {name: rows or [] for name, rows in (found if isinstance(found, dict) else json.loads(found)).items()}

    async def sound(self) -> None:
        """Hold every chain and everything that is derived from histories against the histories."""
        audit = Audit(self.wired.sessions)
        assert (await audit.verify(lambda _: None)).findings == []
        assert (await audit.facts(lambda _: None)).differences == []


async def _lay_down(wired: Wired) -> None:
    """Put the policies in force that the model counts on."""
    held = (Appointment(post=Post.ADMIN, desk="city"),)
    account = await store_account(wired.sessions, "admin", *held)
    admin = Actor(account_id=account, username="admin", name="admin", appointments=held)
    rows = PolicyService(wired.sessions, wired.books, wired.now)
    for policy, value in POLICIES.items():
        await rows.add(PolicyWanted(policy=policy, value=value, selectors=Selectors(), reason="x"), admin, None)


def _word(error: GridcaseError) -> str:
    found = next((word for kind, word in WORDS if isinstance(error, kind)), None)
    if found is None:
        raise error
    return found


@asynccontextmanager
async def real_town(town: Town, keys: Keys, home: Path) -> AsyncIterator[RealTown]:
    """Open a town with its people."""
    engine, admins = open_engine(town.app_url), create_async_engine(town.admin_url, isolation_level="AUTOCOMMIT")
    sessions = open_sessions(engine)
    await store_small_city(sessions)
    clock = Clock(BEGIN - timedelta(hours=1))
    wired = wire(town.settings(home), sessions, keys, now=clock)
    await wired.books.refresh()
    await _lay_down(wired)
    await store_partner(sessions, keys, PARTNER, callback_url="http://p.test")
    people = []
    for number, (posts, unit) in enumerate(_POSTS):
        held = tuple(Appointment(post=Post(post), desk="city", unit_code=unit) for post in posts)
        name = f"{'-'.join(posts)}-{number}"
        account = await store_account(sessions, name, *held)
        people.append(Someone(Actor(account_id=account, username=name, name=name, appointments=held), posts, unit))
    async with admins.connect() as admin:
        await admin.execute(text("SET search_path = test, public"))
        await admin.execute(text("SET session_replication_role = replica"))  # histories cannot be emptied otherwise
        yield RealTown(admin, wired, clock, people)
    await admins.dispose()
    await engine.dispose()
