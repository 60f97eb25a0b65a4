"""What migrations build is what the mapping says, can be taken back, and fits many cities in one PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from geoalchemy2 import alembic_helpers
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from app.models import Base
from app.runtime.cluster import Cluster
from app.runtime.database import ensure_city, ensure_database
from app.runtime.migrate import alembic_config, revisions, upgrade
from tests.towns import CITY, Town, copied, worker_name

COLUMNS = """
SELECT relname, attname, format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated,
       pg_get_expr(adbin, adrelid)
FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid LEFT JOIN pg_attrdef ON (adrelid, adnum) = (attrelid, attnum)
WHERE relnamespace = 'test'::regnamespace AND relkind IN ('r', 'p') AND attnum > 0 AND NOT attisdropped
"""
INDEXES = """
SELECT relname, pg_get_indexdef(indexrelid), indisvalid FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
WHERE relnamespace = 'test'::regnamespace
"""
CONSTRAINTS = """
SELECT conname, conrelid::regclass::text, pg_get_constraintdef(pg_constraint.oid), condeferrable, convalidated
FROM pg_constraint WHERE connamespace = 'test'::regnamespace
"""
SEQUENCES = (
    "SELECT sequencename, data_type::text, start_value, increment_by, cycle FROM pg_sequences WHERE schemaname = 'test'"
)
CATALOGUE = {"columns": COLUMNS, "indexes": INDEXES, "constraints": CONSTRAINTS, "sequences": SEQUENCES}
RIGHTS = """
SELECT relname, relkind, relacl::text,
       ARRAY(SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = pg_class.oid AND NOT tgisinternal ORDER BY 1)
FROM pg_class WHERE relnamespace = 'test'::regnamespace AND relname NOT LIKE 'alembic_version%'
"""


@pytest.fixture(scope="module")
def fresh(cluster: Cluster, empty_template: str) -> Iterator[Town]:
    """Lend a city whose tables were made from the mapping, without any migration."""
    del empty_template  # the roles are there once it is
    town = Town(cluster=cluster, name=f"mapped_{worker_name()}")
    asyncio.run(_create_all(town))
    yield town
    asyncio.run(_drop(town))


@pytest.fixture
def own_city(cluster: Cluster, empty_template: str) -> Iterator[Town]:
    """Lend a database for one test."""
    with copied(cluster, empty_template, f"own_{worker_name()}") as town:
        yield town


@pytest.fixture
async def migrated(database: Town) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database.admin_dsn)
    yield connection
    await connection.close()


async def _create_all(town: Town) -> None:
    await ensure_database(town.cluster.dsn(), town.name)
    await ensure_city(town.admin_dsn, CITY)
    engine = create_async_engine(town.owner_url, poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    await engine.dispose()


async def _drop(town: Town) -> None:
    connection = await asyncpg.connect(town.cluster.dsn())
    await connection.execute(f'DROP DATABASE "{town.name}" WITH (FORCE)')
    await connection.close()


async def _described(town: Town, query: str) -> list[tuple[object, ...]]:
    connection = await asyncpg.connect(town.admin_dsn)
    await connection.execute("SET search_path = test, public")
    rows = [tuple(row) for row in await connection.fetch(query)]
    await connection.close()
    return sorted((row for row in rows if not str(row[0]).startswith("alembic_version")), key=str)


@pytest.mark.parametrize("part", CATALOGUE)
async def test_migrated_is_fresh(database: Town, fresh: Town, part: str) -> None:
    told = await _described(database, CATALOGUE[part])
    assert told == await _described(fresh, CATALOGUE[part])
    assert told


async def test_autogenerate_finds_nothing_to_do(database: Town) -> None:
    """What `alembic check` asks, without the mapping's shadow of PostGIS."""

    def differences(connection: Connection) -> list[object]:
        options = {"compare_type": True, "include_object": alembic_helpers.include_object}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata))

    engine = create_async_engine(database.owner_url, poolclass=NullPool)
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
        await connection.execute(text("ALTER TABLE looks DROP COLUMN purpose"))
        assert len(await connection.run_sync(differences)) == 1
    await engine.dispose()


async def test_the_newest_migration_can_be_taken_back_and_made_again(own_city: Town) -> None:
    queries = {**CATALOGUE, "rights": RIGHTS}
    before = {part: await _described(own_city, query) for part, query in queries.items()}
    head = ScriptDirectory.from_config(alembic_config()).get_current_head()
    engine = create_async_engine(own_city.owner_url, poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(_downgrade)
        await connection.commit()
    await engine.dispose()
    assert (await revisions(own_city.owner_url, CITY)) != (head, head)
    await upgrade(own_city.owner_url, CITY)
    assert (await revisions(own_city.owner_url, CITY)) == (head, head)
    assert {part: await _described(own_city, query) for part, query in queries.items()} == before


def _downgrade(connection: Connection) -> None:
    config = alembic_config()
    config.attributes["connection"] = connection
    command.downgrade(config, "-1")


def test_there_is_one_head_and_every_migration_limits_its_locks() -> None:
    scripts = ScriptDirectory.from_config(alembic_config())
    assert len(scripts.get_heads()) == 1
    for script in scripts.walk_revisions():
        with open(script.path, encoding="utf-8") as source:  # noqa: PTH123  # a path of Alembic's
            assert "SET LOCAL lock_timeout" in source.read()


async def test_every_table_has_a_primary_key(migrated: asyncpg.Connection) -> None:
    bare = await migrated.fetch(
        """
        SELECT relname FROM pg_class WHERE relnamespace = 'test'::regnamespace AND relkind IN ('r', 'p')
        AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = pg_class.oid AND indisprimary)
        """
    )
    assert bare == []


async def test_nothing_is_deferrable_and_everything_is_named_and_holds(migrated: asyncpg.Connection) -> None:
    odd = """
        SELECT conname FROM pg_constraint WHERE connamespace = 'test'::regnamespace
        AND (condeferrable OR NOT convalidated OR conname !~ '^(pk|fk|uq|ck)_') AND conname <> 'alembic_version_pkc'
    """
    assert await migrated.fetch(odd) == []


async def test_a_city_has_no_types_of_its_own(migrated: asyncpg.Connection) -> None:
    """Types of a schema break connections that serve two of them; rows and arrays of tables are no such types."""
    types = "SELECT typname FROM pg_type WHERE typnamespace = 'test'::regnamespace AND typtype IN ('e', 'd', 'r', 'm')"
    assert await migrated.fetch(types) == []
    made = "SELECT typname FROM pg_type WHERE typnamespace = 'test'::regnamespace AND typtype = 'c' AND typrelid = 0"
    assert await migrated.fetch(made) == []


async def test_every_relation_is_the_owners_and_no_name_carries_a_schema(migrated: asyncpg.Connection) -> None:
    others = """
        SELECT relname FROM pg_class
        WHERE relnamespace = 'test'::regnamespace AND relowner <> 'test_owner'::regrole
    """
    assert await migrated.fetch(others) == []
    ours = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
    assert {row[0] for row in await migrated.fetch(ours)} == {"spatial_ref_sys"}
    assert {table.schema for table in Base.metadata.tables.values()} == {None}
