"""Index where open cases lie by themselves: likely duplicates are looked for among them with every report.

Works with the release before it, which does not know the index and gains by it all the same.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_index(
        "ix_cases_open_geog",
        "cases",
        ["geog"],
        postgresql_using="gist",
        postgresql_where=sa.text("state NOT IN ('closed', 'voided')"),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_cases_open_geog", table_name="cases")
