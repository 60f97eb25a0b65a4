"""A case as its history tells it: rounds, legs, requests, disposals. Values only; `case_fold` builds them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from app.dispatch.codes import (
    AppealState,
    CaseState,
    DisposalResult,
    EndKind,
    Handling,
    Kind,
    LegEnd,
    LegKind,
    LimitUnit,
    Mark,
    Post,
    RequestKind,
    RequestState,
    Source,
    WorkDayRule,
)
from app.dispatch.limits import Limit
from app.dispatch.spans import Span
from app.dispatch.task import Task

ANNULLED: Final = frozenset({LegEnd.RETURNED, LegEnd.RECALLED, LegEnd.OVERRULED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """A due time as it was computed and recorded, with the instant at which its light turns yellow."""

    due_at: datetime
    yellow_at: datetime
    provisional: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocked:
    """What both clocks have: a start, a limit with its extensions, pauses, the deadline, and `to_close_at` once fixed.

    `fixed_at` is the first disposal or the passed due time, whichever came first; it never moves again.
    """

    start: datetime | None = None
    limit: Limit
    extensions: tuple[Limit, ...] = ()
    pauses: tuple[Span, ...] = ()
    deadline: Deadline | None = None
    fixed_at: datetime | None = None

    @property
    def whole_limit(self) -> Limit:
        """The limit with every granted extension."""
        whole = self.limit
        for extension in self.extensions:
            whole = whole.extended(extension)
        return whole

    @property
    def due_at(self) -> datetime | None:
        """The due time, if the clock has started."""
        return self.deadline.due_at if self.deadline else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One unit's turn within a round, with its own clock."""

    number: int
    kind: LegKind
    unit_code: str
    dispatched_at: datetime
    clock: Clocked
    parent: int | None = None
    """The leg that this one is a part of; a main leg has none."""
    signed_at: datetime | None = None
    ended_at: datetime | None = None
    end: LegEnd | None = None
    follows: int | None = None
    """The leg whose temporary disposal this one makes lasting."""
    late: bool = False
    """That temporary disposal came after its due time: nothing done in this leg is in time any more."""

    @property
    def annulled(self) -> bool:
        """Whether the leg only counts as a return or a wrong dispatch."""
        return self.end in ANNULLED


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a unit asked for. `in_time`: asked before the leg was due; then it holds the round open while pending.

    `chain`: who rules, one after the other, `step` of them have granted. `reserved`: the unit works while it waits for
    an arbitration, so that its disposal does not withdraw it.
    """

    id: UUID
    kind: RequestKind
    state: RequestState
    leg: int
    reason_code: str
    asked_at: datetime
    in_time: bool
    ruling_due_at: datetime
    proposed_unit: str | None = None
    limit: Limit | None = None
    until: datetime | None = None
    claim: EndKind | None = None
    chain: tuple[Post, ...] = ()
    step: int = 0
    reserved: bool = False
    ruled_at: datetime | None = None

    @property
    def ruler(self) -> Post | None:
        """The post that rules now; none once there is a ruling."""
        return self.chain[self.step] if self.state is RequestState.PENDING else None

    @property
    def last_ruler(self) -> Post:
        """The post whose word was the last, or is the next."""
        return self.chain[min(self.step, len(self.chain) - 1)]

    @property
    def at_last_step(self) -> bool:
        """Whether the next grant takes effect."""
        return self.step + 1 >= len(self.chain)

    @property
    def arbitrated(self) -> bool:
        """Whether it waits for a coordinator who names the unit, where others would grant."""
        rules_on_units = self.kind in {RequestKind.RETURN, RequestKind.ARBITRATION}
        return rules_on_units and self.ruler is Post.COORDINATOR and self.at_last_step


@dataclass(frozen=True, slots=True, kw_only=True)
class Appeal:
    """A dispute of a mark; `step` posts have reviewed it, the shift lead and then the supervisor."""

    mark: Mark
    leg: int
    state: AppealState
    asked_at: datetime
    step: int = 0
    ruled_at: datetime | None = None

    @property
    def reviewer(self) -> Post | None:
        """The post that reviews now; none once the last word was said."""
        if self.state is not AppealState.PENDING:
            return None
        return Post.SUPERVISOR if self.step else Post.SHIFT_LEAD


@dataclass(frozen=True, slots=True, kw_only=True)
class Disposal:
    """A unit's word that it is done; it stands until a check fails."""

    at: datetime
    leg: int
    result: DisposalResult
    stands: bool = True
    to_approve: bool = False
    """Whether its public answer waits for somebody of the desk to read it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where a thing lies: codes only."""

    cell_code: str | None = None
    beat_code: str | None = None
    community: str | None = None
    street: str | None = None
    district: str | None = None
    zones: Mapping[str, str]

    @property
    def regions(self) -> frozenset[str]:
        """The areas it lies in, of every level."""
        return frozenset(code for code in (self.community, self.street, self.district) if code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """What a thing is about."""

    kind: Kind
    category: str
    condition: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """A case's life until it is closed. `clock` is the case's, what the city is judged by."""

    number: int
    started_at: datetime
    updated_at: datetime
    clock: Clocked
    dispatched_at: datetime | None = None
    legs: tuple[Leg, ...] = ()
    requests: tuple[Request, ...] = ()
    disposals: tuple[Disposal, ...] = ()
    suspended_since: datetime | None = None
    suspended_until: datetime | None = None
    suspensions: int = 0
    reworks: int = 0
    reworked_at: datetime | None = None
    dissatisfied_at: datetime | None = None
    unsolved_at: datetime | None = None
    appeals: tuple[Appeal, ...] = ()
    failed_code: str | None = None
    closed_at: datetime | None = None
    end_kind: EndKind | None = None
    dispatcher_id: UUID | None = None
    spot: Spot | None = None
    """Where the case lay in this round, if it was relocated in a later one; else it lies where the case does."""
    matter: Matter | None = None
    """What the case was about in this round, if it was amended in a later one; else it is what the case is about."""

    @property
    def main_legs(self) -> tuple[Leg, ...]:
        """The legs given by the desk itself; the others are parts of them."""
        return tuple(leg for leg in self.legs if leg.kind is LegKind.MAIN)

    @property
    def main_leg(self) -> Leg | None:
        """The last main leg, whatever became of it."""
        return next((leg for leg in reversed(self.legs) if leg.kind is LegKind.MAIN), None)

    @property
    def accountable(self) -> Leg | None:
        """The last main leg, unless it was annulled: what came before it has ended, whatever way."""
        leg = self.main_leg
        return None if leg is None or leg.annulled else leg

    @property
    def parts(self) -> tuple[Leg, ...]:
        """The parts that others are at work on: co-units' and those given on, in the order of their numbers."""
        return tuple(leg for leg in self.legs if leg.kind is not LegKind.MAIN and leg.ended_at is None)

    @property
    def standing(self) -> Disposal | None:
        """The disposal that stands."""
        return next((d for d in reversed(self.disposals) if d.stands), None)

    @property
    def pending(self) -> Request | None:
        """The one request that waits for a ruling."""
        return next((r for r in self.requests if r.state is RequestState.PENDING), None)

    @property
    def first_dispatch_at(self) -> datetime | None:
        """When the case clock started first; a temporary disposal in time starts it anew and leaves this."""
        return self.dispatched_at


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLife:
    """A whole case. `number` is that of the last step, and the case's version."""

    number: int
    state: CaseState
    case_no: str
    report_id: UUID
    source: Source
    handling: Handling
    kind: Kind
    category: str
    condition: int
    catalogue: str
    desk: str
    spot: Spot
    proposed_unit: str | None
    author_id: UUID | None
    operator_id: UUID | None
    campaign: str | None
    recurrent: bool
    filed_at: datetime
    since: datetime
    """Since when it has been in its state."""
    updated_at: datetime
    rounds: tuple[Round, ...]
    inspector_id: UUID | None = None
    task: Task | None = None
    attention: frozenset[str] = frozenset()
    tags: tuple[str, ...] = ()
    urges: int = 0
    voided_at: datetime | None = None

    @property
    def round(self) -> Round:
        """The present round."""
        return self.rounds[-1]

    @property
    def leg(self) -> Leg | None:
        """The main leg whose unit holds the case now, or held it last and was not annulled."""
        return self.round.accountable

    @property
    def unit_code(self) -> str | None:
        """The unit at work; before a dispatch the proposed one."""
        return self.leg.unit_code if self.leg else self.proposed_unit


def limit_json(limit: Limit) -> dict[str, str]:
    """Return a limit as it stands in payloads."""
    rule = {"rule": limit.rule.value} if limit.rule else {}
    return {"value": str(limit.value), "unit": limit.unit.value, **rule}


def limit_of(value: Mapping[str, str]) -> Limit:
    """Return the limit that a payload holds."""
    rule = WorkDayRule(value["rule"]) if "rule" in value else None
    return Limit(value=Decimal(value["value"]), unit=LimitUnit(value["unit"]), rule=rule)
