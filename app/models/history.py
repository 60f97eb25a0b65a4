"""The append-only history, the texts it refers to, and the record of looks."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.dispatch.codes import Action, Post
from app.models.base import Base, coded


class HistoryRow(Base):
    """One step in the life of a report or a case. SELECT and INSERT only; no foreign key leads here or away."""

    __tablename__ = "history"

    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    subject: Mapped[str]
    action: Mapped[Action] = mapped_column(coded(Action, "action"))
    from_state: Mapped[str | None]
    to_state: Mapped[str]
    post: Mapped[Post] = mapped_column(coded(Post, "post"))
    actor_id: Mapped[UUID | None]
    on_behalf_of: Mapped[str | None]
    policy: Mapped[str | None]
    recorded_at: Mapped[datetime]
    occurred_at: Mapped[datetime | None]
    payload: Mapped[dict[str, Any]]
    hash: Mapped[str]

    __table_args__ = (
        CheckConstraint("subject IN ('report', 'case')", name="subject"),
        CheckConstraint("number > 0", name="number"),
        Index("ix_history_recorded_at", "recorded_at"),
    )


class HistoryText(Base):
    """A free text of a step, scrubbed; the chain holds SHA-256(salt ‖ text) only, so that erasing it breaks nothing."""

    __tablename__ = "history_texts"

    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    field: Mapped[str] = mapped_column(primary_key=True)
    salt: Mapped[bytes]
    body: Mapped[str]


class Look(Base):
    """Somebody looked at something that must be answered for. SELECT and INSERT only."""

    __tablename__ = "looks"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID | None]
    what: Mapped[str]
    subject_id: Mapped[UUID | None]
    purpose: Mapped[str | None]
    at: Mapped[datetime]

    __table_args__ = (Index("ix_looks_subject_id", "subject_id"), Index("ix_looks_account_id", "account_id", "at"))
