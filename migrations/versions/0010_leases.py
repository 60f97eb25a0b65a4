"""Let desks claim what waits: leases, handovers, and since when everything has waited in its state.

Works with the release before it: what that one brings in waits from now on, what it moves keeps the instant it had, so
that a queue may show it as older than it is, but always shows it.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

POSTS = (
    *("inspector", "operator", "shift_lead", "dispatcher", "unit", "unit_lead", "coordinator", "supervisor", "admin"),
    *("data_officer", "partner", "citizen", "policy"),
)
GRANTS = {
    "leases": "SELECT, INSERT, UPDATE, DELETE",
    "handovers": "SELECT, INSERT",
    "handover_notes": "SELECT, INSERT",
}
WAITING = {
    "reports": "('received', 'verifying', 'accepted')",
    "cases": "('filed', 'dispatched', 'suspended', 'disposed', 'checking', 'checked')",
}
SINCE = """
UPDATE {table} AS t SET waiting_since = moved.at
FROM (
  SELECT subject_id, max(recorded_at) AS at FROM history
  WHERE subject = '{subject}' AND from_state IS DISTINCT FROM to_state GROUP BY subject_id
) AS moved
WHERE moved.subject_id = t.id AND t.state IN {states}
"""
RULING_DUE = """
UPDATE requests AS r SET ruling_due_at = CAST(h.payload ->> 'ruling_due_at' AS timestamptz)
FROM history AS h
WHERE h.subject_id = r.case_id AND h.payload ->> 'request_id' = r.id::text AND h.payload ? 'ruling_due_at'
"""


def _app_role() -> str:
    """Return the city's app role; its name follows the schema's (a city is a schema and a pair of roles)."""
    schema = op.get_bind().scalar(sa.text("SELECT current_schema()"))
    return f'"{schema}_app"'


def _instant(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _leases()
    _handovers()
    for table, subject in (("reports", "report"), ("cases", "case")):
        op.add_column(table, sa.Column("waiting_since", sa.DateTime(timezone=True), nullable=True))
        op.execute(SINCE.format(table=table, subject=subject, states=WAITING[table]))
        op.alter_column(table, "waiting_since", server_default=sa.text("now()"))
        op.create_index(f"ix_{table}_waiting_since", table, ["state", sa.text("waiting_since NULLS FIRST"), "id"])
    op.add_column("requests", sa.Column("ruling_due_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(RULING_DUE)
    op.execute(
        "CREATE TRIGGER handovers_keeps_rows BEFORE UPDATE OR DELETE ON handovers "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER handovers_keeps_all BEFORE TRUNCATE ON handovers "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    app = _app_role()
    for table, rights in GRANTS.items():
        op.execute(f"GRANT {rights} ON {table} TO {app}")


def _leases() -> None:
    post = sa.Enum(*POSTS, name="post", native_enum=False, create_constraint=True, length=40)
    op.create_table(
        "leases",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("post", post, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        _instant("taken_at"),
        _instant("until"),
        sa.Column("taking", sa.Uuid(), nullable=False),
        sa.CheckConstraint("subject IN ('report', 'case')", name=op.f("ck_leases_subject")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_leases_account_id")),
        sa.PrimaryKeyConstraint("subject_id", "post", name=op.f("pk_leases")),
    )
    op.create_index("ix_leases_account_id", "leases", ["account_id"])
    op.create_index("ix_leases_until", "leases", ["until"])


def _handovers() -> None:
    op.create_table(
        "handovers",
        sa.Column("id", sa.Uuid(), nullable=False),
        _instant("at"),
        sa.Column("from_account", sa.Uuid(), nullable=False),
        sa.Column("by_account", sa.Uuid(), nullable=False),
        sa.Column("to_account", sa.Uuid(), nullable=True),
        sa.Column("leases", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handovers")),
    )
    op.create_index("ix_handovers_to_account", "handovers", ["to_account", "at"])
    op.create_index("ix_handovers_from_account", "handovers", ["from_account", "at"])
    op.create_table(
        "handover_notes",
        sa.Column("handover_id", sa.Uuid(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("handover_id", name=op.f("pk_handover_notes")),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("requests", "ruling_due_at")
    for table in ("cases", "reports"):
        op.drop_index(f"ix_{table}_waiting_since", table_name=table)
        op.drop_column(table, "waiting_since")
    for table in ("handover_notes", "handovers", "leases"):
        op.drop_table(table)
