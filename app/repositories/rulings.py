"""All SQL about rulings: they are added, and ended; nothing else of them ever changes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.activations import RulingRow
from app.repositories.paging import after, cursor, position

_NEWEST_FIRST: Final = "-recorded_at"


class RulingRepository:
    """Rulings within one session."""

    def __init__(self, session: AsyncSession) -> None:
        """Work within one session."""
        self._session = session

    async def add(self, row: RulingRow) -> None:
        """Store a ruling."""
        self._session.add(row)
        await self._session.flush()

    async def one(self, ruling_id: UUID) -> RulingRow | None:
        """Return a ruling as it stands now."""
        return await self._session.get(RulingRow, ruling_id, populate_existing=True)

    async def end(self, ruling_id: UUID, at: datetime, by: UUID | None) -> bool:
        """Say that a ruling holds no longer; False where it has ended already."""
        ending = update(RulingRow).where(RulingRow.id == ruling_id, RulingRow.ended_at.is_(None))
        done = await self._session.execute(ending.values(ended_at=at, ended_by=by).returning(RulingRow.id))
        return done.first() is not None

    async def page(
        self, *, valid_at: datetime | None, unit_code: str | None, behind: str | None, limit: int
    ) -> tuple[Sequence[RulingRow], str | None]:
        """Return rulings, the newest first, and the cursor of the next page; `valid_at` those in force then."""
        columns = (RulingRow.recorded_at, RulingRow.id)
        query = select(RulingRow).order_by(*(column.desc() for column in columns)).limit(limit + 1)
        if unit_code is not None:
            query = query.where(RulingRow.unit_code == unit_code)
        if valid_at is not None:
            query = query.where(
                RulingRow.valid_from <= valid_at,
                or_(RulingRow.valid_to.is_(None), RulingRow.valid_to > valid_at),
                or_(RulingRow.ended_at.is_(None), RulingRow.ended_at > valid_at),
            )
        if behind is not None:
            query = query.where(after(columns, position(behind, order=_NEWEST_FIRST), descending=True))
        found = (await self._session.scalars(query)).all()
        last = found[limit - 1] if found[limit:] else None
        return found[:limit], cursor((_NEWEST_FIRST, last.recorded_at, last.id)) if last else None
