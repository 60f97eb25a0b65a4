"""Take everything out of a city and leave it as if it had just been created: schema and roles stay."""

from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.runtime.database import city_names
from app.runtime.migrate import owner_engine, upgrade

_KINDS: Final = {"r": "TABLE", "p": "TABLE", "S": "SEQUENCE", "v": "VIEW", "m": "MATERIALIZED VIEW"}
_SCHEMA: Final = "CAST(CAST(:schema AS text) AS regnamespace)"
_RELATIONS: Final = text(
    f"SELECT relkind::text, quote_ident(relname) FROM pg_class WHERE relnamespace = {_SCHEMA}"  # noqa: S608  # our own
    " AND relkind::text = ANY (CAST(:kinds AS text[])) ORDER BY relname"
)
_FUNCTIONS: Final = text(
    f"SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = {_SCHEMA} ORDER BY 1"  # noqa: S608  # our own
)
_OTHERS: Final = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = :app"
    " AND pid <> pg_backend_pid()"
)


async def empty_city(admin_url: str, city: str) -> None:
    """Drop all that the city's schema holds, history included, and migrate it anew; as the owner.

    For cities that nobody has used yet, and for whoever was asked and said yes.
    """
    engine = owner_engine(admin_url, city)
    try:
        async with engine.begin() as connection:
            await connection.execute(text("SET LOCAL lock_timeout = '10s'"))
            await _drop_all(connection, city_names(city).schema)
    finally:
        await engine.dispose()
    await upgrade(admin_url, city)


async def users(admin_url: str, city: str) -> int:
    """Return how many sessions the city's app role has open."""
    engine = owner_engine(admin_url, city)
    try:
        async with engine.connect() as connection:
            return int(await connection.scalar(_OTHERS, {"app": city_names(city).app}) or 0)
    finally:
        await engine.dispose()


async def _drop_all(connection: AsyncConnection, schema: str) -> None:
    found = (await connection.execute(_RELATIONS, {"schema": schema, "kinds": list(_KINDS)})).all()
    for wanted in ("v", "m", "r", "p", "S"):
        names = [name for kind, name in found if kind == wanted]
        if names:
            await connection.execute(text(f"DROP {_KINDS[wanted]} IF EXISTS {', '.join(names)} CASCADE"))
    for (name,) in (await connection.execute(_FUNCTIONS, {"schema": schema})).all():
        await connection.execute(text(f"DROP FUNCTION IF EXISTS {name} CASCADE"))
