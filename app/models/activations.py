"""Which book was in force when, who activated what, what coordinators ruled, and how far cases are located anew."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.dispatch.codes import Kind, Scope
from app.models.base import Base, coded


class BookChange(Base):
    """From `effective_from` on, decisions carry `number`. SELECT and INSERT only."""

    __tablename__ = "book_changes"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    effective_from: Mapped[datetime]
    recorded_at: Mapped[datetime]

    __table_args__ = (Index("ix_book_changes_effective_from", "effective_from"),)


class Activation(Base):
    """One decision to put sets in force, with what was found then. SELECT and INSERT only."""

    __tablename__ = "activations"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    decided_at: Mapped[datetime]
    decided_by: Mapped[UUID | None]
    active_from: Mapped[datetime]
    forced: Mapped[bool]
    reason: Mapped[str | None]
    sets: Mapped[list[Any]]
    findings: Mapped[list[Any]]
    digest: Mapped[str]

    __table_args__ = (
        CheckConstraint("NOT forced OR reason IS NOT NULL", name="forced_with_reason"),
        Index("ix_activations_decided_at", "decided_at"),
    )


class RulingRow(Base):
    """A coordinator's reusable decision; only its end may be told later."""

    __tablename__ = "rulings"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    unit_code: Mapped[str]
    scope: Mapped[Scope] = mapped_column(coded(Scope, "scope"))
    scope_code: Mapped[str | None]
    kind: Mapped[Kind | None] = mapped_column(coded(Kind, "kind"))
    major: Mapped[str | None]
    minor: Mapped[str | None]
    valid_from: Mapped[datetime]
    valid_to: Mapped[datetime | None]
    case_id: Mapped[UUID | None] = mapped_column(ForeignKey("cases.id"))
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[UUID | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[UUID | None]

    __table_args__ = (
        CheckConstraint("(scope = 'city') = (scope_code IS NULL)", name="place"),
        CheckConstraint("valid_to IS NULL OR valid_from < valid_to", name="validity"),
        Index("ix_rulings_recorded_at", "recorded_at"),
    )


class Relocation(Base):
    """How far the open cases have been located anew for the book `number`: all ids up to `reached`."""

    __tablename__ = "relocations"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    asked_at: Mapped[datetime]
    reached: Mapped[UUID | None]
    looked: Mapped[int]
    moved: Mapped[int]
    passed_at: Mapped[datetime | None]
