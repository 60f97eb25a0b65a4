"""What must still happen: timers, the outbox by lanes; and what must not happen twice: inbox, idempotency keys."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, Sequence, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class Timer(Base):
    """Something due at an instant; leased by `claimed_until`, fenced by `attempt`, kept after it fired."""

    __tablename__ = "timers"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    subject_id: Mapped[UUID]
    due_at: Mapped[datetime]
    payload: Mapped[dict[str, Any]]
    claimed_until: Mapped[datetime | None]
    attempt: Mapped[int]
    done_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_timers_due_at", "due_at", "id", postgresql_where=text("done_at IS NULL")),
        Index("ix_timers_subject_id", "subject_id"),
    )


class OutboxLane(Base):
    """One partner's order: its events leave in order; a failing lane is postponed as a whole."""

    __tablename__ = "outbox_lanes"

    lane: Mapped[str] = mapped_column(primary_key=True)
    next_at: Mapped[datetime | None]
    claimed_until: Mapped[datetime | None]
    attempt: Mapped[int]
    failures: Mapped[int]

    __table_args__ = (Index("ix_outbox_lanes_next_at", "next_at", postgresql_where=text("next_at IS NOT NULL")),)


class OutboxEvent(Base):
    """What a partner must be told; sent when `sent_at` is set, given up when `parked_at` is."""

    __tablename__ = "outbox"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    lane: Mapped[str]
    partner_id: Mapped[UUID]
    kind: Mapped[str]
    payload: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    parked_at: Mapped[datetime | None]
    tries: Mapped[int]
    last_error: Mapped[str | None]

    __table_args__ = (
        Index("ix_outbox_waiting", "lane", "id", postgresql_where=text("sent_at IS NULL AND parked_at IS NULL")),
    )


class InboxEvent(Base):
    """A partner's event that was taken; again, it gets the same answer."""

    __tablename__ = "inbox"

    partner_id: Mapped[UUID] = mapped_column(primary_key=True)
    event_key: Mapped[str] = mapped_column(primary_key=True)
    action: Mapped[str]
    body_digest: Mapped[bytes]
    report_id: Mapped[UUID]
    received_at: Mapped[datetime]

    __table_args__ = (Index("ix_inbox_received_at", "received_at"),)


class IdempotencyKey(Base):
    """A key that was used: the body's digest, the status and the resource; kept seven days."""

    __tablename__ = "idempotency_keys"

    scope: Mapped[str] = mapped_column(primary_key=True)
    route: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    body_digest: Mapped[bytes]
    status: Mapped[int]
    resource_id: Mapped[UUID]
    created_at: Mapped[datetime]

    __table_args__ = (Index("ix_idempotency_keys_created_at", "created_at"),)


class ReceiptTry(Base):
    """A receipt asked for with a wrong code; counts for a short while."""

    __tablename__ = "receipt_tries"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    digest: Mapped[bytes]
    at: Mapped[datetime]

    __table_args__ = (Index("ix_receipt_tries_digest", "digest", "at"), Index("ix_receipt_tries_at", "at"))


CASE_NUMBERS = Sequence("case_numbers", metadata=Base.metadata)
"""Behind `case_no`; never resets, never sorted by."""
