"""Turn steps into what partners are told: one outbox row for every order that the step concerns."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from app.dispatch.book import Book
from app.dispatch.callbacks import CaseFace, Matter, Told, case_kind, of_case, of_report
from app.dispatch.case_life import CaseLife
from app.dispatch.codes import Kind
from app.dispatch.history import Entry
from app.dispatch.report_life import ReportLife
from app.repositories.step_reading import LinkedReport


class Callbacks:
    """Build outbox rows, for reports whose partners have an address to be told at."""

    def of_report(
        self, entry: Entry, life: ReportLife, public_answer: str | None, link: LinkedReport, book: Book
    ) -> list[dict[str, Any]]:
        """Return the rows that a step of a report asks for."""
        if link.tells is None:
            return []
        told = of_report(entry, _matter(life.kind, life.category, book), public_answer)
        return _rows(told, (link,), entry)

    def of_case(
        self, entry: Entry, life: CaseLife, public_answer: str | None, linked: Sequence[LinkedReport], book: Book
    ) -> list[dict[str, Any]]:
        """Return the rows that a step of a case asks for: one for each report of a partner that it carries."""
        if case_kind(entry) is None or all(one.tells is None for one in linked):
            return []
        unit = book.units.get(life.unit_code) if life.unit_code else None
        face = CaseFace(
            case_no=life.case_no,
            round=life.round.number,
            unit_name=unit.name if unit and life.leg else None,
            due_at=life.round.clock.due_at,
            end_kind=life.round.end_kind,
        )
        told = of_case(entry, _matter(life.kind, life.category, book), face, public_answer)
        return _rows(told, linked, entry)


def lane_of(partner_id: UUID, order_no: str) -> str:
    """Return the lane in which everything about an order leaves, in order."""
    return f"{partner_id}:{order_no}"


def _rows(told: Told | None, linked: Iterable[LinkedReport], entry: Entry) -> list[dict[str, Any]]:
    if told is None:
        return []
    return [
        {
            "id": uuid7(),
            "lane": lane_of(one.tells, one.order_no),
            "partner_id": one.tells,
            "kind": told.kind,
            "payload": {"order_no": one.order_no, "receipt_no": one.receipt_no, **told.data},
            "created_at": entry.recorded_at,
            "sent_at": None,
            "parked_at": None,
            "tries": 0,
            "last_error": None,
        }
        for one in linked
        if one.tells is not None and one.order_no is not None
    ]


def _matter(kind: Kind | None, code: str | None, book: Book) -> Matter:
    category = book.catalogue.find(kind, code) if kind is not None and code is not None else None
    return Matter(kind=kind, category=code, category_name=category.minor_name if category else None)
