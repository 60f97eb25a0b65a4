"""A desk's batches over HTTP in one call, and what one step for three posts costs in statements."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from app.api.deps import Wired
from app.bench.clients import load, post
from app.bench.frame import Run
from app.bench.reporting import CATEGORY, Reporting
from app.dispatch import commands
from app.dispatch.access import Actor
from app.dispatch.codes import CheckResult, DisposalResult, Kind, Post
from app.services.acts import Act
from app.services.cases import Meta
from app.services.idempotency import KeyUse
from app.services.ledger import Acting

CLOSED: Final = 150
AT_ONCE: Final = 200
SECONDS_AT_MOST: Final = 2.0
STATEMENTS_AT_MOST: Final = 8.0
_OK: Final = 200
_FEWEST: Final = 4
ACCEPTED: Final[Mapping[str, object]] = {"kind": "event", "category": CATEGORY, "cases": [{"condition": 1}]}
_TO_THE_END: Final = (
    commands.Dispose(result=DisposalResult.SOLVED, public_answer="垃圾已清运，路面已冲洗"),
    commands.SendCheck(),
    commands.Check(result=CheckResult.PASS),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batches:
    """What is asked in one call, by one who holds the three posts of a desk."""

    wired: Wired
    engine: AsyncEngine
    actor: Actor
    headers: Mapping[str, str]
    where: tuple[str, int]
    reporting: Reporting
    scale: float

    def runs(self) -> Mapping[str, Run]:
        """Return the runs by name; a smaller scale is given less time."""
        return {
            "close": self.close,
            "close_limit": _constant(SECONDS_AT_MOST * self._count(CLOSED) / CLOSED),
            "at_once": self.at_once,
            "at_once_limit": _constant(SECONDS_AT_MOST * self._count(AT_ONCE) / AT_ONCE),
            "statements": self.statements,
            "statements_limit": _constant(STATEMENTS_AT_MOST),
        }

    async def close(self) -> float:
        """Return the seconds that closing takes, in one call; the cases are brought so far beforehand."""
        reports = await self._reported(self._count(CLOSED))
        done = await self.wired.acts.play([self._act("report", one, _accepting()) for one in reports])
        cases = [case for one in done for case in one.opened]
        for command in _TO_THE_END:
            for one in await self.wired.acts.play([self._act("case", case, command) for case in cases]):
                if one.error is not None:
                    raise one.error
        return await self._asked("/api/v1/cases/actions/close", cases, {})

    async def at_once(self) -> float:
        """Return the seconds that accepting, filing and dispatching reports takes, in one call."""
        reports = await self._reported(self._count(AT_ONCE))
        return await self._asked("/api/v1/reports/actions/accept_file_dispatch", reports, ACCEPTED)

    async def statements(self) -> float:
        """Return how many statements one such step takes, under a key; everything is warm."""
        warm, report = await self._reported(2)
        await self.wired.reports.act(warm, _accepting(), self.actor, Meta(key=self._key()))
        with _counted(self.engine) as sent:
            await self.wired.reports.act(report, _accepting(), self.actor, Meta(key=self._key()))
        return float(len(sent))

    async def _asked(self, path: str, ids: Sequence[UUID], body: Mapping[str, object]) -> float:
        """Send one call for all and see that each was done."""
        headers = {**self.headers, "Idempotency-Key": str(uuid4())}
        asked = post(path, {**body, "ids": [str(one) for one in ids]}, headers)
        began = time.perf_counter()
        (await load(self.where, iter([asked]), connections=1)).rate(_OK)
        seconds = time.perf_counter() - began
        await self._check(ids)
        return seconds

    async def _check(self, ids: Sequence[UUID]) -> None:
        """Raise where something did not move: a batch answers 200 whatever became of its items."""
        async with self.engine.connect() as connection:
            found = await connection.exec_driver_sql(
                "SELECT count(*) FROM (SELECT id FROM cases WHERE state = 'closed' UNION ALL"
                " SELECT id FROM reports WHERE state = 'filed') AS moved WHERE id = ANY($1::uuid[])",
                (list(ids),),
            )
            moved = found.scalar_one()
        if moved != len(ids):
            raise RuntimeError(f"{moved} of {len(ids)} were done")

    async def _reported(self, count: int) -> list[UUID]:
        incoming = [self.reporting.incoming() for _ in range(count)]
        return [one.report_id for one in await self.wired.intake.receive(incoming)]

    def _act(self, subject: str, subject_id: UUID, command: commands.Command) -> Act:
        acting = Acting(now=datetime.now(UTC), post=Post.SHIFT_LEAD, actor_id=self.actor.account_id)
        return Act(
            subject="case" if subject == "case" else "report", subject_id=subject_id, command=command, acting=acting
        )

    def _key(self) -> KeyUse:
        return KeyUse(
            scope=str(self.actor.account_id), route="accept_file_dispatch", key=str(uuid4()), body_digest=b"bench"
        )

    def _count(self, whole: int) -> int:
        return max(_FEWEST, round(whole * self.scale))


def _accepting() -> commands.AcceptFileDispatch:
    return commands.AcceptFileDispatch(
        accept=commands.Accept(kind=Kind.EVENT, category=CATEGORY),
        file=commands.File(cases=(commands.CaseWanted(condition=1),)),
        dispatch=commands.Dispatch(),
    )


@contextmanager
def _counted(engine: AsyncEngine) -> Iterator[list[str]]:
    """Collect the statements that go over an engine."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", note)


def _constant(value: float) -> Run:
    async def give() -> float:
        return value

    return give
