"""Say of reports whether and when their reporters were called and what they said first and last; of requests, the claim.

Works with the release before it: what it does not write has defaults. Who left a number to be called at has asked to be
called; what was said until now stands in the history.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

ENDS = (
    *("solved", "explained", "gone", "transferred_to_enforcement", "problem_bank", "out_of_scope", "withdrawn"),
    "merged",
)
ASKED = """
UPDATE reports SET asks_call = true
WHERE EXISTS (SELECT FROM vault WHERE vault.report_id = reports.id AND vault.field = 'callback_phone')
"""
CALLED = """
UPDATE reports SET called_back_at = facts.called_back_at
FROM report_facts AS facts WHERE facts.report_id = reports.id AND facts.called_back_at IS NOT NULL
"""
SAID = """
WITH opinions AS (
  SELECT subject_id, number, jsonb_build_object(
    'number', number,
    'at', to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') || '+00:00',
    'satisfaction', payload->'satisfaction',
    'solved', payload->'solved'
  ) AS opinion
  FROM history
  WHERE subject = 'report' AND action IN ('call_back', 'evaluate')
    AND (payload->>'satisfaction' IS NOT NULL OR payload->>'solved' IS NOT NULL)
), kept AS (
  SELECT subject_id, number, opinion,
    row_number() OVER (PARTITION BY subject_id ORDER BY number) AS from_first,
    row_number() OVER (PARTITION BY subject_id ORDER BY number DESC) AS from_last
  FROM opinions
)
UPDATE reports SET opinions = said.both
FROM (
  SELECT subject_id, jsonb_agg(opinion ORDER BY number) AS both FROM kept WHERE from_first = 1 OR from_last = 1
  GROUP BY subject_id
) AS said
WHERE said.subject_id = reports.id
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("reports", sa.Column("asks_call", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("reports", sa.Column("called_back_at", sa.DateTime(timezone=True), nullable=True))
    empty = sa.text("'[]'")
    op.add_column("reports", sa.Column("opinions", postgresql.JSONB(), server_default=empty, nullable=False))
    op.add_column("requests", sa.Column("claim", sa.String(length=40), nullable=True))
    values = ", ".join(f"'{end}'" for end in ENDS)
    op.execute(f"ALTER TABLE requests ADD CONSTRAINT ck_requests_claim CHECK (claim IN ({values}))")
    for statement in (ASKED, CALLED, SAID):
        op.execute(statement)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("requests", "claim")
    for column in ("opinions", "called_back_at", "asks_call"):
        op.drop_column("reports", column)
