"""All SQL that sends the outbox: whose turn it is, leasing the head of a lane, recording what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.work import OutboxEvent, OutboxLane


@dataclass(frozen=True, slots=True, kw_only=True)
class Leased:
    """The head of a lane, ours until the lease ends. `attempt` is the fencing token, `failures` the lane's in a row."""

    lane: str
    attempt: int
    failures: int
    event_id: UUID
    partner_id: UUID
    kind: str
    payload: dict[str, Any]
    created_at: datetime


class LaneRepository:
    """The lanes of the outbox."""

    def __init__(self, session: AsyncSession) -> None:
        """Work within one session."""
        self._session = session

    async def due_partners(self, now: datetime) -> Sequence[str]:
        """Return those partners (as they stand in the lane's name) that have a lane waiting to be served."""
        found = await self._session.scalars(select(_partner()).where(_due(now)).distinct())
        return found.all()

    async def lease(self, partner: str, now: datetime, lease: timedelta) -> Leased | None:
        """Take the lane of a partner that has waited longest, with its first event; other workers skip it."""
        waiting = (
            select(OutboxLane)
            .where(_due(now), _partner() == partner)
            .order_by(OutboxLane.next_at, OutboxLane.lane)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        lane = await self._session.scalar(waiting)
        if lane is None:
            return None
        head = await self._head(lane.lane)
        if head is None:
            lane.next_at = None
            return None
        lane.claimed_until, lane.attempt = now + lease, lane.attempt + 1
        return Leased(
            lane=lane.lane,
            attempt=lane.attempt,
            failures=lane.failures,
            event_id=head.id,
            partner_id=head.partner_id,
            kind=head.kind,
            payload=head.payload,
            created_at=head.created_at,
        )

    async def settle(
        self,
        leased: Leased,
        *,
        sent_at: datetime | None,
        parked_at: datetime | None,
        error: str | None,
        next_at: datetime,
    ) -> bool:
        """Record a try and let the lane go; False, and nothing recorded, when another worker has taken it meanwhile.

        The lane is locked before it is asked for further events: one being added meanwhile waits for the lock and
        wakes the lane itself.
        """
        held = select(OutboxLane).where(OutboxLane.lane == leased.lane, OutboxLane.attempt == leased.attempt)
        lane = await self._session.scalar(held.with_for_update().execution_options(populate_existing=True))
        if lane is None:
            return False
        await self._session.execute(
            update(OutboxEvent)
            .where(OutboxEvent.id == leased.event_id)
            .values(sent_at=sent_at, parked_at=parked_at, last_error=error, tries=OutboxEvent.tries + 1)
        )
        lane.claimed_until = None
        lane.failures = 0 if sent_at else lane.failures + 1
        lane.next_at = next_at if await self._head(leased.lane) else None
        return True

    async def _head(self, lane: str) -> OutboxEvent | None:
        return await self._session.scalar(
            select(OutboxEvent)
            .where(OutboxEvent.lane == lane, OutboxEvent.sent_at.is_(None), OutboxEvent.parked_at.is_(None))
            .order_by(OutboxEvent.id)
            .limit(1)
        )


def _due(now: datetime) -> ColumnElement[bool]:
    unclaimed = or_(OutboxLane.claimed_until.is_(None), OutboxLane.claimed_until < now)
    return and_(OutboxLane.next_at <= now, unclaimed)


def _partner() -> ColumnElement[str]:
    """Return the first part of a lane's name."""
    return func.split_part(OutboxLane.lane, ":", 1)
