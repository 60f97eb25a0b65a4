"""Ask a city's database whether it is fit and safe."""

from collections.abc import Iterator
from typing import Final

import asyncpg
from sqlalchemy.engine import make_url

from app.runtime.binaries import OLDEST_MAJOR
from app.runtime.database import EXTENSIONS, city_names
from app.runtime.findings import Finding, Level
from app.runtime.migrate import revisions
from app.settings import Settings

_FACTS: Final = """
SELECT current_user AS role, current_setting('server_version_num')::int / 10000 AS major,
       current_schema() AS schema,
       (SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user) AS mighty,
       (SELECT array_agg(extname::text) FROM pg_extension) AS extensions,
       (SELECT nspowner = (SELECT oid FROM pg_roles WHERE rolname = current_user)
          FROM pg_namespace WHERE nspname = $1) AS owns_schema,
       (SELECT datcollate FROM pg_database WHERE datname = current_database()) AS collation,
       current_setting('fsync') = 'on' AND current_setting('full_page_writes') = 'on'
          AND current_setting('synchronous_commit') <> 'off' AS durable
"""


async def examine_database(settings: Settings) -> list[Finding]:
    """Return what the app's connection shows, and how far the migrations are."""
    address = make_url(settings.database_url or "")
    try:
        connection = await asyncpg.connect(
            address.set(drivername="postgresql").render_as_string(hide_password=False), timeout=10
        )
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        return [Finding(level=Level.BAD, text=f"连不上数据库 / cannot connect as {address.username}: {error}")]
    try:
        row = await connection.fetchrow(_FACTS, settings.city)
    finally:
        await connection.close()
    judged = _judge(row, settings.city) if row else ()  # one row always comes; the driver's types do not know it
    return [*judged, *await _migrations(settings)]


def _judge(row: asyncpg.Record, city: str) -> Iterator[Finding]:
    yield _finding(row["major"] >= OLDEST_MAJOR, f"PostgreSQL {row['major']}, {row['role']}")
    missing = [name for name in EXTENSIONS if name not in row["extensions"]]
    yield _finding(
        not missing, f"扩展 / extensions: {'缺 / missing ' if missing else ''}{', '.join(missing or EXTENSIONS)}"
    )
    yield _finding(row["schema"] == city, f"当前模式 / current schema: {row['schema']}（应为 / should be {city}）")
    if row["mighty"] or row["owns_schema"]:
        yield Finding(
            level=Level.BAD,
            text=f"接口用的角色 {row['role']} 权限过大，历史可被改写 / the app's role could rewrite history; "
            f"use {city_names(city).app}",
        )
    yield _finding(
        row["collation"] not in {"C", "POSIX"},
        f"排序规则 / collation: {row['collation']}（C 不支持中文检索 / no Chinese search）",
    )
    yield _finding(row["durable"], "写入落盘 / commits reach the disk (fsync, full_page_writes, synchronous_commit)")


async def _migrations(settings: Settings) -> list[Finding]:
    if settings.admin_url is None:
        return []
    present, newest = await revisions(settings.admin_url, settings.city)
    text = f"迁移 / migrations: {present or '无 / none'}，最新 / newest: {newest}"
    return [_finding(present == newest, text)]


def _finding(fine: bool, text: str) -> Finding:  # noqa: FBT001  # the one thing a finding is about
    return Finding(level=Level.GOOD if fine else Level.BAD, text=text)
