"""Say of requests who rules on them, one post after the other, and whose word they wait for now.

Works with the release before it: what it does not write has defaults; what is asked through that release is ruled as
ever, and stands in a worklist from the next step of its case on. Until now every chain had one post, that of its kind.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

POSTS = (
    *("inspector", "operator", "shift_lead", "dispatcher", "unit", "unit_lead", "coordinator", "supervisor", "admin"),
    *("data_officer", "partner", "citizen", "policy"),
)
UNTIL_NOW = """
UPDATE requests SET
  chain = ARRAY[CASE kind WHEN 'return' THEN 'dispatcher' ELSE 'shift_lead' END],
  step = CASE state WHEN 'granted' THEN 1 ELSE 0 END,
  ruler = CASE WHEN state <> 'pending' THEN NULL WHEN kind = 'return' THEN 'dispatcher' ELSE 'shift_lead' END
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    empty = sa.text("'{}'")
    op.add_column("requests", sa.Column("chain", postgresql.ARRAY(sa.Text()), server_default=empty, nullable=False))
    op.add_column("requests", sa.Column("step", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("requests", sa.Column("ruler", sa.String(length=40), nullable=True))
    values = ", ".join(f"'{post}'" for post in POSTS)
    op.execute(f"ALTER TABLE requests ADD CONSTRAINT ck_requests_ruler CHECK (ruler IN ({values}))")
    op.execute(UNTIL_NOW)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for column in ("ruler", "step", "chain"):
        op.drop_column("requests", column)
