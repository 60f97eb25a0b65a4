"""Tell who is on shift on which beats, by when an inspector's task is due, and when he took it up.

Works with the release before it: what it does not write stays empty, and tasks that were given until now have no
window.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TASK = ("task_sent_at", "task_due_at", "task_taken_up_at")
TABLES = ("cases", "reports")
# of a roster only its end may be told later
RIGHTS = "SELECT, INSERT, UPDATE (valid_to, ended_by)"


def _app_role() -> str:
    """Return the city's app role; its name follows the schema's (a city is a schema and a pair of roles)."""
    schema = op.get_bind().scalar(sa.text("SELECT current_schema()"))
    return f'"{schema}_app"'


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in TABLES:
        for column in TASK:
            op.add_column(table, sa.Column(column, sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_reports_verifier_id", "reports", ["verifier_id"], postgresql_where=sa.text("verifier_id IS NOT NULL")
    )
    op.create_table(
        "rosters",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("beat_codes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("slots", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("valid_to IS NULL OR valid_from <= valid_to", name=op.f("ck_rosters_validity")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_rosters_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rosters")),
    )
    op.create_index("ix_rosters_account_id", "rosters", ["account_id", "valid_from"])
    op.create_index("ix_rosters_recorded_at", "rosters", ["recorded_at", "id"])
    op.execute(f"GRANT {RIGHTS} ON rosters TO {_app_role()}")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("rosters")
    op.drop_index("ix_reports_verifier_id", table_name="reports")
    for table in TABLES:
        for column in reversed(TASK):
            op.drop_column(table, column)
