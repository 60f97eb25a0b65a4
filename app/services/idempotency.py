"""A request that comes twice changes things once: keys are taken in the transaction of the change."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.errors import IdempotencyInProgress, IdempotencyMismatch
from app.repositories.work import WorkRepository
from app.services.transaction import Sessions, sqlstate, writing

LOCK_NOT_AVAILABLE: Final = "55P03"
_NOTHING: Final = UUID(int=0)
"""The resource of a batch, which is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyUse:
    """A key with its scope (who), its route (what) and the digest of the body."""

    scope: str
    route: str
    key: str
    body_digest: bytes

    def for_item(self, resource_id: UUID) -> "KeyUse":
        """Return the key of one item of a batch: each is done once, and one that was refused may be tried again."""
        return replace(self, route=f"{self.route}:{resource_id}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What the first request with the key led to."""

    resource_id: UUID
    status: int


async def begin(
    session: AsyncSession, use: KeyUse | None, *, resource_id: UUID, status: int, now: datetime
) -> Replay | None:
    """Take the key; return the first outcome where it was used before, None to go on.

    Waits up to 5 s for a request that holds the key. Raises IdempotencyMismatch, IdempotencyInProgress.
    """
    if use is None:
        return None
    work = WorkRepository(session)
    values = {
        "body_digest": use.body_digest,
        "status": status,
        "resource_id": resource_id,
        "created_at": now,
    }
    await session.execute(text("SET LOCAL lock_timeout = '5s'"))
    try:
        if await work.begin_key(use.scope, use.route, use.key, values):
            await session.execute(text("SET LOCAL lock_timeout = DEFAULT"))
            return None
    except DBAPIError as error:
        if sqlstate(error) == LOCK_NOT_AVAILABLE:
            raise IdempotencyInProgress("同一 Idempotency-Key 的请求正在处理") from error
        raise
    first = await work.used_key(use.scope, use.route, use.key)
    if first is None or first.body_digest != use.body_digest:
        raise IdempotencyMismatch("同一 Idempotency-Key 对应的请求内容不同")
    return Replay(resource_id=first.resource_id, status=first.status)


async def was_used(session: AsyncSession, use: KeyUse | None) -> bool:
    """Tell whether the same request has been done already."""
    first = await WorkRepository(session).used_key(use.scope, use.route, use.key) if use is not None else None
    return first is not None and use is not None and first.body_digest == use.body_digest


async def begin_batch(sessions: Sessions, use: KeyUse | None, *, now: datetime) -> None:
    """Note what a batch's key stands for; its items carry keys of their own. Raises as `begin` does."""
    if use is not None:
        async with writing(sessions) as session:
            await begin(session, use, resource_id=_NOTHING, status=200, now=now)


async def settle(session: AsyncSession, use: KeyUse, *, resource_id: UUID, status: int) -> None:
    """Say what the key led to, where that was not known when it was taken."""
    await WorkRepository(session).settle_key(use.scope, use.route, use.key, resource_id=resource_id, status=status)
