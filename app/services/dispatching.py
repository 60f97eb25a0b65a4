"""Say where a point lies and who is responsible there: for one question, for thousands, for a case then and now."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.adapters.crs import to_canonical_point
from app.dispatch.access import Actor
from app.dispatch.book import Book, Placed
from app.dispatch.case_life import Spot
from app.dispatch.codes import Attention, Datum, DecidedBy, Kind
from app.dispatch.errors import BadInput
from app.dispatch.grid import CellHit
from app.dispatch.policies import Policies
from app.dispatch.responsibility import Decision
from app.models.cases import Case
from app.repositories.sets import SetRepository
from app.services.books import Books
from app.services.case_queries import point_of, seen_case
from app.services.transaction import Sessions, reading

_NOBODY = Decision(unit_code=None, decided_by=DecidedBy.UNASSIGNED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Where, what and when; without kind and category nobody is named. `at` None means now."""

    lon: float
    lat: float
    datum: str = Datum.CGCS2000
    kind: Kind | None = None
    category: str | None = None
    condition: int | None = None
    component_code: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Where it is, who is responsible and by which ground, under which versions."""

    placed: Placed
    decision: Decision
    unit_name: str | None
    attention: frozenset[str]
    versions: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRouting:
    """What was decided when the case was filed, and what today's rules say."""

    then: Mapping[str, Any]
    today: Explanation


class Dispatching:
    """Questions about places and responsibility; nothing is stored."""

    def __init__(self, sessions: Sessions, books: Books, policies: Policies, now: Callable[[], datetime]) -> None:
        """Take where to look."""
        self._sessions = sessions
        self._books = books
        self._policies = policies
        self._now = now

    def locate(self, lon: float, lat: float, datum: str) -> tuple[Placed, Mapping[str, int]]:
        """Return where a point lies, and the versions that say so; raises BadInput for what is no place."""
        book, (x, y) = self._books.current, to_canonical_point(lon, lat, datum)
        return book.locate(x, y, self._now(), tolerance_m=self._policies.snap_tolerance_m), versions(book)

    async def explain(self, asked: Sequence[Asked]) -> list[Explanation]:
        """Answer questions in their order, beside the event loop; raises BadInput naming the first bad one."""
        book, now = self._books.current, self._now()
        codes = {one.component_code for one in asked if one.component_code}
        maintainers: Mapping[str, str | None] = {}
        if codes:
            async with reading(self._sessions) as session:
                maintainers = await SetRepository(session).maintainers(codes)
        return await asyncio.to_thread(self._answer, asked, book, now, maintainers)

    async def routing(self, case_id: UUID, actor: Actor) -> CaseRouting:
        """Return how a case that the actor sees was routed, and how it would be today."""
        book = self._books.current
        async with reading(self._sessions) as session:
            case = await seen_case(session, case_id, actor, book)
            codes = [case.component_code] if case.component_code else []
            maintainers = await SetRepository(session).maintainers(codes)
        return CaseRouting(then=case.routing, today=self._today(case, book, maintainers))

    def _answer(
        self, asked: Sequence[Asked], book: Book, now: datetime, maintainers: Mapping[str, str | None]
    ) -> list[Explanation]:
        answers = []
        for number, one in enumerate(asked):
            try:
                x, y = to_canonical_point(one.lon, one.lat, one.datum)
            except BadInput as error:
                raise BadInput.at(["body", "items", number], error.detail, code=error.code) from error
            placed = book.locate(x, y, one.at or now, tolerance_m=self._policies.snap_tolerance_m)
            answers.append(_explained(one, placed, book, one.at or now, maintainers))
        return answers

    def _today(self, case: Case, book: Book, maintainers: Mapping[str, str | None]) -> Explanation:
        now, (lon, lat) = self._now(), point_of(case)
        if lon is not None and lat is not None:
            placed = book.locate(lon, lat, now, tolerance_m=self._policies.snap_tolerance_m)
        else:
            spot = Spot(zones={})
            placed = Placed(spot=spot, hit=CellHit(code=None), attention=frozenset({Attention.NO_LOCATION}))
        same_edition = case.catalogue == book.catalogue.edition
        asked = Asked(
            lon=lon or 0.0,
            lat=lat or 0.0,
            kind=case.kind if same_edition else None,
            category=case.category,
            condition=case.condition,
            component_code=case.component_code,
        )
        return _explained(asked, placed, book, now, maintainers)


def versions(book: Book) -> dict[str, int]:
    """Return the version of the book and of each set in it."""
    return {"book": book.number, **book.versions}


def _explained(
    asked: Asked, placed: Placed, book: Book, at: datetime, maintainers: Mapping[str, str | None]
) -> Explanation:
    attention = {str(one) for one in placed.attention}
    category = book.catalogue.find(asked.kind, asked.category)
    if category is None:
        known = asked.kind is not None and asked.category is not None
        attention.add(Attention.UNKNOWN_CATEGORY if known else Attention.NO_CATEGORY)
    condition = asked.condition
    if category is not None and condition is not None and condition not in category.conditions:
        attention.add(Attention.NO_CONDITION)
        condition = None
    maintainer = maintainers.get(asked.component_code) if asked.component_code else None
    if asked.component_code and asked.component_code not in maintainers:
        attention.add(Attention.UNKNOWN_COMPONENT)
    decision = _NOBODY
    if category is not None and placed.spot.cell_code is not None:
        decision = book.decide(placed.spot, category.matter(condition), at, maintainer=maintainer)
        if decision.unit_code is None:
            attention.add(Attention.UNASSIGNED)
    unit = book.units.get(decision.unit_code) if decision.unit_code else None
    return Explanation(
        placed=placed,
        decision=decision,
        unit_name=unit.name if unit else None,
        attention=frozenset(attention),
        versions=versions(book),
    )
