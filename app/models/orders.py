"""Formal orders to units (交办, 督办) with their steps, and campaigns."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Sequence, text
from sqlalchemy.orm import Mapped, mapped_column

from app.dispatch.codes import Post
from app.dispatch.order_codes import OrderAction, OrderKind, OrderState
from app.models.base import Base, coded


class OrderRow(Base):
    """One order as it stands now; every value that moves follows from its steps. Texts are scrubbed."""

    __tablename__ = "orders"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    order_no: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[OrderKind] = mapped_column(coded(OrderKind, "kind"))
    state: Mapped[OrderState] = mapped_column(coded(OrderState, "state"))
    title: Mapped[str]
    body: Mapped[str]
    document_no: Mapped[str | None]
    unit_code: Mapped[str]
    desk: Mapped[str]
    regions: Mapped[list[str]]
    follows: Mapped[UUID | None] = mapped_column(ForeignKey("orders.id"))
    generation: Mapped[int]
    issued_by: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    on_behalf_of: Mapped[str | None]
    issued_at: Mapped[datetime]
    due_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    answer: Mapped[str | None]
    missed_at: Mapped[datetime | None]
    misses: Mapped[int]
    sent_back: Mapped[int]
    urges: Mapped[int]
    ended_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]
    version: Mapped[int]

    __table_args__ = (
        Index("ix_orders_issued_at", "issued_at", "id"),
        Index("ix_orders_unit_code", "unit_code", "issued_at", "id"),
        Index("ix_orders_due_at", "due_at", postgresql_where=text("state = 'open'")),
        Index("ix_orders_follows", "follows", postgresql_where=text("follows IS NOT NULL")),
        Index("ix_orders_regions", "regions", postgresql_using="gin"),
    )


class OrderCase(Base):
    """A case that an order is about."""

    __tablename__ = "order_cases"

    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)

    __table_args__ = (Index("ix_order_cases_case_id", "case_id"),)


class OrderStep(Base):
    """One step of an order, chained by `hash` as steps of cases are. SELECT and INSERT only; no foreign key."""

    __tablename__ = "order_steps"

    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    action: Mapped[OrderAction] = mapped_column(coded(OrderAction, "action"))
    from_state: Mapped[str | None]
    to_state: Mapped[OrderState] = mapped_column(coded(OrderState, "to_state"))
    post: Mapped[Post] = mapped_column(coded(Post, "post"))
    actor_id: Mapped[UUID | None]
    on_behalf_of: Mapped[str | None]
    policy: Mapped[str | None]
    recorded_at: Mapped[datetime]
    payload: Mapped[dict[str, Any]]
    hash: Mapped[str]

    __table_args__ = (CheckConstraint("number > 0", name="number"),)


class OrderText(Base):
    """A free text of a step, scrubbed; the chain holds its salted digest only."""

    __tablename__ = "order_texts"

    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    field: Mapped[str] = mapped_column(primary_key=True)
    salt: Mapped[bytes]
    body: Mapped[str]


ORDER_NUMBERS = Sequence("order_numbers", metadata=Base.metadata)
"""Behind `order_no`; never resets, never sorted by."""


class Campaign(Base):
    """A campaign (专项行动) from a day to a day; what it is about is told to clients, and binds nobody."""

    __tablename__ = "campaigns"

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    categories: Mapped[list[Any]]
    areas: Mapped[list[str]]
    created_at: Mapped[datetime]
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    updated_at: Mapped[datetime]
    version: Mapped[int]

    __table_args__ = (CheckConstraint("starts_at < ends_at", name="validity"),)
