"""Read reports: a list, one, what waits for somebody; each as far as the caller may see it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import shapely
from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.access import Actor, Thing, sight
from app.dispatch.disclosure import oversees
from app.dispatch.errors import NotVisible
from app.models.cases import Case
from app.models.reports import Report
from app.repositories.paging import cursor
from app.repositories.reports import RECEIVED, ReportFilter, ReportRepository
from app.services.arrivals import Received
from app.services.books import Books
from app.services.opinions import Said, opinions_of
from app.services.standings import of_report
from app.services.transaction import Sessions, reading
from app.services.vault import MaskedReporter, Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportView:
    """A report as one caller sees it."""

    report: Report
    lon: float | None
    lat: float | None
    category_name: str | None
    cases: Sequence[Case] = ()
    media: Sequence[UUID] = ()
    reporter: MaskedReporter | None = None
    opinions: Sequence[Said] = ()


class ReportQueries:
    """Everything that reads reports and changes nothing."""

    def __init__(self, sessions: Sessions, books: Books, vault: Vault, now: Callable[[], datetime]) -> None:
        """Take where to read from."""
        self._sessions = sessions
        self._books = books
        self._vault = vault
        self._now = now

    async def page(self, wanted: ReportFilter, actor: Actor) -> tuple[list[ReportView], str | None]:
        """Return some of the reports that the actor sees, newest first, and the cursor behind them."""
        seen = sight(actor, Thing.REPORT, self._books.current.units_below)
        async with reading(self._sessions) as session:
            found = list(await ReportRepository(session).page(replace(wanted, limit=wanted.limit + 1), seen))
            more, found = len(found) > wanted.limit, found[: wanted.limit]
            following = cursor((RECEIVED, found[-1].received_at, found[-1].id)) if more else None
            return await self._views(session, found, actor), following

    async def get(self, report_id: UUID, actor: Actor) -> ReportView:
        """Return one report; raise NotVisible for one that is not there or not for the actor."""
        seen = sight(actor, Thing.REPORT, self._books.current.units_below)
        async with reading(self._sessions) as session:
            report = await ReportRepository(session).get(report_id, seen)
            if report is None:
                raise NotVisible
            return (await self._views(session, [report], actor))[0]

    async def acted(self, report_id: UUID, actor: Actor) -> ReportView:
        """Return a report to one who has just acted on it, although the step may have taken it out of his sight."""
        async with reading(self._sessions) as session:
            found = await ReportRepository(session).many([report_id])
            return (await self._views(session, found, actor))[0]

    async def many(self, report_ids: Sequence[UUID]) -> dict[UUID, ReportView]:
        """Return reports just brought in, for the answer to their maker; nobody's name is in it."""
        async with reading(self._sessions) as session:
            found = await ReportRepository(session).many(report_ids)
            views = await self._plain(session, found)
        return {view.report.id: view for view in views}

    async def received(self, received: Received) -> ReportView:
        """Return a report just brought in, as `many` does; one that is new needs no query."""
        if received.row is None:
            return (await self.many([received.report_id]))[received.report_id]
        report = Report()
        vars(report).update(received.row)  # as a row that was loaded; one by one its columns would cost a tenth more
        return self._view(report, {}, {received.report_id: received.media})

    async def _views(self, session: AsyncSession, reports: Sequence[Report], actor: Actor) -> list[ReportView]:
        plain = await self._plain(session, reports)
        overseen = {one.id: one.opinions for one in reports if oversees(actor, one.desk, of_report(one).regions)}
        masked = await self._vault.masked(session, list(overseen)) if overseen else {}
        said = await opinions_of(session, overseen)
        return [
            replace(view, reporter=masked.get(view.report.id), opinions=said.get(view.report.id, ())) for view in plain
        ]

    async def _plain(self, session: AsyncSession, reports: Sequence[Report]) -> list[ReportView]:
        """Return reports with their cases and media, in a fixed number of statements."""
        repository, ids = ReportRepository(session), [report.id for report in reports]
        if not ids:
            return []
        cases: dict[UUID, list[Case]] = {}
        for linked in await repository.cases_of(ids):
            cases.setdefault(linked.report_id, []).append(linked.case)
        media = await repository.media_of(ids)
        return [self._view(report, cases, media) for report in reports]

    def _view(
        self, report: Report, cases: Mapping[UUID, Sequence[Case]], media: Mapping[UUID, Sequence[UUID]]
    ) -> ReportView:
        category = self._books.current.catalogue.find(report.kind, report.category)
        lon, lat = _point(report)
        return ReportView(
            report=report,
            lon=lon,
            lat=lat,
            category_name=category.minor_name if category else None,
            cases=cases.get(report.id, ()),
            media=media.get(report.id, ()),
        )


def _point(report: Report) -> tuple[float, float] | tuple[None, None]:
    if report.geom is None:
        return None, None
    point = shapely.from_wkb(report.geom if isinstance(report.geom, str) else bytes(report.geom.data))
    return float(shapely.get_x(point)), float(shapely.get_y(point))
