"""Remember which first-start work was begun and finished.

Works with the release before it, which does not know the table: a city that it filled has no row here and counts as
finished.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

GRANTS = {"seedings": "SELECT, INSERT, UPDATE"}


def _app_role() -> str:
    """Return the city's app role; its name follows the schema's (a city is a schema and a pair of roles)."""
    schema = op.get_bind().scalar(sa.text("SELECT current_schema()"))
    return f'"{schema}_app"'


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "seedings",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_seedings")),
    )
    app = _app_role()
    for table, rights in GRANTS.items():
        op.execute(f"GRANT {rights} ON {table} TO {app}")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("seedings")
