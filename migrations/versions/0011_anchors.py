"""Remember the anchors that were written elsewhere, so that one which is taken away there is missed.

Works with the release before it, which writes none.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

GRANTS = {"anchors": "SELECT, INSERT"}


def _app_role() -> str:
    """Return the city's app role; its name follows the schema's (a city is a schema and a pair of roles)."""
    schema = op.get_bind().scalar(sa.text("SELECT current_schema()"))
    return f'"{schema}_app"'


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "anchors",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("root", sa.Text(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=True),
        sa.Column("chains", sa.Integer(), nullable=False),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_anchors")),
    )
    op.execute(
        "CREATE TRIGGER anchors_keeps_rows BEFORE UPDATE OR DELETE ON anchors "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER anchors_keeps_all BEFORE TRUNCATE ON anchors "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    app = _app_role()
    for table, rights in GRANTS.items():
        op.execute(f"GRANT {rights} ON {table} TO {app}")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("anchors")
