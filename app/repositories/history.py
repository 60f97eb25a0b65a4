"""All SQL about the history and its texts; rows are added, never changed."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.history import Entry
from app.models.history import HistoryRow, HistoryText, Look

_CHUNK = 500


class HistoryRepository:
    """The histories of reports and cases."""

    def __init__(self, session: AsyncSession) -> None:
        """Work within one session."""
        self._session = session

    async def rows(self, subject_id: UUID) -> Sequence[HistoryRow]:
        """Return the rows of one subject, in order."""
        found = await self._session.scalars(
            select(HistoryRow).where(HistoryRow.subject_id == subject_id).order_by(HistoryRow.number)
        )
        return found.all()

    async def entries(self, subject_ids: Iterable[UUID], *, as_of: datetime | None = None) -> dict[UUID, list[Entry]]:
        """Return the entries of many subjects, each in order; those recorded until `as_of` only."""
        wanted = sorted(set(subject_ids))
        found: dict[UUID, list[Entry]] = {one: [] for one in wanted}
        for first in range(0, len(wanted), _CHUNK):
            query = (
                select(HistoryRow)
                .where(HistoryRow.subject_id.in_(wanted[first : first + _CHUNK]))
                .order_by(HistoryRow.subject_id, HistoryRow.number)
            )
            if as_of is not None:
                query = query.where(HistoryRow.recorded_at <= as_of)
            for row in await self._session.scalars(query):
                found[row.subject_id].append(entry_of(row))
        return found

    async def texts(self, keys: Iterable[tuple[UUID, int]]) -> dict[tuple[UUID, int], dict[str, str]]:
        """Return the texts of steps, by (subject, number) and field; erased ones are absent."""
        wanted = list(keys)
        found: dict[tuple[UUID, int], dict[str, str]] = {}
        query = select(HistoryText).where(tuple_(HistoryText.subject_id, HistoryText.number).in_(wanted))
        for row in await self._session.scalars(query) if wanted else ():
            found.setdefault((row.subject_id, row.number), {})[row.field] = row.body
        return found

    async def add(self, rows: Sequence[Mapping[str, Any]], texts: Sequence[Mapping[str, Any]]) -> None:
        """Append rows and their texts."""
        if rows:
            await self._session.execute(insert(HistoryRow), list(rows))
        if texts:
            await self._session.execute(insert(HistoryText), list(texts))

    async def look(self, row: Mapping[str, Any]) -> None:
        """Record that somebody looked."""
        await self._session.execute(insert(Look), [dict(row)])


def entry_of(row: HistoryRow | Row[Any]) -> Entry:
    """Return a row as the value that is folded."""
    return Entry(
        number=row.number,
        action=row.action,
        source=row.from_state,
        target=row.to_state,
        post=row.post,
        actor_id=row.actor_id,
        on_behalf_of=row.on_behalf_of,
        policy=row.policy,
        recorded_at=row.recorded_at,
        occurred_at=row.occurred_at,
        payload=row.payload,
    )
