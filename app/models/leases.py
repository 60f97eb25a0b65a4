"""Who has taken what from a queue for a while, and what was handed over at the end of a shift."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.dispatch.codes import Post
from app.models.base import Base, coded


class LeaseRow(Base):
    """A thing at one post's stage, in one account's hands until an instant; no part of any history.

    `taking` tells which were taken together, so that the same request answers with the same things.
    """

    __tablename__ = "leases"

    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    post: Mapped[Post] = mapped_column(coded(Post, "post"), primary_key=True)
    subject: Mapped[str]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    taken_at: Mapped[datetime]
    until: Mapped[datetime]
    taking: Mapped[UUID]

    __table_args__ = (
        CheckConstraint("subject IN ('report', 'case')", name="subject"),
        Index("ix_leases_account_id", "account_id"),
        Index("ix_leases_until", "until"),
    )


class Handover(Base):
    """What somebody held when it went to a colleague or back into the queue. SELECT and INSERT only.

    `leases` lists what was held: subject, its id, post, and whether it went to the colleague.
    """

    __tablename__ = "handovers"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    from_account: Mapped[UUID]
    by_account: Mapped[UUID]
    to_account: Mapped[UUID | None]
    leases: Mapped[list[Any]]

    __table_args__ = (
        Index("ix_handovers_to_account", "to_account", "at"),
        Index("ix_handovers_from_account", "from_account", "at"),
    )


class HandoverNote(Base):
    """The words that go with a handover, apart from it: texts may be erased, what was done may not."""

    __tablename__ = "handover_notes"

    handover_id: Mapped[UUID] = mapped_column(primary_key=True)
    body: Mapped[str]
