"""Addresses to places over half a million of them: the service, every way to say a place, one question at a time."""

import statistics
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any, Final

from shapely import LineString, Point
from uuid_utils.compat import uuid7

from app.adapters.keys import load_keys
from app.adapters.sealing import Sealer
from app.bench.frame import Bench, Better, Comparison, Ground, Run
from app.dispatch.geocoding.ground import Plane
from app.dispatch.policies import DEFAULTS
from app.dispatch.set_codes import SetKind, SetState
from app.models import sets
from app.repositories.engine import open_engine, open_sessions
from app.repositories.plans import PlanRepository
from app.repositories.sets import SetRepository
from app.services.books import Books
from app.services.geocoding import Geocoding
from app.services.transaction import Sessions, writing
from app.services.vault import Vault

_PLACES: Final = 500_000
_ASKED: Final = 400
_WAYS: Final = 4
_LIMIT_MS: Final = 30.0
_SIDE_M: Final = 40_000.0
_PLANE: Final = Plane(lon=113.62, lat=33.08)
_FIRST: Final = "人和新安永长东南西北中文昌明建设解放胜利光华青松梅兰竹菊金银江湖河海山川春夏秋冬"
_SECOND: Final = "民平华定兴宁安乐康福寿庆丰盛茂荣达通顺利祥瑞云霞泉溪桥园林"
_KINDS: Final = ("小区", "花园", "超市", "学校", "医院", "市场", "大厦", "公园")

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Geocoding:
    service: Geocoding
    addresses: Sequence[str]
    points: Sequence[tuple[float, float]]

    async def find(self) -> float:
        """Return the median of single questions in ms."""
        return await self._median(self.addresses)

    async def alike(self) -> float:
        """Return the median, in ms, of those questions alone that name nothing exactly."""
        return await self._median(self.addresses[_WAYS - 1 :: _WAYS])

    async def _median(self, addresses: Sequence[str]) -> float:
        """Ask one by one; a question that finds nothing would be cheap, so it fails."""
        taken = []
        for address in addresses:
            began = time.perf_counter_ns()
            found = await self.service.find(address)
            taken.append(time.perf_counter_ns() - began)
            if not found.candidates:
                raise RuntimeError(f"{address} was not found")
        return statistics.median(taken) / 1e6

    async def describe(self) -> float:
        """Return the median of single points in ms."""
        taken = []
        for lon, lat in self.points:
            began = time.perf_counter_ns()
            await self.service.describe(lon, lat)
            taken.append(time.perf_counter_ns() - began)
        return statistics.median(taken) / 1e6

    async def limit(self) -> float:
        """Return what is promised, in ms."""
        return _LIMIT_MS


def make_places(count: int, chance: Random) -> Iterator[Row]:
    """Yield places: roads in a grid, doors along them by far the most, compounds and shops between."""
    roads = max(4, round((count / 10) ** 0.5))
    step = _SIDE_M / roads
    for number in range(count):
        if number < 2 * roads:
            at = (number // 2 - roads / 2) * step
            far = _SIDE_M / 2
            ends = [(-far, at), (far, at)] if number % 2 == 0 else [(at, -far), (at, far)]
            shape: Any = LineString([_PLANE.degrees(*end) for end in ends])
            yield _row(number + 1, _road(number), "road", shape)
        elif number % 5:
            road, door = chance.randrange(2 * roads), chance.randrange(1, 2000)
            along, aside = (door / 2000 - 0.5) * _SIDE_M, (road // 2 - roads / 2) * step + (10 if door % 2 else -10)
            place = (along, aside) if road % 2 == 0 else (aside, along)
            yield _row(number + 1, f"{_road(road)}{door}号", "door", Point(_PLANE.degrees(*place)))
        else:
            place = (chance.uniform(-0.5, 0.5) * _SIDE_M, chance.uniform(-0.5, 0.5) * _SIDE_M)
            yield _row(number + 1, _thing(chance.randrange(10**6)), "poi", Point(_PLANE.degrees(*place)))


def make_addresses(rows: Sequence[Row], count: int, chance: Random) -> Iterator[str]:
    """Yield addresses by turns: a crossing with a way, a door, a name within a sentence, a name with a slip."""
    roads = [row["name"] for row in rows if row["kind"] == "road"]
    doors = [row["name"] for row in rows if row["kind"] == "door"]
    things = [row["name"] for row in rows if row["kind"] == "poi"]
    for number in range(count):
        match number % _WAYS:
            case 0:
                a, b = chance.randrange(len(roads) // 2) * 2, chance.randrange(len(roads) // 2) * 2 + 1
                yield f"景澜市映月区{roads[a]}与{roads[b]}交叉口向西{chance.randrange(10, 200)}米"
            case 1:
                yield f"{chance.choice(doors)}附近"
            case 2:
                yield f"我在{chance.choice(things)}门口看到有人乱倒垃圾"
            case _:
                name = chance.choice(things)
                yield f"{name[:-1]}囗"


def _row(number: int, name: str, kind: str, shape: Any) -> Row:  # noqa: ANN401  # a point or a line
    return {"number": number, "name": name, "kind": kind, "aliases": [], "geom": shape}


def _road(number: int) -> str:
    return f"{_word(number)}{'路' if number % 2 == 0 else '街'}"


def _thing(number: int) -> str:
    return f"{_word(number)}{_word(number // 7 + 3)}{_KINDS[number % len(_KINDS)]}"


def _word(number: int) -> str:
    """Return a name, another for every number below some thousands."""
    letters = _FIRST[number % len(_FIRST)] + _SECOND[number // len(_FIRST) % len(_SECOND)]
    return letters + ("" if number < len(_FIRST) * len(_SECOND) else _FIRST[number // 1000 % len(_FIRST)])


@asynccontextmanager
async def _in_force(sessions: Sessions, rows: Sequence[Row]) -> AsyncIterator[None]:
    now = datetime.now(UTC)
    async with writing(sessions) as session:
        repository, plans = SetRepository(session), PlanRepository(session)
        before = [one.id for one in await plans.live() if one.kind is SetKind.PLACES and one.state is SetState.ACTIVE]
        one = sets.DataSet(
            id=uuid7(),
            kind=SetKind.PLACES,
            name="benchmark",
            version=await repository.next_version(SetKind.PLACES),
            state=SetState.DRAFT,
            valid=True,
            findings=[],
            counts={"rows": len(rows)},
            traits={},
            source="benchmark",
            created_at=now,
        )
        await repository.add(one, rows)
        await plans.activate([one.id], (await plans.plan()).after(now))
    try:
        yield
    finally:
        async with writing(sessions) as session:
            plans = PlanRepository(session)
            if before:
                await plans.activate(before, (await plans.plan()).after(datetime.now(UTC)))


@asynccontextmanager
async def _open(ground: Ground, scale: float) -> AsyncIterator[Mapping[str, Run]]:
    chance = Random(7)  # noqa: S311  # a benchmark wants repeatable chance
    rows = list(make_places(max(200, round(_PLACES * scale)), chance))
    asked = max(20, min(_ASKED, round(_ASKED * scale)))
    engine = open_engine(str(ground.settings.database_url), pool=1)
    try:
        sessions = open_sessions(engine)
        async with _in_force(sessions, rows):
            books = Books(sessions)
            await books.refresh()
            vault = Vault(Sealer(load_keys(ground.settings.keys_dir)))
            geocoding = _Geocoding(
                service=Geocoding(sessions, books, vault, DEFAULTS, lambda: datetime.now(UTC)),
                addresses=list(make_addresses(rows, asked, chance)),
                points=[chance.choice(rows)["geom"].coords[0] for _ in range(asked)],
            )
            yield {
                "find": geocoding.find,
                "alike": geocoding.alike,
                "describe": geocoding.describe,
                "limit": geocoding.limit,
            }
    finally:
        await engine.dispose()


GEOCODE: Final = Bench(
    name="geocode",
    about="地址到地点：50 万个地点，经服务逐个提问。 Addresses and points over 500,000 places, one question at a time.",
    comparisons=(
        Comparison(title="地址 p50 / address, p50", unit="ms", ours="find", limit="limit", better=Better.LESS, goal=1),
        Comparison(title="有错字 / with a slip, p50", unit="ms", ours="alike", limit="limit", better=Better.LESS),
        Comparison(title="反查 p50 / reverse, p50", unit="ms", ours="describe", limit="limit", better=Better.LESS),
    ),
    open=_open,
)
