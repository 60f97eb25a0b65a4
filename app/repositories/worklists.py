"""All SQL about worklists: how many wait by light, and the first of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from app.dispatch.access import Sight, Thing
from app.dispatch.codes import ClockKind, RequestState
from app.dispatch.worklist import Queue
from app.models.cases import Case, CaseRequest, LegFacts
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
        tests.append(leg.where(LegFacts.signed_at.is_(None)).exists())
    return and_(*tests)
