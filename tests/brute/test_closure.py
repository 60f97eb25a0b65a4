"""Figures through the API are what a naive reading of the history gives, whatever happened and whatever is asked."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx import ASGITransport, AsyncClient
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncConnection

from app.adapters.keys import Keys
from app.adapters.tokens import Tokens
from app.demo.self_check.check import Checked, clocks, counted, due_times
from app.demo.self_check.findings import Verdict
from app.demo.self_check.questions import GROUPINGS
from app.demo.self_check.rows import Row, Subjects, known_at, load
from app.demo.self_check.stored import check_facts
from app.demo.self_check.table import NAMES, TIMES, Wanted, sums
from app.dispatch.access import Appointment
from app.dispatch.calendar import LOCAL_ZONE
from app.dispatch.codes import Post, ReworkClock
from app.dispatch.policies import DEFAULTS, Policies
from app.main import create_app, wire
from app.services.transaction import Sessions, writing
from app.settings import Settings
from tests.brute.moves import BEGIN, MOVES, Move
from tests.brute.served import Served
from tests.brute.told import Told
from tests.partners_stored import Clock
from tests.people_stored import store_account
from tests.small_city import store_small_city

PATH = "/api/v1/stats"
LIMIT = 2
"""Small, so that most counts take several pages."""


@dataclass(slots=True)
class Office:
    """Whoever asks: the services, and a client that speaks for a supervisor."""

    served: Served
    client: AsyncClient
    tokens: Tokens
    supervisor: UUID

    async def get(self, what: str, params: Mapping[str, Any]) -> Any:
        token = self.tokens.sign(self.supervisor, 0, self.served.clock.at)
        headers = {"Authorization": f"Bearer {token}"}
        answer = await self.client.get(f"{PATH}/{what}", params=params, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def length(self, count: str, params: Mapping[str, Any], limit: int) -> int:
        """Return how many things all pages list; each of them once."""
        found, asked = [], {**params, "count": count, "limit": limit}
        while True:
            page = await self.get("cases", asked)
            assert len(page["items"]) <= limit
            found += [(i["report_id"], i["case_id"], i["round"], i["leg"]) for i in page["items"]]
            if page["next"] is None:
                assert len(set(found)) == len(found)
                return len(found)
            asked["after"] = page["next"]


@pytest.fixture
async def office(settings: Settings, sessions: Sessions, keys: Keys) -> AsyncIterator[Office]:
    await store_small_city(sessions)
    inspectors = [
        await store_account(sessions, f"inspector-{n}", Appointment(post=Post.INSPECTOR, desk="city")) for n in (1, 2)
    ]
    supervisor = await store_account(sessions, "supervisor", Appointment(post=Post.SUPERVISOR, desk="city"))
    clock, app = Clock(BEGIN), create_app(settings)
    wired = app.state.wired = wire(settings, sessions, keys, now=clock)
    await wired.books.refresh()
    async with AsyncClient(transport=ASGITransport(app), base_url="http://gridcase.test") as client:
        yield Office(
            served=Served(wired=wired, clock=clock, second=inspectors[1]),
            client=client,
            tokens=Tokens(keys.token, settings.city),
            supervisor=supervisor,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A question, its instants still numbers into those there are in a history."""

    edges: tuple[int, int]
    as_of: int | None
    clock: str
    cohort: str
    group_by: str | None
    carry_over: bool
    drilled: Sequence[str]
    """The counts whose things are listed as well."""

    def asked(self, pool: Sequence[datetime], now: datetime) -> Wanted:
        first, second = (pool[n % len(pool)] for n in self.edges)
        start, end = min(first, second), max(first, second)
        return Wanted(
            start=start,
            end=end if end > start else start + timedelta(days=1),
            as_of=now if self.as_of is None else min(pool[self.as_of % len(pool)], now),
            clock=self.clock,
            cohort=self.cohort,
            group_by=self.group_by,
            carry_over=self.carry_over,
        )


WISHES = st.builds(
    Wish,
    edges=st.just((0, -1)) | st.tuples(st.integers(0, 99), st.integers(0, 99)),
    as_of=st.none() | st.integers(0, 99),
    clock=st.sampled_from(["case", "leg"]),
    cohort=st.sampled_from(["event", "event", "filed"]),
    group_by=st.sampled_from(GROUPINGS),
    carry_over=st.booleans(),
    drilled=st.lists(st.sampled_from(NAMES), min_size=3, max_size=3, unique=True),
)


def instants(rows: Sequence[Row], now: datetime) -> list[datetime]:
    """Return what may be asked about: midnights around the history, its steps and due times, and a moment beside."""
    local = BEGIN.astimezone(LOCAL_ZONE).replace(hour=0, minute=0)
    days = [local + timedelta(days=n) for n in range((now - BEGIN).days + 3)]
    dues = [due for row in rows for name in ("case", "leg_clock") if (due := row.instant(name, "due_at"))]
    steps = [row.at for row in rows]
    beside = [one + timedelta(microseconds=1) for one in (*dues, *steps)]
    return sorted({*days, *dues, *steps, *beside})


async def agrees(office: Office, subjects: Subjects, asked: Wanted, drilled: Sequence[str]) -> None:
    """Hold one answer against the count by hand, its rows against their total, each count against its drill-down."""
    params = {
        "from": asked.start.isoformat(),
        "to": asked.end.isoformat(),
        "as_of": asked.as_of.isoformat(),
        "clock": asked.clock,
        "cohort": asked.cohort,
        "carry_over": asked.carry_over,
    } | ({"group_by": asked.group_by} if asked.group_by else {})
    answer = await office.get("closure", params)
    found = {(_group(row), name): n for row in answer["rows"] for name, n in _sums(row)}
    verdict = Verdict()
    parents = {code: unit.parent_code for code, unit in office.served.wired.books.current.units.items()}
    ticks = list(counted(known_at(subjects, asked.as_of), parents, asked.clock, asked.as_of, verdict))
    expected = sums(ticks, asked)
    assert verdict.findings == []
    assert {key: n for key, n in found.items() if n} == expected
    added: Counter[str] = Counter()
    for (_, name), number in found.items():
        added[name] += number
    total = dict(_sums(answer["total"]))
    assert set(total) == {*NAMES, *TIMES}
    assert total == {name: added[name] for name in total}
    for name in drilled:
        assert await office.length(name, params, limit=LIMIT) == total[name], name


def _group(row: Mapping[str, Any]) -> tuple[str, str | None] | None:
    return (row["group"]["code"], row["group"]["kind"]) if row["group"] else None


def _sums(row: Mapping[str, Any]) -> list[tuple[str, int]]:
    return [*row["counts"].items(), *row["times"].items()]


POLICIES = st.builds(
    replace,
    st.just(DEFAULTS),
    rework_clock=st.sampled_from(ReworkClock),
    extension_moves_case=st.booleans(),
)


@asynccontextmanager
async def undone(sessions: Sessions) -> AsyncIterator[None]:
    """Take back all that happens inside."""
    connection = sessions.kw["bind"]
    assert isinstance(connection, AsyncConnection)
    inner = await connection.begin_nested()
    try:
        yield
    finally:
        await inner.rollback()


async def answers_agree(office: Office, wishes: Sequence[Wish], policies: Policies = DEFAULTS) -> None:
    """Ask everything, and note for `--hypothesis-show-statistics` what has happened."""
    wired, now = office.served.wired, office.served.clock.at
    subjects = await load(wired.sessions)
    await dues_agree(Checked(sessions=wired.sessions, book=wired.books.current, now=now, policies=policies), subjects)
    rows = [row for told in subjects.values() for row in told]
    pool = instants(rows, now)
    for wish in wishes:
        await agrees(office, subjects, wish.asked(pool, now), wish.drilled)
    for action in {row.action for row in rows}:
        event(action)


async def dues_agree(city: Checked, subjects: Subjects) -> None:
    """Hold every due time against the one that follows from the steps."""
    verdict = Verdict()
    dues = due_times(subjects, await clocks(city, subjects), city.policies, verdict)
    assert verdict.findings == []
    await check_facts(city.sessions, dues, verdict)
    assert verdict.findings == []


async def tell(office: Office, told: Told, moves: Sequence[Move], wishes: Sequence[Wish]) -> None:
    sessions = office.served.wired.sessions
    async with undone(sessions):
        told.live(moves)
        office.served.clock.at = told.now
        async with writing(sessions) as session:
            await told.store(session)
        await answers_agree(office, wishes, told.policies)


def told(office: Office, policies: Policies) -> Told:
    return Told(calendar=office.served.wired.books.current.calendar, policies=policies)


quiet = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # to make a history smaller takes minutes; do it by hand
)
FEW = st.lists(WISHES, min_size=4, max_size=5)
MANY = st.lists(WISHES, min_size=4, max_size=8)


@settings(quiet, max_examples=120)
@given(
    moves=st.lists(MOVES, min_size=24, max_size=80), policies=POLICIES, wishes=st.lists(WISHES, min_size=2, max_size=3)
)
async def test_the_table_is_what_the_history_says(
    office: Office, moves: list[Move], policies: Policies, wishes: list[Wish]
) -> None:
    await tell(office, told(office, policies), moves, wishes)


@pytest.mark.slow
@settings(quiet, max_examples=1000)
@given(
    moves=st.lists(MOVES, min_size=30, max_size=200), policies=POLICIES, wishes=st.lists(WISHES, min_size=4, max_size=8)
)
async def test_long_histories_agree_too(
    office: Office, moves: list[Move], policies: Policies, wishes: list[Wish]
) -> None:
    await tell(office, told(office, policies), moves, wishes)


@pytest.mark.slow
@settings(quiet, max_examples=100)
@given(moves=st.lists(MOVES, min_size=30, max_size=80), wishes=MANY)
async def test_what_the_services_wrote_agrees_too(office: Office, moves: list[Move], wishes: list[Wish]) -> None:
    async with undone(office.served.wired.sessions):
        office.served.clock.at = BEGIN
        await office.served.live(moves)
        await answers_agree(office, wishes)
