"""Figures over many rounds: the service's answer against a plain SQL aggregate, written by hand, over the same rows."""

import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import asyncpg

from app.bench.frame import Bench, Better, Comparison, Ground, Run
from app.dispatch.access import Actor, Appointment
from app.dispatch.book import Book
from app.dispatch.codes import Post
from app.dispatch.figure_codes import GroupBy
from app.repositories.engine import open_engine, open_sessions
from app.services.books import Books
from app.services.figure_asking import Asked
from app.services.figures import Closure, Figures
from app.services.refold import HistoryRefold

_ROUNDS: Final = 200_000
_TIMES: Final = 5
"""As often it is asked in a round; the median counts."""

_DAYS: Final = 60
"""The rounds lie over so many days; asked is the half of them that ended last."""

_FILL: Final = """
INSERT INTO round_facts
  (case_id, round, first_recorded_at, last_recorded_at, source, kind, category, condition, handling, desk, district,
   street, community, cell_code, unit_code, started_at, filed_at, first_dispatch_at, case_to_close_at, leg_to_close_at,
   standing_disposed_at, closed_at, case_due_at, leg_due_at, end_kind, ordinary, counted, dispatched, disposed, closed,
   case_on_time, leg_on_time, accurate, recurrent, reworks, extensions, suspensions, returns)
SELECT gen_random_uuid(), 1, at, at + took, 'inspector', 'event', lpad((1 + n % 12)::text, 2, '0') || '01', 1,
       'ordinary', 'city', left(cell.code, 6), left(cell.code, 9), left(cell.code, 12), cell.code, unit.code, at, at,
       at, at + '1 day', at + '1 day', CASE WHEN n % 20 > 0 THEN at + took END,
       CASE WHEN n % 20 > 0 THEN at + took END, at + '1 day',
       at + '1 day', CASE WHEN n % 20 > 0 THEN 'done' END, TRUE, TRUE, TRUE, n % 20 > 0, n % 20 > 0, took < '1 day',
       took < '1 day', n % 25 > 0, n % 97 = 0, (n % 31 = 0)::int, (n % 17 = 0)::int,
       (n % 53 = 0)::int, (n % 41 = 0)::int
FROM generate_series(1, $1::bigint) AS n
CROSS JOIN LATERAL (SELECT $2::timestamptz - make_interval(secs => $3::float8 * n / $1) AS at,
                           make_interval(mins => (30 + (n * 7919) % 1700)::int) AS took) AS life
JOIN (SELECT code, row_number() OVER (ORDER BY code) - 1 AS place FROM cells) AS cell
  ON cell.place = (n * 104729) % (SELECT count(*) FROM cells)
JOIN (SELECT code, row_number() OVER (ORDER BY code) - 1 AS place FROM units) AS unit
  ON unit.place = (n * 31) % (SELECT count(*) FROM units)
"""

_PLAIN: Final = """
SELECT unit_code,
  count(*) FILTER (WHERE ordinary AND filed_at >= $1 AND filed_at < $2),
  count(*) FILTER (WHERE NOT ordinary AND filed_at >= $1 AND filed_at < $2),
  count(*) FILTER (WHERE dispatched AND first_dispatch_at >= $1 AND first_dispatch_at < $2),
  count(*) FILTER (WHERE dispatched AND disposed AND first_dispatch_at >= $1 AND first_dispatch_at < $2),
  count(*) FILTER (WHERE dispatched AND disposed AND case_on_time
                     AND first_dispatch_at >= $1 AND first_dispatch_at < $2),
  count(*) FILTER (WHERE dispatched AND accurate AND first_dispatch_at >= $1 AND first_dispatch_at < $2),
  count(*) FILTER (WHERE counted AND case_to_close_at >= $1 AND case_to_close_at < $2),
  count(*) FILTER (WHERE counted AND closed AND case_to_close_at >= $1 AND case_to_close_at < $2),
  count(*) FILTER (WHERE counted AND closed AND case_on_time AND case_to_close_at >= $1 AND case_to_close_at < $2),
  count(*) FILTER (WHERE counted AND disposed AND NOT closed AND case_to_close_at >= $1 AND case_to_close_at < $2),
  count(*) FILTER (WHERE counted AND NOT disposed AND NOT closed AND case_due_at <= $2
                     AND case_to_close_at >= $1 AND case_to_close_at < $2),
  count(*) FILTER (WHERE counted AND reworks > 0 AND case_to_close_at >= $1 AND case_to_close_at < $2),
  count(*) FILTER (WHERE counted AND extensions > 0 AND case_to_close_at >= $1 AND case_to_close_at < $2),
  count(*) FILTER (WHERE counted AND suspensions > 0 AND case_to_close_at >= $1 AND case_to_close_at < $2),
  count(*) FILTER (WHERE counted AND recurrent AND case_to_close_at >= $1 AND case_to_close_at < $2),
  count(*) FILTER (WHERE counted AND closed AND leg_on_time AND NOT case_on_time
                     AND case_to_close_at >= $1 AND case_to_close_at < $2),
  count(*) FILTER (WHERE reopened_at >= $1 AND reopened_at < $2),
  sum(reworks) FILTER (WHERE counted AND case_to_close_at >= $1 AND case_to_close_at < $2),
  sum(extensions) FILTER (WHERE counted AND case_to_close_at >= $1 AND case_to_close_at < $2),
  sum(suspensions) FILTER (WHERE counted AND case_to_close_at >= $1 AND case_to_close_at < $2),
  sum(returns) FILTER (WHERE counted AND case_to_close_at >= $1 AND case_to_close_at < $2)
FROM round_facts
WHERE last_recorded_at <= $2
  AND (filed_at >= $1 AND filed_at < $2 OR first_dispatch_at >= $1 AND first_dispatch_at < $2
       OR case_to_close_at >= $1 AND case_to_close_at < $2 OR reopened_at >= $1 AND reopened_at < $2)
GROUP BY unit_code
"""
_TO_CLOSE: Final = 7
"""Where `to_close` stands in a row of it."""

_EVERYWHERE: Final = Actor(
    account_id=UUID(int=0),
    username="bench",
    name="bench",
    appointments=(Appointment(post=Post.SUPERVISOR, desk="city"),),
)


class _Closing:
    def __init__(self, figures: Figures, book: Book, connection: asyncpg.Connection, now: datetime) -> None:
        self._figures = figures
        self._book = book
        self._connection = connection
        self._now = now
        self._start = now - timedelta(days=_DAYS // 2)

    async def agree(self) -> None:
        """Raise where the two sides count differently: then they may not be compared."""
        ours = {row.group.code: row.counts["to_close"] for row in (await self._asked()).rows if row.group}
        plain = {row[0]: row[_TO_CLOSE] for row in await self._plainly()}
        if ours != plain or not sum(ours.values()):
            raise RuntimeError(f"the figures differ from the plain aggregate: {ours} against {plain}")

    async def service(self) -> float:
        """Return the milliseconds of the service's answer, by unit."""
        return await _milliseconds(self._asked)

    async def plain(self) -> float:
        """Return the milliseconds of the plain aggregate."""
        return await _milliseconds(self._plainly)

    async def _asked(self) -> Closure:
        asked = Asked(start=self._start, end=self._now, group_by=GroupBy.UNIT)
        return await self._figures.closure(asked, actor=_EVERYWHERE, book=self._book, now=self._now)

    async def _plainly(self) -> list[asyncpg.Record]:
        return await self._connection.fetch(_PLAIN, self._start, self._now)


async def _milliseconds(ask: Callable[[], Awaitable[object]]) -> float:
    taken = []
    for _ in range(_TIMES):
        began = time.perf_counter()
        await ask()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken) * 1000


@asynccontextmanager
async def _open(ground: Ground, scale: float) -> AsyncIterator[Mapping[str, Run]]:
    now = datetime.now(UTC)
    admin = await asyncpg.connect(ground.admin_dsn, server_settings={"search_path": f"{ground.settings.city}, public"})
    try:
        # two days later at the latest everything has been recorded; so the newest rounds are no stale ones
        newest = now - timedelta(days=2)
        await admin.execute("TRUNCATE round_facts")
        await admin.execute(_FILL, max(500, round(_ROUNDS * scale)), newest, float(_DAYS * 86_400))
        await admin.execute("VACUUM ANALYZE round_facts")
    finally:
        await admin.close()
    engine = open_engine(str(ground.settings.database_url), pool=1)
    connection = await asyncpg.connect(ground.app_dsn)
    try:
        sessions = open_sessions(engine)
        books = Books(sessions)
        await books.refresh()
        closing = _Closing(Figures(sessions, HistoryRefold(sessions)), books.current, connection, now)
        await closing.agree()
        yield {"service": closing.service, "plain": closing.plain}
    finally:
        await connection.close()
        await engine.dispose()


CLOSURE: Final = Bench(
    name="closure",
    about=f"{_ROUNDS:,} 轮、{_DAYS} 天，问其中 30 天按单位的结案率。 Closure figures of 30 of {_DAYS} days, by unit.",
    comparisons=(
        Comparison(title="结案率 / closure figures", unit="ms", ours="service", limit="plain", better=Better.LESS),
    ),
    open=_open,
)
