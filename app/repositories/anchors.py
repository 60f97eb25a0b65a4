"""All SQL about anchors: which there are, and what has grown since."""

from datetime import datetime
from typing import Final

from sqlalchemy import func, insert, literal, select, text
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.anchors import Anchor, Grown
from app.models.anchors import AnchorRow
from app.models.history import HistoryRow
from app.models.seedings import Seeding

_ONE_AT_A_TIME: Final = text("SELECT pg_try_advisory_xact_lock(hashtext(current_schema() || ' anchors'))")


class AnchorRepository:
    """The anchors of a city, within one session."""

    def __init__(self, session: AsyncSession) -> None:
        """Work within `session`."""
        self._session = session

    async def alone(self) -> bool:
        """Tell whether nobody else is making an anchor, and keep others from it until the transaction ends."""
        return bool(await self._session.scalar(_ONE_AT_A_TIME))

    async def filling(self) -> bool:
        """Tell whether a first start is under way: it plays steps of the past, which no anchor would expect later."""
        return bool(await self._session.scalar(select(literal(1)).where(Seeding.finished_at.is_(None)).limit(1)))

    async def last(self) -> AnchorRow | None:
        """Return the newest anchor."""
        return await self._session.scalar(select(AnchorRow).order_by(AnchorRow.number.desc()).limit(1))

    async def roots(self) -> dict[int, str]:
        """Return the root of every anchor by its number."""
        found = await self._session.execute(select(AnchorRow.number, AnchorRow.root))
        return {number: root for number, root in found}  # noqa: C416  # rows are not tuples to the type checker

    async def grown(self, since: datetime | None) -> tuple[Grown, ...]:
        """Return every step recorded since, by chain, in order of subject."""
        rows = select(HistoryRow.subject_id, HistoryRow.number, HistoryRow.hash)
        if since is not None:
            rows = rows.where(HistoryRow.recorded_at >= since)
        steps = rows.subquery()
        hashes = func.array_agg(aggregate_order_by(steps.c.hash, steps.c.number))
        query = (
            select(steps.c.subject_id, func.min(steps.c.number), hashes)
            .group_by(steps.c.subject_id)
            .order_by(steps.c.subject_id)
        )
        found = await self._session.execute(query)
        return tuple(Grown(subject_id=one, first=first, hashes=tuple(some)) for one, first, some in found)

    async def knows(self, chain: Grown) -> bool:
        """Tell whether the first step of an anchored chain stands in the history as it was anchored."""
        same = (HistoryRow.subject_id == chain.subject_id, HistoryRow.number == chain.first)
        return await self._session.scalar(select(HistoryRow.hash).where(*same)) == chain.hashes[0]

    async def add(self, anchor: Anchor) -> None:
        """Remember an anchor that was written."""
        await self._session.execute(
            insert(AnchorRow).values(
                number=anchor.number,
                at=anchor.at,
                root=anchor.root,
                previous=anchor.previous,
                chains=len(anchor.chains),
                steps=sum(len(one.hashes) for one in anchor.chains),
            )
        )
