"""All SQL about rows of policies: they are added, and ended; nothing else of them ever changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.codes import Kind, Source
from app.models.policies import PolicyRecord
from app.repositories.paging import after, cursor, position

_NEWEST_FIRST: Final = "-recorded_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFilter:
    """Which rows are asked for; None asks for any."""

    policy: str | None = None
    kind: Kind | None = None
    major: str | None = None
    minor: str | None = None
    source: Source | None = None
    desk: str | None = None
    unit_code: str | None = None
    valid_at: datetime | None = None


class PolicyRepository:
    """Rows of policies within one session."""

    def __init__(self, session: AsyncSession) -> None:
        """Work within one session."""
        self._session = session

    async def add(self, row: PolicyRecord) -> None:
        """Store a row."""
        self._session.add(row)
        await self._session.flush()

    async def one(self, row_id: UUID) -> PolicyRecord | None:
        """Return a row as it stands now."""
        return await self._session.get(PolicyRecord, row_id, populate_existing=True)

    async def end(self, row_id: UUID, at: datetime, by: UUID | None, reason: str | None) -> bool:
        """Say that a row holds no longer; False where it has ended already."""
        ending = update(PolicyRecord).where(PolicyRecord.id == row_id, PolicyRecord.ended_at.is_(None))
        said = {"ended_at": at, "ended_by": by, "end_reason": reason}
        done = await self._session.execute(ending.values(**said).returning(PolicyRecord.id))
        return done.first() is not None

    async def page(
        self, wanted: PolicyFilter, *, behind: str | None, limit: int
    ) -> tuple[Sequence[PolicyRecord], str | None]:
        """Return rows, the newest first, and the cursor of the next page."""
        columns = (PolicyRecord.recorded_at, PolicyRecord.id)
        query = select(PolicyRecord).order_by(*(column.desc() for column in columns)).limit(limit + 1)
        for name in ("policy", "kind", "major", "minor", "source", "desk", "unit_code"):
            value = getattr(wanted, name)
            if value is not None:
                query = query.where(getattr(PolicyRecord, name) == value)
        if wanted.valid_at is not None:
            query = query.where(
                PolicyRecord.valid_from <= wanted.valid_at,
                or_(PolicyRecord.valid_to.is_(None), PolicyRecord.valid_to > wanted.valid_at),
                or_(PolicyRecord.ended_at.is_(None), PolicyRecord.ended_at > wanted.valid_at),
            )
        if behind is not None:
            query = query.where(after(columns, position(behind, order=_NEWEST_FIRST), descending=True))
        found = (await self._session.scalars(query)).all()
        last = found[limit - 1] if found[limit:] else None
        return found[:limit], cursor((_NEWEST_FIRST, last.recorded_at, last.id)) if last else None

    async def lasting(self) -> Sequence[PolicyRecord]:
        """Return the rows that nobody has ended, the oldest first; each says itself from when until when it holds."""
        query = select(PolicyRecord).where(PolicyRecord.ended_at.is_(None))
        return (await self._session.scalars(query.order_by(PolicyRecord.recorded_at, PolicyRecord.id))).all()

    async def changes(self) -> tuple[int, datetime | None]:
        """Return how often a row was added or ended, and when last."""
        ended = func.count(PolicyRecord.ended_at)
        last = func.greatest(func.max(PolicyRecord.recorded_at), func.max(PolicyRecord.ended_at))
        row = (await self._session.execute(select(func.count(PolicyRecord.id) + ended, last))).one()
        return row[0], row[1]
