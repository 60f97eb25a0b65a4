"""Commands that save a city, look at what was saved, and bring it back."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from app.dispatch.errors import BadInput

if TYPE_CHECKING:
    from app.runtime.restore import Restored
    from app.runtime.verify import Checked
    from app.settings import Settings

File = Annotated[Path, typer.Argument(help="备份文件 / the backup file", show_default=False)]
Secret = Annotated[
    Path | None,
    typer.Option("--passphrase-file", help="口令在这个文件的第一行 / the passphrase is the first line of this file"),
]
_INCOMPLETE: Final = 3


def backup(
    file: File,
    *,
    force: Annotated[bool, typer.Option("--force", help="文件已存在也写 / replace a file that exists")] = False,
    with_keys: Annotated[
        Path | None,
        typer.Option("--with-keys", help="连密钥一起封存，口令在此文件首行 / seal the keys in, too: passphrase file"),
    ] = None,
) -> None:
    """备份整座城市，不停服务。 Save the whole city into one file while it serves; status 3 when media are absent."""
    from app.runtime.backup import Order, save_city
    from app.runtime.lend import lend_database
    from app.settings import load_settings

    settings = load_settings()
    order = Order(target=file, force=force, passphrase=_passphrase(with_keys))
    with _bar() as bar, lend_database(settings) as full:
        saved = asyncio.run(save_city(full, order, say=_say, expect=bar.expect, seen=bar.seen))
    manifest = saved.manifest
    _say(
        f"已备份 / saved: {file} {saved.size / 1e6:.1f} MB；上报 {manifest.reports}、案件 {manifest.cases}、"
        f"步 {manifest.history.steps}、媒体文件 {saved.objects} / {manifest.reports} reports, {manifest.cases} cases, "
        f"{manifest.history.steps} steps, {saved.objects} objects"
    )
    _say(_about_keys(settings, with_keys=manifest.with_keys))
    if saved.lost_key_ids:
        _say(f"库中用到而本机没有的密钥 / keys in use that are not here: {', '.join(saved.lost_key_ids)}")
    if saved.absent:
        _say(f"媒体库里缺 {saved.absent} 个文件，名单在备份的 absent.txt / absent from the store, listed in absent.txt")
        raise typer.Exit(code=_INCOMPLETE)


def verify(
    file: File,
    *,
    deep: Annotated[
        bool, typer.Option("--deep", help="恢复到一座临时城市并核对历史 / restore into a throwaway city and audit it")
    ] = False,
) -> None:
    """逐字节核对备份，不需要数据库。 Check a backup to its last byte, without a database; status 1 when damaged."""
    from app.adapters.keys import present_keys
    from app.runtime.restore import open_backup
    from app.runtime.verify import check_file
    from app.settings import load_settings

    settings = load_settings()
    with open_backup(file) as opened, _bar() as bar:
        bar.expect(file.stat().st_size)
        checked = check_file(opened, present_keys(settings.keys_dir).values(), bar.seen)
    _say(_checked(checked))
    if deep:
        from app.runtime.rehearsal import rehearse

        with _bar() as bar:
            done = rehearse(settings, file, checked.manifest.city, say=_say, expect=bar.expect, seen=bar.seen)
        _say(_restored(done))
        raise typer.Exit(code=int(done.proof.audit.wrong > 0))


def restore(
    file: File,
    *,
    keys: Annotated[
        Path | None, typer.Option("--keys", help="原来的 keys 目录 / the folder of the former home's keys")
    ] = None,
    passphrase_file: Secret = None,
    without_keys: Annotated[
        bool, typer.Option("--without-keys", help="密钥已丢失也恢复 / restore although keys are lost")
    ] = False,
) -> None:
    """恢复到空目录或没有这座城市的库。 Restore into an empty home, or a database that has no such city."""
    from app.runtime.restore import Order, restore_city
    from app.settings import load_settings

    if keys is not None and not keys.is_dir():
        raise BadInput(f"没有这个目录 / no such folder: {keys}", code="folder_missing")
    order = Order(source=file, keys_dir=keys, passphrase=_passphrase(passphrase_file), without_keys=without_keys)
    with _bar() as bar:
        done = restore_city(load_settings(), order, say=_say, expect=bar.expect, seen=bar.seen)
    _say(_restored(done))
    raise typer.Exit(code=int(done.proof.audit.wrong > 0))


def _checked(checked: "Checked") -> str:
    manifest = checked.manifest
    whose = (
        "封条由本机的密钥做成 / sealed by a key of this home"
        if checked.authentic
        else "内容完整；封条的密钥不在本机，不能证明是谁做的 / whole; the sealing key is not here, so not who made it"
    )
    return (
        f"完好 / whole: {checked.size / 1e6:.1f} MB，城市 / city {manifest.city}，"
        f"{manifest.created_at:%Y-%m-%d %H:%M:%S} UTC，版本 / release {manifest.release}，迁移 / migration "
        f"{manifest.revision}，PostgreSQL {manifest.postgresql}\n"
        f"上报 / reports {manifest.reports}，案件 / cases {manifest.cases}，链 / chains {manifest.history.chains}，"
        f"步 / steps {manifest.history.steps}，媒体 / objects {checked.objects}，缺 / absent {len(checked.absent)}\n"
        f"历史根 / root of the history {manifest.history.root}\n{whose}\n"
        f"密钥 / keys: {', '.join(mark.id for mark in manifest.keys) or '–'}"
        f"{'（已封存在内 / sealed inside）' if manifest.with_keys else '（不在内 / not inside）'}"
    )


def _restored(done: "Restored") -> str:
    from app.runtime.supply import losses

    audit, proof = done.proof.audit, done.proof
    summary = (
        f"已恢复 / restored: {done.manifest.city}，链 / chains {audit.chains}，步 / steps {audit.rows}，"
        f"不符 / wrong {audit.wrong}，媒体文件 / objects {proof.objects}，缺 / absent {len(proof.absent)}，"
        f"保险库抽查 / sealed values opened {proof.opened}"
    )
    lines = [summary]
    if audit.wrong:
        lines.append(
            "历史在备份时就已如此，请看 gridcase audit verify。"
            " The history was like this when it was saved: see `gridcase audit verify`."
        )
    if done.missing:
        lines += ["没有这些密钥 / without these keys:", *losses(done.missing)]
    return "\n".join(lines)


def _about_keys(settings: "Settings", *, with_keys: bool) -> str:
    if with_keys:
        return "密钥已用口令封存在内；没有口令谁也打不开。 The keys are sealed inside; only the passphrase opens them."
    return (
        f"密钥不在备份里：丢了它们就丢了保险库，请另存 {settings.keys_dir}（或用 --with-keys）。\n"
        f"The keys are not in it. Losing them is losing the vault: keep {settings.keys_dir} elsewhere, or --with-keys."
    )


def _passphrase(file: Path | None) -> str | None:
    if file is None:
        return None
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise BadInput(f"读不到 {file} / cannot read it: {error.strerror}", code="file_unreadable") from error
    return lines[0] if lines else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bar:
    expect: Callable[[int], None]
    seen: Callable[[int], None]


@contextmanager
def _bar() -> Iterator[_Bar]:
    """Show bytes on a terminal, nothing elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (SpinnerColumn(), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=None)
        yield _Bar(
            expect=lambda size: progress.update(task, total=size),
            seen=lambda size: progress.update(task, advance=size),
        )


def _say(text: str) -> None:
    print(text, flush=True)
