"""All SQL about master data for clients: the rows of the active sets, without their shapes."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.set_codes import SetKind, SetState
from app.models import sets

_TABLES: Final[Mapping[SetKind, tuple[Any, tuple[str, ...]]]] = {
    SetKind.AREAS: (sets.Area, ("code",)),
    SetKind.ZONES: (sets.Zone, ("code",)),
    SetKind.UNITS: (sets.Unit, ("code",)),
    SetKind.BEATS: (sets.BeatCell, ("code", "cell_code")),
    SetKind.CATALOGUE: (sets.Condition, ("kind", "major_code", "minor_code", "condition")),
    SetKind.CALENDAR: (sets.CalendarDay, ("day",)),
}
"""What can be asked for, and in which order it comes."""

_LEFT_OUT: Final = frozenset({"set_id", "geom", "geog"})


class RefRepository:
    """Active sets, within one session."""

    def __init__(self, session: AsyncSession) -> None:
        """Work within `session`."""
        self._session = session

    async def active(self, kind: SetKind) -> sets.DataSet | None:
        """Return the active set of a kind."""
        return await self._session.scalar(
            select(sets.DataSet).where(sets.DataSet.kind == kind, sets.DataSet.state == SetState.ACTIVE)
        )

    async def rows(self, one: sets.DataSet) -> Sequence[Mapping[str, Any]]:
        """Return the rows of a set in order, column by name."""
        table, order = _TABLES[one.kind]
        columns = [column for column in table.__table__.columns if column.name not in _LEFT_OUT]
        by = [table.__table__.c[name] for name in order]
        found = await self._session.execute(select(*columns).where(table.set_id == one.id).order_by(*by))
        return [dict(row) for row in found.mappings()]
