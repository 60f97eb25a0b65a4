"""Reports and what belongs to them: the vault of personal data, media."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.dispatch.access import CITY_DESK
from app.dispatch.codes import Contact, Kind, ReportState, Source
from app.models.base import Base, coded, geometry, point_geography


class Report(Base):
    """One statement that something is wrong somewhere; holds scrubbed text only."""

    __tablename__ = "reports"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    receipt_no: Mapped[str] = mapped_column(unique=True)
    query_digest: Mapped[bytes]
    state: Mapped[ReportState] = mapped_column(coded(ReportState, "state"))
    source: Mapped[Source] = mapped_column(coded(Source, "source"))
    kind: Mapped[Kind | None] = mapped_column(coded(Kind, "kind"))
    category: Mapped[str | None]
    condition: Mapped[int | None]
    catalogue: Mapped[str]
    description: Mapped[str]
    address: Mapped[str | None]
    component_code: Mapped[str | None]
    tags: Mapped[list[str]]
    campaign: Mapped[str | None]
    attention: Mapped[list[str]]

    datum: Mapped[str | None]
    raw_lon: Mapped[float | None]
    raw_lat: Mapped[float | None]
    accuracy_m: Mapped[float | None]
    located_from: Mapped[str | None]
    geom: Mapped[Any | None] = mapped_column(geometry("POINT"))
    geog: Mapped[Any | None] = mapped_column(point_geography(), Computed("geom::geography", persisted=True))
    cell_code: Mapped[str | None]
    beat_code: Mapped[str | None]
    community: Mapped[str | None]
    street: Mapped[str | None]
    district: Mapped[str | None]
    zones: Mapped[dict[str, Any]]
    routing: Mapped[dict[str, Any]]
    duplicates: Mapped[list[Any]]

    desk: Mapped[str] = mapped_column(server_default=CITY_DESK)
    contact: Mapped[Contact] = mapped_column(coded(Contact, "contact"))
    anonymous: Mapped[bool]
    asks_call: Mapped[bool] = mapped_column(server_default=text("false"))
    called_back_at: Mapped[datetime | None]
    opinions: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    public_answer: Mapped[str | None]
    end_reason: Mapped[str | None]
    answer_due_at: Mapped[datetime | None]

    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    verifier_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    task_sent_at: Mapped[datetime | None]
    task_due_at: Mapped[datetime | None]
    task_taken_up_at: Mapped[datetime | None]
    partner_id: Mapped[UUID | None] = mapped_column(ForeignKey("partners.id"))
    order_no: Mapped[str | None]
    client_id: Mapped[UUID | None] = mapped_column(unique=True)
    body_digest: Mapped[bytes | None]
    occurred_at: Mapped[datetime | None]
    received_at: Mapped[datetime]
    waiting_since: Mapped[datetime | None] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime]
    version: Mapped[int]

    __table_args__ = (
        Index("ix_reports_state", "state", "received_at", "id"),
        Index("ix_reports_waiting_since", "state", text("waiting_since NULLS FIRST"), "id"),
        Index("ix_reports_received_at", "received_at", "id"),
        Index("ix_reports_desk", "desk", "received_at", "id", postgresql_where=text("desk <> 'city'")),
        Index("ix_reports_account_id", "account_id", "received_at"),
        Index("ix_reports_verifier_id", "verifier_id", postgresql_where=text("verifier_id IS NOT NULL")),
        Index("ix_reports_order_no", "partner_id", "order_no"),
        Index("ix_reports_geog", "geog", postgresql_using="gist"),
        Index("ix_reports_attention", "attention", postgresql_using="gin"),
    )


class VaultItem(Base):
    """One personal value of a report, encrypted; the search digest is keyed by a second key."""

    __tablename__ = "vault"

    report_id: Mapped[UUID] = mapped_column(ForeignKey("reports.id"), primary_key=True)
    field: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key_id: Mapped[str]
    sealed: Mapped[bytes]
    search_digest: Mapped[bytes | None]

    __table_args__ = (
        Index("ix_vault_search_digest", "search_digest", postgresql_where=text("search_digest IS NOT NULL")),
        CheckConstraint(
            "field IN ('name', 'phone', 'callback_phone', 'address', 'original_text', 'raw_payload', 'opinion')",
            name="field",
        ),
    )


class Media(Base):
    """A photo or film. `object_key` is made by the server; what it shows may be personal."""

    __tablename__ = "media"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    object_key: Mapped[str]
    sha256: Mapped[str]
    mime: Mapped[str]
    size: Mapped[int]
    width: Mapped[int | None]
    height: Mapped[int | None]
    taken_at: Mapped[datetime | None]
    taken_lon: Mapped[float | None]
    taken_lat: Mapped[float | None]
    flags: Mapped[list[str]]
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[datetime]

    __table_args__ = (Index("ix_media_sha256", "sha256"),)


class MediaUse(Base):
    """Where a medium belongs, and who says so; may name one that is still on its way.

    It opens the medium to those who see the subject only where the sayer is the one who brought the medium in.
    """

    __tablename__ = "media_uses"

    media_id: Mapped[UUID] = mapped_column(primary_key=True)
    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    account_id: Mapped[UUID | None]

    __table_args__ = (Index("ix_media_uses_subject_id", "subject_id"),)
