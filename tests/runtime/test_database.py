import asyncio

import asyncpg
import pytest

from app.dispatch.errors import BadInput, Unavailable
from app.runtime.cluster import Cluster
from app.runtime.database import DATABASE, city_names, drop_city, ensure_city, ensure_database


@pytest.fixture(scope="module")
def admin(cluster: Cluster) -> str:
    asyncio.run(ensure_database(cluster.dsn()))
    return cluster.dsn(database=DATABASE)


def _try(dsn: str, statement: str) -> object:
    async def ask() -> object:
        connection = await asyncpg.connect(dsn)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return asyncio.run(ask())


@pytest.mark.parametrize("bad", ["", "A", "1a", "a-b", "a" * 22, "pg_x", "public", "a;drop", 'a"b', "网"])
def test_a_city_that_postgresql_cannot_carry_is_refused(bad: str) -> None:
    with pytest.raises(BadInput):
        city_names(bad)


def test_making_a_city_twice_changes_nothing(admin: str) -> None:
    assert asyncio.run(ensure_city(admin, "twice"))
    assert asyncio.run(ensure_city(admin, "twice")) == []


def test_both_roles_see_their_schema_first_without_being_told(cluster: Cluster, admin: str) -> None:
    asyncio.run(ensure_city(admin, "lake"))
    for role in ("lake_owner", "lake_app"):
        assert _try(cluster.dsn(role, DATABASE), "SHOW search_path") == "lake, public"
        assert _try(cluster.dsn(role, DATABASE), "SELECT current_schema()::text") == "lake"


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (a int)",
        "CREATE TABLE public.mine (a int)",
        "CREATE TEMP TABLE mine (a int)",
        "CREATE FUNCTION public.now() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE SCHEMA other",
        "SET ROLE river_owner",
        "ALTER TABLE things ADD b int",
        "SELECT a FROM things",
    ],
)
def test_the_app_role_may_do_nothing_that_was_not_granted(cluster: Cluster, admin: str, statement: str) -> None:
    asyncio.run(ensure_city(admin, "river"))
    _try(cluster.dsn("river_owner", DATABASE), "CREATE TABLE IF NOT EXISTS things (a int)")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        _try(cluster.dsn("river_app", DATABASE), statement)


def test_one_city_does_not_see_another(cluster: Cluster, admin: str) -> None:
    for city in ("east", "west"):
        asyncio.run(ensure_city(admin, city))
        _try(cluster.dsn(f"{city}_owner", DATABASE), "CREATE TABLE IF NOT EXISTS things (a int)")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        _try(cluster.dsn("east_owner", DATABASE), "SELECT a FROM west.things")


def test_missing_rights_end_in_the_statement_to_run(cluster: Cluster, admin: str) -> None:
    asyncio.run(ensure_city(admin, "poor"))
    with pytest.raises(Unavailable, match="CREATE ROLE rich_owner"):
        asyncio.run(ensure_city(cluster.dsn("poor_owner", DATABASE), "rich"))


def test_an_owner_who_finds_all_in_place_needs_no_administrator(cluster: Cluster, admin: str) -> None:
    asyncio.run(ensure_city(admin, "ready"))
    assert asyncio.run(ensure_city(cluster.dsn("ready_owner", DATABASE), "ready")) == []


def test_a_dropped_city_can_be_made_again(cluster: Cluster, admin: str) -> None:
    asyncio.run(ensure_city(admin, "gone"))
    _try(cluster.dsn("gone_owner", DATABASE), "CREATE TABLE things (a int)")
    asyncio.run(drop_city(admin, "gone"))
    assert _try(admin, "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'gone%'") == 0
    assert asyncio.run(ensure_city(admin, "gone"))


def test_an_administrator_without_superuser_can_make_a_city(cluster: Cluster, admin: str) -> None:
    asyncio.run(ensure_city(admin, "eldest"))  # extensions take a superuser; whoever made the first city was one
    _try(admin, "CREATE ROLE clerk LOGIN CREATEROLE")
    _try(admin, f"GRANT CREATE ON DATABASE {DATABASE} TO clerk")
    dsn = cluster.dsn("clerk", DATABASE)
    assert asyncio.run(ensure_city(dsn, "modest", login=False, app_password="it's"))
    assert _try(admin, "SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'modest'") == "modest_owner"
