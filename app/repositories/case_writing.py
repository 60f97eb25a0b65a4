"""All SQL that writes cases: the row that lists read, and what must be looked up for a step."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.codes import CaseState, Post
from app.models.cases import Case, CaseReport
from app.models.people import Account, Appointment
from app.models.reports import Report
from app.models.work import CASE_NUMBERS

_CLOSED_NEAR = text(
    """
    SELECT EXISTS (
      SELECT 1 FROM cases AS c
      WHERE c.kind = :kind AND c.category = :category AND c.state = 'closed' AND c.closed_at >= :since
        AND ST_DWithin(c.geog, ST_SetSRID(ST_MakePoint(:lon, :lat), 4490)::geography, :radius_m))
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedReport:
    """A report that a case carries, as far as telling its reporter needs it."""

    report_id: UUID
    receipt_no: str
    partner_id: UUID | None
    order_no: str | None


class CaseWriting:
    """Cases under change."""

    def __init__(self, session: AsyncSession) -> None:
        """Work within one session."""
        self._session = session

    async def next_number(self) -> int:
        """Return the next number behind `case_no`."""
        return int(await self._session.scalar(select(CASE_NUMBERS.next_value())) or 0)

    async def add(self, row: Mapping[str, Any]) -> None:
        """Store a new case."""
        await self._session.execute(insert(Case), [dict(row)])

    async def lock(self, case_id: UUID) -> Case | None:
        """Return a case for writing; whether the caller sees it is asked of the value."""
        return await self._session.scalar(select(Case).where(Case.id == case_id).with_for_update())

    async def one(self, case_id: UUID) -> Case | None:
        """Return a case for reading; whether the caller sees it is asked of the value."""
        return await self._session.get(Case, case_id)

    async def change(self, case_id: UUID, values: Mapping[str, Any]) -> None:
        """Set what a step changed."""
        await self._session.execute(update(Case).where(Case.id == case_id).values(**values))

    async def linked_reports(self, case_id: UUID) -> list[LinkedReport]:
        """Return the reports that a case carries now, first ones first."""
        found = await self._session.execute(
            select(Report.id, Report.receipt_no, Report.partner_id, Report.order_no)
            .join(CaseReport, CaseReport.report_id == Report.id)
            .where(CaseReport.case_id == case_id, CaseReport.until.is_(None))
            .order_by(CaseReport.since, Report.id)
        )
        return [
            LinkedReport(report_id=report_id, receipt_no=receipt_no, partner_id=partner_id, order_no=order_no)
            for report_id, receipt_no, partner_id, order_no in found
        ]

    async def with_open_cases(self, report_ids: Iterable[UUID], *, but: UUID) -> set[UUID]:
        """Return those reports that still have an open case other than `but`."""
        found = await self._session.scalars(
            select(CaseReport.report_id)
            .join(Case, Case.id == CaseReport.case_id)
            .where(CaseReport.report_id.in_(list(report_ids)), CaseReport.until.is_(None), Case.id != but)
            .where(Case.state.not_in([CaseState.CLOSED, CaseState.VOIDED]))
        )
        return set(found)

    async def inspectors_over(self, regions: Iterable[str]) -> list[UUID]:
        """Return the active inspectors whose reach covers a place, in a fixed order."""
        found = await self._session.scalars(
            select(Account.id)
            .join(Appointment, Appointment.account_id == Account.id)
            .where(Account.active, Appointment.post == Post.INSPECTOR)
            .where(or_(Appointment.region_code.is_(None), Appointment.region_code.in_(list(regions))))
            .distinct()
            .order_by(Account.id)
        )
        return list(found)

    async def holds_post(self, account_id: UUID, post: Post) -> bool:
        """Tell whether an active account holds a post."""
        held = select(Appointment.id).where(Appointment.account_id == account_id, Appointment.post == post)
        active = select(Account.id).where(Account.id == account_id, Account.active, held.exists())
        return await self._session.scalar(active) is not None

    async def closed_near(
        self, kind: str, category: str, lon: float, lat: float, *, radius_m: float, within: timedelta, now: datetime
    ) -> bool:
        """Tell whether the same thing was closed hereabouts a short while ago: then it has come back."""
        asked = {
            "kind": kind,
            "category": category,
            "lon": lon,
            "lat": lat,
            "radius_m": radius_m,
            "since": now - within,
        }
        return bool(await self._session.scalar(_CLOSED_NEAR, asked))
