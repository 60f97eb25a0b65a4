"""A thousand cases with eight clients each, and fifty with a hundred, over HTTP against several server processes."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import uuid4

import httpx
import pytest

from app.demo.seed import PASSWORD
from tests.e2e.races import Course, Json, races
from tests.faults.city_process import city_process
from tests.faults.stored import Stored

WORKERS: Final = 3
_TRIES: Final = 5
_TOKEN_LASTS_S: Final = 300
_PLACES: Final = (
    "SELECT ST_X(p.geom) AS lon, ST_Y(p.geom) AS lat FROM (SELECT ST_PointOnSurface(geom) AS geom, code FROM cells) p"
    " ORDER BY p.code LIMIT 400"
)


class Clients:
    """Whoever asks, over real connections."""

    def __init__(self, address: str) -> None:
        self._address = f"{address}/api/v1"
        self.again = 0
        self._tokens: dict[str, tuple[str, float]] = {}
        limits = httpx.Limits(max_connections=128, max_keepalive_connections=128)
        self.client = httpx.AsyncClient(timeout=120, trust_env=False, limits=limits)

    async def ask(
        self, method: str, path: str, who: str, body: Json | None = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        given: dict[str, Any] = {"json": body} if body is not None else {}
        sent = {**(headers or {}), "Authorization": f"Bearer {await self._token(who)}"}
        if method == "POST":
            sent["Idempotency-Key"] = str(uuid4())
        for _ in range(_TRIES):
            try:
                return await self.client.request(method, f"{self._address}{path}", headers=sent, **given)
            except httpx.TransportError:  # an idle connection that the server was just closing
                self.again += 1
        raise AssertionError(f"{_TRIES} times no answer to {path}")

    async def _token(self, who: str) -> str:
        known = self._tokens.get(who)
        if known is None or time.monotonic() - known[1] > _TOKEN_LASTS_S:
            form = {"grant_type": "password", "username": who, "password": PASSWORD}
            answer = await self.client.post(f"{self._address}/auth/token", data=form)
            assert answer.status_code == 200, answer.text
            known = self._tokens[who] = (answer.json()["access_token"], time.monotonic())
        return known[0]


@pytest.mark.slow
async def test_exactly_one_wins_whoever_else_tries(capsys: pytest.CaptureFixture[str]) -> None:
    lent = city_process(workers=WORKERS)
    city = await asyncio.to_thread(lent.__enter__)
    try:
        clients = Clients(city.address)
        async with clients.client:
            places = [(row["lon"], row["lat"]) for row in await Stored(city.dsn).rows(_PLACES)]
            for cases, racing in ((1_001, 8), (56, 100)):
                said = await _held(clients, places, cases, racing)
                with capsys.disabled():
                    print(said)  # noqa: T201  # to be quoted
        for words in (("audit", "verify"), ("audit", "facts")):
            done = await asyncio.to_thread(city.command, *words)
            with capsys.disabled():
                print(done.stdout.strip())  # noqa: T201  # to be quoted
            assert done.returncode == 0, done.stdout + done.stderr
    finally:
        await asyncio.to_thread(lent.__exit__, None, None, None)


async def _held(clients: Clients, places: Sequence[tuple[float, float]], cases: int, racing: int) -> str:
    """Hold the races of so many cases; return what came of them."""
    began = time.monotonic()
    (code,) = (await clients.ask("GET", "/me", "unit01")).json()["reach"]["units"]
    units = [one["code"] for one in (await clients.ask("GET", "/ref/units", "operator01")).json()["items"]][:3]
    course = Course(clients.ask, "unit01", code, places)
    for race in races("unit01", units):
        await course.hold(race, cases // 7, racing, together=max(2, 112 // racing))
    run = course.run
    assert not run.wrong, "\n".join(run.wrong[:20])
    assert (run.cases, run.answers[200]) == (cases, cases)
    told = ", ".join(f"{times} x {status}" for status, times in sorted(run.answers.items()))
    told += f"; {clients.again} connections closed by the server meanwhile"
    return f"{cases} cases x {racing} clients, {WORKERS} processes, {time.monotonic() - began:.0f} s: {told}"
