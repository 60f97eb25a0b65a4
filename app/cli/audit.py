"""Commands that prove the history and what is derived from it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, TypeVar

import typer

from app.dispatch.errors import Unavailable

if TYPE_CHECKING:
    from app.dispatch.audit import Difference, Finding
    from app.services.audit import Audit, Seen

commands = typer.Typer(help="核对历史与统计。 Prove the history and what follows from it.", no_args_is_help=True)
Report = TypeVar("Report")

_FLAWS: Final = {
    "missing": "这一步不见了 / this step is missing",
    "broken": "与链不符：被改、被插、被调换或抄来 / does not fit its chain: edited, inserted, moved or copied",
    "text": "文字与链中的摘要不符 / the text is not the one that was recorded",
    "stray_text": "链中没有这段文字 / a text that stands in no chain",
    "tail": "链尾与记录的版本不符：尾部被截或被续 / the chain ends elsewhere than its version says: tail cut or added",
    "no_history": "没有任何历史 / no history at all",
    "no_subject": "有历史而没有这个上报或案件 / a history of nothing that is there",
}
_LIMITS: Final = (
    "哈希链本身看不出：尾部与版本号一起被改、整条链被重写；那要与另处保存的根核对（尚未提供）。\n"
    "A chain alone cannot show a tail that was cut together with the version, nor a chain rewritten as a whole: that "
    "takes roots kept elsewhere (not offered yet)."
)
_NO_CITY: Final = frozenset({"3D000", "28000", "42P01"})
"""SQLSTATEs of a database in which the city is not: no database, no role, no table."""


@commands.command()
def verify() -> None:
    """逐条核对历史哈希链与文字。 Check every history chain and its texts; status 1 when something is wrong."""
    report = _audited(("history",), lambda audit, seen: audit.verify(seen))
    _list([_finding(one) for one in report.findings], report.wrong)
    _say(
        f"链 {report.chains}、步 {report.rows}、文字 {report.texts}、已删文字 {report.erased}、问题 {report.wrong}\n"
        f"{report.chains} chains, {report.rows} steps, {report.texts} texts, {report.erased} texts erased, "
        f"{report.wrong} wrong"
    )
    _say(_LIMITS)
    raise typer.Exit(code=int(report.wrong > 0))


@commands.command()
def facts() -> None:
    """按历史重算并逐行比对。 Fold every history again and compare what is stored; status 1 on a difference."""
    report = _audited(("cases", "reports"), lambda audit, seen: audit.facts(seen))
    _list([_difference(one) for one in report.differences], report.wrong)
    _say(
        f"案件 {report.cases}、上报 {report.reports}、不符 {report.wrong} / "
        f"{report.cases} cases, {report.reports} reports, {report.wrong} differences"
    )
    raise typer.Exit(code=int(report.wrong > 0))


def _audited(tables: tuple[str, ...], work: Callable[["Audit", "Seen"], Awaitable[Report]]) -> Report:
    """Do the work on the city's database, with a bar; the private cluster is started if it is down."""
    from sqlalchemy.exc import DBAPIError

    from app.runtime.lend import lend_database
    from app.services.transaction import sqlstate
    from app.settings import load_settings

    try:
        with lend_database(load_settings()) as settings:
            return asyncio.run(_with_bar(str(settings.database_url), tables, work))
    except (DBAPIError, OSError) as error:
        if sqlstate(error) not in _NO_CITY:
            raise
        raise Unavailable("库里没有这座城市；先 gridcase db upgrade。 The database holds no such city.") from error


async def _with_bar(url: str, tables: tuple[str, ...], work: Callable[["Audit", "Seen"], Awaitable[Report]]) -> Report:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TimeElapsedColumn

    from app.repositories.engine import open_engine, open_sessions
    from app.services.audit import Audit

    engine = open_engine(url, pool=1)
    try:
        audit = Audit(open_sessions(engine))
        columns = (SpinnerColumn(), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        console = Console(stderr=True)
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task("", total=await audit.estimate(*tables))
            return await work(audit, lambda done: bar.advance(task, done))
    finally:
        await engine.dispose()


def _finding(one: "Finding") -> str:
    step = "" if one.number is None else f" {one.number}"
    return f"{one.subject or '?'} {one.subject_id}{step}{f' {one.field}' if one.field else ''}: {_FLAWS[one.flaw]}"


def _difference(one: "Difference") -> str:
    key = " ".join(str(part) for part in one.key)
    if one.column is None:
        return f"{one.table} {key}: 库中 / stored {_there(one.stored)}；应为 / told {_there(one.told)}"
    return f"{one.table} {key} {one.column}: 库中 / stored {_value(one.stored)}；应为 / told {_value(one.told)}"


def _there(value: object) -> str:
    return "无 / nothing" if value is None else str(value)


def _value(value: object) -> str:
    from datetime import datetime

    return value.isoformat() if isinstance(value, datetime) else "–" if value is None else str(value)


def _list(lines: list[str], count: int) -> None:
    for line in lines:
        _say(line)
    if count > len(lines):
        _say(f"……另有 {count - len(lines)} 处 / and {count - len(lines)} more")


def _say(text: str) -> None:
    print(text, flush=True)
