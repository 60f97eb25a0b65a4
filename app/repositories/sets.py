"""Versioned sets: writing one with its rows, finding them, and the few rows that are looked up one by one."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import shapely
from shapely import MultiPolygon, Polygon
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.calendar import WorkCalendar
from app.dispatch.components import is_gone
from app.dispatch.set_codes import SetKind, SetState
from app.models import SRID, places, sets
from app.repositories.paging import after, cursor, position
from app.repositories.plans import PlanRepository
from app.repositories.set_rows import SetRows
from app.repositories.set_values import calendar_of
from app.repositories.set_writing import insert_rows

TABLES: Final[Mapping[SetKind, Any]] = {
    SetKind.AREAS: sets.Area,
    SetKind.CELLS: sets.Cell,
    SetKind.ZONES: sets.Zone,
    SetKind.PLACES: places.Place,
    SetKind.COMPONENTS: sets.Component,
    SetKind.UNITS: sets.Unit,
    SetKind.RULES: sets.Rule,
    SetKind.CATALOGUE: sets.Condition,
    SetKind.CALENDAR: sets.CalendarDay,
    SetKind.BEATS: sets.BeatCell,
}
_NEWEST_FIRST: Final = "-created_at"


def wkb(geometry: shapely.Geometry) -> str:
    """Return a geometry as the EWKT-free hex that a geometry column takes; polygons become multipolygons."""
    whole = MultiPolygon([geometry]) if isinstance(geometry, Polygon) else geometry
    return shapely.to_wkb(shapely.set_srid(whole, SRID), hex=True, include_srid=True)


class SetRepository:
    """All SQL about sets but what is in force when (`plans.py`) and their rows by the thousand (`set_rows.py`)."""

    def __init__(self, session: AsyncSession) -> None:
        """Work within one session."""
        self._session = session

    async def book_number(self) -> int:
        """Return the version in force; 0 before the first activation."""
        return (await PlanRepository(self._session).plan()).number

    async def activate(self, ids: Iterable[UUID], at: datetime) -> int:
        """Make sets the active ones of their kinds at one instant; return the new version of the book."""
        return await PlanRepository(self._session).activate(ids, at)

    async def add(self, one: sets.DataSet, rows: Sequence[Mapping[str, Any]], extra: Any = None) -> None:  # noqa: ANN401  # a mapped class
        """Store a set with its rows; `extra` names another table of the same set."""
        self._session.add(one)
        await self._session.flush()
        await self.add_rows(extra or TABLES[one.kind], one.id, rows)

    async def add_rows(self, table: Any, set_id: UUID, rows: Sequence[Mapping[str, Any]]) -> None:  # noqa: ANN401  # a mapped class
        """Store rows of a set, thousands in one statement."""
        await insert_rows(self._session, table, set_id, rows)

    async def next_version(self, kind: SetKind) -> int:
        """Return the number of the next set of a kind."""
        last = await self._session.scalar(select(func.max(sets.DataSet.version)).where(sets.DataSet.kind == kind))
        return (last or 0) + 1

    async def page(
        self, *, kind: SetKind | None, state: SetState | None, behind: str | None, limit: int
    ) -> tuple[Sequence[sets.DataSet], str | None]:
        """Return sets, the newest first, and the cursor of the next page."""
        columns = (sets.DataSet.created_at, sets.DataSet.id)
        query = select(sets.DataSet).where(sets.DataSet.discarded_at.is_(None)).limit(limit + 1)
        query = query.order_by(*(column.desc() for column in columns))
        if kind is not None:
            query = query.where(sets.DataSet.kind == kind)
        if state is not None:
            query = query.where(sets.DataSet.state == state)
        if behind is not None:
            query = query.where(after(columns, position(behind, order=_NEWEST_FIRST), descending=True))
        found = (await self._session.scalars(query)).all()
        last = found[limit - 1] if found[limit:] else None
        return found[:limit], cursor((_NEWEST_FIRST, last.created_at, last.id)) if last else None

    async def some(self, ids: Iterable[UUID], *, lock: bool = False) -> list[sets.DataSet]:
        """Return sets without their rows, those that were not discarded."""
        query = select(sets.DataSet).where(sets.DataSet.id.in_(list(ids)), sets.DataSet.discarded_at.is_(None))
        if lock:
            query = query.order_by(sets.DataSet.id).with_for_update()
        return list(await self._session.scalars(query.execution_options(populate_existing=True)))

    async def discard(self, set_id: UUID, at: datetime) -> None:
        """Put a draft away; its rows stay until the owner removes them."""
        chosen = update(sets.DataSet).where(sets.DataSet.id == set_id, sets.DataSet.state == SetState.DRAFT)
        await self._session.execute(chosen.values(discarded_at=at))

    async def calendar(self, version: int) -> WorkCalendar | None:
        """Return one version of the calendar, also a past one: recorded due times were computed by theirs."""
        wanted = select(sets.DataSet).where(sets.DataSet.kind == SetKind.CALENDAR, sets.DataSet.version == version)
        one = await self._session.scalar(wanted)
        if one is None:
            return None
        days = await SetRows(self._session).of(sets.CalendarDay, one.id)
        return calendar_of(one.name, one.version, one.traits, days)

    async def maintainers(self, component_codes: Iterable[str], *, set_id: UUID | None = None) -> dict[str, str | None]:
        """Return the maintenance unit of each component that the active set, or the one named, knows.

        One that was taken away is known, and has none.
        """
        wanted = list(component_codes)
        if not wanted:
            return {}
        held = sets.DataSet.id == set_id if set_id is not None else sets.DataSet.state == SetState.ACTIVE
        found = await self._session.execute(
            select(sets.Component.code, sets.Component.maintainer_unit, sets.Component.state)
            .join(sets.DataSet, sets.DataSet.id == sets.Component.set_id)
            .where(held, sets.Component.code.in_(wanted))
        )
        return {code: None if is_gone(state) else unit for code, unit, state in found}

    async def maintainer_counts(self, set_id: UUID) -> dict[str, int]:
        """Return how many components of a set each unit maintains."""
        unit, count = sets.Component.maintainer_unit, func.count()
        query = select(unit, count).where(sets.Component.set_id == set_id, unit.is_not(None)).group_by(unit)
        return {code: int(found) for code, found in await self._session.execute(query) if code is not None}
