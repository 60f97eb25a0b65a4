"""Opening cases from a report: located, classified and routed as things are now."""

from datetime import datetime
from typing import Any

import shapely
from shapely import Point as Shape
from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch import commands
from app.dispatch.arrival import Arrival, Triage, triage
from app.dispatch.book import Book
from app.dispatch.case_filing import file_case
from app.dispatch.catalogue import Category
from app.dispatch.codes import Kind, LocationFrom
from app.dispatch.errors import BadInput
from app.dispatch.history import Draft
from app.dispatch.points import Point
from app.dispatch.policies import Policies
from app.models.reports import Report
from app.repositories.case_writing import CaseWriting
from app.repositories.sets import SetRepository
from app.services.case_steps import CaseSteps, Held
from app.services.intake import DESK, point_wkb, routing_json
from app.services.ledger import Acting, Ledger
from app.services.numbering import case_no
from app.services.report_steps import HeldReport


class CaseOpening:
    """Make cases of what a report says; works within the caller's transaction."""

    def __init__(self, steps: CaseSteps, policies: Policies, *, city: str) -> None:
        """Take who keeps cases; `city` goes before every case number."""
        self._steps = steps
        self._policies = policies
        self._city = city

    async def triage(
        self,
        session: AsyncSession,
        report: Report,
        book: Book,
        acting: Acting,
        about: commands.Accept,
        condition: int | None = None,
    ) -> Triage:
        """Locate and route a stored report as it would be now, under a category."""
        code = report.component_code
        known = await SetRepository(session).maintainers([code] if code else [])
        arrival = Arrival(
            id=report.id,
            source=report.source,
            description="",
            kind=about.kind,
            category=about.category,
            condition=condition,
            point=about.point or _point(report),
            component_code=code,
        )
        return triage(
            arrival, book, self._policies, acting.now, maintainer=known.get(code or ""), component_known=code in known
        )

    async def open(
        self,
        session: AsyncSession,
        held: HeldReport,
        command: commands.File,
        book: Book,
        acting: Acting,
        ledger: Ledger,
    ) -> list[Held]:
        """Open the cases that were asked for; raises BadInput for a category or condition that the edition has not."""
        report = held.report
        opened = []
        for wanted in command.cases:
            category = category_of(book, wanted.kind or report.kind, wanted.category or report.category)
            about = commands.Accept(kind=category.kind, category=category.code)
            seen = await self.triage(session, report, book, acting, about, wanted.condition)
            draft = await self._draft(session, held, category, wanted.condition, seen, book, acting)
            opened.append(
                await self._steps.open(
                    session, draft, _case_row(report, seen, book), book=book, acting=acting, ledger=ledger
                )
            )
        return opened

    async def _draft(
        self,
        session: AsyncSession,
        held: HeldReport,
        category: Category,
        condition_no: int,
        seen: Triage,
        book: Book,
        acting: Acting,
    ) -> Draft:
        report, condition = held.report, category.conditions.get(condition_no)
        if condition is None:
            numbers = "、".join(str(number) for number in category.conditions)
            where = ["body", "cases", "condition"]
            raise BadInput.at(where, f"{category.minor_name}的立案条件只有：{numbers}", code="unknown_condition")
        writing_cases = CaseWriting(session)
        return file_case(
            case_no=case_no(self._city, await writing_cases.next_number(), acting.now),
            report_id=report.id,
            source=report.source,
            kind=category.kind,
            category=category.code,
            condition=condition_no,
            catalogue=book.catalogue.edition,
            limit=condition.limit,
            limit_source=f"{book.catalogue.edition}: {condition.limit_source}",
            spot=seen.spot,
            desk=DESK,
            unit_code=seen.decision.unit_code,
            author_id=report.account_id,
            operator_id=held.life.operator_id,
            campaign=report.campaign,
            tags=report.tags,
            attention=sorted(seen.attention),
            recurrent=await self._came_back(writing_cases, report, category, acting.now),
        )

    async def _came_back(self, cases: CaseWriting, report: Report, category: Category, now: datetime) -> bool:
        shape = _shape(report)
        if shape is None:
            return False
        return await cases.closed_near(
            category.kind,
            category.code,
            shape.x,
            shape.y,
            radius_m=self._policies.recurrence_radius_m,
            within=self._policies.recurrence_within,
            now=now,
        )


def category_of(book: Book, kind: Kind | None, code: str | None) -> Category:
    """Return a category of the edition in force; raise BadInput."""
    found = book.catalogue.find(kind, code)
    if found is None:
        raise BadInput.at(
            ["body", "category"], f"{book.catalogue.edition}中没有这个类别：{kind} {code}", code="unknown_category"
        )
    return found


def _shape(report: Report) -> Shape | None:
    """Return the report's point, stored or just set."""
    if report.geom is None:
        return None
    found = shapely.from_wkb(report.geom if isinstance(report.geom, str) else bytes(report.geom.data))
    return found if isinstance(found, Shape) else None


def _point(report: Report) -> Point | None:
    shape = _shape(report)
    if shape is None or report.raw_lon is None or report.raw_lat is None or report.datum is None:
        return None
    return Point(
        lon=shape.x,
        lat=shape.y,
        raw_lon=report.raw_lon,
        raw_lat=report.raw_lat,
        datum=report.datum,
        located_from=LocationFrom(report.located_from or LocationFrom.BY_HAND),
        accuracy_m=report.accuracy_m,
    )


def _case_row(report: Report, seen: Triage, book: Book) -> dict[str, Any]:
    """Return the columns of a new case that come from its first report."""
    shape = _shape(report)
    return {
        "source": report.source,
        "catalogue": book.catalogue.edition,
        "description": report.description,
        "address": report.address,
        "component_code": report.component_code,
        "campaign": report.campaign,
        "geom": point_wkb(shape.x, shape.y) if shape else None,
        "routing": routing_json(seen, book),
        "desk": DESK,
        "author_id": report.account_id,
    }
