"""What is made of figures: medians, ratios, order, and how they are told."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.bench.clients import Loaded, load, post
from app.bench.frame import Bench, Better, Comparison, Ground, Run
from app.bench.machine import Machine
from app.bench.pgbench import constant
from app.bench.registry import BENCHES
from app.bench.rounds import Outcome, measure, ratio, result
from app.bench.tell import as_json, as_markdown, number, where
from app.settings import Settings

RATE = Comparison(title="速率", unit="x/s", ours="ours", limit="limit", better=Better.MORE, goal=0.5)
NOWHERE = Ground(settings=Settings(), pgbench=None, serve=lambda: pytest.fail("nobody serves here"))
MACHINE = Machine(
    cpu="Example",
    cores=2,
    memory_gib=4.0,
    system="Linux 6",
    python="3.11",
    postgresql="15, PostGIS 3",
    load=0.1,
    release="0.1.0",
    commit="abc",
    measured_at=datetime(2026, 3, 2, tzinfo=UTC),
)


@pytest.mark.parametrize(
    ("ours", "limit", "better", "expected"),
    [(50, 100, Better.MORE, 0.5), (200, 100, Better.MORE, 2), (50, 100, Better.LESS, 2), (400, 100, Better.LESS, 0.25)],
)
def test_one_is_as_good_as_the_limit_and_more_is_better(
    ours: float, limit: float, better: Better, expected: float
) -> None:
    assert ratio(ours, limit, better) == expected


def test_the_ratio_is_the_median_of_the_rounds_and_not_the_ratio_of_medians() -> None:
    got = result(RATE, {"ours": [10, 90, 20], "limit": [10, 100, 100]})
    assert (got.ours, got.limit) == (20, 100)
    assert (got.low, got.ratio, got.high) == (0.2, 0.9, 1.0)
    assert got.reached is True
    assert result(RATE, {"ours": [1, 1, 1], "limit": [9, 9, 9]}).reached is False


def test_a_figure_without_a_limit_stands_alone() -> None:
    got = result(
        Comparison(title="x", unit="s", ours="ours", limit=None, better=Better.LESS), {"ours": [3.0, 1.0, 2.0]}
    )
    assert (got.ours, got.limit, got.ratio, got.reached) == (2.0, None, None, None)


async def test_the_sides_begin_by_turns_and_the_first_round_only_warms_up() -> None:
    ran: list[str] = []
    closed = []

    @asynccontextmanager
    async def opened(_: Ground, scale: float) -> AsyncIterator[Mapping[str, Run]]:
        def run(name: str) -> Run:
            async def one() -> float:
                ran.append(name)
                return scale * len(ran)

            return one

        yield {"ours": run("ours"), "limit": run("limit")}
        closed.append(True)

    bench = Bench(name="b", about="a", comparisons=(RATE,), open=opened)
    steps: list[str] = []
    totals: list[int] = []
    outcome = await measure(bench, NOWHERE, rounds=3, scale=10, step=steps.append, total=totals.append)
    assert ran == ["limit", "ours", "ours", "limit", "limit", "ours", "ours", "limit"]
    assert outcome.figures == {"ours": [30, 60, 70], "limit": [40, 50, 80]}
    assert (totals, len(steps), closed) == ([8], 8, [True])


def _outcome() -> Outcome:
    figures = {"ours": [50.0, 60.0, 70.0], "limit": [100.0, 100.0, 100.0]}
    return Outcome(bench="b", about="About.", scale=1.0, rounds=3, figures=figures, results=[result(RATE, figures)])


def test_json_holds_every_round_and_the_machine() -> None:
    read = json.loads(as_json([_outcome()], MACHINE))
    assert read["machine"]["commit"] == "abc"
    (one,) = read["benches"]
    assert one["figures"]["ours"] == [50.0, 60.0, 70.0]
    assert one["results"][0]["ratio"] == 0.6


def test_markdown_says_where_and_how_it_was_measured() -> None:
    told = as_markdown([_outcome()], MACHINE)
    assert where(MACHINE) in told
    assert "| 速率 | 60.0 x/s | 100 x/s | 0.60 | 0.50–0.70 | ≥ 0.5 ✓ |" in told


@pytest.mark.parametrize(("value", "told"), [(0.123, "0.12"), (12.34, "12.3"), (1234.5, "1,234")])
def test_figures_have_as_many_digits_as_they_deserve(value: float, told: str) -> None:
    assert number(value) == told


def test_a_constant_holds_no_variable_of_pgbench() -> None:
    assert constant('{"at": "09:30\\n"}') == """E'{"at"\\x3A "09\\x3A30\\\\n"}'"""
    assert constant("it's") == "E'it''s'"
    assert constant(None) == "NULL"


def test_an_answer_of_another_kind_is_no_figure() -> None:
    loaded = Loaded(seconds=2.0)
    loaded.statuses.update([201, 201])
    assert loaded.rate(201) == 1.0
    loaded.statuses.update([503])
    with pytest.raises(RuntimeError, match="503"):
        loaded.rate(201)


async def test_clients_ask_the_next_thing_as_soon_as_they_have_an_answer() -> None:
    asked: list[bytes] = []
    gone: list[asyncio.Task[None] | None] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            asked.append(await reader.readexactly(length))
            for part in (b"HTTP/1.1 201 Created\r\nContent-", b"Length: 4\r\n\r\nab", b"cd"):
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(0)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        gone.append(asyncio.current_task())
        with contextlib.suppress(asyncio.IncompleteReadError):
            await answer(reader, writer)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()
        requests = (post("/x", {"n": n}, {}) for n in range(20))
        loaded = await load((host, port), requests, connections=3)
        await asyncio.gather(*(task for task in gone if task is not None))
    assert loaded.statuses == {201: 20}
    assert sorted(json.loads(one)["n"] for one in asked) == list(range(20))


def test_every_benchmark_has_a_command_and_a_page() -> None:
    from app.cli.bench import commands  # noqa: PLC0415  # the command line is needed here only

    named = {one.name or one.callback.__name__ for one in commands.registered_commands if one.callback}
    assert {one.name for one in BENCHES} <= named
    page = (Path(__file__).parents[2] / "docs/performance.md").read_text(encoding="utf-8")
    assert [one.name for one in BENCHES if f"gridcase bench {one.name}" not in page] == []
