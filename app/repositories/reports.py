"""All SQL about reports: writing many at once, reading what a caller may see, likely duplicates."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, and_, insert, select, text, true, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.access import Sight
from app.models.cases import Case, CaseReport
from app.models.reports import Media, MediaUse, Report
from app.repositories.paging import after, position
from app.repositories.reach import reports_in_sight

RECEIVED: Final = "-received_at"
"""The order of lists, as their cursors name it."""

_NEAR = text(
    """
    SELECT r.number, c.id, c.case_no, c.filed_at, c.component_code,
           ST_Distance(c.geog, r.geog) AS distance_m
    FROM unnest(CAST(:numbers AS int[]), CAST(:lons AS float8[]), CAST(:lats AS float8[]),
                CAST(:kinds AS text[]), CAST(:categories AS text[]), CAST(:components AS text[]),
                CAST(:sinces AS timestamptz[]))
         AS asked(number, lon, lat, kind, category, component, since)
    CROSS JOIN LATERAL (
      SELECT asked.number, ST_SetSRID(ST_MakePoint(asked.lon, asked.lat), 4490)::geography AS geog
    ) AS r
    JOIN cases AS c ON ST_DWithin(c.geog, r.geog, :radius_m)
    WHERE c.state NOT IN ('closed', 'voided') AND c.filed_at >= asked.since
      AND ((c.kind = asked.kind AND c.category = asked.category) OR c.component_code = asked.component)
    ORDER BY r.number, distance_m
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """An open case near a new report, of the same category or component."""

    case_id: UUID
    case_no: str
    distance_m: float
    filed_at: datetime
    component_code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedNear:
    """Where, and for what, cases are looked for that are open and were filed `since`."""

    lon: float
    lat: float
    kind: str | None
    category: str | None
    component_code: str | None
    since: datetime


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


class ReportRepository:
    """Reports, their media and the cases they lead to."""

    def __init__(self, session: AsyncSession) -> None:
        """Work within one session."""
        self._session = session

    async def add(self, rows: Sequence[Mapping[str, Any]]) -> set[UUID]:
        """Store new reports; return the ids of those whose client_id was not there yet."""
        if not rows:
            return set()
        ordered = sorted(rows, key=lambda row: str(row["client_id"] or row["id"]))
        put = upsert(Report).on_conflict_do_nothing(index_elements=["client_id"]).returning(Report.id)
        return set(await self._session.scalars(put, [dict(row) for row in ordered]))

    async def by_client_id(self, client_ids: Iterable[UUID]) -> dict[UUID, Report]:
        """Return the reports that carry these ids of their makers."""
        wanted = list(client_ids)
        if not wanted:
            return {}
        found = await self._session.scalars(select(Report).where(Report.client_id.in_(wanted)))
        return {one.client_id: one for one in found if one.client_id is not None}

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

    async def near(self, asked: Sequence[AskedNear], *, radius_m: float) -> list[list[Near]]:
        """Return, for each question in order, the open cases of its category or component nearby, nearest first."""
        answers: list[list[Near]] = [[] for _ in asked]
        if not asked:
            return answers
        found = await self._session.execute(
            _NEAR,
            {
                "numbers": list(range(len(asked))),
                "lons": [one.lon for one in asked],
                "lats": [one.lat for one in asked],
                "kinds": [one.kind for one in asked],
                "categories": [one.category for one in asked],
                "components": [one.component_code for one in asked],
                "radius_m": radius_m,
                "sinces": [one.since for one in asked],
            },
        )
        for number, case_id, case_no, filed_at, component_code, distance_m in found:
            near = Near(
                case_id=case_id,
                case_no=case_no,
                distance_m=distance_m,
                filed_at=filed_at,
                component_code=component_code,
            )
            answers[number].append(near)
        return answers

    async def cases_of(self, report_ids: Iterable[UUID]) -> list[LinkedCase]:
        """Return the cases that reports belong to now."""
        found = await self._session.execute(
            select(CaseReport.report_id, Case)
            .join(Case, Case.id == CaseReport.case_id)
            .where(CaseReport.report_id.in_(list(report_ids)), CaseReport.until.is_(None))
            .order_by(CaseReport.since, Case.id)
        )
        return [LinkedCase(report_id=report_id, case=case) for report_id, case in found]

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

    async def known_media(self, media_ids: Iterable[UUID]) -> set[UUID]:
        """Return those media that have arrived."""
        wanted = list(media_ids)
        return set(await self._session.scalars(select(Media.id).where(Media.id.in_(wanted)))) if wanted else set()

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
