"""Keep policies as rows: by category, source, desk and unit, from when until when, by whom and why.

Works with the release before it, which does not know the table and goes by the defaults.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

KINDS = ("component", "event")
SOURCES = (
    *("inspector", "hotline_12345", "hotline_12319", "citizen", "walk_in", "leader", "superior_platform", "district"),
    *("media", "petition", "forum", "video", "vehicle", "sensor", "census", "unit_self", "enforcement", "deputies"),
)
RIGHTS = "SELECT, INSERT, UPDATE (ended_at, ended_by, end_reason)"
"""Of a row only its end may be told later."""


def _app_role() -> str:
    """Return the city's app role; its name follows the schema's (a city is a schema and a pair of roles)."""
    schema = op.get_bind().scalar(sa.text("SELECT current_schema()"))
    return f'"{schema}_app"'


def _text(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _instant(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _coded(name: str, values: tuple[str, ...]) -> sa.Column[object]:
    kind = sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=40)
    return sa.Column(name, kind, nullable=True)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "policies",
        sa.Column("id", sa.Uuid(), nullable=False),
        _text("policy", nullable=False),
        sa.Column("value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        _coded("kind", KINDS),
        _text("major"),
        _text("minor"),
        _coded("source", SOURCES),
        _text("desk"),
        _text("unit_code"),
        _instant("valid_from", nullable=False),
        _instant("valid_to"),
        _text("document"),
        _text("reason", nullable=False),
        _instant("recorded_at", nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        _instant("ended_at"),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        _text("end_reason"),
        sa.CheckConstraint("minor IS NULL OR major IS NOT NULL", name=op.f("ck_policies_category")),
        sa.CheckConstraint("valid_to IS NULL OR valid_from < valid_to", name=op.f("ck_policies_validity")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policies")),
    )
    op.create_index("ix_policies_recorded_at", "policies", ["recorded_at"])
    op.execute(f"GRANT {RIGHTS} ON policies TO {_app_role()}")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("policies")
