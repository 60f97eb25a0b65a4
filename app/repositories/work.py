"""All SQL about timers and about the keys that keep things from happening twice."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.work import IdempotencyKey, InboxEvent, Timer
from app.repositories.bulk import rows_json

_FINISH: Final = text(
    """
    UPDATE timers AS t SET done_at = :now
    FROM unnest(CAST(:ids AS uuid[]), CAST(:attempts AS int[])) AS leased(id, attempt)
    WHERE t.id = leased.id AND t.attempt = leased.attempt AND t.done_at IS NULL
    RETURNING t.id
    """
)

_BEGIN: Final = text(
    """
    WITH patience AS MATERIALIZED (SELECT set_config('lock_timeout', :at_most, true) AS at_most)
    INSERT INTO idempotency_keys (scope, route, key, body_digest, status, resource_id, created_at)
    SELECT r.scope, r.route, r.key, r.body_digest, r.status, r.resource_id, r.created_at
    FROM patience, json_populate_recordset(CAST(NULL AS idempotency_keys), CAST(:rows AS json)) AS r
    ON CONFLICT DO NOTHING
    RETURNING scope, route, key
    """
)
"""How long to wait for another is said within the statement that waits: a journey less for every step of a person."""

_RESERVE: Final = text(
    """
    SELECT place FROM unnest(CAST(:places AS text[])) AS asked(place)
    WHERE pg_try_advisory_xact_lock(hashtextextended(current_schema() || ' at ' || place, 0))
    """
)


class WorkRepository:
    """Timers, inbox and idempotency keys."""

    def __init__(self, session: AsyncSession) -> None:
        """Work within one session."""
        self._session = session

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

    async def finish_timers(self, leased: Mapping[UUID, int], now: datetime) -> set[UUID]:
        """Mark timers as fired, each under the attempt that leased it; those that another took over are left out."""
        if not leased:
            return set()
        asked = {"ids": list(leased), "attempts": list(leased.values()), "now": now}
        done = await self._session.execute(_FINISH, asked)
        return set(done.scalars())

    async def begin_key(self, scope: str, route: str, key: str, values: Mapping[str, Any]) -> bool:
        """Take a key for this transaction; waits for another that holds it. False when it was used before."""
        put = upsert(IdempotencyKey).values(scope=scope, route=route, key=key, **values)
        taken = await self._session.execute(put.on_conflict_do_nothing().returning(IdempotencyKey.key))
        return taken.first() is not None

    async def begin_keys(self, rows: Sequence[Mapping[str, Any]], at_most: str) -> set[tuple[str, str, str]]:
        """Take many keys for this transaction in one statement; return (scope, route, key) of those never used.

        One in another's hands is waited for `at_most` so long, as `lock_timeout` says it; the transaction keeps that.
        """
        ordered = sorted(rows, key=lambda row: (row["scope"], row["route"], row["key"]))
        taken = await self._session.execute(_BEGIN, {"at_most": at_most, "rows": rows_json(ordered)})
        return {(one.scope, one.route, one.key) for one in taken}

    async def reserve(self, places: Iterable[str]) -> set[str]:
        """Say that this transaction is at some places, without waiting; leave out those where another one is."""
        wanted = sorted(places)
        return set(await self._session.scalars(_RESERVE, {"places": wanted})) if wanted else set()

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

    async def forget_keys(self, keys: Iterable[tuple[str, str, str]]) -> None:
        """Give keys back: what they were taken for was refused, and may be tried again."""
        named, wanted = tuple_(IdempotencyKey.scope, IdempotencyKey.route, IdempotencyKey.key), sorted(keys)
        if wanted:
            await self._session.execute(delete(IdempotencyKey).where(named.in_(wanted)))

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
