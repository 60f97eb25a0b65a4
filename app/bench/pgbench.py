"""The limit of what is written: the same rows by pgbench, one commit each."""

import asyncio
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import asyncpg

from app.dispatch.errors import Unavailable

NEW_ID: Final = "(lpad(to_hex(CAST(:high AS bigint)), 16, '0') || lpad(to_hex(CAST(:low AS bigint)), 16, '0'))"
"""The text of an id that a script makes of two numbers drawn anew for every transaction."""

NEW_NUMBER: Final = "CAST(:number AS int)"
DRAWN: Final = (
    "\\set high random(1, 9223372036854775807)\n\\set low random(1, 9223372036854775807)\n"
    "\\set number random(1000, 2000000000)\n"
)
_TPS: Final = re.compile(r"^tps = ([0-9.]+) \(without initial", re.MULTILINE)


def needed(program: str | None) -> str:
    """Return the program; raise Unavailable that says where it comes from."""
    if program is None:
        raise Unavailable(
            "没有找到 pgbench：它随 PostgreSQL 服务器安装（RHEL/openEuler 在 postgresql-contrib 包里）。 "
            "pgbench was not found: it comes with the server, or with postgresql-contrib; without it there is no limit "
            "to measure against.",
            code="pgbench_missing",
        )
    return program


async def transactions_a_second(
    program: str, dsn: str, scripts: Sequence[str], *, connections: int, seconds: float
) -> float:
    """Run scripts, by chance, for so long over so many connections, all prepared; return transactions a second."""
    with TemporaryDirectory(prefix="gridcase-pgbench-") as folder:
        command = ["-n", "-M", "prepared", "-c", str(connections), "-T", str(max(1, round(seconds)))]
        for number, script in enumerate(scripts):
            path = Path(folder) / f"{number}.sql"
            path.write_text(f"{DRAWN}BEGIN;\n{script}\nCOMMIT;\n", encoding="utf-8")
            command += ["-f", str(path)]
        process = await asyncio.create_subprocess_exec(
            program, *command, dsn, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        try:
            out, errors = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
    found = _TPS.search(out.decode())
    if process.returncode != 0 or found is None:
        raise Unavailable(f"pgbench 没有成功。 pgbench failed: {errors.decode()[-500:]}", code="pgbench_failed")
    return float(found[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Rows of one table that were really written, to be written again; `fresh` maps columns to SQL of new values.

    With `key` a row that is there is written over; `only` narrows the columns.
    """

    table: str
    where: str
    arguments: Sequence[object]
    fresh: Mapping[str, str] = field(default_factory=dict)
    key: Sequence[str] = ()
    only: Collection[str] = ()


async def inserts(connection: asyncpg.Connection, samples: Sequence[Sample]) -> str:
    """Return statements that insert rows like the samples, column for column, as constants."""
    return "\n".join([line for one in samples for line in await _again(connection, one)])


async def _again(connection: asyncpg.Connection, sample: Sample) -> list[str]:
    columns = [
        row["attname"]
        for row in await connection.fetch(
            "SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0"
            " AND NOT attisdropped AND attgenerated = '' AND attidentity = ''",
            sample.table,
        )
        if not sample.only or row["attname"] in sample.only
    ]
    listed = ", ".join(f'"{column}"' for column in columns)
    texts = ", ".join(f'"{column}"::text AS "{column}"' for column in columns)
    query = f"SELECT {texts} FROM {sample.table} WHERE {sample.where}"  # noqa: S608  # names of our own tables
    rows = await connection.fetch(query, *sample.arguments)
    changed = ", ".join(f'"{column}" = excluded."{column}"' for column in columns if column not in sample.key)
    over = f" ON CONFLICT ({', '.join(sample.key)}) DO UPDATE SET {changed}" if sample.key else ""
    lines = []
    for row in rows:
        values = ", ".join(sample.fresh.get(column) or constant(row[column]) for column in columns)
        lines.append(f"INSERT INTO {sample.table} ({listed}) VALUES ({values}){over};")  # noqa: S608  # as above
    return lines


async def update(connection: asyncpg.Connection, sample: Sample) -> str:
    """Return the statement that sets the sample's columns in the one row where it was found, `key` naming it."""
    texts = ", ".join(f'"{column}"::text AS "{column}"' for column in (*sample.key, *sample.only))
    query = f"SELECT {texts} FROM {sample.table} WHERE {sample.where}"  # noqa: S608  # names of our own tables
    (row,) = await connection.fetch(query, *sample.arguments)
    values = ", ".join(f'"{column}" = {sample.fresh.get(column) or constant(row[column])}' for column in sample.only)
    which = " AND ".join(f'"{column}" = {constant(row[column])}' for column in sample.key)
    return f"UPDATE {sample.table} SET {values} WHERE {which};"  # noqa: S608  # as above


def constant(text: str | None) -> str:
    """Return a text as a constant in which pgbench sees no variable: a colon would begin one."""
    if text is None:
        return "NULL"
    escaped = text.replace("\\", "\\\\").replace("'", "''").replace(":", "\\x3A").replace("\n", "\\n")
    return f"E'{escaped}'"


def uuid_of(text: str) -> str:
    """Return the SQL that reads a text as an id."""
    return f"CAST({text} AS uuid)"
