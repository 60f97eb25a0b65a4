"""All SQL about worklists: how many wait by light, the first of them, and each queue in the order of its stage."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, func, null, or_, select, true, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from app.dispatch.access import Sight, Thing
from app.dispatch.codes import RequestState
from app.dispatch.disclosure import UNIT_POSTS
from app.dispatch.figure_codes import ClockKind
from app.dispatch.worklist import Queue
from app.models.cases import Case, CaseRequest, LegFacts
from app.models.leases import LeaseRow
from app.models.people import Account
from app.models.reports import Report
from app.repositories.reach import cases_in_sight, reports_in_sight

Column = InstrumentedAttribute[datetime | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One thing that waits."""

    id: UUID
    number: str
    state: str
    attention: Sequence[str]
    due_at: datetime | None
    yellow_at: datetime | None
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one stands in a queue: the instant that it is ordered by, then the id."""

    key: datetime | None
    id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """One thing in a queue. `key` is what the queue is ordered by; the last three tell who has claimed it."""

    id: UUID
    number: str
    state: str
    attention: Sequence[str]
    due_at: datetime | None
    since: datetime
    yellow_at: datetime | None
    key: datetime | None
    holder_id: UUID | None
    holder: str | None
    until: datetime | None

    @property
    def place(self) -> Place:
        """Where it stands."""
        return Place(key=self.key, id=self.id)


class WorklistRepository:
    """Queues as the caller sees them."""

    def __init__(self, session: AsyncSession) -> None:
        """Work within one session."""
        self._session = session

    async def lights(
        self, queue: Queue, sight: Sight, account_id: UUID, clock: ClockKind, now: datetime
    ) -> dict[str, int]:
        """Return how many wait, by light."""
        due_at, yellow_at = _instants(queue, clock)
        light = case((due_at.is_(None), "none"), (due_at <= now, "red"), (yellow_at <= now, "yellow"), else_="green")
        found = await self._session.execute(
            select(light.label("light"), func.count()).where(_waiting(queue, sight, account_id)).group_by("light")
        )
        return {name: count for name, count in found}  # noqa: C416  # rows are not tuples to the type checker

    async def first(self, queue: Queue, sight: Sight, account_id: UUID, clock: ClockKind, limit: int) -> list[Waiting]:
        """Return those due first, then those that wait longest."""
        due_at, yellow_at = _instants(queue, clock)
        of_case = queue.thing is Thing.CASE
        number: InstrumentedAttribute[str] = Case.case_no if of_case else Report.receipt_no
        since = Case.filed_at if of_case else Report.received_at
        table: Any = Case if of_case else Report
        found = await self._session.execute(
            select(table.id, number, table.state, table.attention, due_at, yellow_at, since)
            .where(_waiting(queue, sight, account_id))
            .order_by(due_at.asc().nulls_last(), since, table.id)
            .limit(limit)
        )
        return [
            Waiting(id=one, number=no, state=state, attention=attention, due_at=due, yellow_at=yellow, since=at)
            for one, no, state, attention, due, yellow, at in found
        ]

    async def queued(
        self,
        queue: Queue,
        sight: Sight,
        account_id: UUID,
        now: datetime,
        *,
        limit: int,
        behind: Place | None = None,
        among: Collection[UUID] | None = None,
    ) -> list[Queued]:
        """Return what stands in a queue behind a place, the first first; what has no instant comes before all.

        With `among`, only of these things.
        """
        table, key = _table(queue), _key(queue)
        claimed = and_(LeaseRow.subject_id == table.id, LeaseRow.post == queue.post, LeaseRow.until > now)
        found = await self._session.execute(
            _joined(select(*_columns(queue), key, LeaseRow.account_id, Account.name, LeaseRow.until), queue)
            .outerjoin(LeaseRow, claimed)
            .outerjoin(Account, Account.id == LeaseRow.account_id)
            .where(_standing_in(queue, sight, account_id), *_behind(key, table.id, behind))
            .where(table.id.in_(among) if among is not None else true())
            .order_by(key.asc().nulls_first(), table.id)
            .limit(limit)
        )
        return [Queued(**dict(zip(Queued.__dataclass_fields__, row, strict=True))) for row in found]

    async def free(self, queue: Queue, sight: Sight, account_id: UUID, now: datetime, *, limit: int) -> list[Queued]:
        """Lock the first in a queue that nobody has claimed and nobody is busy with."""
        table, key = _table(queue), _key(queue)
        claimed = select(LeaseRow.post).where(LeaseRow.subject_id == table.id, LeaseRow.post == queue.post)
        found = await self._session.execute(
            _joined(select(*_columns(queue), key), queue)
            .where(_standing_in(queue, sight, account_id), ~claimed.where(LeaseRow.until > now).exists())
            .order_by(key.asc().nulls_first(), table.id)
            .limit(limit)
            .with_for_update(of=table, key_share=True, skip_locked=True)
        )
        return [
            Queued(**dict(zip(Queued.__dataclass_fields__, (*row, None, None, None), strict=True))) for row in found
        ]


def _table(queue: Queue) -> Any:  # noqa: ANN401  # one of two mapped classes
    return Case if queue.thing is Thing.CASE else Report


def _key(queue: Queue) -> Column:
    """Return the column that a queue is ordered by: one limit for all of a queue, or a due time of each."""
    if queue.ruling:
        return CaseRequest.ruling_due_at
    if queue.limit is None:
        return Case.leg_due_at
    return Case.waiting_since if queue.thing is Thing.CASE else Report.waiting_since


def _columns(queue: Queue) -> tuple[Any, ...]:
    if queue.thing is Thing.REPORT:
        waiting = func.coalesce(Report.waiting_since, Report.received_at)
        return Report.id, Report.receipt_no, Report.state, Report.attention, Report.answer_due_at, waiting, null()
    since = CaseRequest.asked_at if queue.ruling else func.coalesce(Case.waiting_since, Case.filed_at)
    due_at, yellow_at = _instants(queue, _clock(queue))
    yellow = null() if queue.ruling else yellow_at
    return Case.id, Case.case_no, Case.state, Case.attention, due_at, since, yellow


def _clock(queue: Queue) -> ClockKind:
    return ClockKind.LEG if queue.post in UNIT_POSTS else ClockKind.CASE


def _joined(query: Select[Any], queue: Queue) -> Select[Any]:
    if not queue.ruling:
        return query.select_from(_table(queue))
    pending = and_(CaseRequest.case_id == Case.id, CaseRequest.state == RequestState.PENDING)
    return query.select_from(Case).join(CaseRequest, and_(pending, CaseRequest.ruler == queue.post))


def _standing_in(queue: Queue, sight: Sight, account_id: UUID) -> ColumnElement[bool]:
    """Return the condition to stand in a queue; of requests the join has asked already."""
    return _waiting(replace(queue, ruling=False), sight, account_id)


def _behind(key: Column, row_id: Any, place: Place | None) -> tuple[ColumnElement[bool], ...]:  # noqa: ANN401  # a mapped column
    if place is None:
        return ()
    if place.key is None:
        return (or_(key.is_not(None), row_id > place.id),)
    return (tuple_(key, row_id) > tuple_(place.key, place.id),)


def _instants(queue: Queue, clock: ClockKind) -> tuple[Column, Column]:
    if queue.thing is Thing.REPORT:
        return Report.answer_due_at, Report.answer_due_at
    if clock is ClockKind.LEG:
        return Case.leg_due_at, Case.leg_yellow_at
    return Case.case_due_at, Case.case_yellow_at


def _waiting(queue: Queue, sight: Sight, account_id: UUID) -> ColumnElement[bool]:
    if queue.thing is Thing.REPORT:
        tests = [Report.state.in_(queue.states), reports_in_sight(sight)]
        if queue.mine:
            tests.append(Report.verifier_id == account_id)
        return and_(*tests)
    tests = [Case.state.in_(queue.states), cases_in_sight(sight)]
    if queue.mine:
        tests.append(Case.inspector_id == account_id)
    if queue.ruling:
        asked = select(CaseRequest.id).where(CaseRequest.case_id == Case.id, CaseRequest.ruler == queue.post)
        tests.append(asked.where(CaseRequest.state == RequestState.PENDING).exists())
    if queue.unsigned:
        leg = select(LegFacts.number).where(LegFacts.case_id == Case.id, LegFacts.ended_at.is_(None))
        own = LegFacts.unit_code.in_(sorted(sight.units))
        tests.append(leg.where(LegFacts.signed_at.is_(None), own).exists())
    if queue.post in UNIT_POSTS:  # seen is also what it had once; a part of a case waits for its unit, too
        units = sorted(sight.units)
        tests.append(or_(Case.unit_code.in_(units), Case.leg_units.overlap(units)))
    return and_(*tests)
