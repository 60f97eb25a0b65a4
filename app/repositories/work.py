"""All SQL about timers, the outbox and the keys that keep things from happening twice."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.people import Partner
from app.models.work import IdempotencyKey, InboxEvent, OutboxEvent, OutboxLane, Timer
from app.repositories.bulk import NEW_ONLY, insert_rows


class WorkRepository:
    """Timers, lanes, events, inbox and idempotency keys."""

    def __init__(self, session: AsyncSession) -> None:
        """Work within one session."""
        self._session = session

    async def add_timers(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Set timers."""
        if rows:
            await self._session.execute(insert(Timer), [dict(row) for row in rows])

    async def lease_timers(self, now: datetime, lease: timedelta, limit: int) -> Sequence[Timer]:
        """Take timers that are due, in the order they fell due, for as long as the lease; others skip them."""
        due = (
            select(Timer.id)
            .where(Timer.done_at.is_(None), Timer.due_at <= now)
            .where((Timer.claimed_until.is_(None)) | (Timer.claimed_until < now))
            .order_by(Timer.due_at, Timer.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        taken = (
            update(Timer)
            .where(Timer.id.in_(due.scalar_subquery()))
            .values(claimed_until=now + lease, attempt=Timer.attempt + 1)
            .returning(Timer)
        )
        found = await self._session.scalars(taken)
        return sorted(found.all(), key=lambda timer: (timer.due_at, timer.id))

    async def finish_timer(self, timer_id: UUID, attempt: int, now: datetime) -> bool:
        """Mark a timer as fired; False when another worker has taken it over meanwhile."""
        done = await self._session.execute(
            update(Timer)
            .where(Timer.id == timer_id, Timer.attempt == attempt, Timer.done_at.is_(None))
            .values(done_at=now)
            .returning(Timer.id)
        )
        return done.first() is not None

    async def cancel_timers(self, subject_id: UUID, kinds: Sequence[str], now: datetime) -> None:
        """Let timers of a subject lapse."""
        await self._session.execute(
            update(Timer)
            .where(Timer.subject_id == subject_id, Timer.kind.in_(kinds), Timer.done_at.is_(None))
            .values(done_at=now)
        )

    async def add_events(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Put events into the outbox and wake their lanes; those for partners that have no address are left out."""
        rows = await self._addressed(rows)
        if not rows:
            return
        await self._session.execute(insert(OutboxEvent), [dict(row) for row in rows])
        lanes = [
            {"lane": lane, "next_at": at, "claimed_until": None, "attempt": 0, "failures": 0}
            for lane, at in sorted({row["lane"]: row["created_at"] for row in rows}.items())
        ]
        put = upsert(OutboxLane)
        wake = put.on_conflict_do_update(
            index_elements=["lane"],
            set_={"next_at": func.coalesce(OutboxLane.next_at, put.excluded.next_at)},
        )
        await self._session.execute(wake, lanes)

    async def _addressed(self, rows: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        wanted = {row["partner_id"] for row in rows}
        if not wanted:
            return rows
        query = select(Partner.id).where(Partner.id.in_(wanted), Partner.callback_url.is_not(None))
        addressed = set(await self._session.scalars(query))
        return [row for row in rows if row["partner_id"] in addressed]

    async def begin_key(self, scope: str, route: str, key: str, values: Mapping[str, Any]) -> bool:
        """Take a key for this transaction; waits for another that holds it. False when it was used before."""
        put = upsert(IdempotencyKey).values(scope=scope, route=route, key=key, **values)
        taken = await self._session.execute(put.on_conflict_do_nothing().returning(IdempotencyKey.key))
        return taken.first() is not None

    async def begin_keys(self, rows: Sequence[Mapping[str, Any]]) -> set[tuple[str, str, str]]:
        """Take many keys for this transaction in one statement; return (scope, route, key) of those never used."""
        ordered = sorted(rows, key=lambda row: (row["scope"], row["route"], row["key"]))
        names = ("scope", "route", "key")
        taken = await insert_rows(self._session, IdempotencyKey, ordered, conflict=NEW_ONLY, returning=names)
        return {(one.scope, one.route, one.key) for one in taken} if taken is not None else set()

    async def used_keys(self, keys: Iterable[tuple[str, str, str]]) -> dict[tuple[str, str, str], IdempotencyKey]:
        """Return what keys were used for.

        They are locked: so the answer to a repeat waits for a commit of its own, which a standby gets after the first.
        """
        named = tuple_(IdempotencyKey.scope, IdempotencyKey.route, IdempotencyKey.key)
        wanted = sorted(keys)
        query = select(IdempotencyKey).where(named.in_(wanted)).order_by(named)
        locked = query.with_for_update(read=True, key_share=True)
        found = await self._session.scalars(locked) if wanted else ()
        return {(one.scope, one.route, one.key): one for one in found}

    async def forget_key(self, scope: str, route: str, key: str) -> None:
        """Give a key back: what it was taken for was refused, and may be tried again."""
        which = (IdempotencyKey.scope == scope) & (IdempotencyKey.route == route) & (IdempotencyKey.key == key)
        await self._session.execute(delete(IdempotencyKey).where(which))

    async def settle_key(self, scope: str, route: str, key: str, *, resource_id: UUID, status: int) -> None:
        """Set what a key led to."""
        which = (IdempotencyKey.scope == scope) & (IdempotencyKey.route == route) & (IdempotencyKey.key == key)
        await self._session.execute(update(IdempotencyKey).where(which).values(resource_id=resource_id, status=status))

    async def used_key(self, scope: str, route: str, key: str) -> IdempotencyKey | None:
        """Return what a key was used for."""
        return await self._session.get(IdempotencyKey, (scope, route, key))

    async def drop_keys(self, before: datetime) -> None:
        """Forget keys and inbox ids older than their time."""
        await self._session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < before))
        await self._session.execute(delete(InboxEvent).where(InboxEvent.received_at < before))
