"""Rows of policies: recorded, ended, never edited; each makes a new number of the book, which every process follows."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app.dispatch.access import Actor, Office, office_holder
from app.dispatch.errors import Conflict, NotPermitted, NotVisible
from app.dispatch.policies import KINDS
from app.dispatch.policy_book import PolicyRow
from app.dispatch.policy_rows import PolicyWanted, check, check_alone
from app.dispatch.scrub import scrub
from app.models.policies import PolicyRecord
from app.repositories.plans import PlanRepository
from app.repositories.policies import PolicyFilter, PolicyRepository
from app.services import idempotency
from app.services.books import Books
from app.services.idempotency import KeyUse
from app.services.transaction import Sessions, reading, writing


class PolicyService:
    """What administrators lay down otherwise than the defaults."""

    def __init__(self, sessions: Sessions, books: Books, now: Callable[[], datetime]) -> None:
        """Take where rows are, the book they must fit, and our clock."""
        self._sessions = sessions
        self._books = books
        self._now = now

    async def add(self, wanted: PolicyWanted, actor: Actor, use: KeyUse | None = None) -> PolicyRecord:
        """Lay a row down in somebody's name; the same key gives the first one again.

        Raises BadInput for what fits no policy, Conflict where an equally specific row says otherwise.
        """
        office_holder(actor, Office.POLICIES)
        async with writing(self._sessions) as session:
            row_id = uuid7()
            first = await idempotency.begin(session, use, resource_id=row_id, status=201, now=self._now())
            if first is not None:
                return await self._known(session, first.resource_id)
            row = await self._record(session, wanted, by=actor.account_id, row_id=row_id)
        await self._books.changed()
        return row

    async def end(self, row_id: UUID, actor: Actor, reason: str | None, use: KeyUse | None = None) -> PolicyRecord:
        """Say that a row holds no longer; raises Conflict where it has ended already."""
        office_holder(actor, Office.POLICIES)
        async with writing(self._sessions) as session:
            plans, policies = PlanRepository(session), PolicyRepository(session)
            if await idempotency.begin(session, use, resource_id=row_id, status=200, now=self._now()) is not None:
                return await self._known(session, row_id)
            plan, now = await plans.settled(self._now)
            row, at = await self._known(session, row_id), plan.after(now)
            if row.valid_to is not None and row.valid_to <= at:
                raise Conflict("这一行策略已经到期", code="policy_ended")
            if not await policies.end(row_id, at, actor.account_id, _clean(reason)):
                raise Conflict("这一行策略已经终止", code="policy_ended")
            await plans.advance(plan, at, recorded_at=at)
            row = await self._known(session, row_id)
        await self._books.changed()
        return row

    async def page(
        self, actor: Actor, wanted: PolicyFilter, *, behind: str | None, limit: int
    ) -> tuple[Sequence[PolicyRecord], str | None]:
        """Return rows, the newest first; who does not administer policies sees none."""
        try:
            office_holder(actor, Office.POLICIES)
        except NotPermitted:
            return [], None
        async with reading(self._sessions) as session:
            return await PolicyRepository(session).page(wanted, behind=behind, limit=limit)

    async def _record(
        self, session: AsyncSession, wanted: PolicyWanted, *, by: UUID | None, row_id: UUID
    ) -> PolicyRecord:
        """Check against the book in force and the other rows, behind the lock of the plan; take the next number."""
        book, plans = await self._books.agreed(session), PlanRepository(session)
        plan, now = await plans.settled(self._now)
        value: Any = check(wanted, book, now)
        at, one = plan.after(now), wanted.selectors
        row = PolicyRow(
            id=str(row_id),
            policy=wanted.policy,
            value=value,
            selectors=one,
            valid_from=max(wanted.valid_from or at, at),
            valid_to=wanted.valid_to,
        )
        check_alone(row, await plans.policies())
        record = PolicyRecord(
            id=row_id,
            policy=row.policy,
            value=KINDS[row.policy].write(value),
            kind=one.kind,
            major=one.major,
            minor=one.minor,
            source=one.source,
            desk=one.desk,
            unit_code=one.unit_code,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
            document=_clean(wanted.document),
            reason=_clean(wanted.reason),
            recorded_at=at,
            recorded_by=by,
        )
        await PolicyRepository(session).add(record)
        await plans.advance(plan, at, recorded_at=at)
        return record

    async def _known(self, session: AsyncSession, row_id: UUID) -> PolicyRecord:
        row = await PolicyRepository(session).one(row_id)
        if row is None:
            raise NotVisible
        return row


def _clean(text: str | None) -> str | None:
    """Take phone numbers and the like out of what somebody wrote beside a row."""
    return scrub(text).text if text else None
