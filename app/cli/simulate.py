"""A month of city life in a city of its own, with its bulletin and a check of every figure."""

import asyncio
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.dispatch.errors import BadInput

if TYPE_CHECKING:
    from app.demo.trial import Outcome
    from app.settings import Settings

Days = Annotated[int, typer.Option(min=1, max=366, help="多少天 / how many days")]
Cases = Annotated[int, typer.Option(min=1, max=1_000_000, help="多少个案件 / how many cases")]
Seed = Annotated[int, typer.Option(help="随机种子，同样的种子演出同样的一个月 / the same seed, the same month")]
Until = Annotated[
    str | None, typer.Option(help="到哪一刻为止，如 2026-10-15T18:00+08:00；默认现在 / the end; default: now")
]
Drop = Annotated[str | None, typer.Option(help="删除以前留下的一座，不演出 / only drop one that was kept")]


def simulate(
    *,
    days: Days = 30,
    cases: Cases = 3000,
    seed: Seed = 7,
    until: Until = None,
    keep: Annotated[bool, typer.Option("--keep", help="留下这座城市 / leave the city there")] = False,
    drop: Drop = None,
    json: Annotated[Path | None, typer.Option(help="结果另存为 JSON / write the result as JSON, too")] = None,
) -> None:
    """在一座临时城市里演出一个月：通报与自检，不符则状态 1。 Play a month, publish it, check every figure."""
    from app.cli.progress import shown
    from app.cli.simulated import print_outcome, write_json
    from app.demo.simulation.plan import Plan
    from app.demo.trial import trial
    from app.runtime.logs import configure_logs
    from app.runtime.own_city import drop_kept, own_city
    from app.settings import load_settings

    settings = load_settings()
    if drop is not None:
        drop_kept(settings, drop)
        return
    plan = Plan(days=days, cases=cases, seed=seed, until=_instant(until))
    configure_logs(settings, "simulate")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # being told to stop drops the city, too
    with own_city(settings, keep=keep) as inner:
        outcome = asyncio.run(trial(inner, plan, shown))
        print_outcome(plan, outcome)
        if keep:
            _tell_where(settings, inner)
    if json is not None:
        write_json(json, plan, outcome)
    raise typer.Exit(code=_status(outcome))


def _status(outcome: "Outcome") -> int:
    return int(outcome.verdict.wrong > 0)


def _instant(text: str | None) -> datetime:
    if text is None:
        return datetime.now(UTC)
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"读不出时刻：{text} / not an instant", code="bad_instant") from error
    if at.tzinfo is None:
        raise BadInput(f"时刻须带时区，如 {text}+08:00 / the instant lacks its zone", code="bad_instant")
    return at


def _tell_where(settings: "Settings", inner: "Settings") -> None:
    start = ".venv/bin/gridcase db start\n" if settings.is_private else ""
    print(
        f"\n留下了 / kept: {inner.city}。查看 / to look at it:\n{start}"
        f"GRIDCASE_HOME={inner.home} GRIDCASE_CITY={inner.city} GRIDCASE_DATABASE_URL='{inner.database_url}' "
        f".venv/bin/gridcase serve\n"
        f"删除 / to drop it: .venv/bin/gridcase simulate --drop {inner.city}"
    )
