"""Nothing acknowledged is lost or doubled, whatever is killed; and what had to happen later still happens."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from random import Random
from typing import Final

import httpx
import pytest

from app.demo.seed import PARTNER, PASSWORD
from tests.faults.city_process import CityProcess, city_process, wait_for
from tests.faults.journal import Journal, Told
from tests.faults.loader import Loader
from tests.faults.receiver import Receiver, receiving
from tests.faults.stored import (
    Stored,
    misdelivered,
    misplaced,
    missing_steps,
    repeated_steps,
    settled,
    while_it_lasts,
)

KILLED: Final = ("api", "worker", "postmaster")
ANSWERED: Final = frozenset({200, 201, 503})
RECEIPTS: Final = 100


@pytest.mark.slow
@pytest.mark.parametrize("times", [1, 10], ids=["once", "ten_times"])
async def test_nothing_acknowledged_is_lost_or_doubled_whatever_is_killed(
    times: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = Random(times)  # noqa: S311  # a failure should come again with the same seed
    began = time.monotonic()
    with closing(Journal(tmp_path / "journal.jsonl")) as journal:
        async with receiving(chance) as receiver, _running() as city:
            stored = Stored(city.dsn)
            await stored.run("UPDATE partners SET callback_url = $1 WHERE code = $2", receiver.url, PARTNER)
            loader = Loader(city.address, journal, await _places(stored), chance)
            kills = await _under_load(city, loader, journal, stored, chance, times)
            receiver.healthy = True
            await settled(stored)
            told = Told(journal.path)
            summary = _summary(told, kills, receiver, await stored.reports(), time.monotonic() - began)
            with capsys.disabled():
                print(summary)  # noqa: T201  # to be quoted
            assert kills == {"api": times, "worker": times, "postmaster": times, "run": 1}
            await _check(city, stored, told, receiver, loader.dispatched)


@asynccontextmanager
async def _running() -> AsyncIterator[CityProcess]:
    """Lend the city without holding up the loop while it starts and stops."""
    lent = city_process()
    city = await asyncio.to_thread(lent.__enter__)
    try:
        yield city
    finally:
        await asyncio.to_thread(lent.__exit__, None, None, None)


async def _under_load(
    city: CityProcess, loader: Loader, journal: Journal, stored: Stored, chance: Random, times: int
) -> Counter[str]:
    ending = asyncio.Event()
    work = asyncio.gather(loader.run(), while_it_lasts(stored, ending))
    try:
        kills = await _kill(city, journal, chance, times)
        await _more(journal, 20)
    finally:
        loader.end()
        ending.set()
        await work
    return kills


async def _kill(city: CityProcess, journal: Journal, chance: Random, times: int) -> Counter[str]:
    """Kill in a random order at random moments, also while the last one has not recovered; at the end the whole run."""
    order = [what for what in KILLED for _ in range(times)]
    order.remove("postmaster")
    chance.shuffle(order)
    for number, what in enumerate(order):
        if number % 2 == 0:  # every other kill meets a city that is known to be at work
            await _more(journal, 10)
        await asyncio.sleep(chance.uniform(0, 3))
        await asyncio.to_thread(city.kill, what)
    await _more(journal, 10)
    last = ["postmaster", "run"] if times > 1 else ["run", "postmaster"]  # either way nobody restores the database
    for what in last:
        await asyncio.to_thread(city.kill, what)
    await asyncio.to_thread(city.start)
    return Counter([*order, *last])


async def _more(journal: Journal, count: int) -> None:
    wanted = journal.acknowledged + count
    await asyncio.to_thread(wait_for, lambda: journal.acknowledged >= wanted, "acknowledgements")


async def _check(city: CityProcess, stored: Stored, told: Told, receiver: Receiver, dispatched: Sequence[str]) -> None:
    assert not any(misplaced(told, await stored.reports()).values()), misplaced(told, await stored.reports())
    assert await repeated_steps(stored) == []
    assert await missing_steps(stored, told, dispatched) == []
    wrong = await misdelivered(stored, told, receiver.calls)
    assert not any(wrong.values()), wrong
    _check_answers(told)
    assert dispatched
    await _check_by_http(city, told)
    for words in (("audit", "verify"), ("audit", "facts")):
        done = await asyncio.to_thread(city.command, *words)
        assert done.returncode == 0, done.stdout + done.stderr


def _check_answers(told: Told) -> None:
    """See that every client was either served or told when to come back, whatever was dead at the time."""
    assert [line for line in told.of("answer") if line["status"] not in ANSWERED] == []
    assert [line for line in told.of("answer") if line["status"] == 503 and not line["waits"]] == []
    assert told.of("rejected") == []
    assert {line["channel"] for line in told.of("ack")} == {"single", "batch", "citizen", "hotline"}


async def _check_by_http(city: CityProcess, told: Told) -> None:
    """See by the API what the database holds, and open receipts with the codes that went with them."""
    async with httpx.AsyncClient(base_url=f"{city.address}/api/v1", timeout=60, trust_env=False) as client:
        form = {"username": "operator01", "password": PASSWORD}
        token = (await client.post("/auth/token", data=form)).json()["access_token"]
        listed = await _listed(client, {"Authorization": f"Bearer {token}"})
        named = {report_id for ids in told.acknowledged().values() for report_id in ids}
        assert {report_id: listed[report_id] for report_id in named if listed[report_id] != 1} == {}
        for line in [line for line in told.of("ack") if "receipt_no" in line][-RECEIPTS:]:
            answer = await client.get(
                f"/citizen/reports/{line['receipt_no']}", headers={"X-Query-Code": line["query_code"]}
            )
            assert answer.status_code == 200, answer.text


async def _listed(client: httpx.AsyncClient, headers: dict[str, str]) -> Counter[str]:
    listed, after = Counter[str](), ""
    for _ in range(1000):
        answer = await client.get(
            "/reports", headers=headers, params={"limit": 500} | ({"after": after} if after else {})
        )
        page = answer.json()
        listed.update(one["id"] for one in page["items"])
        after = page["next"]
        if not after:
            return listed
    raise AssertionError("the list does not end")


async def _places(stored: Stored) -> list[tuple[float, float]]:
    question = "SELECT ST_X(p) AS lon, ST_Y(p) AS lat FROM (SELECT ST_PointOnSurface(geom) AS p FROM cells) AS points"
    return [(row["lon"], row["lat"]) for row in await stored.rows(question)]


def _summary(
    told: Told, kills: Counter[str], receiver: Receiver, held: Mapping[str, Sequence[str]], seconds: float
) -> str:
    wrong = misplaced(told, held)
    acknowledged, sent = told.acknowledged(), told.sent()
    calls = Counter(call.taken for call in receiver.calls)
    return (
        f"\nkill -9: {dict(kills)} in {seconds:.0f} s; sent {len(sent)}, acknowledged {len(acknowledged)}, "
        f"unacknowledged {len(sent - set(acknowledged))} (of them stored: {len(set(held) - set(acknowledged))}); "
        f"stored {sum(map(len, held.values()))}; lost {len(wrong['lost'])}, doubled {len(wrong['doubled'])}; "
        f"answers {dict(told.statuses())}, none to {len(told.of('no_answer'))}; "
        f"callbacks taken {calls[True]}, refused {calls[False]}; steps {len(told.of('step'))}"
    )
