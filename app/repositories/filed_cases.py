"""Past cases as rehearsals read them: a few columns, in the order of filing, very many."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.codes import Kind
from app.models.cases import Case

CHUNK: Final = 20_000


@dataclass(frozen=True, slots=True)
class FiledRow:
    """What routing asks of a case."""

    case_no: str
    lon: float | None
    lat: float | None
    kind: Kind
    category: str
    condition: int
    catalogue: str
    component_code: str | None
    filed_at: datetime


class FiledCases:
    """Cases by the instant of filing, within one session."""

    def __init__(self, session: AsyncSession) -> None:
        """Work within `session`."""
        self._session = session

    async def count(self, start: datetime, end: datetime, at_most: int) -> int:
        """Return how many cases were filed in [start, end); counting ends at `at_most`."""
        some = select(Case.id).where(Case.filed_at >= start, Case.filed_at < end).limit(at_most).subquery()
        return await self._session.scalar(select(func.count()).select_from(some)) or 0

    async def chunks(self, start: datetime, end: datetime) -> AsyncIterator[Sequence[FiledRow]]:
        """Yield the cases filed in [start, end); each chunk is a query of its own, so that none is kept open long."""
        columns = (
            *(Case.case_no, func.ST_X(Case.geom), func.ST_Y(Case.geom), Case.kind, Case.category, Case.condition),
            *(Case.catalogue, Case.component_code, Case.filed_at),
        )
        query = select(*columns, Case.id).where(Case.filed_at >= start, Case.filed_at < end)
        query = query.order_by(Case.filed_at, Case.id).limit(CHUNK)
        rows = (await self._session.execute(query)).all()
        while rows:
            yield [FiledRow(*row[:-1]) for row in rows]
            last = tuple_(rows[-1].filed_at, rows[-1].id)
            rows = (await self._session.execute(query.where(tuple_(Case.filed_at, Case.id) > last))).all()
