"""Commands that prove the history and what is derived from it."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

import typer

from app.dispatch.errors import BadInput, Unavailable

if TYPE_CHECKING:
    from app.dispatch.anchors import Anchor
    from app.dispatch.audit import Difference, Finding
    from app.services.anchoring import Believed
    from app.services.audit import ChainReport, FactsReport, Seen
    from app.services.transaction import Sessions
    from app.settings import Settings

commands = typer.Typer(help="核对历史与统计。 Prove the history and what follows from it.", no_args_is_help=True)
Report = TypeVar("Report")
Work = Callable[["Sessions", "Seen"], Awaitable[Report]]

_FLAWS: Final = {
    "missing": "这一步不见了 / this step is missing",
    "broken": "与链不符：被改、被插、被调换或抄来 / does not fit its chain: edited, inserted, moved or copied",
    "text": "文字与链中的摘要不符 / the text is not the one that was recorded",
    "stray_text": "链中没有这段文字 / a text that stands in no chain",
    "tail": "链尾与记录的版本不符：尾部被截或被续 / the chain ends elsewhere than its version says: tail cut or added",
    "no_history": "没有任何历史 / no history at all",
    "no_subject": "有历史而没有这个上报或案件 / a history of nothing that is there",
    "anchored": "与锚点不符：链从这一步起被重写 / not as anchored: calculated anew from here on",
    "cut": "锚点有而库中没有：被截尾，或恢复了旧库 / anchored and not there: cut off, or an old copy restored",
    "backdated": "早于锚点却不在其中：事后倒签 / older than the last anchor and in none: put in afterwards",
}
_ANCHOR_FLAWS: Final = {
    "absent": "不见了 / is not there",
    "unreadable": "不可读 / cannot be read",
    "signature": "签名不符 / is not signed by our key",
    "unlinked": "与前一个不相接 / does not follow the one before it",
    "other_root": "与库中所记的根不同 / has another root than the database remembers",
}
_WITHOUT: Final = (
    "未与锚点核对（GRIDCASE_ANCHOR_DIR 或 --anchors）：尾部与版本号一起被改、整条链被重写，单凭哈希链看不出。\n"
    "Not held against anchors: a chain alone cannot show a tail that was cut together with the version, nor a chain "
    "calculated anew."
)
_NO_CITY: Final = frozenset({"3D000", "28000", "42P01"})
"""SQLSTATEs of a database in which the city is not: no database, no role, no table."""


@commands.command()
def verify(
    anchors: Annotated[
        Path | None, typer.Option(help="锚点目录，默认 GRIDCASE_ANCHOR_DIR。 Where the anchors are.")
    ] = None,
    public_key: Annotated[
        Path | None, typer.Option(help="锚点公钥文件，默认用本机密钥。 Their public key; default: our own.")
    ] = None,
) -> None:
    """逐条核对哈希链与文字，有锚点则一并核对。 Check every chain and its texts; status 1 when something is wrong."""
    from app.settings import load_settings

    settings = load_settings()
    folder = anchors.absolute() if anchors else settings.anchor_dir
    signed_by = public_key.read_text(encoding="ascii", errors="replace") if public_key else None
    known: list[Believed] = []

    async def verified(sessions: "Sessions", seen: "Seen") -> "ChainReport":
        from app.services.audit import Audit

        if folder is not None:
            known.append(await _anchors(sessions, settings, folder, signed_by))
        return await Audit(sessions, anchored=known[0].anchored if known else None).verify(seen)

    report = _audited(("history",), verified)
    for one in known:
        _list([f"锚点 / anchor {each.number}: {_ANCHOR_FLAWS[each.flaw]}" for each in one.findings], len(one.findings))
    _list([_finding(one) for one in report.findings], report.wrong)
    wrong = report.wrong + sum(len(one.findings) for one in known)
    _say(
        f"链 {report.chains}、步 {report.rows}、文字 {report.texts}、已删文字 {report.erased}、问题 {wrong}\n"
        f"{report.chains} chains, {report.rows} steps, {report.texts} texts, {report.erased} texts erased, "
        f"{wrong} wrong"
    )
    _say(_told(known[0]) if known else _WITHOUT)
    raise typer.Exit(code=int(wrong > 0))


@commands.command()
def anchor() -> None:
    """立即写一个锚点（平时由后台每小时写）。 Write an anchor now; the worker writes one every hour."""
    from app.settings import load_settings

    settings = load_settings()
    if settings.anchor_dir is None:
        raise BadInput("未设 GRIDCASE_ANCHOR_DIR。 GRIDCASE_ANCHOR_DIR is not set.", code="anchor_dir_missing")

    async def anchored(sessions: "Sessions", _: "Seen") -> "Anchor | None":
        from app.services.anchoring import anchoring

        return await anchoring(settings, sessions).anchor()

    made = _audited(("history",), anchored)
    if made is None:
        _say("没有新的步骤。 Nothing has grown.")
    else:
        steps = sum(len(one.hashes) for one in made.chains)
        _say(f"锚点 / anchor {made.number}: 链 / chains {len(made.chains)}，步 / steps {steps}，根 / root {made.root}")


@commands.command()
def facts() -> None:
    """按历史重算并逐行比对。 Fold every history again and compare what is stored; status 1 on a difference."""

    async def refolded(sessions: "Sessions", seen: "Seen") -> "FactsReport":
        from app.services.audit import Audit

        return await Audit(sessions).facts(seen)

    report = _audited(("cases", "reports"), refolded)
    _list([_difference(one) for one in report.differences], report.wrong)
    _say(
        f"案件 {report.cases}、上报 {report.reports}、不符 {report.wrong} / "
        f"{report.cases} cases, {report.reports} reports, {report.wrong} differences"
    )
    raise typer.Exit(code=int(report.wrong > 0))


def _audited(tables: tuple[str, ...], work: Work[Report]) -> Report:
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


async def _with_bar(url: str, tables: tuple[str, ...], work: Work[Report]) -> Report:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TimeElapsedColumn

    from app.repositories.engine import open_engine, open_sessions
    from app.services.audit import Audit

    engine = open_engine(url, pool=1)
    try:
        sessions = open_sessions(engine)
        columns = (SpinnerColumn(), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        console = Console(stderr=True)
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task("", total=await Audit(sessions).estimate(*tables))
            return await work(sessions, lambda done: bar.advance(task, done))
    finally:
        await engine.dispose()


async def _anchors(sessions: "Sessions", settings: "Settings", folder: Path, signed_by: str | None) -> "Believed":
    from app.adapters.anchor_files import AnchorFolder, Signer, read_public
    from app.adapters.keys import anchor_key
    from app.services.anchoring import believed

    public = read_public(signed_by) if signed_by else Signer(anchor_key(settings.keys_dir)).public
    return await believed(sessions, AnchorFolder(path=folder), public, settings.city)


def _told(known: "Believed") -> str:
    settled = known.anchored.settled
    if settled is None:
        return "目录里没有锚点：尚不能与之核对。 No anchors there yet: nothing to hold the chains against."
    since = settled.isoformat(timespec="seconds")
    return (
        f"锚点 {known.anchors} 个；{since} 之后的步骤尚无锚点，只凭链本身核对。\n"
        f"{known.anchors} anchors; what was recorded after {since} is proven by its chain alone."
    )


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
