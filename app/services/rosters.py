"""Rosters of inspectors: made, ended, never edited."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app.dispatch.access import Actor
from app.dispatch.errors import BadInput, Conflict, NotPermitted, NotVisible
from app.dispatch.rosters import RosterWanted, check, desks_kept, slot_json
from app.models.rosters import RosterRow
from app.repositories.rosters import Kept, RosterFilter, RosterRepository
from app.services import idempotency
from app.services.books import Books
from app.services.idempotency import KeyUse
from app.services.transaction import Sessions, reading, writing

Desks = Collection[str] | None


class Rosters:
    """Who is on shift when, on which beats."""

    def __init__(self, sessions: Sessions, books: Books, now: Callable[[], datetime]) -> None:
        """Take where rosters are, the book whose beats they name, and our clock."""
        self._sessions = sessions
        self._books = books
        self._now = now

    async def add(self, wanted: RosterWanted, actor: Actor, use: KeyUse | None = None) -> Kept:
        """Make a roster; the same key gives the first one again. Raises BadInput."""
        desks = keeper(actor)
        async with writing(self._sessions) as session:
            now, roster_id = self._now(), uuid7()
            first = await idempotency.begin(session, use, resource_id=roster_id, status=201, now=now)
            if first is not None:
                return await _known(session, first.resource_id, desks)
            check(wanted, (await self._books.agreed(session)).beat_names, now)
            rosters = RosterRepository(session)
            account_id = await rosters.inspector(wanted.username, desks)
            if account_id is None:
                text = f"您的平台没有这位采集员：{wanted.username}"
                raise BadInput.at(["body", "username"], text, code="unknown_inspector")
            await rosters.add(_row(roster_id, account_id, wanted, actor, now))
            return await _known(session, roster_id, desks)

    async def end(self, roster_id: UUID, actor: Actor, use: KeyUse | None = None) -> Kept:
        """Say that a roster holds no longer; raises Conflict where it has ended already."""
        desks = keeper(actor)
        async with writing(self._sessions) as session:
            now = self._now()
            await _known(session, roster_id, desks)
            first = await idempotency.begin(session, use, resource_id=roster_id, status=200, now=now)
            if first is None and not await RosterRepository(session).end(roster_id, now, actor.account_id):
                raise Conflict("排班已经结束", code="roster_ended")
            return await _known(session, roster_id, desks)

    async def page(
        self, actor: Actor, *, username: str | None, valid_at: datetime | None, behind: str | None, limit: int
    ) -> tuple[Sequence[Kept], str | None]:
        """Return rosters, the newest first; who keeps none sees none."""
        wanted = RosterFilter(desks=desks_kept(actor), username=username, valid_at=valid_at)
        async with reading(self._sessions) as session:
            return await RosterRepository(session).page(wanted, behind=behind, limit=limit)


def keeper(actor: Actor) -> Desks:
    """Return the desks whose rosters the actor keeps, None for all; raise NotPermitted where he keeps none."""
    desks = desks_kept(actor)
    if desks is not None and not desks:
        raise NotPermitted("您的岗位不能排班")
    return desks


def _row(roster_id: UUID, account_id: UUID, wanted: RosterWanted, actor: Actor, now: datetime) -> RosterRow:
    return RosterRow(
        id=roster_id,
        account_id=account_id,
        beat_codes=sorted(set(wanted.beat_codes)),
        slots=[slot_json(slot) for slot in wanted.slots],
        valid_from=wanted.valid_from or now,
        valid_to=wanted.valid_to,
        recorded_at=now,
        recorded_by=actor.account_id,
    )


async def _known(session: AsyncSession, roster_id: UUID, desks: Desks) -> Kept:
    found = await RosterRepository(session).one(roster_id, desks)
    if found is None:
        raise NotVisible
    return found
