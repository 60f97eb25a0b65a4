"""Look at a machine and its settings and say what is there, missing or unsafe."""

import os
import shutil
import sys
from collections.abc import Iterator
from typing import Final

from app.runtime.binaries import installed_servers, missing_server
from app.runtime.cluster import Cluster
from app.runtime.database_check import examine_database
from app.runtime.findings import Finding, Level
from app.runtime.lend import with_addresses
from app.settings import Mode, Settings

_LITTLE_SPACE_GB: Final = 5


async def examine(settings: Settings) -> list[Finding]:
    """Return all findings; nothing is started or changed."""
    findings = [*_machine(settings), *_safety(settings)]
    full = settings
    if settings.is_private:
        cluster = Cluster(settings.home)
        findings += _cluster(cluster)
        if not cluster.pid():
            return findings
        full = with_addresses(settings, cluster)
    return findings + await examine_database(full)


def _machine(settings: Settings) -> Iterator[Finding]:
    yield Finding(level=Level.GOOD, text=f"Python {sys.version.split()[0]} ({sys.executable})")
    if settings.is_private:
        for server in installed_servers():
            postgis = "PostGIS" if server.has_postgis else "没有 PostGIS / no PostGIS"
            level = Level.GOOD if server.usable else Level.WARNING
            yield Finding(level=level, text=f"PostgreSQL {server.major}, {postgis} ({server.folder})")
        if not any(server.usable for server in installed_servers()):
            yield Finding(level=Level.BAD, text=missing_server())
    place = settings.home if settings.home.exists() else settings.home.parent
    free = shutil.disk_usage(place).free / 1e9
    yield Finding(
        level=Level.GOOD if free > _LITTLE_SPACE_GB else Level.WARNING,
        text=f"磁盘剩余 / free disk: {free:.0f} GB ({place})",
    )


def _safety(settings: Settings) -> Iterator[Finding]:
    known = {f"GRIDCASE_{name.upper()}" for name in Settings.model_fields}
    for name in sorted(key for key in os.environ if key.startswith("GRIDCASE_") and key not in known):
        yield Finding(level=Level.WARNING, text=f"环境变量 {name} 不认识 / unknown setting")
    if settings.mode is Mode.DEMO and settings.host not in {"127.0.0.1", "::1", "localhost"}:
        yield Finding(
            level=Level.BAD,
            text=f"演示模式的公开口令在 {settings.host} 上可达 / demo passwords are reachable from outside",
        )
    if settings.mode is Mode.PRODUCTION and settings.anchor_dir is None:
        yield Finding(
            level=Level.WARNING,
            text="未设 GRIDCASE_ANCHOR_DIR：签名根没有异地副本 / signed roots are kept nowhere else",
        )
    keys = list(settings.keys_dir.glob("*")) if settings.keys_dir.is_dir() else []
    open_keys = [key for key in keys if key.stat().st_mode & 0o077]
    for key in open_keys:
        yield Finding(level=Level.BAD, text=f"密钥 {key} 可被他人读取 / readable by others: chmod 600")
    if keys and not open_keys:
        yield Finding(level=Level.GOOD, text=f"密钥 / keys: {settings.keys_dir}（务必备份 / back them up）")
    if os.getuid() == 0:
        yield Finding(level=Level.WARNING, text="以 root 运行接口进程，生产请用普通用户 / the API would run as root")


def _cluster(cluster: Cluster) -> Iterator[Finding]:
    state = "运行中 / running" if cluster.pid() else "未启动 / down" if cluster.exists() else "尚未创建 / not made yet"
    yield Finding(level=Level.GOOD, text=f"私有数据库 / private cluster: {state}，{cluster.data}，{cluster.sockets}")
