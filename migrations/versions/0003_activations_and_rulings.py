"""Plan activations ahead, keep what was in force when, record rulings, and locate open cases anew.

Works with the release before it: what it does not know has defaults, and it sees one more action in the history only
where a new grid has been activated by this release.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ADDED_ACTION = "relocate"
ACTIONS = (
    *("receive", "supplement", "request_verification", "verify", "accept", "file", "accept_file_dispatch", "reject"),
    *("answer", "forward", "merge", "unmerge", "withdraw", "self_dispose", "evaluate", "reply", "dispatch", "recall"),
    *("sign", "contact", "request_return", "request_extension", "request_suspension", "grant", "refuse", "resume"),
    *("dispose", "send_check", "check", "desk_check", "call_back", "close", "void", "reopen", "urge", "note", "tag"),
)
SCOPES = ("zone", "cell", "beat", "community", "street", "district", "city")
KINDS = ("component", "event")

READ_ADD = "SELECT, INSERT"
GRANTS = {
    "activations": READ_ADD,
    "book_changes": READ_ADD,
    # of a ruling only its end may be told later
    "rulings": f"{READ_ADD}, UPDATE (ended_at, ended_by)",
    "relocations": f"{READ_ADD}, UPDATE",
}
GUARDED = ("activations", "book_changes")


def _app_role() -> str:
    """Return the city's app role; its name follows the schema's (a city is a schema and a pair of roles)."""
    schema = op.get_bind().scalar(sa.text("SELECT current_schema()"))
    return f'"{schema}_app"'


def _instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _coded(name: str, values: tuple[str, ...], *, nullable: bool = False) -> sa.Column[object]:
    kind = sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=40)
    return sa.Column(name, kind, nullable=nullable)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("sets", _instant("discarded_at", nullable=True))
    revision_of_plan = sa.Column("revision", sa.Integer(), server_default=sa.text("0"), nullable=False)
    op.add_column("book_version", revision_of_plan)
    op.add_column("book_version", _instant("next_at", nullable=True))
    _book_changes()
    _activations()
    _rulings()
    _relocations()
    _allow((*ACTIONS, ADDED_ACTION))
    app = _app_role()
    for table in GUARDED:
        op.execute(
            f"CREATE TRIGGER {table}_keeps_rows BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_keeps_all BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    for table, rights in GRANTS.items():
        op.execute(f"GRANT {rights} ON {table} TO {app}")


def _book_changes() -> None:
    op.create_table(
        "book_changes",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        _instant("effective_from"),
        _instant("recorded_at"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_book_changes")),
    )
    op.create_index("ix_book_changes_effective_from", "book_changes", ["effective_from"])
    # of what was in force before this release only the last change is known
    op.execute(
        "INSERT INTO book_changes (number, effective_from, recorded_at) "
        "SELECT number, changed_at, changed_at FROM book_version"
    )


def _activations() -> None:
    op.create_table(
        "activations",
        sa.Column("id", sa.Uuid(), nullable=False),
        _instant("decided_at"),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        _instant("active_from"),
        sa.Column("forced", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("sets", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("findings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.CheckConstraint("NOT forced OR reason IS NOT NULL", name=op.f("ck_activations_forced_with_reason")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activations")),
    )
    op.create_index("ix_activations_decided_at", "activations", ["decided_at"])


def _rulings() -> None:
    op.create_table(
        "rulings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_code", sa.Text(), nullable=False),
        _coded("scope", SCOPES),
        sa.Column("scope_code", sa.Text(), nullable=True),
        _coded("kind", KINDS, nullable=True),
        sa.Column("major", sa.Text(), nullable=True),
        sa.Column("minor", sa.Text(), nullable=True),
        _instant("valid_from"),
        _instant("valid_to", nullable=True),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        _instant("recorded_at"),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        _instant("ended_at", nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("(scope = 'city') = (scope_code IS NULL)", name=op.f("ck_rulings_place")),
        sa.CheckConstraint("valid_to IS NULL OR valid_from < valid_to", name=op.f("ck_rulings_validity")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_rulings_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rulings")),
    )
    op.create_index("ix_rulings_recorded_at", "rulings", ["recorded_at"])


def _relocations() -> None:
    op.create_table(
        "relocations",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        _instant("asked_at"),
        sa.Column("reached", sa.Uuid(), nullable=True),
        sa.Column("looked", sa.Integer(), nullable=False),
        sa.Column("moved", sa.Integer(), nullable=False),
        _instant("passed_at", nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_relocations")),
    )


def _allow(actions: tuple[str, ...], *, validated: bool = True) -> None:
    """Name the actions that the history may hold; rows that are there are read once."""
    values = ", ".join(f"'{action}'" for action in actions)
    op.execute("ALTER TABLE history DROP CONSTRAINT ck_history_action")
    unchecked = "" if validated else " NOT VALID"
    op.execute(f"ALTER TABLE history ADD CONSTRAINT ck_history_action CHECK (action IN ({values})){unchecked}")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _allow(ACTIONS, validated=False)  # steps of this release stay in the history: nothing there is ever removed
    op.drop_table("relocations")
    op.drop_table("rulings")
    op.drop_table("activations")
    op.drop_table("book_changes")
    op.drop_column("book_version", "next_at")
    op.drop_column("book_version", "revision")
    op.drop_column("sets", "discarded_at")
