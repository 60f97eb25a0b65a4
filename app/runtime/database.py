"""Set up a city in a database: extensions, schema, its two roles and their limits."""

import re
from dataclasses import dataclass
from typing import Final

import asyncpg

from app.dispatch.errors import BadInput, Unavailable

DATABASE: Final = "gridcase"
EXTENSIONS: Final = ("postgis", "pg_trgm")
_CITY: Final = re.compile(r"[a-z][a-z0-9_]{0,20}")
_HAS_SETTING: Final = """
SELECT 1 FROM pg_db_role_setting JOIN pg_roles ON pg_roles.oid = setrole WHERE rolname = $1 AND $2 = ANY (setconfig)
"""
_PARTS: Final = """
SELECT nspname::text AS name FROM pg_namespace WHERE nspname = $1
UNION ALL SELECT rolname::text FROM pg_roles WHERE rolname = ANY ($2)
"""
_RESERVED: Final = frozenset({"public", "postgres", "information_schema", "gridcase"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CityNames:
    """What a city is called inside PostgreSQL; all three are safe to write into a statement."""

    schema: str
    owner: str
    app: str


def city_names(city: str) -> CityNames:
    """Name the schema and the role pair of `city`; raise BadInput when PostgreSQL could not carry it."""
    if not _CITY.fullmatch(city) or city.startswith("pg_") or city in _RESERVED:
        raise BadInput(f"城市代码不可用：{city!r}（小写字母开头，字母、数字、下划线，至多 21 个字符）。 Bad city code.")
    return CityNames(schema=city, owner=f"{city}_owner", app=f"{city}_app")


async def ensure_database(admin_dsn: str, database: str = DATABASE) -> bool:
    """Create `database` when it is missing; return whether it was. `admin_dsn` may name any other database."""
    connection = await asyncpg.connect(admin_dsn)
    try:
        if await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", database):
            return False
        await connection.execute(f'CREATE DATABASE "{database}" ENCODING UTF8 TEMPLATE template0')
    finally:
        await connection.close()
    return True


async def ensure_city(admin_dsn: str, city: str, *, login: bool = True, app_password: str | None = None) -> list[str]:
    """Create in the database of `admin_dsn` what `city` lacks; return what was created, in words.

    Nothing that exists is changed. `login` lets the owner sign in (the private cluster); `app_password` is for servers
    that ask for one. Raises Unavailable with the statement that the administrator has to run when rights are missing.
    """
    names = city_names(city)
    connection = await asyncpg.connect(admin_dsn)
    try:
        return await _Builder(connection, names).build(login=login, app_password=app_password)
    finally:
        await connection.close()


async def present_parts(admin_dsn: str, city: str) -> frozenset[str]:
    """Return which of the schema and the roles of `city` exist, by their names."""
    names = city_names(city)
    connection = await asyncpg.connect(admin_dsn)
    try:
        found = await connection.fetch(_PARTS, names.schema, [names.owner, names.app])
    finally:
        await connection.close()
    return frozenset(row["name"] for row in found)


async def drop_city(admin_dsn: str, city: str, *, roles: bool = True) -> None:
    """Drop the schema of `city` with all it holds, and both its roles unless they are to stay."""
    names = city_names(city)
    connection = await asyncpg.connect(admin_dsn)
    try:
        await connection.execute(f"DROP SCHEMA IF EXISTS {names.schema} CASCADE")
        for role in (names.app, names.owner) if roles else ():
            if await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
                await connection.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
    finally:
        await connection.close()


class _Builder:
    """The statements of one city, each run only when its result is missing."""

    def __init__(self, connection: asyncpg.Connection, names: CityNames) -> None:
        self._connection = connection
        self._names = names
        self._done: list[str] = []

    async def build(self, *, login: bool, app_password: str | None) -> list[str]:
        names = self._names
        database = await self._connection.fetchval("SELECT quote_ident(current_database())")
        for extension in EXTENSIONS:
            await self._unless(
                ("SELECT 1 FROM pg_extension WHERE extname = $1", extension),
                f"CREATE EXTENSION {extension} SCHEMA public",
            )
        await self._role(names.owner, login=login, password=None)
        await self._role(names.app, login=True, password=app_password)
        await self._unless(
            ("SELECT 1 FROM pg_namespace WHERE nspname = $1", names.schema),
            f"CREATE SCHEMA {names.schema} AUTHORIZATION {names.owner}",
        )
        await self._unless(
            ("SELECT 1 WHERE has_schema_privilege($1, $2, 'USAGE')", names.app, names.schema),
            f"GRANT USAGE ON SCHEMA {names.schema} TO {names.app}",
        )
        # `public` holds the extensions and nothing else: no role may plant a function there that others then call
        await self._unless(
            ("SELECT 1 WHERE NOT has_schema_privilege('public', 'public', 'CREATE')",),
            "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        )
        # a role of one city has no business in temporary tables, and none of them may shadow a real one
        await self._unless(
            ("SELECT 1 WHERE NOT has_database_privilege('public', current_database(), 'TEMPORARY')",),
            f"REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC",
        )
        return self._done

    async def _role(self, role: str, *, login: bool, password: str | None) -> None:
        exists = await self._connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role)
        if not exists:
            await self._run(f"CREATE ROLE {role} {'LOGIN' if login else 'NOLOGIN'} NOSUPERUSER NOCREATEDB NOCREATEROLE")
            if password is not None:
                quoted = await self._connection.fetchval("SELECT quote_literal($1::text)", password)
                await self._connection.execute(f"ALTER ROLE {role} PASSWORD {quoted}")
            if not await self._connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
                await self._run(f"GRANT {role} TO CURRENT_USER")  # else the schema could not be handed to it
        await self._unless(
            (_HAS_SETTING, role, f"search_path={self._names.schema}, public"),
            f"ALTER ROLE {role} SET search_path = {self._names.schema}, public",
        )

    async def _unless(self, question: tuple[str, ...], statement: str) -> None:
        if not await self._connection.fetchval(*question):
            await self._run(statement)

    async def _run(self, statement: str) -> None:
        try:
            await self._connection.execute(statement)
        except asyncpg.InsufficientPrivilegeError as error:
            raise Unavailable(
                f"数据库权限不足，请管理员执行 / ask the database administrator to run:\n  {statement};",
                code="database_rights",
            ) from error
        self._done.append(statement)
