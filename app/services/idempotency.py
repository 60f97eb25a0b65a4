"""A request that comes twice changes things once: keys are taken in the transaction of the change."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.errors import IdempotencyInProgress, IdempotencyMismatch
from app.models.work import IdempotencyKey
from app.repositories.work import WorkRepository
from app.services.transaction import Sessions, sqlstate, writing

LOCK_NOT_AVAILABLE: Final = "55P03"
PATIENCE: Final = "5s"
ANOTHER_BODY: Final = "同一 Idempotency-Key 对应的请求内容不同"
IN_PROGRESS: Final = "同一 Idempotency-Key 的请求正在处理"
_NOTHING: Final = UUID(int=0)
"""The resource of a batch, which is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyUse:
    """A key with its scope (who), its route (what) and the digest of the body."""

    scope: str
    route: str
    key: str
    body_digest: bytes

    @property
    def place(self) -> tuple[str, str, str]:
        """Where it is kept."""
        return self.scope, self.route, self.key

    def for_item(self, resource_id: UUID) -> "KeyUse":
        """Return the key of one item of a batch: each is done once, and one that was refused may be tried again."""
        return replace(self, route=f"{self.route}:{resource_id}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What the first request with the key led to."""

    resource_id: UUID
    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Taking:
    """A key with what it will lead to, for taking many at once."""

    use: KeyUse
    resource_id: UUID
    status: int
    now: datetime


async def begin_many(session: AsyncSession, takings: Sequence[Taking]) -> dict[KeyUse, Replay | IdempotencyMismatch]:
    """Take keys, all different; return what became of those that were used before.

    One of them in another's hands is waited for up to 5 s, then the statement fails for all.
    """
    if not takings:
        return {}
    work = WorkRepository(session)
    new = await work.begin_keys([_row(one) for one in takings], PATIENCE)
    old = [one.use for one in takings if one.use.place not in new]
    used = await work.used_keys(use.place for use in old)
    return {use: _first(use, used.get(use.place)) for use in old}


def _row(one: Taking) -> dict[str, object]:
    scope, route, key = one.use.place
    return {
        "scope": scope,
        "route": route,
        "key": key,
        "body_digest": one.use.body_digest,
        "status": one.status,
        "resource_id": one.resource_id,
        "created_at": one.now,
    }


def _first(use: KeyUse, used: IdempotencyKey | None) -> Replay | IdempotencyMismatch:
    if used is None or used.body_digest != use.body_digest:
        return IdempotencyMismatch(ANOTHER_BODY)
    return Replay(resource_id=used.resource_id, status=used.status)


async def take(
    session: AsyncSession, uses: Mapping[KeyUse, UUID], *, status: int, now: datetime
) -> dict[KeyUse, Replay | IdempotencyMismatch]:
    """Take keys, each with the resource it stands for, as `begin_many` does; raise IdempotencyInProgress."""
    takings = [Taking(use=use, resource_id=one, status=status, now=now) for use, one in uses.items()]
    if not takings:
        return {}
    try:
        used = await begin_many(session, takings)
    except DBAPIError as error:
        if sqlstate(error) == LOCK_NOT_AVAILABLE:
            raise IdempotencyInProgress(IN_PROGRESS) from error
        raise
    await session.execute(text("SET LOCAL lock_timeout = DEFAULT"))
    return used


async def done_before(session: AsyncSession, uses: Iterable[KeyUse]) -> set[KeyUse]:
    """Return those keys under which the same request has been done already; none is taken."""
    wanted = {use.place: use for use in uses}
    found = await WorkRepository(session).used_keys(wanted)
    return {wanted[place] for place, one in found.items() if one.body_digest == wanted[place].body_digest}


async def was_used(session: AsyncSession, use: KeyUse | None) -> bool:
    """Tell whether the same request has been done already."""
    return use is not None and use in await done_before(session, [use])


async def forget(session: AsyncSession, *uses: KeyUse) -> None:
    """Give keys back that were taken for what is refused."""
    await WorkRepository(session).forget_keys(use.place for use in uses)


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
            raise IdempotencyInProgress(IN_PROGRESS) from error
        raise
    first = (await work.used_keys([use.place])).get(use.place)
    if first is None or first.body_digest != use.body_digest:
        raise IdempotencyMismatch(ANOTHER_BODY)
    return Replay(resource_id=first.resource_id, status=first.status)


async def begin_batch(sessions: Sessions, use: KeyUse | None, *, now: datetime) -> None:
    """Note what a batch's key stands for; its items carry keys of their own. Raises as `begin` does."""
    if use is not None:
        async with writing(sessions) as session:
            await begin(session, use, resource_id=_NOTHING, status=200, now=now)


async def settle(session: AsyncSession, use: KeyUse, *, resource_id: UUID, status: int) -> None:
    """Say what the key led to, where that was not known when it was taken."""
    await WorkRepository(session).settle_key(use.scope, use.route, use.key, resource_id=resource_id, status=status)
