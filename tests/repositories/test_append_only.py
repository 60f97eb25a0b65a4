"""The history and the record of looks only grow: read from the catalogue, and tried by every way we know of."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final
from uuid import uuid4

import asyncpg
import pytest
from alembic.script import ScriptDirectory

from app.runtime.migrate import alembic_config
from tests.towns import Town

APP, OWNER, SCHEMA = "test_app", "test_owner", "test"
GUARDED: Final = ("activations", "anchors", "book_changes", "handovers", "history", "looks", "order_steps")
MIGRATIONS: Final = Path(__file__).parents[2] / "migrations" / "versions"
FORBIDDEN: Final = ("UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")

FAMILY: Final = """
WITH RECURSIVE family AS (
  SELECT oid FROM pg_class WHERE oid = ANY ($1::text[]::regclass[])
  UNION SELECT inhrelid FROM pg_inherits JOIN family ON inhparent = family.oid)
SELECT oid FROM family
"""
"""The guarded tables, and whatever inherits from them or is a partition of them."""

BEFORE_ROW_CHANGE: Final = 1 + 2 + 8 + 16
BEFORE_TRUNCATE: Final = 2 + 32
"""`pg_trigger.tgtype`: row 1, before 2, delete 8, update 16, truncate 32."""


async def _connect(url: str) -> asyncpg.Connection:
    return await asyncpg.connect(url.replace("+asyncpg", ""))


@pytest.fixture
async def admin(fresh_city: Town) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(fresh_city.admin_dsn)
    await connection.execute(f"SET search_path = {SCHEMA}, public")
    yield connection
    await connection.close()


@pytest.fixture
async def app(fresh_city: Town) -> AsyncIterator[asyncpg.Connection]:
    connection = await _connect(fresh_city.app_url)
    yield connection
    await connection.close()


@pytest.fixture
async def owner(fresh_city: Town) -> AsyncIterator[asyncpg.Connection]:
    connection = await _connect(fresh_city.owner_url)
    yield connection
    await connection.close()


STEP: Final = """
INSERT INTO history (subject_id, number, subject, action, to_state, post, actor_id, recorded_at, payload, hash)
VALUES ('00000000-0000-0000-0000-000000000001', 1, 'case', 'file', 'filed', 'shift_lead', $1, now(), '{}', 'h')
"""
LOOK: Final = "INSERT INTO looks (id, what, at) VALUES ('00000000-0000-0000-0000-000000000001', 'reveal', now())"
TEXT: Final = """
INSERT INTO history_texts (subject_id, number, field, salt, body)
VALUES ('00000000-0000-0000-0000-000000000001', 1, 'note', '0123456789abcdef', 'x')
"""


@pytest.fixture
async def recorded(app: asyncpg.Connection, admin: asyncpg.Connection) -> AsyncIterator[list[str]]:
    """Store a step, a text and a look as the application does; nothing of them may change until the end."""
    await app.execute(STEP, None)
    await app.execute(LOOK)
    await app.execute(TEXT)
    before = await _content(admin)
    yield before
    assert await _content(admin) == before
    await admin.execute("SET session_replication_role = replica; DELETE FROM history; DELETE FROM looks")
    await admin.execute("RESET session_replication_role; DELETE FROM history_texts")


async def _content(connection: asyncpg.Connection) -> list[str]:
    rows = await connection.fetch(
        "SELECT h::text FROM history AS h UNION ALL SELECT l::text FROM looks AS l "
        "UNION ALL SELECT t::text FROM history_texts AS t"
    )
    return sorted(row[0] for row in rows)


# What the catalogue says


async def _held(connection: asyncpg.Connection, role: str) -> list[tuple[str, str]]:
    """Return the forbidden rights that a role has on the guarded tables, on a column of them, or on their children."""
    rows = await connection.fetch(
        f"""
        SELECT oid::regclass::text, right_ FROM ({FAMILY}) AS family, unnest($2::text[]) AS right_
        WHERE has_table_privilege($3, oid, right_)
           OR (right_ IN ('UPDATE', 'REFERENCES') AND has_any_column_privilege($3, oid, right_))
        """,  # noqa: S608  # our own names
        list(GUARDED),
        list(FORBIDDEN),
        role,
    )
    return [(table, right) for table, right in rows]


@pytest.mark.parametrize("role", [APP, "public"])
async def test_no_right_to_change_is_held(admin: asyncpg.Connection, role: str) -> None:
    assert await _held(admin, role) == []


async def test_a_right_that_was_given_would_show(admin: asyncpg.Connection) -> None:
    transaction = admin.transaction()
    await transaction.start()
    await admin.execute(f"GRANT UPDATE (hash) ON history TO {APP}; GRANT TRUNCATE ON looks TO PUBLIC")
    assert await _held(admin, APP) == [("history", "UPDATE"), ("looks", "TRUNCATE")]
    assert await _held(admin, "public") == [("looks", "TRUNCATE")]
    await transaction.rollback()


async def test_the_app_role_may_read_and_append(admin: asyncpg.Connection) -> None:
    for table in (*GUARDED, "history_texts"):
        for right in ("SELECT", "INSERT"):
            assert await admin.fetchval("SELECT has_table_privilege($1, $2::text, $3)", APP, table, right)
    for right in FORBIDDEN:
        assert not await admin.fetchval("SELECT has_table_privilege($1, 'history_texts', $2)", APP, right)


async def test_the_app_role_is_nobody_else(admin: asyncpg.Connection) -> None:
    role = await admin.fetchrow(
        "SELECT rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication FROM pg_roles WHERE rolname = $1",
        APP,
    )
    assert role is not None
    assert not any(role.values())
    member = "SELECT roleid::regrole::text FROM pg_auth_members WHERE member = $1::regrole"
    assert await admin.fetch(member, APP) == []
    assert not await admin.fetchval("SELECT pg_has_role($1, $2, 'MEMBER')", APP, OWNER)
    assert not await admin.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = $1", OWNER)


async def test_the_app_role_owns_and_creates_nothing(admin: asyncpg.Connection) -> None:
    owned = "SELECT classid::regclass, objid FROM pg_shdepend WHERE refobjid = $1::regrole AND deptype = 'o'"
    assert await admin.fetch(owned, APP) == []
    schemas = "SELECT nspname FROM pg_namespace WHERE has_schema_privilege($1, oid, 'CREATE')"
    assert await admin.fetch(schemas, APP) == []
    for right in ("CREATE", "TEMPORARY"):
        assert not await admin.fetchval("SELECT has_database_privilege($1, current_database(), $2)", APP, right)


async def test_the_guards_belong_to_the_owner(admin: asyncpg.Connection) -> None:
    query = f"SELECT DISTINCT relowner::regrole::text FROM pg_class WHERE oid IN ({FAMILY})"  # noqa: S608  # our own names
    assert [row[0] for row in await admin.fetch(query, list(GUARDED))] == [OWNER]
    guard = await admin.fetchrow(
        "SELECT proowner::regrole::text AS owner, prosecdef, prosrc FROM pg_proc WHERE oid = 'refuse_change'::regproc"
    )
    assert guard is not None
    assert (guard["owner"], guard["prosecdef"]) == (OWNER, False)
    assert re.fullmatch(r"\s*BEGIN\s+RAISE EXCEPTION [^;]+;\s+END\s*", guard["prosrc"])


async def test_every_guarded_table_has_both_triggers_awake(admin: asyncpg.Connection) -> None:
    rows = await admin.fetch(
        f"""
        SELECT family.oid::regclass::text, tgtype FROM ({FAMILY}) AS family
        LEFT JOIN pg_trigger ON tgrelid = family.oid AND tgenabled IN ('O', 'A') AND NOT tgisinternal
         AND tgqual IS NULL AND tgattr = '' AND tgfoid = 'refuse_change'::regproc
        ORDER BY 1, 2
        """,  # noqa: S608  # our own names
        list(GUARDED),
    )
    wanted = [(table, kind) for table in GUARDED for kind in (BEFORE_ROW_CHANGE, BEFORE_TRUNCATE)]
    assert [tuple(row) for row in rows] == wanted


async def test_no_foreign_key_leads_to_or_from_them_and_none_anywhere_acts(admin: asyncpg.Connection) -> None:
    keys = "SELECT conname FROM pg_constraint WHERE contype = 'f' AND "
    here = f"(conrelid IN ({FAMILY}) OR confrelid IN ({FAMILY}))"
    assert await admin.fetch(keys + here, list(GUARDED)) == []
    acting = "connamespace = $1::regnamespace AND (confdeltype <> 'a' OR confupdtype <> 'a')"
    assert await admin.fetch(keys + acting, SCHEMA) == []


async def test_nothing_is_granted_before_it_is_there(admin: asyncpg.Connection) -> None:
    assert await admin.fetch("SELECT * FROM pg_default_acl") == []


async def test_there_is_no_way_round(admin: asyncpg.Connection) -> None:
    """Neither view nor rule nor function that acts under another role's rights."""
    relations = "SELECT relname FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind IN ('v', 'm', 'f')"
    assert await admin.fetch(relations, SCHEMA) == []
    rules = f"SELECT rulename FROM pg_rewrite WHERE ev_class IN ({FAMILY})"  # noqa: S608  # our own names
    assert await admin.fetch(rules, list(GUARDED)) == []
    functions = "SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = $1::regnamespace"
    assert await admin.fetch(functions, SCHEMA) == []
    setting = "SELECT has_parameter_privilege($1, 'session_replication_role', 'SET')"
    for role in (APP, OWNER):
        assert not await admin.fetchval(setting, role)


# What happens to who tries


CHANGES: Final = (
    "UPDATE {} SET {} = {}",
    "UPDATE ONLY {0} SET {1} = {2} WHERE true",
    "DELETE FROM {}",
    "DELETE FROM {} USING generate_series(1, 2)",
    "TRUNCATE {}",
    "TRUNCATE {} CASCADE",
    "TRUNCATE ONLY {} RESTART IDENTITY",
    "TRUNCATE accounts, {} CASCADE",
    "WITH gone AS (DELETE FROM {} RETURNING *) SELECT count(*) FROM gone",
    "DO $$ BEGIN DELETE FROM {}; END $$",
    "INSERT INTO {0} SELECT * FROM {0} ON CONFLICT ({3}) DO UPDATE SET {1} = {2}",
    "MERGE INTO {0} AS t USING {0} AS s ON t.{1} = s.{1} WHEN MATCHED THEN UPDATE SET {1} = {2}",
    "MERGE INTO {0} AS t USING {0} AS s ON t.{1} = s.{1} WHEN MATCHED THEN DELETE",
)
TARGETS: Final = (("history", "hash", "'x'", "subject_id, number"), ("looks", "what", "'x'", "id"))


@pytest.mark.parametrize("target", TARGETS, ids=[one[0] for one in TARGETS])
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("who", ["app", "owner"])
async def test_neither_role_changes_a_row(
    who: str,
    change: str,
    target: tuple[str, ...],
    app: asyncpg.Connection,
    owner: asyncpg.Connection,
    recorded: list[str],
) -> None:
    assert len(recorded) == 3
    reason = "permission denied" if who == "app" else "append-only"
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match=reason):
        await (app if who == "app" else owner).execute(change.format(*target))


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM cases",
        "DELETE FROM reports",
        "TRUNCATE accounts CASCADE",
        "UPDATE history_texts SET body = 'y'",
        "DELETE FROM history_texts",
        "TRUNCATE history_texts",
        "SELECT * FROM history FOR UPDATE",
        "SELECT * FROM history FOR KEY SHARE",
        "BEGIN; LOCK TABLE history IN ACCESS EXCLUSIVE MODE",
        "DROP TABLE history",
        "DROP TABLE looks CASCADE",
        "DROP SCHEMA test CASCADE",
        "DROP OWNED BY test_owner CASCADE",
        "REASSIGN OWNED BY test_owner TO test_app",
        "ALTER TABLE history OWNER TO test_app",
        "ALTER TABLE history DISABLE TRIGGER ALL",
        "ALTER TABLE history DISABLE TRIGGER history_keeps_rows",
        "ALTER TABLE history RENAME TO former",
        "ALTER TABLE history DROP COLUMN hash",
        "ALTER TABLE history ALTER COLUMN hash TYPE text USING 'x'",
        "ALTER TABLE history ENABLE ROW LEVEL SECURITY",
        "DROP TRIGGER history_keeps_rows ON history",
        "CREATE TRIGGER t BEFORE INSERT ON history FOR EACH ROW EXECUTE FUNCTION refuse_change()",
        "CREATE RULE r AS ON INSERT TO history DO INSTEAD NOTHING",
        "CREATE OR REPLACE FUNCTION test.refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "ALTER FUNCTION test.refuse_change() RENAME TO former",
        "DROP FUNCTION test.refuse_change() CASCADE",
        "CREATE VIEW v AS SELECT * FROM history",
        "CREATE TABLE heir () INHERITS (history)",
        "CREATE TABLE t (id uuid, number int, FOREIGN KEY (id, number) REFERENCES history ON DELETE CASCADE)",
        "CREATE TEMPORARY TABLE history (subject_id uuid)",
        "CREATE SCHEMA other",
        "CREATE EXTENSION dblink",
        "SET session_replication_role = replica",
        "SET ROLE test_owner",
        "SET SESSION AUTHORIZATION test_owner",
        "GRANT test_owner TO test_app",
        "ALTER ROLE test_app SUPERUSER",
        "ALTER ROLE test_owner PASSWORD 'x'",
        "ALTER DEFAULT PRIVILEGES FOR ROLE test_owner GRANT ALL ON TABLES TO test_app",
        "ALTER SYSTEM SET session_replication_role = replica",
        "UPDATE pg_catalog.pg_trigger SET tgenabled = 'D'",
        "UPDATE pg_catalog.pg_class SET relacl = NULL",
        "COPY history TO PROGRAM 'true'",
        "COPY history FROM PROGRAM 'true'",
        "UPDATE alembic_version SET version_num = '0'",
    ],
)
async def test_the_app_role_is_refused(statement: str, app: asyncpg.Connection, recorded: list[str]) -> None:
    assert recorded
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await app.execute(statement)


async def test_the_app_role_cannot_grant_itself_anything(
    app: asyncpg.Connection, admin: asyncpg.Connection, recorded: list[str]
) -> None:
    """PostgreSQL answers this with a warning and does nothing."""
    assert recorded
    await app.execute(f"GRANT UPDATE, DELETE, TRUNCATE ON history, looks TO {APP}")
    await app.execute("GRANT ALL ON history TO PUBLIC")
    assert await _held(admin, APP) == []


async def test_copying_in_only_appends(app: asyncpg.Connection, admin: asyncpg.Connection, recorded: list[str]) -> None:
    rows = await app.fetch("SELECT * FROM history")
    with pytest.raises(asyncpg.UniqueViolationError):
        await app.copy_records_to_table("history", records=[tuple(rows[0])])
    assert await app.execute(STEP.strip() + " ON CONFLICT DO NOTHING", None) == "INSERT 0 0"
    assert await _content(admin) == recorded


async def test_the_owner_is_stopped_by_a_view_and_by_a_cascade_too(
    owner: asyncpg.Connection, recorded: list[str]
) -> None:
    assert recorded
    account = uuid4()
    transaction = owner.transaction()
    await transaction.start()
    await owner.execute(
        "INSERT INTO accounts (id, username, name, password_hash, active, demo, epoch, failed_sign_ins, created_at) "
        "VALUES ($1, 'x', 'x', 'x', true, true, 0, 0, now())",
        account,
    )
    await owner.execute(STEP.replace("1', 1,", "1', 2,"), account)
    await owner.execute("CREATE VIEW seen AS SELECT * FROM history")
    await owner.execute(
        "ALTER TABLE history ADD CONSTRAINT careless FOREIGN KEY (actor_id) REFERENCES accounts (id) ON DELETE CASCADE"
    )
    for statement in (
        "UPDATE seen SET hash = 'x'",
        "DELETE FROM seen",
        "DELETE FROM accounts",
        "TRUNCATE accounts CASCADE",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
            async with owner.transaction():
                await owner.execute(statement)
    await transaction.rollback()


async def test_the_owner_cannot_silence_the_triggers_of_a_session(owner: asyncpg.Connection) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await owner.execute("SET session_replication_role = replica")


async def test_a_later_migration_that_forgets_gives_nothing(
    owner: asyncpg.Connection, app: asyncpg.Connection, admin: asyncpg.Connection, recorded: list[str]
) -> None:
    assert recorded
    tables = ("history_copy", "history_heir", "parted", "parted_2027")
    await owner.execute(
        """
        CREATE TABLE history_copy (LIKE history INCLUDING ALL);
        CREATE TABLE history_heir () INHERITS (history);
        CREATE TABLE parted (LIKE history) PARTITION BY RANGE (recorded_at);
        CREATE TABLE parted_2027 PARTITION OF parted FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
        """
    )
    try:
        for table in tables:
            for right in ("SELECT", "INSERT", *FORBIDDEN):
                assert not await admin.fetchval("SELECT has_table_privilege($1, $2::text, $3)", APP, table, right)
            for change in ("UPDATE {} SET hash = 'x'", "DELETE FROM {}", "TRUNCATE {}", "SELECT 1 FROM {}"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await app.execute(change.format(table))
        assert await _held(admin, APP) == []
    finally:
        for table in (*tables[:2], "parted"):
            await owner.execute(f"DROP TABLE {table}")


# What migrations may say


ALLOWED: Final = {"SELECT", "INSERT"}
CARELESS: Final = re.compile(
    r"ALTER\s+DEFAULT\s+PRIVILEGES|ON\s+DELETE|ondelete|ON\s+UPDATE|onupdate|ON\s+ALL\s+TABLES|deferrable"
    r"|DISABLE\s+TRIGGER|session_replication_role",
    re.IGNORECASE,
)
GRANT: Final = re.compile(r"GRANT\s+([\w\s,()]+?)\s+ON\s+(?:TABLE\s+)?([\w\s,\".]+?)\s+TO\b", re.IGNORECASE)


def _careless(text: str) -> list[str]:
    """Return what in a migration's text would give more than reading and appending, or give it unseen."""
    found = [match.group(0) for match in CARELESS.finditer(text)]
    for match in GRANT.finditer(text):
        rights = {right.strip().upper() for right in match.group(1).split(",")}
        tables = {table.strip().strip('"').rpartition(".")[2] for table in match.group(2).split(",")}
        if tables & set(GUARDED) and not rights <= ALLOWED:
            found.append(match.group(0))
    return found


@pytest.mark.parametrize("path", sorted(MIGRATIONS.glob("*.py")), ids=lambda path: path.stem)
def test_no_migration_is_careless(path: Path) -> None:
    assert _careless(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("table", [*GUARDED, "history_texts"])
def test_no_table_of_grants_gives_more(table: str) -> None:
    scripts = ScriptDirectory.from_config(alembic_config()).walk_revisions()
    given = [getattr(script.module, "GRANTS", {}).get(table, "") for script in scripts]
    assert set(", ".join(filter(None, given)).split(", ")) == ALLOWED


@pytest.mark.parametrize(
    "text",
    [
        'op.execute("GRANT SELECT, UPDATE ON history TO app")',
        'op.execute("GRANT ALL ON cases, looks TO app")',
        'op.execute("GRANT UPDATE (hash) ON TABLE history TO app")',
        'op.execute("ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO app")',
        'op.execute("GRANT SELECT ON ALL TABLES IN SCHEMA x TO app")',
        'sa.ForeignKeyConstraint(["a"], ["b.id"], ondelete="CASCADE")',
        'op.execute("ALTER TABLE history DISABLE TRIGGER ALL")',
    ],
)
def test_a_careless_migration_would_be_seen(text: str) -> None:
    assert _careless(text)
    assert not _careless('op.execute("GRANT SELECT, INSERT ON history TO app; GRANT DELETE ON inbox TO app")')
