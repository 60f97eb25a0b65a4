"""What figures read: one narrow row a round and one a report, written by the fold of the history."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class RoundFactsRow(Base):
    """`app.dispatch.facts.RoundFacts`, stored column for column."""

    __tablename__ = "round_facts"

    case_id: Mapped[UUID] = mapped_column(primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    first_recorded_at: Mapped[datetime]
    last_recorded_at: Mapped[datetime]

    source: Mapped[str]
    kind: Mapped[str]
    category: Mapped[str]
    condition: Mapped[int]
    handling: Mapped[str]
    campaign: Mapped[str | None]
    desk: Mapped[str]
    district: Mapped[str | None]
    street: Mapped[str | None]
    community: Mapped[str | None]
    cell_code: Mapped[str | None]
    beat_code: Mapped[str | None]
    unit_code: Mapped[str | None]
    inspector_id: Mapped[UUID | None]
    operator_id: Mapped[UUID | None]
    dispatcher_id: Mapped[UUID | None]

    started_at: Mapped[datetime]
    filed_at: Mapped[datetime | None]
    reopened_at: Mapped[datetime | None]
    first_dispatch_at: Mapped[datetime | None]
    case_to_close_at: Mapped[datetime | None]
    leg_to_close_at: Mapped[datetime | None]
    standing_disposed_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    case_due_at: Mapped[datetime | None]
    leg_due_at: Mapped[datetime | None]
    end_kind: Mapped[str | None]

    ordinary: Mapped[bool]
    counted: Mapped[bool]
    dispatched: Mapped[bool]
    disposed: Mapped[bool]
    closed: Mapped[bool]
    case_on_time: Mapped[bool]
    leg_on_time: Mapped[bool]
    accurate: Mapped[bool]
    recurrent: Mapped[bool]
    reworks: Mapped[int]
    extensions: Mapped[int]
    suspensions: Mapped[int]
    returns: Mapped[int]

    __table_args__ = (
        Index("ix_round_facts_case_to_close_at", "case_to_close_at"),
        Index("ix_round_facts_leg_to_close_at", "leg_to_close_at"),
        Index("ix_round_facts_first_dispatch_at", "first_dispatch_at"),
        Index("ix_round_facts_started_at", "started_at"),
        Index("ix_round_facts_filed_at", "filed_at", postgresql_where=text("filed_at IS NOT NULL")),
        Index("ix_round_facts_reopened_at", "reopened_at", postgresql_where=text("reopened_at IS NOT NULL")),
        Index("ix_round_facts_standing_disposed_at", "standing_disposed_at"),
        Index("ix_round_facts_last_recorded_at", "last_recorded_at"),
    )


class ReportFactsRow(Base):
    """`app.dispatch.facts.ReportFacts`, stored column for column."""

    __tablename__ = "report_facts"

    report_id: Mapped[UUID] = mapped_column(primary_key=True)
    first_recorded_at: Mapped[datetime]
    last_recorded_at: Mapped[datetime]

    source: Mapped[str]
    kind: Mapped[str | None]
    category: Mapped[str | None]
    campaign: Mapped[str | None]
    desk: Mapped[str]
    district: Mapped[str | None]
    street: Mapped[str | None]
    community: Mapped[str | None]
    cell_code: Mapped[str | None]
    beat_code: Mapped[str | None]
    unit_code: Mapped[str | None]
    inspector_id: Mapped[UUID | None]
    operator_id: Mapped[UUID | None]

    received_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    rejected_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    merged_at: Mapped[datetime | None]
    self_disposed_at: Mapped[datetime | None]
    taken_up_at: Mapped[datetime | None]
    answer_due_at: Mapped[datetime | None]
    called_back_at: Mapped[datetime | None]
    opinion_at: Mapped[datetime | None]

    valid: Mapped[bool]
    answered_on_time: Mapped[bool]
    satisfied: Mapped[bool]
    solved: Mapped[bool]

    __table_args__ = (
        Index("ix_report_facts_received_at", "received_at"),
        *(
            Index(f"ix_report_facts_{name}", name, postgresql_where=text(f"{name} IS NOT NULL"))
            for name in (
                *("accepted_at", "rejected_at", "answered_at", "merged_at", "self_disposed_at", "taken_up_at"),
                *("answer_due_at", "called_back_at", "opinion_at"),
            )
        ),
        Index("ix_report_facts_last_recorded_at", "last_recorded_at"),
    )
