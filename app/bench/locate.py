"""Finding the cell of a point: the index in memory against PostGIS, asked through the driver one by one."""

import statistics
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

import asyncpg
import numpy as np
from numpy.typing import NDArray

from app.bench.frame import Bench, Better, Comparison, Ground, Run
from app.dispatch.grid import CellIndex
from app.repositories.engine import open_engine, open_sessions
from app.services.books import Books

_POINTS: Final = 20_000
_ASKED: Final = 2_000
"""As many points are asked of PostGIS in a round."""

_QUERY: Final = """
SELECT cells.code FROM cells JOIN sets ON sets.id = cells.set_id
WHERE sets.state = 'active' AND ST_Covers(cells.geom, ST_SetSRID(ST_MakePoint($1, $2), 4490))
ORDER BY cells.code LIMIT 1
"""
_INSIDE: Final = "SELECT ST_X(p), ST_Y(p) FROM (SELECT ST_PointOnSurface(geom) AS p FROM cells ORDER BY code) AS inside"
_ASIDE: Final = 0.0005
"""Degrees by which a point is moved from its cell's middle: often into the next cell, seldom out of the city."""
Points = NDArray[np.float64]


class _Locating:
    def __init__(self, index: CellIndex, connection: asyncpg.Connection, points: Points, asked: int) -> None:
        self._index = index
        self._connection = connection
        self._array = points
        self._points: list[tuple[float, float]] = [(lon, lat) for lon, lat in points.tolist()]
        self._asked = asked

    async def single(self) -> float:
        """Return the median of single look-ups in µs."""
        taken, clock, locate = [], time.perf_counter_ns, self._index.locate
        for lon, lat in self._points:
            began = clock()
            locate(lon, lat)
            taken.append(clock() - began)
        return statistics.median(taken) / 1000

    async def bulk(self) -> float:
        """Return points a second, all at once."""
        began = time.perf_counter()
        self._index.locate_many(self._array)
        return len(self._array) / (time.perf_counter() - began)

    async def query(self) -> float:
        """Return the median of single queries in µs."""
        asked = await self._connection.prepare(_QUERY)
        taken, clock = [], time.perf_counter_ns
        for lon, lat in self._points[: self._asked]:
            began = clock()
            await asked.fetchval(lon, lat)
            taken.append(clock() - began)
        return statistics.median(taken) / 1000

    async def queries(self) -> float:
        """Return points a second, asked one by one."""
        asked = await self._connection.prepare(_QUERY)
        began = time.perf_counter()
        for lon, lat in self._points[: self._asked]:
            await asked.fetchval(lon, lat)
        return self._asked / (time.perf_counter() - began)


@asynccontextmanager
async def _open(ground: Ground, scale: float) -> AsyncIterator[Mapping[str, Run]]:
    engine = open_engine(str(ground.settings.database_url), pool=1)
    connection = await asyncpg.connect(ground.app_dsn)
    try:
        books = Books(open_sessions(engine))
        await books.refresh()
        count, chance = max(50, round(_POINTS * scale)), np.random.default_rng(7)
        inside = np.array([tuple(row) for row in await connection.fetch(_INSIDE)])
        points = inside[chance.integers(len(inside), size=count)] + chance.uniform(-_ASIDE, _ASIDE, (count, 2))
        locating = _Locating(books.current.cells, connection, points, max(20, min(count, round(_ASKED * scale))))
        yield {
            "single": locating.single,
            "query": locating.query,
            "bulk": locating.bulk,
            "queries": locating.queries,
        }
    finally:
        await connection.close()
        await engine.dispose()


LOCATE: Final = Bench(
    name="locate",
    about="内存索引与 PostGIS 逐点查询：示范网格上的随机点。 The index against PostGIS, one point a query, demo grid.",
    comparisons=(
        Comparison(
            title="单点 p50 / one point, p50", unit="µs", ours="single", limit="query", better=Better.LESS, goal=8
        ),
        Comparison(title="批量 / in bulk", unit="points/s", ours="bulk", limit="queries", better=Better.MORE),
    ),
    open=_open,
)
