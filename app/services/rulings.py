"""Rulings of coordinators: recorded, ended, never edited; each makes a new number of the book."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app.dispatch.access import Actor, Office, office_holder
from app.dispatch.errors import Conflict, NotPermitted, NotVisible
from app.dispatch.ruling import RulingWanted, check
from app.models.activations import RulingRow
from app.repositories.plans import PlanRepository
from app.repositories.rulings import RulingRepository
from app.services import idempotency
from app.services.books import Books
from app.services.effects import Ruled
from app.services.idempotency import KeyUse
from app.services.transaction import Sessions, reading, writing


async def record_ruled(session: AsyncSession, ruled: Sequence[Ruled], now: Callable[[], datetime]) -> bool:
    """Store the rulings of a sitting, checked against its book, in its transaction; tell whether there are any.

    All of them take one number of the book. Whoever commits calls `Books.changed` afterwards.
    """
    if not ruled:
        return False
    plans, rulings = PlanRepository(session), RulingRepository(session)
    plan, instant = await plans.settled(now)
    at = plan.after(instant)
    for one in ruled:
        await rulings.add(_row(one.wanted, one.id, at, case_id=one.case_id, by=one.by))
    await plans.advance(plan, at, recorded_at=at)
    return True


def _row(wanted: RulingWanted, ruling_id: UUID, at: datetime, *, case_id: UUID | None, by: UUID | None) -> RulingRow:
    return RulingRow(
        id=ruling_id,
        unit_code=wanted.unit_code,
        scope=wanted.scope,
        scope_code=wanted.scope_code,
        kind=wanted.kind,
        major=wanted.major,
        minor=wanted.minor,
        valid_from=max(wanted.valid_from or at, at),
        valid_to=wanted.valid_to,
        case_id=case_id,
        recorded_at=at,
        recorded_by=by,
    )


class Rulings:
    """What coordinators ruled."""

    def __init__(self, sessions: Sessions, books: Books, now: Callable[[], datetime]) -> None:
        """Take where rulings are, the book they must fit, and our clock."""
        self._sessions = sessions
        self._books = books
        self._now = now

    async def record(self, wanted: RulingWanted, *, by: UUID | None, case_id: UUID | None = None) -> RulingRow:
        """Record a ruling; explanations of earlier instants do not know it. Raises BadInput."""
        async with writing(self._sessions) as session:
            row = await self._record(session, wanted, by=by, case_id=case_id)
        await self._books.changed()
        return row

    async def add(self, wanted: RulingWanted, actor: Actor, use: KeyUse | None = None) -> RulingRow:
        """Record a ruling in somebody's name; the same key gives the first one again."""
        office_holder(actor, Office.RULINGS)
        async with writing(self._sessions) as session:
            first = await idempotency.begin(
                session, use, resource_id=(ruling_id := uuid7()), status=201, now=self._now()
            )
            if first is not None:
                return await self._known(session, first.resource_id)
            row = await self._record(session, wanted, by=actor.account_id, ruling_id=ruling_id)
        await self._books.changed()
        return row

    async def end(self, ruling_id: UUID, actor: Actor, use: KeyUse | None = None) -> RulingRow:
        """Say that a ruling holds no longer; raises Conflict where it has ended already."""
        office_holder(actor, Office.RULINGS)
        async with writing(self._sessions) as session:
            plans, rulings = PlanRepository(session), RulingRepository(session)
            if await idempotency.begin(session, use, resource_id=ruling_id, status=200, now=self._now()) is not None:
                return await self._known(session, ruling_id)
            plan, now = await plans.settled(self._now)
            row, at = await self._known(session, ruling_id), plan.after(now)
            if row.valid_to is not None and row.valid_to <= at:
                raise Conflict("裁定已经到期", code="ruling_ended")
            if not await rulings.end(ruling_id, at, actor.account_id):
                raise Conflict("裁定已经终止", code="ruling_ended")
            await plans.advance(plan, at, recorded_at=at)
            row = await self._known(session, ruling_id)
        await self._books.changed()
        return row

    async def page(
        self, actor: Actor, *, valid_at: datetime | None, unit_code: str | None, behind: str | None, limit: int
    ) -> tuple[Sequence[RulingRow], str | None]:
        """Return rulings, the newest first; who does not rule sees none."""
        try:
            office_holder(actor, Office.RULINGS)
        except NotPermitted:
            return [], None
        async with reading(self._sessions) as session:
            return await RulingRepository(session).page(
                valid_at=valid_at, unit_code=unit_code, behind=behind, limit=limit
            )

    async def _record(
        self,
        session: AsyncSession,
        wanted: RulingWanted,
        *,
        by: UUID | None,
        case_id: UUID | None = None,
        ruling_id: UUID | None = None,
    ) -> RulingRow:
        """Check against the book in force, and take the book's next number for it."""
        book, plans = await self._books.agreed(session), PlanRepository(session)
        plan, now = await plans.settled(self._now)
        check(wanted, book, now)
        at = plan.after(now)
        row = _row(wanted, ruling_id or uuid7(), at, case_id=case_id, by=by)
        await RulingRepository(session).add(row)
        await plans.advance(plan, at, recorded_at=at)
        return row

    async def _known(self, session: AsyncSession, ruling_id: UUID) -> RulingRow:
        row = await RulingRepository(session).one(ruling_id)
        if row is None:
            raise NotVisible
        return row
