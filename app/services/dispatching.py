"""Say where a point lies and who is responsible there: for one question, for thousands, for a case then and now."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

import numpy as np

from app.adapters.crs import to_canonical_point, to_canonical_points
from app.dispatch.access import Actor
from app.dispatch.book import Book, Placed
from app.dispatch.case_life import Spot
from app.dispatch.codes import Attention, Datum, DecidedBy, Kind
from app.dispatch.errors import BadInput
from app.dispatch.grid import CellHit
from app.dispatch.mosaic import Floats
from app.dispatch.placing import place_each
from app.dispatch.policies import Policies
from app.dispatch.responsibility import Decision
from app.dispatch.set_codes import SetKind
from app.models.cases import Case
from app.repositories.sets import SetRepository
from app.services.books import Books
from app.services.case_queries import point_of, seen_case
from app.services.transaction import Sessions, reading

_NOBODY = Decision(unit_code=None, decided_by=DecidedBy.UNASSIGNED)
_COMPARED: Final = ("unit_code", "decided_by", "rule_id")
_ONE_BY_ONE: Final = 16
"""Up to so many points of a datum are converted one by one: arrays pay from there on."""
_AT_ONCE: Final = 1000
"""So many questions are placed and answered before the next: arrays pay already, and little is held in between."""

Told = TypeVar("Told")


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

    @property
    def changes(self) -> list[str]:
        """Name what today's decision says otherwise; with another `unit_code` the case would change hands."""
        now = self.today.decision
        return [name for name in _COMPARED if self.then.get(name) != getattr(now, name)]


@dataclass(frozen=True, slots=True)
class _Part:
    """Questions, by their number, that one book answers."""

    book: Book
    maintainers: Mapping[str, str | None]
    numbers: list[int]


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
        now = self._now()
        return book.locate(x, y, now, tolerance_m=self._tolerance_m(book, now)), versions(book)

    async def explain(self, asked: Sequence[Asked], tell: Callable[[Explanation], Told]) -> list[Told]:
        """Answer questions in their order, beside the event loop, each by the book of its instant.

        Each answer is told by `tell` as soon as it is found: what thousands of them are made of is never held at once.
        Raises BadInput naming the first bad one, and for an instant before anything was in force.
        """
        now = self._now()
        points = await asyncio.to_thread(_canonical, asked)
        answers: dict[int, Told] = {}
        present = [number for number, one in enumerate(asked) if one.at is None]
        if present:
            part = await self._present(asked, present)
            await asyncio.to_thread(self._answer, asked, points, part, now, tell, answers)
        past = {number: one.at for number, one in enumerate(asked) if one.at is not None}
        if past:
            async with reading(self._sessions) as session:
                async for loaded, numbers in self._books.at_each(session, past):
                    codes = _components(asked, numbers)
                    held = loaded.edition.ids.get(SetKind.COMPONENTS)
                    found = await SetRepository(session).maintainers(codes, set_id=held) if held else {}
                    part = _Part(loaded.book, found, numbers)
                    await asyncio.to_thread(self._answer, asked, points, part, now, tell, answers)
        return [answers[number] for number in range(len(asked))]

    async def routing(self, case_id: UUID, actor: Actor) -> CaseRouting:
        """Return how a case that the actor sees was routed, and how it would be today."""
        book = self._books.current
        async with reading(self._sessions) as session:
            case = await seen_case(session, case_id, actor, book)
            codes = [case.component_code] if case.component_code else []
            maintainers = await SetRepository(session).maintainers(codes)
        return CaseRouting(then=case.routing, today=self._today(case, book, maintainers))

    async def _present(self, asked: Sequence[Asked], numbers: list[int]) -> _Part:
        book, codes = self._books.current, _components(asked, numbers)
        if not codes:
            return _Part(book, {}, numbers)
        async with reading(self._sessions) as session:
            return _Part(book, await SetRepository(session).maintainers(codes), numbers)

    def _answer(
        self,
        asked: Sequence[Asked],
        points: Floats,
        part: _Part,
        now: datetime,
        tell: Callable[[Explanation], Told],
        answers: dict[int, Told],
    ) -> None:
        """Put into `answers` what the part's book says."""
        known, alike = versions(part.book), defaultdict[float, list[int]](list)
        for number in part.numbers:
            alike[self._tolerance_m(part.book, asked[number].at or now)].append(number)
        for tolerance_m, some in alike.items():
            for first in range(0, len(some), _AT_ONCE):
                numbers = some[first : first + _AT_ONCE]
                instants = [asked[number].at or now for number in numbers]
                spots = place_each(part.book, points[numbers], instants, tolerance_m=tolerance_m)
                for number, placed, at in zip(numbers, spots, instants, strict=True):
                    answers[number] = tell(_explained(asked[number], placed, part.book, at, part.maintainers, known))

    def _tolerance_m(self, book: Book, at: datetime) -> float:
        return book.city_policies(at, self._policies).snap_tolerance_m

    def _today(self, case: Case, book: Book, maintainers: Mapping[str, str | None]) -> Explanation:
        now, (lon, lat) = self._now(), point_of(case)
        if lon is not None and lat is not None:
            placed = book.locate(lon, lat, now, tolerance_m=self._tolerance_m(book, now))
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
        return _explained(asked, placed, book, now, maintainers, versions(book))


def versions(book: Book) -> dict[str, int]:
    """Return the version of the book and of each set in it."""
    return {"book": book.number, **book.versions}


def _canonical(asked: Sequence[Asked]) -> Floats:
    """Return the canonical points of questions in their order; raises BadInput naming the first that is no place."""
    found = np.full((len(asked), 2), np.nan)
    by_datum: dict[str, list[int]] = defaultdict(list)
    for number, one in enumerate(asked):
        by_datum[one.datum].append(number)
    for datum, numbers in by_datum.items():
        if len(numbers) <= _ONE_BY_ONE:
            continue
        try:
            found[numbers] = to_canonical_points(np.array([(asked[n].lon, asked[n].lat) for n in numbers]), datum)
        except BadInput:
            continue  # an unknown datum: told below, at the first question that names it
    for number in np.flatnonzero(~np.isfinite(found).all(axis=1)).tolist():
        found[number] = _point(number, asked[number])
    return found


def _point(number: int, one: Asked) -> tuple[float, float]:
    try:
        return to_canonical_point(one.lon, one.lat, one.datum)
    except BadInput as error:
        raise BadInput.at(["body", "items", number], error.detail, code=error.code) from error


def _components(asked: Sequence[Asked], numbers: Sequence[int]) -> set[str]:
    return {code for number in numbers if (code := asked[number].component_code)}


def _explained(
    asked: Asked,
    placed: Placed,
    book: Book,
    at: datetime,
    maintainers: Mapping[str, str | None],
    known: Mapping[str, int],
) -> Explanation:
    attention = {str(one) for one in placed.attention}
    category = book.catalogue.find(asked.kind, asked.category)
    if category is None:
        named = asked.kind is not None and asked.category is not None
        attention.add(Attention.UNKNOWN_CATEGORY if named else Attention.NO_CATEGORY)
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
        versions=known,
    )
