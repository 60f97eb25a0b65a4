"""Taking reports in: over HTTP, by the service one by one and in batches, against pgbench writing the same rows."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID, uuid4

import asyncpg

from app.adapters.keys import load_keys
from app.api.deps import Wired
from app.bench.clients import load, post
from app.bench.frame import Bench, Better, Comparison, Ground, Run
from app.bench.people import headers_of
from app.bench.pgbench import NEW_ID, Sample, inserts, needed, transactions_a_second, uuid_of
from app.bench.reporting import INSPECTOR, Reporting
from app.main import wire
from app.repositories.engine import open_engine, open_sessions
from app.services.idempotency import KeyUse

_CONNECTIONS: Final = 32
_SECONDS: Final = 3.0
_BATCH: Final = 500
_CREATED: Final = 201


@dataclass(frozen=True, slots=True, kw_only=True)
class _Intake:
    wired: Wired
    headers: Mapping[str, str]
    where: tuple[str, int]
    reporting: Reporting
    ground: Ground
    seconds: float
    limit: str = ""

    async def http(self) -> float:
        """Return reports a second over HTTP, each with a client_id and an idempotency key."""
        loaded = await load(self.where, self._requests(), connections=_CONNECTIONS, seconds=self.seconds)
        return loaded.rate(_CREATED)

    async def singles(self) -> float:
        """Return reports a second that come one by one to the service, as many at once as over HTTP."""
        until, began = time.perf_counter() + self.seconds, time.perf_counter()

        async def one_after_another() -> int:
            done = 0
            while time.perf_counter() < until:
                await self.wired.intake.receive_one(self.reporting.incoming(), _key())
                done += 1
            return done

        done = await asyncio.gather(*(one_after_another() for _ in range(_CONNECTIONS)))
        return sum(done) / (time.perf_counter() - began)

    async def batches(self) -> float:
        """Return reports a second in batches, as inspectors' devices send what they collected without a network."""
        done, began = 0, time.perf_counter()
        while time.perf_counter() < began + self.seconds:
            await self.wired.intake.receive([self.reporting.incoming() for _ in range(_BATCH)])
            done += _BATCH
        return done / (time.perf_counter() - began)

    async def pgbench(self) -> float:
        """Return reports a second by pgbench, one commit each."""
        program = needed(self.ground.pgbench)
        return await transactions_a_second(
            program, self.ground.app_dsn, [self.limit], connections=_CONNECTIONS, seconds=self.seconds
        )

    def _requests(self) -> Iterator[bytes]:
        while True:
            yield post("/api/v1/reports", self.reporting.body(), {**self.headers, "Idempotency-Key": str(uuid4())})


def _key() -> KeyUse:
    return KeyUse(scope="bench", route="create_report", key=str(uuid4()), body_digest=uuid4().bytes * 2)


async def _script(connection: asyncpg.Connection, report_id: UUID) -> str:
    """Return the limit's script: every row that one report has led to, written again under new ids."""
    new = uuid_of(NEW_ID)
    mine = Sample(table="vault", where="report_id = $1", arguments=(report_id,), fresh={"report_id": new})
    samples = (
        Sample(
            table="idempotency_keys",
            where="resource_id = $1",
            arguments=(report_id,),
            fresh={"key": NEW_ID, "resource_id": new},
        ),
        Sample(
            table="reports",
            where="id = $1",
            arguments=(report_id,),
            fresh={"id": new, "receipt_no": f"left({NEW_ID}, 14)", "client_id": new},
        ),
        Sample(table="history", where="subject_id = $1", arguments=(report_id,), fresh={"subject_id": new}),
        mine,
        replace(mine, table="report_facts"),
    )
    return await inserts(connection, samples)


@asynccontextmanager
async def _open(ground: Ground, scale: float) -> AsyncIterator[Mapping[str, Run]]:
    needed(ground.pgbench)
    settings, keys = ground.settings, load_keys(ground.settings.keys_dir)
    engine = open_engine(str(settings.database_url))
    sessions = open_sessions(engine)
    connection = await asyncpg.connect(ground.app_dsn)
    try:
        with ground.serve() as where:
            wired = wire(settings, sessions, keys)
            await wired.books.refresh()
            bench = _Intake(
                wired=wired,
                headers=await headers_of(sessions, keys, settings.city, INSPECTOR),
                where=where,
                reporting=await Reporting.on(sessions, connection),
                ground=ground,
                seconds=max(_SECONDS * scale, 0.3),
            )
            sample = await wired.intake.receive_one(bench.reporting.incoming(), _key())
            bench = replace(bench, limit=await _script(connection, sample.report_id))
            yield {"http": bench.http, "pgbench": bench.pgbench, "singles": bench.singles, "batches": bench.batches}
            await wired.intake.drain()
    finally:
        await connection.close()
        await engine.dispose()


INTAKE: Final = Bench(
    name="intake",
    about=f"{_CONNECTIONS} 个连接收案。 Reports in, {_CONNECTIONS} at once; the limit commits each of them alone.",
    comparisons=(
        Comparison(
            title="HTTP，逐件 / singles over HTTP", unit="reports/s", ours="http", limit="pgbench", better=Better.MORE
        ),
        Comparison(
            title="服务，逐件 / singles at the service",
            unit="reports/s",
            ours="singles",
            limit="pgbench",
            better=Better.MORE,
        ),
        Comparison(
            title=f"服务，每批 {_BATCH} / batches",
            unit="reports/s",
            ours="batches",
            limit="pgbench",
            better=Better.MORE,
        ),
    ),
    open=_open,
)
