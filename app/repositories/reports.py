"""All SQL about reports: writing many at once, reading what a caller may see, likely duplicates."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, and_, insert, select, true, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.access import Sight
from app.models.cases import Case, CaseReport
from app.models.reports import MediaUse, Report
from app.repositories.paging import after, position
from app.repositories.reach import of_desks, reports_in_sight

RECEIVED: Final = "-received_at"
"""The order of lists, as their cursors name it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFilter:
    """What a list of reports is narrowed to; None means any."""

    state: Sequence[str] = ()
    attention: str | None = None
    source: Sequence[str] = ()
    kind: str | None = None
    category: str | None = None
    district: str | None = None
    street: str | None = None
    community: str | None = None
    desk: Sequence[str] = ()
    received_from: datetime | None = None
    received_to: datetime | None = None
    account_id: UUID | None = None
    verifier_id: UUID | None = None
    limit: int = field(default=100)
    after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedCase:
    """A case that a report has become, or has joined."""

    report_id: UUID
    case: Case
    first: bool = True


class ReportRepository:
    """Reports, their media and the cases they lead to."""

    def __init__(self, session: AsyncSession) -> None:
        """Work within one session."""
        self._session = session

    async def get(self, report_id: UUID, sight: Sight) -> Report | None:
        """Return a report that the caller sees."""
        return await self._session.scalar(_seen(sight).where(Report.id == report_id))

    async def many(self, report_ids: Iterable[UUID]) -> Sequence[Report]:
        """Return reports by their ids, whoever asks: for the answer to who brought them in."""
        found = await self._session.scalars(select(Report).where(Report.id.in_(list(report_ids))))
        return found.all()

    async def lock(self, report_id: UUID) -> Report | None:
        """Return a report for writing; whether the caller sees it is asked of the value."""
        return await self._session.scalar(select(Report).where(Report.id == report_id).with_for_update())

    async def by_receipt(self, receipt_no: str) -> Report | None:
        """Return the report of a receipt."""
        return await self._session.scalar(select(Report).where(Report.receipt_no == receipt_no))

    async def of_order(self, partner_id: UUID, order_no: str) -> Report | None:
        """Return the newest report of a partner's order."""
        return await self._session.scalar(
            select(Report)
            .where(Report.partner_id == partner_id, Report.order_no == order_no)
            .order_by(Report.received_at.desc(), Report.id.desc())
            .limit(1)
        )

    async def page(self, wanted: ReportFilter, sight: Sight) -> Sequence[Report]:
        """Return up to `limit` reports, newest first."""
        query = _narrowed(_seen(sight), wanted)
        if wanted.after is not None:
            place = position(wanted.after, order=RECEIVED)
            query = query.where(after((Report.received_at, Report.id), place, descending=True))
        found = await self._session.scalars(
            query.order_by(Report.received_at.desc(), Report.id.desc()).limit(wanted.limit)
        )
        return found.all()

    async def cases_of(self, report_ids: Iterable[UUID]) -> list[LinkedCase]:
        """Return the cases that reports belong to now."""
        found = await self._session.execute(
            select(CaseReport.report_id, Case, CaseReport.first)
            .join(Case, Case.id == CaseReport.case_id)
            .where(CaseReport.report_id.in_(list(report_ids)), CaseReport.until.is_(None))
            .order_by(CaseReport.since, Case.id)
        )
        return [LinkedCase(report_id=report_id, case=case, first=first) for report_id, case, first in found]

    async def change(self, report_id: UUID, values: Mapping[str, Any]) -> None:
        """Set what a step changed."""
        await self._session.execute(update(Report).where(Report.id == report_id).values(**values))

    async def link(self, case_id: UUID, report_id: UUID, *, at: datetime, first: bool) -> None:
        """Let a case carry a report."""
        values = {"case_id": case_id, "report_id": report_id, "since": at, "first": first, "until": None}
        await self._session.execute(insert(CaseReport), [values])

    async def unlink(self, report_id: UUID, *, at: datetime) -> None:
        """Take a report out of the case it joined."""
        await self._session.execute(
            update(CaseReport).where(CaseReport.report_id == report_id, CaseReport.until.is_(None)).values(until=at)
        )

    async def use_media(self, uses: Sequence[tuple[UUID, UUID, int, UUID | None]]) -> None:
        """Say that (medium, subject, step number) belong together, in the name of an account."""
        names = ("media_id", "subject_id", "number", "account_id")
        rows = [dict(zip(names, use, strict=True)) for use in uses]
        if rows:
            await self._session.execute(upsert(MediaUse).on_conflict_do_nothing(), rows)

    async def media_of(self, subject_ids: Iterable[UUID]) -> dict[UUID, list[UUID]]:
        """Return the media of reports and cases, in the order of the steps that named them."""
        found: dict[UUID, list[UUID]] = {}
        query = (
            select(MediaUse.subject_id, MediaUse.media_id)
            .where(MediaUse.subject_id.in_(list(subject_ids)))
            .order_by(MediaUse.number, MediaUse.media_id)
        )
        for subject_id, media_id in await self._session.execute(query):
            found.setdefault(subject_id, []).append(media_id)
        return found


def _seen(sight: Sight) -> Select[Report]:
    return select(Report).where(reports_in_sight(sight))


def _narrowed(query: Select[Report], wanted: ReportFilter) -> Select[Report]:
    tests = [
        Report.state.in_(wanted.state) if wanted.state else None,
        Report.source.in_(wanted.source) if wanted.source else None,
        of_desks(Report.desk, wanted.desk) if wanted.desk else None,
        Report.attention.contains([wanted.attention]) if wanted.attention else None,
        Report.received_at >= wanted.received_from if wanted.received_from else None,
        Report.received_at < wanted.received_to if wanted.received_to else None,
        *(
            getattr(Report, name) == value
            for name in ("kind", "category", "district", "street", "community", "account_id", "verifier_id")
            if (value := getattr(wanted, name)) is not None
        ),
    ]
    return query.where(and_(*(test for test in tests if test is not None), true()))
