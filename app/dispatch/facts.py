"""What figures know of a round of a case, of a leg and of a report: instants, flags, and the groups they belong to.

A facts value says how things stood after the last history row it was folded from (`last_recorded_at`). Nothing in it
depends on the hour at which a figure is asked: an instant may lie ahead (a due time that will put the round among
those to close), and a figure asks only whether it has come. Source: docs/figures.md.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundFacts:
    """One round of a case; the stored row has these columns."""

    case_id: UUID
    round: int
    first_recorded_at: datetime
    last_recorded_at: datetime

    source: str
    kind: str
    category: str
    condition: int
    handling: str
    campaign: str | None
    desk: str
    district: str | None
    street: str | None
    community: str | None
    cell_code: str | None
    beat_code: str | None
    unit_code: str | None
    inspector_id: UUID | None
    operator_id: UUID | None
    dispatcher_id: UUID | None

    started_at: datetime
    filed_at: datetime | None
    reopened_at: datetime | None
    first_dispatch_at: datetime | None
    case_to_close_at: datetime | None
    leg_to_close_at: datetime | None
    standing_disposed_at: datetime | None
    closed_at: datetime | None
    case_due_at: datetime | None
    leg_due_at: datetime | None
    end_kind: str | None

    ordinary: bool
    counted: bool
    dispatched: bool
    disposed: bool
    closed: bool
    case_on_time: bool
    leg_on_time: bool
    accurate: bool
    recurrent: bool
    reworks: int
    extensions: int
    suspensions: int
    returns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LegFacts:
    """One unit's turn in a round; return counts are its flags. `assisted_…` are those of parts, a main leg has none."""

    case_id: UUID
    round: int
    number: int
    kind: str
    parent: int | None
    unit_code: str
    dispatched_at: datetime
    signed_at: datetime | None
    due_at: datetime | None
    ended_at: datetime | None
    end: str | None
    return_ruled_at: datetime | None
    return_granted: bool | None
    assisted_at: datetime | None
    assisted_on_time: bool | None
    first_recorded_at: datetime
    last_recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFacts:
    """One report; the stored row has these columns."""

    report_id: UUID
    first_recorded_at: datetime
    last_recorded_at: datetime

    source: str
    kind: str | None
    category: str | None
    campaign: str | None
    desk: str
    district: str | None
    street: str | None
    community: str | None
    cell_code: str | None
    beat_code: str | None
    unit_code: str | None
    inspector_id: UUID | None
    operator_id: UUID | None

    received_at: datetime
    accepted_at: datetime | None
    rejected_at: datetime | None
    answered_at: datetime | None
    merged_at: datetime | None
    self_disposed_at: datetime | None
    taken_up_at: datetime | None
    answer_due_at: datetime | None
    called_back_at: datetime | None
    opinion_at: datetime | None

    valid: bool
    answered_on_time: bool
    satisfied: bool
    solved: bool
