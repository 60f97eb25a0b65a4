"""Opening cases from a report: located, classified and routed as things are now."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from app.dispatch import commands
from app.dispatch.arrival import Arrival, Triage, triage
from app.dispatch.book import Book
from app.dispatch.case_filing import file_case
from app.dispatch.case_life import Spot
from app.dispatch.catalogue import Category
from app.dispatch.codes import Kind, LocationFrom
from app.dispatch.errors import BadInput
from app.dispatch.grade_limits import Graded, graded
from app.dispatch.history import Draft
from app.dispatch.points import Point
from app.dispatch.policy_about import about as asked_about
from app.repositories.step_reading import LockedReport
from app.services.arrival_rows import point_wkb, routing_json
from app.services.case_steps import CaseSteps
from app.services.held import HeldCase, HeldReport
from app.services.ledger import Acting
from app.services.numbering import case_no
from app.services.sitting import Sitting


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseOpening:
    """Make cases of what a report says; `city` goes before every case number."""

    steps: CaseSteps
    city: str

    def triage(
        self,
        sitting: Sitting,
        held: HeldReport,
        acting: Acting,
        about: commands.Accept,
        condition: int | None = None,
    ) -> Triage:
        """Locate and route a stored report as it would be now, under a category."""
        code = held.row.component_code
        maintainer, known = sitting.maintainer(code)
        arrival = Arrival(
            id=held.id,
            source=held.life.source,
            description="",
            kind=about.kind,
            category=about.category,
            condition=condition,
            point=about.point or _point(held.row),
            component_code=code,
        )
        policies = sitting.city_policies(acting.now)
        return triage(arrival, sitting.book, policies, acting.now, maintainer=maintainer, component_known=known)

    def open(
        self, sitting: Sitting, held: HeldReport, command: commands.File, acting: Acting, *, policy: str | None = None
    ) -> list[HeldCase]:
        """Open the cases that were asked for; raises BadInput for a category or condition that the edition has not."""
        opened = []
        for wanted in command.cases:
            category = category_of(sitting.book, wanted.kind or held.life.kind, wanted.category or held.life.category)
            check_condition(category, wanted.condition, ["body", "cases", "condition"])
            about = commands.Accept(kind=category.kind, category=category.code)
            seen = self.triage(sitting, held, acting, about, wanted.condition)
            draft = self._draft(sitting, held, category, wanted.condition, seen, acting)
            draft = replace(draft, policy=policy) if policy is not None else draft
            opened.append(self.steps.open(sitting, draft, _case_row(held, seen, sitting.book), acting, held))
        return opened

    def _draft(
        self, sitting: Sitting, held: HeldReport, category: Category, condition_no: int, seen: Triage, acting: Acting
    ) -> Draft:
        life, shape, edition = held.life, held.row.shape, sitting.book.catalogue.edition
        found = filing_limit(sitting, held, category, condition_no, seen.spot, acting.now)
        return file_case(
            case_no=case_no(self.city, sitting.next_number(), acting.now),
            report_id=held.id,
            source=life.source,
            kind=category.kind,
            category=category.code,
            condition=condition_no,
            catalogue=edition,
            limit=found.limit,
            limit_source=found.source,
            spot=seen.spot,
            desk=life.desk,
            unit_code=seen.decision.unit_code,
            author_id=life.author_id,
            operator_id=life.operator_id,
            campaign=life.campaign,
            tags=held.row.tags,
            attention=sorted(seen.attention),
            recurrent=shape is not None and sitting.came_back(held, category, shape.x, shape.y, acting.now),
        )


def check_wanted(book: Book, held: HeldReport, command: commands.File, accepted: commands.Accept | None = None) -> None:
    """Raise BadInput for a case that is wanted of a category or condition that the edition in force has not.

    A report that nobody has given a category yet is the state's matter.
    """
    kind, code = (accepted.kind, accepted.category) if accepted else (held.life.kind, held.life.category)
    for wanted in command.cases:
        of_kind, of_code = wanted.kind or kind, wanted.category or code
        if of_kind is not None and of_code is not None:
            category = category_of(book, of_kind, of_code)
            check_condition(category, wanted.condition, ["body", "cases", "condition"])


def check_condition(category: Category, number: int, where: Sequence[str]) -> None:
    """Raise BadInput for a condition that a category has not."""
    if number not in category.conditions:
        numbers = "、".join(str(one) for one in category.conditions)
        raise BadInput.at(where, f"{category.minor_name}的立案条件只有：{numbers}", code="unknown_condition")


def filing_limit(
    sitting: Sitting, held: HeldCase | HeldReport, category: Category, number: int, spot: Spot, now: datetime
) -> Graded:
    """Return the limit of a condition at a place, as the grade of its zone has it, and where it comes from."""
    condition, book, life = category.conditions[number], sitting.book, held.life
    what = asked_about(category, life.source, life.desk, life.unit_code, book)
    return graded(
        condition.limit,
        f"{book.catalogue.edition}: {condition.limit_source}",
        zones=spot.zones,
        known=book.zones,
        grades=book.policies.of(what, now, sitting.policies).grade_limits,
    )


def category_of(book: Book, kind: Kind | None, code: str | None) -> Category:
    """Return a category of the edition in force; raise BadInput."""
    found = book.catalogue.find(kind, code)
    if found is None:
        raise BadInput.at(
            ["body", "category"], f"{book.catalogue.edition}中没有这个类别：{kind} {code}", code="unknown_category"
        )
    return found


def _point(row: LockedReport) -> Point | None:
    if row.shape is None or row.raw_lon is None or row.raw_lat is None or row.datum is None:
        return None
    return Point(
        lon=row.shape.x,
        lat=row.shape.y,
        raw_lon=row.raw_lon,
        raw_lat=row.raw_lat,
        datum=row.datum,
        located_from=LocationFrom(row.located_from or LocationFrom.BY_HAND),
        accuracy_m=row.accuracy_m,
    )


def _case_row(held: HeldReport, seen: Triage, book: Book) -> dict[str, Any]:
    """Return the columns of a new case that come from its first report."""
    row, life = held.row, held.life
    return {
        "source": life.source,
        "catalogue": book.catalogue.edition,
        "description": row.description,
        "address": row.address,
        "component_code": row.component_code,
        "campaign": life.campaign,
        "geom": point_wkb(row.shape.x, row.shape.y) if row.shape else None,
        "routing": routing_json(seen, book),
        "desk": life.desk,
        "author_id": life.author_id,
    }
