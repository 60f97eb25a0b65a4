"""Read cases: a list, one, all of them as a stream; each as far as the caller may see it."""

from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import shapely
from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.access import Actor, Sight, Thing, sight
from app.dispatch.book import Book
from app.dispatch.catalogue import Category
from app.dispatch.codes import Light
from app.dispatch.disclosure import UNIT_POSTS, judging_clock, light_of, oversees
from app.dispatch.errors import NotVisible
from app.dispatch.figure_codes import ClockKind
from app.models.cases import Case, CaseRequest, LegFacts
from app.models.orders import OrderRow
from app.repositories.case_filters import CaseFilter, CaseSort
from app.repositories.cases import CarriedReport, CaseRepository
from app.services.books import Books
from app.services.opinions import Said, opinions_of
from app.services.order_queries import orders_of_case
from app.services.transaction import Sessions, reading
from app.services.vault import MaskedReporter, Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenReport:
    """A report of a case, with its reporter as far as he may be recognised."""

    carried: CarriedReport
    reporter: MaskedReporter | None
    opinions: Sequence[Said] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """A case as one caller sees it. `overseen`: by the desk or oversight; `due_at` is what he is judged by."""

    case: Case
    overseen: bool
    due_at: datetime | None
    light: Light | None
    lon: float | None
    lat: float | None
    unit_name: str | None
    category: Category | None
    legs: Sequence[LegFacts] = ()
    requests: Sequence[CaseRequest] = ()
    reports: Sequence[SeenReport] = ()
    media: Sequence[UUID] = ()
    orders: Sequence[OrderRow] = ()


class CaseQueries:
    """Everything that reads cases and changes nothing."""

    def __init__(self, sessions: Sessions, books: Books, vault: Vault, now: Callable[[], datetime]) -> None:
        """Take where to read from."""
        self._sessions = sessions
        self._books = books
        self._vault = vault
        self._now = now

    async def page(
        self, wanted: CaseFilter, actor: Actor, *, sort: CaseSort, limit: int, behind: str | None
    ) -> tuple[list[CaseView], str | None]:
        """Return some of the cases that the actor sees, and the cursor behind them."""
        book = self._books.current
        async with reading(self._sessions) as session:
            found, following = await CaseRepository(session).page(
                wanted, case_sight(actor, book), sort=sort, limit=limit, behind=behind
            )
            return await self.views(session, found, actor), following

    async def get(self, case_id: UUID, actor: Actor) -> CaseView:
        """Return one case; raise NotVisible for one that is not there or not for the actor."""
        async with reading(self._sessions) as session:
            case = await seen_case(session, case_id, actor, self._books.current)
            return await self._whole(session, case, actor)

    async def acted(self, case_id: UUID, actor: Actor) -> CaseView:
        """Return a case to one who has just acted on it, although the step may have taken it out of his sight."""
        async with reading(self._sessions) as session:
            case = await CaseRepository(session).get(case_id, Sight(everywhere=True))
            if case is None:
                raise NotVisible
            return await self._whole(session, case, actor)

    async def _whole(self, session: AsyncSession, case: Case, actor: Actor) -> CaseView:
        """Return a case with the orders about it, too, which lists leave out."""
        (view,) = await self.views(session, [case], actor)
        return replace(view, orders=await orders_of_case(session, case.id, actor, self._books.current))

    async def stream(self, wanted: CaseFilter, actor: Actor, *, sort: CaseSort) -> AsyncGenerator[CaseView]:
        """Yield every case that the actor sees, without what belongs to it; close it to give the connection back."""
        book = self._books.current
        async with reading(self._sessions) as session:
            async for some in CaseRepository(session).stream(wanted, case_sight(actor, book), sort=sort):
                for case in some:
                    yield view_of(case, actor, book, wanted.now)

    async def views(self, session: AsyncSession, cases: Sequence[Case], actor: Actor) -> list[CaseView]:
        """Return cases with everything that belongs to them, in a fixed number of statements.

        For use within any transaction, also one that has just changed them; whether the actor sees them is settled.
        """
        if not cases:
            return []
        book, now, ids = self._books.current, self._now(), [case.id for case in cases]
        repository = CaseRepository(session)
        legs, requests = await repository.legs(ids), await repository.pending(ids)
        media = await repository.media(ids)
        reports = await repository.reports(ids, sight(actor, Thing.REPORT, book.units_below))
        overseen = {case.id for case in cases if oversees(actor, case.desk, regions_of(case))}
        masked = await self._masked(session, reports, overseen)
        said = await opinions_of(session, {one.id: one.opinions for one in _overseen(reports, overseen)})
        return [
            view_of(
                case,
                actor,
                book,
                now,
                legs=legs.get(case.id, ()),
                requests=requests.get(case.id, ()),
                media=media.get(case.id, ()),
                reports=[
                    SeenReport(carried=one, reporter=masked.get(one.id), opinions=said.get(one.id, ()))
                    for one in reports.get(case.id, ())
                ],
            )
            for case in cases
        ]

    async def _masked(
        self, session: AsyncSession, reports: Mapping[UUID, Sequence[CarriedReport]], overseen: Collection[UUID]
    ) -> dict[UUID, MaskedReporter]:
        """Return masked reporters, for cases that the actor oversees only."""
        return await self._vault.masked(session, [one.id for one in _overseen(reports, overseen)])


def _overseen(reports: Mapping[UUID, Sequence[CarriedReport]], overseen: Collection[UUID]) -> list[CarriedReport]:
    return [one for case_id, carried in reports.items() if case_id in overseen for one in carried]


def case_sight(actor: Actor, book: Book) -> Sight:
    """Return what the actor sees of cases."""
    return sight(actor, Thing.CASE, book.units_below)


async def seen_case(session: AsyncSession, case_id: UUID, actor: Actor, book: Book) -> Case:
    """Return a case that the actor sees; raise NotVisible."""
    case = await CaseRepository(session).get(case_id, case_sight(actor, book))
    if case is None:
        raise NotVisible
    return case


def regions_of(case: Case) -> frozenset[str]:
    """Return the areas a case lies in."""
    return frozenset(code for code in (case.community, case.street, case.district) if code)


def point_of(case: Case) -> tuple[float, float] | tuple[None, None]:
    """Return canonical longitude and latitude, if the case has a place."""
    if case.geom is None:
        return None, None
    point = shapely.from_wkb(case.geom if isinstance(case.geom, str) else bytes(case.geom.data))
    return float(shapely.get_x(point)), float(shapely.get_y(point))


def view_of(
    case: Case,
    actor: Actor,
    book: Book,
    now: datetime,
    *,
    legs: Sequence[LegFacts] = (),
    requests: Sequence[CaseRequest] = (),
    reports: Sequence[SeenReport] = (),
    media: Sequence[UUID] = (),
) -> CaseView:
    """Return a case as the actor sees it."""
    by_leg = judging_clock(actor) is ClockKind.LEG
    due_at = case.leg_due_at if by_leg else case.case_due_at
    yellow_at = case.leg_yellow_at if by_leg else case.case_yellow_at
    unit = book.units.get(case.unit_code) if case.unit_code else None
    lon, lat = point_of(case)
    return CaseView(
        case=case,
        overseen=oversees(actor, case.desk, regions_of(case)),
        due_at=due_at,
        light=light_of(due_at, yellow_at, case.disposed_at or case.closed_at or now),
        lon=lon,
        lat=lat,
        unit_name=unit.name if unit else None,
        category=book.catalogue.find(case.kind, case.category) if case.catalogue == book.catalogue.edition else None,
        legs=legs,
        requests=requests,
        reports=reports,
        media=media,
    )


def overseeing_sight(actor: Actor, book: Book) -> Sight:
    """Return what the actor sees by posts other than a unit's: there he may look for inspectors."""
    others = tuple(held for held in actor.appointments if held.post not in UNIT_POSTS)
    return case_sight(replace(actor, appointments=others), book)
