"""Commands that measure: ours, the limit on the same machine in the same minutes, and how far apart they are."""

import asyncio
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from app.bench.frame import Bench, Ground
    from app.bench.machine import Machine
    from app.bench.rounds import Outcome
    from app.settings import Settings

commands = typer.Typer(
    help="测量：本服务、同机同时的极限、两者之比。 Measure ours, the limit in the same run, and the ratio.\n\n"
    "在私有数据库里建一座临时城市，结束或 Ctrl-C 时删除；不碰已有数据。 Works on a scratch city in the private "
    "cluster, dropped at the end and on Ctrl-C; your data is not touched. 其他程序越忙，数字越不准；比值受影响较小。 "
    "An idle machine gives the best figures; the ratios suffer less.",
    no_args_is_help=True,
)

Rounds = Annotated[int, typer.Option(min=5, max=99, help="轮数，两方轮流先测 / rounds, the two sides by turns first")]
Scale = Annotated[
    float, typer.Option(min=0.001, max=10, help="规模倍数，1 为文档中的规模 / size, 1 is the documented one")
]
Json = Annotated[Path | None, typer.Option(help="另存全部数字，每轮都在 / also write every figure of every round here")]
Markdown = Annotated[Path | None, typer.Option(help="另存 Markdown 表 / also write Markdown tables here")]


@commands.command()
def locate(rounds: Rounds = 7, scale: Scale = 1.0, json: Json = None, markdown: Markdown = None) -> None:
    """单点定位：内存索引与 PostGIS 查询。 Find cells: the index in memory against PostGIS through the driver."""
    _bench(["locate"], rounds, scale, json, markdown)


@commands.command()
def dispatch(rounds: Rounds = 7, scale: Scale = 1.0, json: Json = None, markdown: Markdown = None) -> None:
    """派遣：定位、判定、批量、内存、覆盖证明、演练。 Dispatch over 100,000 cells, each figure beside its limit."""
    _bench(["dispatch"], rounds, scale, json, markdown)


@commands.command()
def geocode(rounds: Rounds = 7, scale: Scale = 1.0, json: Json = None, markdown: Markdown = None) -> None:
    """地址：50 万个地点里找地址、反查。 Addresses to places and back over 500,000 places, beside the limit."""
    _bench(["geocode"], rounds, scale, json, markdown)


@commands.command()
def intake(rounds: Rounds = 7, scale: Scale = 1.0, json: Json = None, markdown: Markdown = None) -> None:
    """收案：HTTP、合并提交、批量，与 pgbench 比。 Take reports in: HTTP, grouped, in batches; against pgbench."""
    _bench(["intake"], rounds, scale, json, markdown)


@commands.command()
def actions(rounds: Rounds = 7, scale: Scale = 1.0, json: Json = None, markdown: Markdown = None) -> None:
    """办理：HTTP 操作与 pgbench 写同样的行。 Steps of cases over HTTP against pgbench writing the same rows."""
    _bench(["actions"], rounds, scale, json, markdown)


@commands.command()
def closure(rounds: Rounds = 7, scale: Scale = 1.0, json: Json = None, markdown: Markdown = None) -> None:
    """结案率：服务的回答与手写的 SQL 汇总。 Closure figures: the service against a plain SQL aggregate."""
    _bench(["closure"], rounds, scale, json, markdown)


@commands.command(name="all")
def every(rounds: Rounds = 7, scale: Scale = 1.0, json: Json = None, markdown: Markdown = None) -> None:
    """全部测一遍。 Run all of them."""
    from app.bench.registry import BENCHES

    _bench([one.name for one in BENCHES], rounds, scale, json, markdown)


def _bench(names: Sequence[str], rounds: int, scale: float, json: Path | None, markdown: Path | None) -> None:
    from rich.console import Console

    from app.bench.registry import BENCHES
    from app.bench.tell import as_json, as_markdown, table, where
    from app.runtime.logs import configure_logs
    from app.runtime.scratch import lend_scratch
    from app.runtime.supervisor import stop_signals
    from app.settings import load_settings

    for sign in stop_signals():  # being told to stop ends the `with` below, which drops the scratch city
        signal.signal(sign, signal.default_int_handler)
    chosen = [one for one in BENCHES if one.name in names]
    with lend_scratch(load_settings()) as scratch:
        configure_logs(scratch, "bench")
        machine, outcomes = asyncio.run(_measured(chosen, scratch, rounds, scale))
    console = Console(highlight=False)
    for outcome in outcomes:
        console.print(table(outcome))
    console.print(where(machine), markup=False)
    if json is not None:
        json.write_text(as_json(outcomes, machine) + "\n", encoding="utf-8")
    if markdown is not None:
        markdown.write_text(as_markdown(outcomes, machine), encoding="utf-8")


async def _measured(
    chosen: Sequence["Bench"], scratch: "Settings", rounds: int, scale: float
) -> tuple["Machine", list["Outcome"]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from app.bench.machine import this_machine
    from app.bench.rounds import measure

    ground = _ground(scratch)
    machine = await this_machine(ground.admin_dsn)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("准备 / preparing", total=None)
        await _fill(scratch)
        outcomes = []
        for one in chosen:
            bar.reset(task, total=None, description=f"{one.name}: 准备 / preparing")
            step = _stepping(one.name, lambda name: bar.update(task, description=name, advance=1))
            outcomes.append(
                await measure(
                    one, ground, rounds=rounds, scale=scale, step=step, total=lambda runs: bar.update(task, total=runs)
                )
            )
    return machine, outcomes


def _stepping(bench: str, show: Callable[[str], None]) -> Callable[[str], None]:
    return lambda run: show(f"{bench}: {run}")


def _ground(scratch: "Settings") -> "Ground":
    import shutil

    from app.bench.frame import Ground
    from app.runtime.binaries import choose_server
    from app.runtime.scratch import served

    return Ground(
        settings=scratch,
        pgbench=shutil.which("pgbench", path=str(choose_server().folder)) or shutil.which("pgbench"),
        serve=lambda: served(scratch),
    )


async def _fill(scratch: "Settings") -> None:
    """Give the scratch city the demo's master data and accounts."""
    from app.adapters.keys import load_keys
    from app.demo.city import build
    from app.demo.seed import fill
    from app.repositories.engine import open_engine, open_sessions

    engine = open_engine(str(scratch.database_url), pool=1)
    try:
        await fill(open_sessions(engine), build(), load_keys(scratch.keys_dir))
    finally:
        await engine.dispose()
