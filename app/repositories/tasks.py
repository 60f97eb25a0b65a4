"""All SQL about what inspectors were sent to look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, literal, null, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from app.dispatch.access import Thing
from app.dispatch.codes import CaseState, Kind, ReportState
from app.models.base import SRID
from app.models.cases import Case
from app.models.reports import Report

_Named = tuple[InstrumentedAttribute[str], InstrumentedAttribute[datetime | None], InstrumentedAttribute[datetime]]
_OF_CASE: Final[_Named] = (Case.case_no, Case.case_due_at, Case.filed_at)
_OF_REPORT: Final[_Named] = (Report.receipt_no, Report.answer_due_at, Report.received_at)
"""Its number, its own due time, and since when it waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRow:
    """One look somebody was sent to take. `due_at` is that of the report or case, `task_due_at` that of the look."""

    thing: Thing
    id: UUID
    number: str
    kind: Kind | None
    category: str | None
    description: str
    address: str | None
    lon: float | None
    lat: float | None
    due_at: datetime | None
    since: datetime
    task_sent_at: datetime | None
    task_due_at: datetime | None
    task_taken_up_at: datetime | None
    distance_m: float | None


class TaskRepository:
    """Tasks within one session."""

    def __init__(self, session: AsyncSession) -> None:
        """Work within one session."""
        self._session = session

    async def of(self, account_id: UUID, *, near: tuple[float, float] | None, limit: int) -> list[TaskRow]:
        """Return the looks that are an inspector's, up to `limit` of each kind; metres from a canonical point."""
        checks = _query(Case, _OF_CASE, near)
        checks = checks.where(Case.inspector_id == account_id, Case.state == CaseState.CHECKING)
        looks = _query(Report, _OF_REPORT, near)
        looks = looks.where(Report.verifier_id == account_id, Report.state == ReportState.VERIFYING)
        found: list[TaskRow] = []
        for thing, query in ((Thing.CASE, checks), (Thing.REPORT, looks)):
            rows = await self._session.execute(query.limit(limit))
            found += [TaskRow(thing=thing, **row._mapping) for row in rows]  # noqa: SLF001  # its public name
        return found


def _query(table: type[Case] | type[Report], named: _Named, near: tuple[float, float] | None) -> Select[Any]:
    """Return the query for tasks of one kind, those due first before those that wait longest."""
    number, due_at, since = named
    plain: Sequence[Any] = (table.id, table.kind, table.category, table.description, table.address)
    task: Sequence[Any] = (table.task_sent_at, table.task_due_at, table.task_taken_up_at)
    lon, lat = func.ST_X(table.geom).label("lon"), func.ST_Y(table.geom).label("lat")
    said = (number.label("number"), due_at.label("due_at"), since.label("since"), lon, lat)
    query = select(*plain, *task, *said, _distance(table, near).label("distance_m"))
    return query.order_by(func.coalesce(table.task_due_at, due_at).asc().nulls_last(), since, table.id)


def _distance(table: type[Case] | type[Report], near: tuple[float, float] | None) -> ColumnElement[Any]:
    if near is None:
        return null()
    here = func.ST_SetSRID(func.ST_MakePoint(literal(near[0]), literal(near[1])), SRID)
    return func.ST_Distance(table.geog, func.geography(here))
