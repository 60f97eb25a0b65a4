"""The outcome of a simulation, printed for people and written for machines."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from app.demo.bulletin import Bulletin, Line
    from app.demo.self_check.findings import Verdict
    from app.demo.simulation.plan import Plan, Summary
    from app.demo.trial import Outcome

_HEADS = {
    "reported": "上报",
    "filed": "立案",
    "dispatched": "派遣",
    "to_close": "应结案",
    "closed": "结案",
    "closed_on_time": "按期结案",
    "awaiting_check": "待核查",
    "overdue_open": "超期未处置",
    "reworked": "返工",
    "extended": "延期",
    "return_granted": "退件",
    "closure_rate": "结案率",
    "on_time_closure_rate": "按期结案率",
    "on_time_disposal_rate": "按期处置率",
    "rework_rate": "返工率",
    "satisfaction_rate": "满意率",
}
_WIDE = 200
"""Columns of a table that is not read on a terminal."""


def print_outcome(plan: "Plan", outcome: "Outcome") -> None:
    """Print what was played, the bulletin and what the check found."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_WIDE)
    for line in _summary(plan, outcome.summary):
        console.print(line, soft_wrap=True)
    console.print(_table(outcome.bulletin))
    for definition in outcome.bulletin.definitions:
        said = f"{_HEADS[definition.rate]} {definition.rate} = {definition.numerator} / {definition.denominator}"
        console.print(f"{said}（{definition.name} v{definition.version}，{definition.source}）", soft_wrap=True)
    for line in _verdict(outcome.verdict):
        console.print(line, soft_wrap=True, markup=False)


def write_json(path: Path, plan: "Plan", outcome: "Outcome") -> None:
    """Write all of it to a file."""
    summary = outcome.summary
    told = {
        "plan": {"days": plan.days, "cases": plan.cases, "seed": plan.seed, "until": plan.until.isoformat()},
        "summary": {
            "reports": summary.reports,
            "cases": summary.cases,
            "acts": summary.acts,
            "lives_ended": summary.lives_ended,
            "seconds": round(summary.seconds, 3),
            "cpu_seconds": round(summary.cpu_seconds, 3),
            "lives_per_second": round(summary.lives_per_second, 1),
            "case_states": {str(state): number for state, number in summary.case_states.items()},
            "report_states": {str(state): number for state, number in summary.report_states.items()},
            "refused": [[str(action), code, number] for (action, code), number in summary.refused.items()],
        },
        "bulletin": {
            "from": outcome.bulletin.start.isoformat(),
            "to": outcome.bulletin.end.isoformat(),
            "as_of": outcome.bulletin.as_of.isoformat(),
            "lines": [_line(line) for line in outcome.bulletin.lines],
            "definitions": [asdict(one) for one in outcome.bulletin.definitions],
        },
        "self_check": asdict(outcome.verdict),
    }
    path.write_text(json.dumps(told, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _line(line: "Line") -> dict[str, Any]:
    rates = {name: None if rate.value is None else str(rate.value) for name, rate in line.sums.rates.items()}
    head = {"group_by": line.group_by and str(line.group_by), "code": line.code, "name": line.name}
    return {**head, "counts": dict(line.sums.counts), "times": dict(line.sums.times), "rates": rates}


def _summary(plan: "Plan", summary: "Summary") -> list[str]:
    chinese = (
        f"{plan.days} 天，种子 {plan.seed}：上报 {summary.reports}，案件 {summary.cases}，步骤 {summary.acts}，"
        f"办结 {summary.lives_ended}，用时 {summary.seconds:.1f} 秒，每秒办结 {summary.lives_per_second:.0f}"
    )
    english = (
        f"{plan.days} days, seed {plan.seed}: {summary.reports} reports, {summary.cases} cases, {summary.acts} steps, "
        f"{summary.lives_ended} lives ended, {summary.seconds:.1f} s, {summary.lives_per_second:.0f} lives a second"
    )
    return [chinese, english]


def _table(bulletin: "Bulletin") -> Table:
    from app.demo.bulletin import COUNTS, RATES

    period = f"{bulletin.start:%Y-%m-%d} – {bulletin.end:%Y-%m-%d}"
    table = Table(title=f"通报 / bulletin {period}，as_of {bulletin.as_of:%Y-%m-%d %H:%M} UTC")
    table.add_column("")
    for name in (*COUNTS, *RATES):
        table.add_column(_HEADS[name], justify="right")
    before = bulletin.lines[0].group_by if bulletin.lines else None
    for line in bulletin.lines:
        if line.group_by != before:
            table.add_section()
            before = line.group_by
        counts = (str(line.sums.counts[name]) for name in COUNTS)
        rates = (line.sums.rates[name].value for name in RATES)
        table.add_row(_name(line), *counts, *("–" if value is None else f"{value}%" for value in rates))
    return table


def _name(line: "Line") -> str:
    if line.group_by is None:
        return "合计 / total"
    return line.name or line.code or "无 / none"


def _verdict(verdict: "Verdict") -> list[str]:
    lines = [
        f"{one.part}  {one.where}: 应为 / expected {one.expected}，实为 / got {one.got}" for one in verdict.findings
    ]
    if verdict.wrong > len(lines):
        lines.append(f"……另有 {verdict.wrong - len(lines)} 处 / and {verdict.wrong - len(lines)} more")
    chinese = (
        f"自检：链 {verdict.chains}、步 {verdict.rows}、时限 {verdict.dues}、提问 {verdict.questions}、"
        f"数字 {verdict.figures}、不符 {verdict.wrong}"
    )
    english = (
        f"self-check: {verdict.chains} chains, {verdict.rows} steps, {verdict.dues} due times, "
        f"{verdict.questions} questions, {verdict.figures} figures, {verdict.wrong} wrong"
    )
    return [*lines, chinese, english]
