"""A report on its way in: what was said, and what the service makes of it before anything is stored."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from app.dispatch.access import CITY_DESK
from app.dispatch.book import Book
from app.dispatch.boundary import Alternative
from app.dispatch.case_life import Spot
from app.dispatch.catalogue import Category
from app.dispatch.codes import Attention, Contact, DecidedBy, Kind, Source
from app.dispatch.grid import CellHit
from app.dispatch.points import Point
from app.dispatch.policies import Policies
from app.dispatch.responsibility import Decision

_CONFIDENTIAL: Final = frozenset({Source.INSPECTOR, Source.CITIZEN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporter:
    """Who reports; every value is personal and goes to the vault."""

    name: str | None = None
    phone: str | None = None
    callback_phone: str | None = None
    anonymous: bool = False
    contact: Contact | None = None
    call_back: bool = False

    @property
    def asks_call(self) -> bool:
        """Whether he wants to be called what came of it: he says so, or leaves a number for that."""
        return self.call_back or self.callback_phone is not None

    @property
    def known(self) -> tuple[str, ...]:
        """What must not stand in any text."""
        return tuple(value for value in (self.name, self.phone, self.callback_phone) if value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One report as a channel hands it over, ids already made."""

    id: UUID
    source: Source
    description: str
    kind: Kind | None = None
    category: str | None = None
    condition: int | None = None
    catalogue: str | None = None
    address: str | None = None
    point: Point | None = None
    component_code: str | None = None
    media: tuple[UUID, ...] = ()
    reporter: Reporter = field(default_factory=Reporter)
    occurred_at: datetime | None = None
    client_id: UUID | None = None
    body_digest: bytes | None = None
    tags: tuple[str, ...] = ()
    campaign: str | None = None
    desk: str = CITY_DESK
    account_id: UUID | None = None
    partner_id: UUID | None = None
    order_no: str | None = None
    raw_payload: str | None = None
    answer_due_at: datetime | None = None
    attention: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Triage:
    """What is known of an arrival: place, category, who would get it, and what a person should look at."""

    spot: Spot
    hit: CellHit | None
    category: Category | None
    condition: int | None
    decision: Decision
    alternatives: tuple[Alternative, ...]
    attention: frozenset[str]


NOBODY: Final = Decision(unit_code=None, decided_by=DecidedBy.UNASSIGNED)


def triage(
    arrival: Arrival,
    book: Book,
    policies: Policies,
    at: datetime,
    *,
    maintainer: str | None = None,
    component_known: bool = True,
    media_known: Iterable[UUID] = (),
) -> Triage:
    """Locate an arrival, find its category and the unit responsible. Nothing is ever refused here."""
    attention = set(arrival.attention)
    spot, hit, odd = _place(arrival.point, book, policies, at)
    attention |= odd
    category, condition, unclear = _classify(arrival, book)
    attention |= unclear
    if arrival.component_code is not None and not component_known:
        attention.add(Attention.UNKNOWN_COMPONENT)
    if not set(arrival.media) <= set(media_known):
        attention.add(Attention.MEDIA_PENDING)
    decision = NOBODY
    alternatives: tuple[Alternative, ...] = ()
    if category is not None and spot.cell_code is not None:
        decision = book.decide(spot, category.matter(condition), at, maintainer=maintainer)
        if decision.unit_code is None:
            attention.add(Attention.UNASSIGNED)
        alternatives = _alternatives(arrival.point, spot, category, condition, book, at, decision)
        if alternatives:
            attention.add(Attention.NEAR_BOUNDARY)
    if arrival.occurred_at is not None and arrival.occurred_at - at > policies.clock_skew_noted:
        attention.add(Attention.CLOCK_SKEW)
    return Triage(
        spot=spot,
        hit=hit,
        category=category,
        condition=condition,
        decision=decision,
        alternatives=alternatives,
        attention=frozenset(str(one) for one in attention),
    )


def contact_mode(source: Source, asked: Contact | None) -> Contact:
    """Return how a unit may reach the reporter: never for inspectors and citizens, else as asked, else by the desk."""
    if source in _CONFIDENTIAL:
        return Contact.CONFIDENTIAL
    return asked or Contact.VIA_DESK


def _place(
    point: Point | None, book: Book, policies: Policies, at: datetime
) -> tuple[Spot, CellHit | None, frozenset[Attention]]:
    if point is None:
        return Spot(zones={}), None, frozenset({Attention.NO_LOCATION})
    placed = book.locate(point.lon, point.lat, at, tolerance_m=policies.snap_tolerance_m)
    return placed.spot, placed.hit, placed.attention


def _alternatives(
    point: Point | None,
    spot: Spot,
    category: Category,
    condition: int | None,
    book: Book,
    at: datetime,
    decided: Decision,
) -> tuple[Alternative, ...]:
    """Return who else it might be, as far as the point's accuracy leaves it open; a component leaves nothing."""
    if point is None or not point.accuracy_m or decided.decided_by is DecidedBy.COMPONENT:
        return ()
    return book.alternatives(spot, point.lon, point.lat, point.accuracy_m, category.matter(condition), at, decided)


def _classify(arrival: Arrival, book: Book) -> tuple[Category | None, int | None, set[Attention]]:
    if arrival.kind is None or arrival.category is None:
        return None, None, {Attention.NO_CATEGORY}
    if arrival.catalogue not in {None, book.catalogue.edition}:
        return None, None, {Attention.OLD_CATEGORY}
    category = book.catalogue.find(arrival.kind, arrival.category)
    if category is None:
        return None, None, {Attention.UNKNOWN_CATEGORY}
    if arrival.condition is None or arrival.condition not in category.conditions:
        return category, None, {Attention.NO_CONDITION} if arrival.condition is not None else set()
    return category, arrival.condition, set()
