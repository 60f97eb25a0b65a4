"""Show outcomes: a table for people, JSON for programs, Markdown for the documentation."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from rich.table import Table

from app.bench.machine import Machine
from app.bench.rounds import Outcome, Result

_PLENTY, _SOME = 100.0, 10.0


def table(outcome: Outcome) -> Table:
    """Return the results as a table."""
    shown = Table(title=f"bench {outcome.bench}{_size(outcome)}: {outcome.about}", title_justify="left")
    shown.add_column("测量 / measured", overflow="fold")
    for name in ("本服务 / ours", "极限 / limit", "比 / ratio", "各轮 / rounds", "要求 / goal"):
        shown.add_column(name, justify="right")
    for one in outcome.results:
        shown.add_row(*_cells(one))
    return shown


def where(machine: Machine) -> str:
    """Return the machine as one line."""
    commit = f"commit {machine.commit}" if machine.commit else f"release {machine.release}"
    return (
        f"{machine.cpu}, {machine.cores} cores, {machine.memory_gib} GiB, {machine.system}, load {machine.load}; "
        f"PostgreSQL {machine.postgresql}; Python {machine.python}; {commit}; {machine.measured_at.isoformat()}"
    )


def as_json(outcomes: Sequence[Outcome], machine: Machine) -> str:
    """Return everything, every round included."""
    whole = {"machine": asdict(machine), "benches": [asdict(one) for one in outcomes]}
    return json.dumps(whole, ensure_ascii=False, indent=2, default=str)


def as_markdown(outcomes: Sequence[Outcome], machine: Machine) -> str:
    """Return the results as Markdown tables, to be pasted into docs/performance.md."""
    lines = [where(machine), ""]
    for outcome in outcomes:
        lines += [
            f"`gridcase bench {outcome.bench}`{_size(outcome)}: {outcome.about} Medians of {outcome.rounds} rounds.",
            "",
        ]
        lines += ["| measured | ours | limit | ratio | rounds | goal |", "|---|---:|---:|---:|---:|---:|"]
        lines += [f"| {' | '.join(_cells(one))} |" for one in outcome.results]
        lines.append("")
    return "\n".join(lines)


def _size(outcome: Outcome) -> str:
    return "" if outcome.scale == 1 else f" (×{outcome.scale:g})"


def _cells(one: Result) -> list[str]:
    unit, goal = one.comparison.unit, one.comparison.goal
    mark = {True: " ✓", False: " ✗", None: ""}[one.reached]
    return [
        one.comparison.title,
        f"{number(one.ours)} {unit}",
        "–" if one.limit is None else f"{number(one.limit)} {unit}",
        "–" if one.ratio is None else number(one.ratio),
        "–" if one.low is None or one.high is None else f"{number(one.low)}–{number(one.high)}",
        "" if goal is None else f"≥ {goal:g}{mark}",
    ]


def number(value: float) -> str:
    """Return a figure with as many digits as it deserves."""
    if value >= _PLENTY:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= _SOME else f"{value:.2f}"
