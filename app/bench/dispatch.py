"""Dispatch over a large city: 100,000 irregular cells, 21,000 zones, 20,000 rules; each figure beside its limit."""

import asyncio
import json
import statistics
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import Final
from urllib.request import Request, urlopen
from uuid import UUID

import asyncpg
import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select, text

from app.adapters.keys import load_keys
from app.bench.clients import load, post
from app.bench.dispatch_city import SEED, BigCity, build
from app.bench.dispatch_stored import BEGIN, DAYS, file_cases, in_force
from app.bench.frame import Bench, Better, Comparison, Ground, Run
from app.bench.people import headers_of
from app.bench.worker_memory import memory_mib
from app.dispatch.book import Book
from app.dispatch.case_life import Spot
from app.dispatch.coverage import conditions_of, prove
from app.dispatch.grid import CellIndex
from app.dispatch.policies import DEFAULTS
from app.dispatch.rehearsal import Rehearsal
from app.dispatch.responsibility import Matter
from app.dispatch.routing import RuleBook
from app.dispatch.set_codes import SetKind
from app.repositories.engine import open_engine, open_sessions
from app.services.books import Books
from app.services.rehearsals import replay
from app.services.transaction import Sessions

_SIDE: Final = 320
_RULES: Final = 20_000
_ASKED: Final = 5_000
_QUERIES: Final = 1_000
_IN_BULK: Final = 200_000
_EXPLAINED: Final = 10_000
_CASES: Final = 1_000_000
_CHANGED: Final = 50  # one rule in so many names another unit in the draft that is rehearsed
_OK: Final = 200
_TRIES: Final = 240
_WHO: Final = "supervisor01"

_QUERY: Final = """
SELECT code FROM cells WHERE set_id = $3 AND ST_Covers(geom, ST_SetSRID(ST_MakePoint($1, $2), 4490))
ORDER BY code LIMIT 1
"""

LIMITS: Final[Mapping[str, float]] = {
    "locate": 15.0,
    "decide": 60.0,
    "bulk": 400_000.0,
    "build": 5.0,
    "explain": 1.0,
    "memory": 400.0,
    "proof": 15.0,
    "rehearsal": 60.0,
}
"""What each figure must keep; a run of its own gives it, so that it stands beside ours."""

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dispatching:
    """The large city in force, and points, matters and cases in it."""

    ground: Ground
    scale: float
    city: BigCity
    book: Book
    draft: Book
    ids: Mapping[SetKind, UUID]
    points: Points
    asked: Sequence[tuple[Spot, Matter]]
    archive: Sessions
    connection: asyncpg.Connection
    where: tuple[str, int]
    headers: Mapping[str, str]

    async def locate(self) -> float:
        """Return the median of single look-ups in µs."""
        locate, taken, clock = self.book.cells.locate, [], time.perf_counter_ns
        for lon, lat in self.points[: self._some(_ASKED)].tolist():
            began = clock()
            locate(lon, lat)
            taken.append(clock() - began)
        return statistics.median(taken) / 1000

    async def query(self) -> float:
        """Return the median of the same, asked of PostGIS one by one through the driver, in µs."""
        asked, taken, clock = await self.connection.prepare(_QUERY), [], time.perf_counter_ns
        for lon, lat in self.points[: self._some(_QUERIES)].tolist():
            began = clock()
            await asked.fetchval(lon, lat, self.ids[SetKind.CELLS])
            taken.append(clock() - began)
        return statistics.median(taken) / 1000

    async def decide(self) -> float:
        """Return the median of single decisions, with all that was considered, in µs."""
        decide, taken, clock = self.book.decide, [], time.perf_counter_ns
        for spot, matter in self.asked:
            began = clock()
            decide(spot, matter, BEGIN)
            taken.append(clock() - began)
        return statistics.median(taken) / 1000

    async def bulk(self) -> float:
        """Return points a second, all at once."""
        began = time.perf_counter()
        self.book.cells.locate_many(self.points)
        return len(self.points) / (time.perf_counter() - began)

    async def build(self) -> float:
        """Return the seconds in which the index of the cells is built."""
        began = time.perf_counter()
        CellIndex.build(self.city.cells)
        return time.perf_counter() - began

    async def explain(self) -> float:
        """Return the seconds of one request that asks to explain 10,000 points."""
        points = self.points[: self._some(_EXPLAINED)].tolist()
        items = [
            {
                "lon": lon,
                "lat": lat,
                "kind": matter.kind,
                "category": matter.major + matter.minor,
                "condition": matter.condition,
            }
            for (lon, lat), (_, matter) in zip(points, self._cycled(len(points)), strict=True)
        ]
        request = post("/api/v1/dispatch/explain", {"items": items}, self.headers)
        loaded = await load(self.where, iter([request]), connections=1)
        loaded.rate(_OK)
        return loaded.seconds

    async def memory(self) -> float:
        """Return the MiB of a worker that holds this city."""
        return await memory_mib(str(self.ground.settings.database_url))

    async def proof(self) -> float:
        """Return the seconds of a whole coverage proof; raise where it is not complete, as this city is."""
        began = time.perf_counter()
        found = await asyncio.to_thread(prove, self.book, BEGIN)
        if not found.complete:
            raise RuntimeError(f"not complete: {found.counts}")
        return time.perf_counter() - began

    async def rehearsal(self) -> float:
        """Return the seconds in which a year's cases are replayed, from the database to the sums."""
        began = time.perf_counter()
        play = Rehearsal(self.book, self.draft, tolerance_m=DEFAULTS.snap_tolerance_m)
        async with self.archive() as session:
            await replay(session, play, BEGIN, BEGIN + timedelta(days=DAYS), self.book.catalogue.edition)
        taken = time.perf_counter() - began
        found = play.outcome()
        if found.cases != self._some(_CASES) or not found.moved_count:
            raise RuntimeError(f"{found.cases} cases, {found.moved_count} of which change hands")
        return taken

    def _some(self, count: int) -> int:
        return max(20, round(count * self.scale))

    def _cycled(self, count: int) -> Sequence[tuple[Spot, Matter]]:
        return [self.asked[number % len(self.asked)] for number in range(count)]


@asynccontextmanager
async def _open(ground: Ground, scale: float) -> AsyncIterator[Mapping[str, Run]]:
    engine, apart = (
        open_engine(str(ground.settings.database_url), pool=1),
        open_engine(str(ground.settings.admin_url), pool=1),
    )
    sessions, archive = open_sessions(engine), open_sessions(apart)
    connection = await asyncpg.connect(ground.app_dsn)
    city = build(side=max(20, round(_SIDE * scale**0.5) // 10 * 10), rules=max(50, round(_RULES * scale)))
    try:
        async with in_force(sessions, city) as ids:
            books = Books(sessions)
            await books.refresh()
            book = books.current
            conditions = conditions_of(book)
            points = _anywhere(book.cells, max(20, round(_IN_BULK * scale)))
            low, high = points.min(axis=0).tolist(), points.max(axis=0).tolist()
            async with archive() as session:  # the pool's only connection: it sees its own cases from now on
                count, path = max(20, round(_CASES * scale)), await connection.fetchval("SHOW search_path")
                await session.execute(select(func.set_config("search_path", path, False)))  # SQL's own
                await session.execute(text("ANALYZE cells"))
                await file_cases(session, count, ids[SetKind.CATALOGUE], len(conditions), (*low, *high))
                await session.commit()
            headers = await headers_of(sessions, load_keys(ground.settings.keys_dir), ground.settings.city, _WHO)
            with ground.serve() as where:
                running = _Dispatching(
                    ground=ground,
                    scale=scale,
                    city=city,
                    book=book,
                    draft=_drafted(book, city),
                    ids=ids,
                    points=points,
                    asked=_asked(book, points[: max(20, round(_ASKED * scale))], conditions),
                    archive=archive,
                    connection=connection,
                    where=where,
                    headers=headers,
                )
                await _served(running)
                yield {**_runs(running), **{_limit(name): _constant(value) for name, value in LIMITS.items()}}
    finally:
        await connection.close()
        await engine.dispose()
        await apart.dispose()


def _runs(running: _Dispatching) -> dict[str, Run]:
    return {name: getattr(running, name) for name in ("query", *LIMITS)}


async def _served(running: _Dispatching) -> None:
    """Wait until the server has taken the large city over from the demo's."""
    lon, lat = running.points[0].tolist()
    address = "http://{}:{}/api/v1/dispatch/locate?lon={}&lat={}".format(*running.where, lon, lat)
    request = Request(address, headers=dict(running.headers))  # noqa: S310 - our own server
    for _ in range(_TRIES):
        with await asyncio.to_thread(urlopen, request) as answer:
            if json.load(answer)["versions"]["cells"] == running.book.versions["cells"]:
                return
        await asyncio.sleep(0.5)
    raise RuntimeError("the server does not follow")


def _anywhere(cells: CellIndex, count: int) -> Points:
    """Return points inside cells, most of them well inside."""
    chance = np.random.default_rng(SEED)
    shapes = cells.shapes()
    chosen = shapes[chance.integers(len(shapes), size=count)]
    boxes = np.array([shape.bounds for shape in chosen])
    points: Points = boxes[:, :2] + (boxes[:, 2:] - boxes[:, :2]) * chance.uniform(0.3, 0.7, (count, 2))
    return points


def _asked(book: Book, points: Points, conditions: Sequence[Matter]) -> list[tuple[Spot, Matter]]:
    chance = Random(SEED)  # noqa: S311 - questions of a benchmark
    placed = [book.locate(lon, lat, BEGIN, tolerance_m=DEFAULTS.snap_tolerance_m).spot for lon, lat in points.tolist()]
    return [(spot, chance.choice(conditions)) for spot in placed]


def _drafted(book: Book, city: BigCity) -> Book:
    """Return a book in which some rules name another unit."""
    other = max(unit.code for unit in city.units)
    rules = [
        replace(rule, unit_code=other) if number % _CHANGED == 0 else rule for number, rule in enumerate(city.rules)
    ]
    return replace(book, rules=RuleBook.compile(rules, city.units, city.zones, city.takes))


def _limit(name: str) -> str:
    return f"{name}_limit"


def _constant(value: float) -> Run:
    async def give() -> float:
        return value

    return give


def _kept(title: str, unit: str, name: str, better: Better = Better.LESS) -> Comparison:
    return Comparison(title=title, unit=unit, ours=name, limit=_limit(name), better=better, goal=1)


DISPATCH: Final = Bench(
    name="dispatch",
    about="100,000 个不规则网格、2.1 万地块、2 万条规则。 100,000 irregular cells, 21,000 zones, 20,000 rules.",
    comparisons=(
        _kept("单点定位 p50 / locate, p50", "µs", "locate"),
        Comparison(
            title="与 PostGIS 逐点查询比 / against PostGIS, one point a query",
            unit="µs",
            ours="locate",
            limit="query",
            better=Better.LESS,
            goal=8,
        ),
        _kept("判定 p50 / decision, p50", "µs", "decide"),
        _kept("批量定位 / locate in bulk", "points/s", "bulk", Better.MORE),
        _kept("建索引 / build the index", "s", "build"),
        _kept("POST /dispatch/explain × 10,000", "s", "explain"),
        _kept("每进程内存 / memory a worker", "MiB", "memory"),
        _kept("覆盖证明 / coverage proof × 519", "s", "proof"),
        _kept("演练一百万件 / rehearse 1,000,000 cases", "s", "rehearsal"),
    ),
    open=_open,
)
