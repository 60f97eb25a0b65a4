"""Steps of cases over HTTP: units sign and dispose, against pgbench writing the same rows."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid4

import asyncpg
from sqlalchemy import insert
from uuid_utils.compat import uuid7

from app.adapters.keys import load_keys
from app.api.deps import Wired
from app.bench.batches import ACCEPTED, AT_ONCE, CLOSED, Batches
from app.bench.clients import load, post
from app.bench.frame import Bench, Better, Comparison, Ground, Run
from app.bench.people import account_id, headers_of
from app.bench.pgbench import NEW_ID, NEW_NUMBER, Sample, inserts, needed, transactions_a_second, update
from app.bench.reporting import Reporting
from app.dispatch.access import Actor
from app.dispatch.codes import Post
from app.main import wire
from app.models import people
from app.repositories.accounts import AccountRepository
from app.repositories.engine import open_engine, open_sessions
from app.services.transaction import Sessions, reading, writing

_CONNECTIONS: Final = 16
_CASES: Final = 300
_A_CALL: Final = 100
_SAMPLES: Final = 40
_SECONDS: Final = 3.0
_OK: Final = 200
_WHO: Final = "bench"
_CASES_OF: Final = "SELECT case_id FROM case_reports WHERE report_id = ANY($1::uuid[])"
_STEPS: Final[Mapping[str, Mapping[str, Any]]] = {
    "sign": {"note": "已派两人前往"},
    "dispose": {"result": "solved", "public_answer": "垃圾已清运，路面已冲洗"},
}
_CHANGED: Final = (
    *("state", "round", "handling", "kind", "category", "condition", "tags", "attention", "flags", "unit_code"),
    *("unit_codes", "case_due_at", "leg_due_at", "updated_at", "version"),
)
"""The columns of a case that a step sets; `updated_at` is new every time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Acting:
    wired: Wired
    headers: Mapping[str, str]
    where: tuple[str, int]
    reporting: Reporting
    connection: asyncpg.Connection
    ground: Ground
    scale: float
    scripts: Sequence[str] = ()

    async def http(self) -> float:
        """Return steps a second; the cases are made beforehand."""
        cases, done, seconds = await self.dispatched(max(4, round(_CASES * self.scale))), 0, 0.0
        for action in _STEPS:
            loaded = await load(self.where, self._asking(cases, action), connections=_CONNECTIONS)
            loaded.rate(_OK)
            done, seconds = done + len(cases), seconds + loaded.seconds
        return done / seconds

    async def pgbench(self) -> float:
        """Return transactions a second that write what such steps write."""
        return await transactions_a_second(
            needed(self.ground.pgbench),
            self.ground.app_dsn,
            self.scripts,
            connections=_CONNECTIONS,
            seconds=max(1.0, _SECONDS * self.scale),
        )

    async def written(self) -> list[str]:
        """Return what steps of some cases really wrote, as scripts that write it again."""
        cases, scripts = await self.dispatched(max(4, round(_SAMPLES * self.scale))), []
        for action in _STEPS:
            await load(self.where, self._asking(cases, action), connections=1)
            scripts += [await _script(self.connection, case_id) for case_id in cases]
        return scripts

    async def dispatched(self, count: int) -> list[UUID]:
        """Return new cases, each at a unit that has not signed yet."""
        incoming = [self.reporting.incoming() for _ in range(count)]
        received = [one.report_id for one in await self.wired.intake.receive(incoming)]
        parts = [received[first : first + _A_CALL] for first in range(0, count, _A_CALL)]
        path = "/api/v1/reports/actions/accept_file_dispatch"
        requests = (post(path, {**ACCEPTED, "ids": [str(one) for one in part]}, self.headers) for part in parts)
        (await load(self.where, requests, connections=2)).rate(_OK)
        cases = [row["case_id"] for row in await self.connection.fetch(_CASES_OF, received)]
        if len(cases) != count:
            raise RuntimeError(f"{len(cases)} cases of {count} reports")
        return cases

    def _asking(self, cases: Sequence[UUID], action: str) -> Iterator[bytes]:
        for case_id in cases:
            headers = {**self.headers, "Idempotency-Key": str(uuid4())}
            yield post(f"/api/v1/cases/{case_id}/actions/{action}", _STEPS[action], headers)


async def _script(connection: asyncpg.Connection, case_id: UUID) -> str:
    """Return what the last step of a case wrote, to be written again under other numbers."""
    mine = Sample(table="round_facts", where="case_id = $1", arguments=(case_id,), key=("case_id", "round"))
    last = "subject_id = $1 AND number = (SELECT max(number) FROM history WHERE subject_id = $1)"
    step = Sample(table="history", where=last, arguments=(case_id,), fresh={"number": NEW_NUMBER})
    key = Sample(
        table="idempotency_keys",
        where="resource_id = $1 ORDER BY created_at DESC LIMIT 1",
        arguments=(case_id,),
        fresh={"key": NEW_ID},
    )
    case = Sample(
        table="cases",
        where="id = $1",
        arguments=(case_id,),
        key=("id",),
        only=_CHANGED,
        fresh={"updated_at": "clock_timestamp()"},
    )
    timers = f"UPDATE timers SET done_at = now() WHERE subject_id = '{case_id}' AND kind = 'none' AND done_at IS NULL;"  # noqa: S608  # an id
    written = (key, mine, replace(mine, table="legs", key=("case_id", "round", "number")), step)
    texts = replace(step, table="history_texts")
    return "\n".join([await inserts(connection, (*written, texts)), await update(connection, case), timers])


async def _who(sessions: Sessions) -> Actor:
    async with reading(sessions) as session:
        standing = await AccountRepository(session).standing(await account_id(sessions, _WHO))
    if standing is None:
        raise RuntimeError("the benchmark's account is gone")
    return standing.actor


def _kept(title: str, unit: str, name: str) -> Comparison:
    return Comparison(title=title, unit=unit, ours=name, limit=f"{name}_limit", better=Better.LESS, goal=1)


async def _employ(sessions: Sessions, connection: asyncpg.Connection) -> None:
    """Store an account that holds every post a benchmark's steps need."""
    own_id, now = uuid7(), datetime.now(UTC)
    account = people.Account(
        id=own_id,
        username=_WHO,
        name=_WHO,
        password_hash="",
        active=True,
        demo=False,
        epoch=0,
        failed_sign_ins=0,
        locked_until=None,
        created_at=now,
    )
    units = [row["code"] for row in await connection.fetch("SELECT code FROM units ORDER BY code")]
    held = [(post_, None) for post_ in (Post.OPERATOR, Post.SHIFT_LEAD, Post.DISPATCHER)]
    posts = [
        {"id": uuid7(), "account_id": own_id, "post": post_, "desk": "city", "region_code": None, "unit_code": unit}
        for post_, unit in (*held, *((Post.UNIT, unit) for unit in units))
    ]
    async with writing(sessions) as session:
        session.add(account)
        await session.flush()
        await session.execute(insert(people.Appointment), posts)


@asynccontextmanager
async def _open(ground: Ground, scale: float) -> AsyncIterator[Mapping[str, Run]]:
    needed(ground.pgbench)
    settings, keys = ground.settings, load_keys(ground.settings.keys_dir)
    engine = open_engine(str(settings.database_url))
    sessions = open_sessions(engine)
    connection = await asyncpg.connect(ground.app_dsn)
    try:
        await _employ(sessions, connection)
        with ground.serve() as where:
            wired = wire(settings, sessions, keys)
            await wired.books.refresh()
            acting = _Acting(
                wired=wired,
                headers=await headers_of(sessions, keys, settings.city, _WHO),
                where=where,
                reporting=await Reporting.on(sessions, connection),
                connection=connection,
                ground=ground,
                scale=scale,
            )
            acting = replace(acting, scripts=await acting.written())
            batches = Batches(
                wired=wired,
                engine=engine,
                actor=await _who(sessions),
                headers=acting.headers,
                where=where,
                reporting=acting.reporting,
                scale=scale,
            )
            yield {"http": acting.http, "pgbench": acting.pgbench, **batches.runs()}
    finally:
        await connection.close()
        await engine.dispose()


ACTIONS: Final = Bench(
    name="actions",
    about=f"{_CONNECTIONS} 个连接签收、处置；批量办理。 Steps over {_CONNECTIONS} connections; batches in one call.",
    comparisons=(
        Comparison(
            title="签收、处置 / sign, dispose over HTTP",
            unit="steps/s",
            ours="http",
            limit="pgbench",
            better=Better.MORE,
            goal=0.15,
        ),
        _kept(f"一次调用结案 {CLOSED} 件 / {CLOSED} cases closed in one call", "s", "close"),
        _kept(f"一次调用受理立案派遣 {AT_ONCE} 件 / {AT_ONCE} reports accepted, filed, dispatched", "s", "at_once"),
        _kept("受理立案派遣的语句数 / statements of accept_file_dispatch", "statements", "statements"),
    ),
    open=_open,
)
