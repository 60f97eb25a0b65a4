"""Say of reports whose desk they are, and of legs whose part they are; end the parts whose main leg has ended.

Works with the release before it, which knows one desk and no parts: what it does not write has defaults. Parts that
were given until now are those of co-units; when they ended follows from the history.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

OTHER_DESKS = sa.text("desk <> 'city'")

WHOSE_PART = """
UPDATE legs AS part SET
  parent = (
    SELECT max(main.number) FROM legs AS main
    WHERE main.case_id = part.case_id AND main.round = part.round AND main.kind = 'main' AND main.number < part.number
  ),
  assisted_at = part.dispatched_at,
  assisted_on_time = false
WHERE part.kind = 'assist'
"""
ENDED = """
UPDATE legs AS part SET ended_at = after.recorded_at, "end" = 'superseded'
FROM legs AS given CROSS JOIN LATERAL (
  SELECT step.recorded_at FROM history AS step
  WHERE step.subject_id = given.case_id AND step.to_state NOT IN ('dispatched', 'suspended') AND step.number > (
    SELECT max(sent.number) FROM history AS sent
    WHERE sent.subject_id = given.case_id AND sent.action IN ('dispatch', 'reopen')
      AND sent.recorded_at = given.dispatched_at
  )
  ORDER BY step.number LIMIT 1
) AS after
WHERE given.kind = 'assist'
  AND (part.case_id, part.round, part.number) = (given.case_id, given.round, given.number)
"""
AT_WORK = """
UPDATE cases SET leg_units = open.units
FROM (
  SELECT case_id, array_agg(DISTINCT unit_code ORDER BY unit_code) AS units FROM legs
  WHERE kind <> 'main' AND ended_at IS NULL GROUP BY case_id
) AS open
WHERE open.case_id = cases.id
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("reports", sa.Column("desk", sa.Text(), server_default="city", nullable=False))
    op.add_column(
        "cases", sa.Column("leg_units", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False)
    )
    op.add_column("legs", sa.Column("parent", sa.Integer(), nullable=True))
    op.add_column("legs", sa.Column("assisted_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("legs", sa.Column("assisted_on_time", sa.Boolean(), nullable=True))
    for statement in (WHOSE_PART, ENDED, AT_WORK):
        op.execute(statement)
    op.create_index("ix_reports_desk", "reports", ["desk", "received_at", "id"], postgresql_where=OTHER_DESKS)
    op.create_index("ix_cases_desk", "cases", ["desk", "filed_at", "id"], postgresql_where=OTHER_DESKS)
    assisted = sa.text("assisted_at IS NOT NULL")
    op.create_index("ix_legs_assisted_at", "legs", ["assisted_at"], postgresql_where=assisted)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for index, table in (("ix_legs_assisted_at", "legs"), ("ix_cases_desk", "cases"), ("ix_reports_desk", "reports")):
        op.drop_index(index, table_name=table)
    for column in ("assisted_on_time", "assisted_at", "parent"):
        op.drop_column("legs", column)
    op.drop_column("cases", "leg_units")
    op.drop_column("reports", "desk")
