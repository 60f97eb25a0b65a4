"""Bring master data into the city from files, and put it in force."""

import asyncio
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from app.dispatch.errors import BadInput, GridcaseError

if TYPE_CHECKING:
    from app.services.import_values import Brought, Imported
    from app.services.imports import Seen
    from app.services.sets import Activated, Wanted
    from app.settings import Settings

_MOST_SHOWN: Final = 50
_KINDS: Final = "areas cells zones places components units rules catalogue calendar beats accounts"
_SEVERITIES: Final = {"error": "错误", "warning": "提醒"}


def import_file(
    kind: Annotated[str, typer.Argument(help=f"哪一类 / which kind: {_KINDS}", metavar="KIND")],
    file: Annotated[Path, typer.Argument(help="文件 / the file", exists=True, dir_okay=False, readable=True)],
    name: Annotated[str | None, typer.Option(help="名称，默认为文件名 / name of the set")] = None,
    datum: Annotated[
        str | None, typer.Option(help="坐标系：wgs84、cgcs2000、gcj02、bd09、EPSG:n（有图形时必填）/ reference system")
    ] = None,
    layer: Annotated[str | None, typer.Option(help="GeoPackage 的图层 / layer of a GeoPackage")] = None,
    encoding: Annotated[str | None, typer.Option(help="Shapefile 的编码 utf-8 或 gb18030 / of a Shapefile")] = None,
    continuous_limits: Annotated[  # noqa: FBT002  # an option of the command line
        bool, typer.Option("--continuous-limits", help="时限中的小时、天按自然时间 / plain hours and days run on")
    ] = False,
    activate: Annotated[bool, typer.Option("--activate", help="随即启用 / put in force")] = False,  # noqa: FBT002  # as above
    since: Annotated[str | None, typer.Option("--from", help="启用时刻，默认立即 / RFC 3339 instant")] = None,
    force: Annotated[bool, typer.Option("--force", help="跳过覆盖证明 / without a coverage proof")] = False,  # noqa: FBT002  # as above
    reason: Annotated[str | None, typer.Option(help="跳过的理由 / reason for --force")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")] = False,  # noqa: FBT002  # as above
) -> None:
    """导入一份基础数据，整份或一点不收；有错误时状态为 1。 Import master data: whole, or not at all (status 1)."""
    try:
        brought = _brought(kind, file, name, datum, layer, encoding, continuous=continuous_limits)
        _import(brought, _Begin(wished=activate, since=_instant(since), force=force, reason=reason), as_json=as_json)
    except GridcaseError as error:
        _tell_refusal(error, as_json=as_json)
        raise typer.Exit(code=1) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Begin:
    """Whether and how a draft is to be put in force."""

    wished: bool
    since: datetime | None
    force: bool
    reason: str | None


def _brought(
    kind: str,
    file: Path,
    name: str | None,
    datum: str | None,
    layer: str | None,
    encoding: str | None,
    *,
    continuous: bool,
) -> "Brought":
    from app.adapters.readers import Given
    from app.dispatch.importing.kinds import KINDS
    from app.services.import_values import Brought

    if kind not in KINDS:
        raise BadInput(f"没有“{kind}”这一类，可用：{_KINDS}", code="unknown_kind")
    given = Given(path=file.resolve(), name=file.name, layer=layer, encoding=encoding)
    return Brought(kind=kind, given=given, name=name or file.stem, datum=datum, plain_is_continuous=continuous)


def _import(brought: "Brought", begin: _Begin, *, as_json: bool) -> None:
    """Import, tell, and put in force where that is wished."""
    from app.dispatch.importing.kinds import ACCOUNTS
    from app.runtime.lend import lend_database
    from app.services.sets import Wanted
    from app.settings import load_settings

    with lend_database(load_settings()) as settings:
        done = asyncio.run(_bring(settings, brought))
        _tell_done(done, as_json=as_json)
        if begin.wished and done.kind != ACCOUNTS:
            ids = (done.id, *(one.id for one in done.also))
            wanted = Wanted(ids=ids, since=begin.since, force=begin.force, reason=begin.reason)
            _tell_activated(asyncio.run(_activate(settings, wanted)), as_json=as_json)


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise BadInput("--from 须为带时差的时间，如 2026-12-01T00:00:00+08:00", code="bad_instant")
    return found


async def _bring(settings: "Settings", brought: "Brought") -> "Imported":
    """Import, showing how far it is; the API may run meanwhile."""
    from app.adapters.passwords import Passwords
    from app.repositories.engine import open_engine, open_sessions
    from app.services.imports import Imports

    engine = open_engine(str(settings.database_url), pool=2)
    try:
        with _progress() as seen:
            return await Imports(open_sessions(engine), Passwords(), _utc_now).bring(brought, seen=seen)
    finally:
        await engine.dispose()


@contextmanager
def _progress() -> "Iterator[Seen]":
    """Show a bar on a terminal, a line for each stage elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    bar = Progress(*columns, TimeElapsedColumn(), console=console, transient=True, disable=not console.is_terminal)
    with bar:
        task, told = bar.add_task("导入", total=None), ""

        def seen(stage: str, done: int, total: int) -> None:
            nonlocal told
            bar.update(task, description=stage, completed=done, total=total or None)
            if stage != told and not console.is_terminal:
                console.print(f"{stage} {total or ''}".strip(), highlight=False)
            told = stage

        yield seen


async def _activate(settings: "Settings", wanted: "Wanted") -> "Activated":
    """Put the draft in force; a running API follows by itself."""
    from app.repositories.engine import open_engine, open_sessions
    from app.services.books import Books
    from app.services.sets import Sets

    engine = open_engine(str(settings.database_url), pool=2)
    try:
        sessions = open_sessions(engine)
        return await Sets(sessions, Books(sessions), _utc_now).activate(wanted, None)
    finally:
        await engine.dispose()


def _tell_done(done: "Imported", *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(_plain(done), ensure_ascii=False, indent=2))
        return
    _table(done.findings)
    _say(f"已导入 {done.kind} “{done.name}”：{done.counts['rows']} 行，编号 {done.id}，状态 {done.state}")
    for other in done.also:
        _say(f"同一文件还带来 {other.kind}：{other.counts['rows']} 行，编号 {other.id}，须一并启用")
    for account in done.accounts:
        _say(f"账号 {account.username} 的初始口令（只显示这一次）：{account.password}")


def _tell_activated(done: "Activated", *, as_json: bool) -> None:
    if not as_json:
        _table(done.activation.findings)
        _say(f"自 {done.activation.active_from.astimezone().isoformat(timespec='seconds')} 起启用")


def _plain(done: "Imported") -> dict[str, Any]:
    return {
        "id": str(done.id),
        "kind": done.kind,
        "name": done.name,
        "state": done.state,
        "valid": done.valid,
        "findings": list(done.findings),
        "counts": dict(done.counts),
        "also": [_plain(other) for other in done.also],
        "accounts": [{"username": one.username, "password": one.password} for one in done.accounts],
    }


def _tell_refusal(error: GridcaseError, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"code": error.code, "detail": error.detail, **error.fields}, ensure_ascii=False, indent=2))
        return
    findings = error.fields.get("findings")
    _table(findings if isinstance(findings, list) else [])
    print(error.detail, file=sys.stderr, flush=True)


def _table(findings: "Sequence[Mapping[str, Any]]") -> None:
    """Print findings one a line; what does not fit on a page is counted."""
    if not findings:
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("程度", "问题", "位置", "说明与改法", show_lines=False)
    for one in findings[:_MOST_SHOWN]:
        table.add_row(_SEVERITIES[one["severity"]], one["code"], _place(one["where"]), one["message"])
    Console().print(table)
    if len(findings) > _MOST_SHOWN:
        _say(f"……另有 {len(findings) - _MOST_SHOWN} 条，用 --json 看全部")


def _place(where: "Mapping[str, Any]") -> str:
    parts = [
        str(where.get("sheet") or ""),
        f"第 {where['row']} 行" if "row" in where else "",
        f"第 {where['feature']} 个要素" if "feature" in where else "",
        str(where.get("column") or ""),
    ]
    return " ".join(part for part in parts if part) or str(where.get("file", ""))


def _say(text: str, *, quiet: bool = False) -> None:
    if not quiet:
        print(text, flush=True)
