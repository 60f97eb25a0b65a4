"""Read the rows of a set in portions, so that a hundred thousand of them stop nobody else."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import LargeBinary, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Base

_PORTION: Final = 2000
_LEFT_OUT: Final = frozenset({"set_id", "geog"})


class SetRows:
    """Rows of sets within one session."""

    def __init__(self, session: AsyncSession) -> None:
        """Work within one session."""
        self._session = session

    async def of(self, table: type[Base], set_id: UUID | None, *, shapes: bool = True) -> list[Any]:
        """Return the rows of a set, column by attribute; shapes as WKB; none without a set."""
        if set_id is None:
            return []
        columns = [
            func.ST_AsBinary(column, type_=LargeBinary).label("geom") if column.name == "geom" else column
            for column in table.__table__.columns
            if column.name not in _LEFT_OUT and (shapes or column.name != "geom")
        ]
        query = select(*columns).where(table.__table__.c.set_id == set_id)
        found = await self._session.stream(query, execution_options={"yield_per": _PORTION})
        rows: list[Any] = []
        async for portion in found.partitions():
            rows.extend(portion)
        return rows
