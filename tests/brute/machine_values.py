"""What the small model of the life of reports and cases knows of them, and who may do what.

All limits run on the wall clock, so that due times are sums.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

from tests.api import workflow_by_hand as by_hand

LIMIT: Final = timedelta(hours=2)

ROWS: Final = {
    (things, row.action): row
    for things, (table, states) in by_hand.TABLES.items()
    for row in by_hand.rows(table, states)
}
OPEN: Final = ("filed", "dispatched", "suspended", "disposed", "checking", "checked")
ENDED: Final = ("closed", "voided")
Span = tuple[datetime, datetime]


class Refused(Exception):
    """The model says no; the word is the kind of the error."""


BELOW: Final = {"TOP": ("TOP", "W", "E"), "W": ("W",), "E": ("E",)}


class Somebody(Protocol):
    """Who acts."""

    @property
    def id(self) -> UUID: ...
    @property
    def posts(self) -> tuple[str, ...]: ...
    @property
    def unit(self) -> str | None: ...


def due(start: datetime, limit: timedelta, pauses: Sequence[Span]) -> datetime:
    """Return the first instant by which the limit has run outside the pauses."""
    at, reached = start + limit, start
    for begin, end in sorted(pauses):
        since = max(begin, reached)
        if since < at and end > since:
            at += end - since
        reached = max(reached, end)
    return at


@dataclass(slots=True)
class Leg:
    """One unit's turn."""

    unit: str
    kind: str
    sent: datetime
    limit: timedelta
    pauses: list[Span] = field(default_factory=list)
    extensions: int = 0
    signed: bool = False
    end: str | None = None
    follows: bool = False
    """It makes lasting what was only made safe; nobody dispatched it."""

    @property
    def due(self) -> datetime:
        return due(self.sent, self.limit * (1 + self.extensions), self.pauses)


@dataclass(slots=True)
class Request:
    """What was asked."""

    kind: str
    leg: int
    unit: str
    asked: datetime
    in_time: bool
    until: datetime | None = None
    claim: str | None = None
    state: str = "pending"


@dataclass(slots=True)
class Round:
    """A round so far."""

    limit: timedelta
    start: datetime | None = None
    first: datetime | None = None
    more: int = 0
    """Extensions of the clock that runs."""
    legs: list[Leg] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    pauses: list[Span] = field(default_factory=list)
    made_safe: bool = False
    standing: datetime | None = None
    result: str | None = None
    suspended: datetime | None = None
    reworks: int = 0
    extensions: int = 0
    suspensions: int = 0
    returns: int = 0
    closed: datetime | None = None
    end_kind: str | None = None

    @property
    def due(self) -> datetime | None:
        return due(self.start, self.limit * (1 + self.more), self.pauses) if self.start else None

    @property
    def mains(self) -> list[Leg]:
        return [leg for leg in self.legs if leg.kind == "main"]

    @property
    def accountable(self) -> Leg | None:
        """Return the last main leg that was not annulled."""
        good = [leg for leg in self.mains if leg.end not in {"returned", "recalled", "overruled"}]
        return good[-1] if good else None

    @property
    def parts(self) -> list[Leg]:
        """Return the legs of others that are still at work."""
        return [leg for leg in self.legs if leg.kind != "main" and leg.end is None]

    @property
    def pending(self) -> Request | None:
        return next((one for one in self.requests if one.state == "pending"), None)


@dataclass(slots=True)
class Report:
    """A report so far."""

    id: UUID
    order: str | None
    author: UUID | None = None
    verifier: UUID | None = None
    state: str = "received"
    version: int = 1
    cases: list[UUID] = field(default_factory=list)


@dataclass(slots=True)
class Case:
    """A case so far."""

    id: UUID
    proposed: str
    reports: list[UUID]
    state: str = "filed"
    version: int = 1
    rounds: list[Round] = field(default_factory=lambda: [Round(LIMIT)])
    urges: int = 0
    tags: set[str] = field(default_factory=set)
    inspector: UUID | None = None
    withdrawn: bool = False
    """A reporter of it has taken his report back."""

    first: UUID = field(init=False)
    """The report that it was filed from."""

    def __post_init__(self) -> None:
        self.first = self.reports[0]

    @property
    def round(self) -> Round:
        return self.rounds[-1]

    @property
    def leg(self) -> Leg | None:
        return self.round.accountable

    @property
    def unit(self) -> str:
        return self.leg.unit if self.leg else self.proposed


def sees(who: Somebody, one: "Report | Case") -> bool:
    """Tell whether it is in his sight: staff see the whole city, units what they had, inspectors their own reports."""
    if isinstance(one, Report):
        mine = who.id in {one.author, one.verifier}
        return who.unit is None and ("inspector" not in who.posts or mine)
    if who.unit is None:
        return True
    return any(leg.unit in BELOW[who.unit] for turn in one.rounds for leg in turn.legs)


def ruler(turn: Round) -> str:
    """Return the post that rules on the request that waits: from the third return on the coordinator."""
    if turn.pending is None or turn.pending.kind != "return":
        return "shift_lead"
    return "coordinator" if turn.returns >= 2 else "dispatcher"


def may(who: Somebody, one: "Report | Case", action: str) -> bool:
    """Tell whether it is ever his act."""
    row = ROWS["cases" if isinstance(one, Case) else "reports", action]
    if isinstance(one, Case) and who.unit is not None:
        parts = {part.unit for part in one.round.parts} if action in {"sign", "contact"} else set()
        mine = not {one.unit, *parts}.isdisjoint(BELOW[who.unit])
        return "seeing" in row.who or ("unit" in row.who and mine)
    if isinstance(one, Case) and action in {"grant", "refuse"} and one.round.pending is not None:
        return ruler(one.round) in who.posts
    held = {*who.posts, "seeing"} | ({"all_three"} if len(who.posts) > 1 else set())
    held |= {"desk"} if held & {"operator", "shift_lead"} else set()
    held |= {"ruling"} if held & set(by_hand.RULING) else set()
    task = one.inspector if isinstance(one, Case) else one.verifier
    held |= {"inspector.task"} if who.id == task else set()
    held |= {"inspector.author"} if isinstance(one, Report) and who.id == one.author else set()
    return not held.isdisjoint(row.who)


@dataclass(slots=True)
class Timer:
    """Something that waits for an instant; a signing belongs to one leg."""

    case: UUID
    kind: str
    at: datetime
    leg: Leg | None = None
