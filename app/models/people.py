"""Accounts with their posts, sign-in tokens, partners."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.dispatch.codes import Post
from app.models.base import Base, coded


class Account(Base):
    """Somebody who signs in. `epoch` rises when everything signed before must stop counting."""

    __tablename__ = "accounts"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    password_hash: Mapped[str]
    active: Mapped[bool]
    demo: Mapped[bool]
    epoch: Mapped[int]
    failed_sign_ins: Mapped[int]
    locked_until: Mapped[datetime | None]
    created_at: Mapped[datetime]


class Appointment(Base):
    """One post of an account, with its reach: a region subtree, a unit subtree, or (both empty) the whole city."""

    __tablename__ = "appointments"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    post: Mapped[Post] = mapped_column(coded(Post, "post"))
    desk: Mapped[str]
    region_code: Mapped[str | None]
    unit_code: Mapped[str | None]

    __table_args__ = (
        Index("ix_appointments_account_id", "account_id"),
        UniqueConstraint("account_id", "post", "desk", "region_code", "unit_code", postgresql_nulls_not_distinct=True),
    )


class RefreshToken(Base):
    """One refresh token of a family; used twice, the family ends."""

    __tablename__ = "refresh_tokens"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    family: Mapped[UUID]
    digest: Mapped[bytes] = mapped_column(unique=True)
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_refresh_tokens_family", "family"),)


class Partner(Base):
    """A hotline or another system; the secret stands encrypted (vault key)."""

    __tablename__ = "partners"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    source: Mapped[str]
    dialect: Mapped[str]
    key_id: Mapped[str]
    secret: Mapped[bytes]
    callback_url: Mapped[str | None]
    active: Mapped[bool]
    demo: Mapped[bool]
