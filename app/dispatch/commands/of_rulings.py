"""What units ask the desk for, and how it is ruled."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.dispatch.codes import Action, Mark, Scope
from app.dispatch.commands.shared import Command
from app.dispatch.limits import Limit


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestReturn(Command):
    """Not mine; names whose, where it can."""

    action = Action.REQUEST_RETURN
    reason_code: str
    proposed_unit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestExtension(Command):
    """More time; without a limit, the original one once more. `until`: the date that a plan of works ends."""

    action = Action.REQUEST_EXTENSION
    reason_code: str
    limit: Limit | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSuspension(Command):
    """Pause the clock until an instant."""

    action = Action.REQUEST_SUSPENSION
    reason_code: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantRequest(Command):
    """Say yes to a pending request."""

    action = Action.GRANT
    request_id: UUID
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefuseRequest(Command):
    """Say no to a pending request, and why."""

    action = Action.REFUSE
    request_id: UUID
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestArbitration(Command):
    """Not mine, though the desk says so; with `handle_under_reserve` the unit works meanwhile."""

    action = Action.REQUEST_ARBITRATION
    text: str
    media: tuple[UUID, ...] = ()
    handle_under_reserve: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RulingPart:
    """How far and how long a ruling reaches; place and category are those of the case. `valid_from` None is now.

    `scope_code` says which, where the case lies in several zones.
    """

    scope: Scope
    scope_code: str | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arbitrate(Command):
    """Name the unit; with `ruling` the next case of that place and category goes there, too."""

    action = Action.ARBITRATE
    unit_code: str
    ruling: RulingPart | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Appeal(Command):
    """Dispute a mark."""

    action = Action.APPEAL
    against: Mark
    text: str
    media: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewAppeal(Command):
    """Hear an appeal; `against` says which, where several wait."""

    action = Action.REVIEW_APPEAL
    upheld: bool
    text: str
    against: Mark | None = None
