"""Cases: the present state as lists need it, and what the history folds to (legs, requests, facts)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Computed, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.dispatch.codes import (
    CaseState,
    EndKind,
    Handling,
    Kind,
    LegEnd,
    LegKind,
    Post,
    RequestKind,
    RequestState,
    Source,
)
from app.models.base import Base, coded, geometry, point_geography


class Case(Base):
    """One thing to be put right, as it stands now; every value follows from its history and its first report."""

    __tablename__ = "cases"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_no: Mapped[str] = mapped_column(unique=True)
    state: Mapped[CaseState] = mapped_column(coded(CaseState, "state"))
    round: Mapped[int]
    source: Mapped[Source] = mapped_column(coded(Source, "source"))
    handling: Mapped[Handling] = mapped_column(coded(Handling, "handling"))
    kind: Mapped[Kind] = mapped_column(coded(Kind, "kind"))
    category: Mapped[str]
    condition: Mapped[int]
    catalogue: Mapped[str]
    description: Mapped[str]
    address: Mapped[str | None]
    component_code: Mapped[str | None]
    tags: Mapped[list[str]]
    campaign: Mapped[str | None]
    attention: Mapped[list[str]]
    flags: Mapped[list[str]]

    geom: Mapped[Any | None] = mapped_column(geometry("POINT"))
    geog: Mapped[Any | None] = mapped_column(point_geography(), Computed("geom::geography", persisted=True))
    cell_code: Mapped[str | None]
    beat_code: Mapped[str | None]
    community: Mapped[str | None]
    street: Mapped[str | None]
    district: Mapped[str | None]
    zones: Mapped[dict[str, Any]]
    routing: Mapped[dict[str, Any]]

    desk: Mapped[str]
    unit_code: Mapped[str | None]
    unit_codes: Mapped[list[str]]
    leg_units: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    inspector_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    task_sent_at: Mapped[datetime | None]
    task_due_at: Mapped[datetime | None]
    task_taken_up_at: Mapped[datetime | None]
    author_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))

    filed_at: Mapped[datetime]
    dispatched_at: Mapped[datetime | None]
    case_due_at: Mapped[datetime | None]
    case_yellow_at: Mapped[datetime | None]
    leg_due_at: Mapped[datetime | None]
    leg_yellow_at: Mapped[datetime | None]
    provisional: Mapped[bool]
    disposed_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    waiting_since: Mapped[datetime | None] = mapped_column(server_default=func.now())
    end_kind: Mapped[EndKind | None] = mapped_column(coded(EndKind, "end_kind"))
    public_answer: Mapped[str | None]
    urges: Mapped[int]
    updated_at: Mapped[datetime]
    version: Mapped[int]

    __table_args__ = (
        Index("ix_cases_filed_at", "filed_at", "id"),
        Index("ix_cases_updated_at", "updated_at", "id"),
        Index("ix_cases_case_due_at", "case_due_at", "id"),
        Index("ix_cases_state", "state", "filed_at", "id"),
        Index("ix_cases_waiting_since", "state", text("waiting_since NULLS FIRST"), "id"),
        Index("ix_cases_desk", "desk", "filed_at", "id", postgresql_where=text("desk <> 'city'")),
        Index("ix_cases_unit_code", "unit_code", "filed_at", "id"),
        Index("ix_cases_unit_codes", "unit_codes", postgresql_using="gin"),
        Index("ix_cases_closed_at", "closed_at", postgresql_where=text("closed_at IS NOT NULL")),
        Index("ix_cases_inspector_id", "inspector_id", postgresql_where=text("inspector_id IS NOT NULL")),
        Index("ix_cases_street", "street", "filed_at"),
        Index("ix_cases_cell_code", "cell_code", "filed_at", "id"),
        Index("ix_cases_beat_code", "beat_code", "filed_at", "id"),
        Index("ix_cases_leg_due_at", "leg_due_at", "id"),
        Index("ix_cases_author_id", "author_id", postgresql_where=text("author_id IS NOT NULL")),
        Index("ix_cases_campaign", "campaign", "filed_at", "id", postgresql_where=text("campaign IS NOT NULL")),
        Index("ix_cases_zones", "zones", postgresql_using="gin"),
        Index("ix_cases_tags", "tags", postgresql_using="gin"),
        Index("ix_cases_flags", "flags", postgresql_using="gin"),
        Index("ix_cases_address", "address", postgresql_using="gin", postgresql_ops={"address": "gin_trgm_ops"}),
        Index("ix_cases_category", "category", "state"),
        Index("ix_cases_geom", "geom", postgresql_using="gist"),
        Index("ix_cases_geog", "geog", postgresql_using="gist"),
        Index(
            "ix_cases_open_geog",
            "geog",
            postgresql_using="gist",
            postgresql_where=text("state NOT IN ('closed', 'voided')"),
        ),
        Index(
            "ix_cases_description",
            "description",
            postgresql_using="gin",
            postgresql_ops={"description": "gin_trgm_ops"},
        ),
    )


class CaseReport(Base):
    """A report that a case carries; `until` ends it when the report is taken out again."""

    __tablename__ = "case_reports"

    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    report_id: Mapped[UUID] = mapped_column(ForeignKey("reports.id"), primary_key=True)
    since: Mapped[datetime] = mapped_column(primary_key=True)
    first: Mapped[bool]
    until: Mapped[datetime | None]

    __table_args__ = (Index("ix_case_reports_report_id", "report_id"),)


class LegFacts(Base):
    """One unit's turn, folded from the history."""

    __tablename__ = "legs"

    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[LegKind] = mapped_column(coded(LegKind, "kind"))
    parent: Mapped[int | None]
    unit_code: Mapped[str]
    dispatched_at: Mapped[datetime]
    signed_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    end: Mapped[LegEnd | None] = mapped_column(coded(LegEnd, "end"))
    return_ruled_at: Mapped[datetime | None]
    return_granted: Mapped[bool | None]
    assisted_at: Mapped[datetime | None]
    assisted_on_time: Mapped[bool | None]
    first_recorded_at: Mapped[datetime]
    last_recorded_at: Mapped[datetime]

    __table_args__ = (
        Index("ix_legs_unit_code", "unit_code", "dispatched_at"),
        Index("ix_legs_return_ruled_at", "return_ruled_at", postgresql_where=text("return_ruled_at IS NOT NULL")),
        Index("ix_legs_assisted_at", "assisted_at", postgresql_where=text("assisted_at IS NOT NULL")),
    )


class CaseRequest(Base):
    """What a unit asked the desk for, folded from the history."""

    __tablename__ = "requests"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    round: Mapped[int]
    leg: Mapped[int]
    kind: Mapped[RequestKind] = mapped_column(coded(RequestKind, "kind"))
    state: Mapped[RequestState] = mapped_column(coded(RequestState, "state"))
    reason_code: Mapped[str]
    claim: Mapped[EndKind | None] = mapped_column(coded(EndKind, "claim"))
    chain: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    step: Mapped[int] = mapped_column(server_default=text("0"))
    ruler: Mapped[Post | None] = mapped_column(coded(Post, "ruler"))
    asked_at: Mapped[datetime]
    ruling_due_at: Mapped[datetime | None]
    ruled_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_requests_case_id", "case_id"),
        Index("ix_requests_pending", "asked_at", postgresql_where=text("state = 'pending'")),
    )
