"""All SQL by which new reports come in: what they are compared with, and their rows in every table."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.facts import ReportFacts
from app.models.facts import ReportFactsRow
from app.models.history import HistoryRow
from app.models.reports import Media, MediaUse, Report
from app.models.work import Timer
from app.repositories.bulk import NEW_ONLY, insert_rows

_FACTS: Final = tuple(one.name for one in fields(ReportFacts))
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


class ArrivalRepository:
    """New reports; each method is one statement, whatever the number of reports."""

    def __init__(self, session: AsyncSession) -> None:
        """Work within one session."""
        self._session = session

    async def known_media(self, media_ids: Iterable[UUID]) -> set[UUID]:
        """Return those media that have arrived."""
        wanted = list(media_ids)
        return set(await self._session.scalars(select(Media.id).where(Media.id.in_(wanted)))) if wanted else set()

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

    async def add(self, rows: Sequence[Mapping[str, Any]]) -> set[UUID]:
        """Store new reports; return the ids of those whose client_id was not there yet."""
        ordered = sorted(rows, key=lambda row: str(row["client_id"] or row["id"]))
        done = await insert_rows(
            self._session, Report, ordered, conflict="ON CONFLICT (client_id) DO NOTHING", returning=("id",)
        )
        return set(done.scalars()) if done is not None else set()

    async def by_client_id(self, client_ids: Iterable[UUID]) -> dict[UUID, Report]:
        """Return the reports that carry these ids of their makers.

        They are locked: so the answer to a repeat waits for a commit of its own, which a standby gets after the first.
        """
        wanted = sorted(client_ids)
        if not wanted:
            return {}
        query = select(Report).where(Report.client_id.in_(wanted)).order_by(Report.client_id)
        found = await self._session.scalars(query.with_for_update(read=True, key_share=True))
        return {one.client_id: one for one in found if one.client_id is not None}

    async def add_history(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Store the steps with which histories begin."""
        await insert_rows(self._session, HistoryRow, rows)

    async def add_facts(self, facts: Iterable[ReportFacts]) -> None:
        """Store the facts of new reports."""
        await insert_rows(
            self._session, ReportFactsRow, [{name: getattr(one, name) for name in _FACTS} for one in facts]
        )

    async def set_timers(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Let policy do something with new reports."""
        if rows:
            await insert_rows(self._session, Timer, rows)

    async def use_media(self, uses: Sequence[tuple[UUID, UUID, UUID | None]]) -> None:
        """Say that (medium, report) belong together from the first step on, in the name of an account."""
        names = ("media_id", "subject_id", "account_id")
        rows = [dict(zip(names, use, strict=True), number=1) for use in uses]
        await insert_rows(self._session, MediaUse, rows, conflict=NEW_ONLY)
