"""What administrators laid down otherwise than the defaults."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.dispatch.codes import Kind, Source
from app.models.base import Base, coded


class PolicyRecord(Base):
    """One value of one policy, for what its selectors name; only its end may be told later."""

    __tablename__ = "policies"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    policy: Mapped[str]
    value: Mapped[Any] = mapped_column(JSONB, nullable=False)
    kind: Mapped[Kind | None] = mapped_column(coded(Kind, "kind"))
    major: Mapped[str | None]
    minor: Mapped[str | None]
    source: Mapped[Source | None] = mapped_column(coded(Source, "source"))
    desk: Mapped[str | None]
    unit_code: Mapped[str | None]
    valid_from: Mapped[datetime]
    valid_to: Mapped[datetime | None]
    document: Mapped[str | None]
    reason: Mapped[str]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[UUID | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[UUID | None]
    end_reason: Mapped[str | None]

    __table_args__ = (
        CheckConstraint("minor IS NULL OR major IS NOT NULL", name="category"),
        CheckConstraint("valid_to IS NULL OR valid_from < valid_to", name="validity"),
        Index("ix_policies_recorded_at", "recorded_at"),
    )
