"""Keep orders to units (交办, 督办) with their steps, and campaigns.

Works with the release before it, which knows neither.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

KINDS = ("assignment", "supervision")
STATES = ("open", "answered", "accepted", "withdrawn")
ACTIONS = ("issue", "answer", "accept", "send_back", "withdraw", "urge", "note", "miss")
POSTS = (
    *("inspector", "operator", "shift_lead", "dispatcher", "unit", "unit_lead", "coordinator", "supervisor", "admin"),
    *("data_officer", "partner", "citizen", "policy"),
)

READ_ADD = "SELECT, INSERT"
GRANTS = {
    "orders": f"{READ_ADD}, UPDATE",
    "order_cases": READ_ADD,
    "order_steps": READ_ADD,
    "order_texts": READ_ADD,
    "campaigns": f"{READ_ADD}, UPDATE",
}


def _app_role() -> str:
    """Return the city's app role; its name follows the schema's (a city is a schema and a pair of roles)."""
    schema = op.get_bind().scalar(sa.text("SELECT current_schema()"))
    return f'"{schema}_app"'


def _instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _whole(*names: str) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.Integer(), nullable=False) for name in names]


def _coded(name: str, values: tuple[str, ...]) -> sa.Column[object]:
    kind = sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=40)
    return sa.Column(name, kind, nullable=False)


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=op.f(f"pk_{table}"))


def _leads(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [other], name=op.f(f"fk_{table}_{column}"))


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _orders()
    _steps()
    _campaigns()
    op.execute(sa.schema.CreateSequence(sa.Sequence("order_numbers")))
    op.execute(
        "CREATE TRIGGER order_steps_keeps_rows BEFORE UPDATE OR DELETE ON order_steps "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER order_steps_keeps_all BEFORE TRUNCATE ON order_steps "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    app = _app_role()
    for table, rights in GRANTS.items():
        op.execute(f"GRANT {rights} ON {table} TO {app}")
    op.execute(f"GRANT USAGE ON SEQUENCE order_numbers TO {app}")


def _orders() -> None:
    op.create_table(
        "orders",
        sa.Column("id", sa.Uuid(), nullable=False),
        _text("order_no"),
        _coded("kind", KINDS),
        _coded("state", STATES),
        *(_text("title"), _text("body"), _text("document_no", nullable=True), _text("unit_code"), _text("desk")),
        sa.Column("regions", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("follows", sa.Uuid(), nullable=True),
        *_whole("generation"),
        sa.Column("issued_by", sa.Uuid(), nullable=True),
        _text("on_behalf_of", nullable=True),
        *(_instant("issued_at"), _instant("due_at"), _instant("answered_at", nullable=True)),
        _text("answer", nullable=True),
        _instant("missed_at", nullable=True),
        *_whole("misses", "sent_back", "urges"),
        *(_instant("ended_at", nullable=True), _instant("updated_at")),
        *_whole("version"),
        _leads("orders", "follows", "orders.id"),
        _leads("orders", "issued_by", "accounts.id"),
        _key("orders", "id"),
        sa.UniqueConstraint("order_no", name=op.f("uq_orders_order_no")),
    )
    op.create_index("ix_orders_issued_at", "orders", ["issued_at", "id"])
    op.create_index("ix_orders_unit_code", "orders", ["unit_code", "issued_at", "id"])
    op.create_index("ix_orders_due_at", "orders", ["due_at"], postgresql_where=sa.text("state = 'open'"))
    op.create_index("ix_orders_follows", "orders", ["follows"], postgresql_where=sa.text("follows IS NOT NULL"))
    op.create_index("ix_orders_regions", "orders", ["regions"], postgresql_using="gin")
    op.create_table(
        "order_cases",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        _leads("order_cases", "order_id", "orders.id"),
        _leads("order_cases", "case_id", "cases.id"),
        _key("order_cases", "order_id", "case_id"),
    )
    op.create_index("ix_order_cases_case_id", "order_cases", ["case_id"])


def _steps() -> None:
    op.create_table(
        "order_steps",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        _coded("action", ACTIONS),
        _text("from_state", nullable=True),
        _coded("to_state", STATES),
        _coded("post", POSTS),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        *(_text("on_behalf_of", nullable=True), _text("policy", nullable=True)),
        _instant("recorded_at"),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        _text("hash"),
        sa.CheckConstraint("number > 0", name=op.f("ck_order_steps_number")),
        _key("order_steps", "order_id", "number"),
    )
    op.create_table(
        "order_texts",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        _text("field"),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        _text("body"),
        _key("order_texts", "order_id", "number", "field"),
    )


def _campaigns() -> None:
    op.create_table(
        "campaigns",
        *(_text("code"), _text("name"), _instant("starts_at"), _instant("ends_at")),
        sa.Column("categories", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("areas", postgresql.ARRAY(sa.Text()), nullable=False),
        _instant("created_at"),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        _instant("updated_at"),
        *_whole("version"),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_campaigns_validity")),
        _leads("campaigns", "created_by", "accounts.id"),
        _key("campaigns", "code"),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(sa.schema.DropSequence(sa.Sequence("order_numbers")))
    for table in ("campaigns", "order_texts", "order_steps", "order_cases", "orders"):
        op.drop_table(table)
