"""Which inspector is on shift when, on which beats."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class RosterRow(Base):
    """One inspector's beats and weekly slots; only its end may be told later. No slots: all the time."""

    __tablename__ = "rosters"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    beat_codes: Mapped[list[str]]
    slots: Mapped[list[Any]]
    valid_from: Mapped[datetime]
    valid_to: Mapped[datetime | None]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[UUID | None]
    ended_by: Mapped[UUID | None]

    __table_args__ = (
        CheckConstraint("valid_to IS NULL OR valid_from <= valid_to", name="validity"),
        Index("ix_rosters_account_id", "account_id", "valid_from"),
        Index("ix_rosters_recorded_at", "recorded_at", "id"),
    )
