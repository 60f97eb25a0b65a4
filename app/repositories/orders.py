"""All SQL about orders: they are added and moved, their steps only added."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, insert, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.access import Sight
from app.dispatch.codes import CaseState
from app.dispatch.order_codes import OrderKind, OrderState
from app.dispatch.orders import OrderEntry
from app.models.cases import Case, CaseReport
from app.models.orders import ORDER_NUMBERS, OrderCase, OrderRow, OrderStep, OrderText
from app.models.people import Account
from app.models.work import Timer
from app.repositories.paging import after, cursor, position
from app.repositories.reach import cases_in_sight, orders_in_sight

_NEWEST_FIRST: Final = "-issued_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilter:
    """What a list is narrowed to; an empty sequence or None means any. `now` decides what is overdue."""

    now: datetime
    state: Sequence[OrderState] = ()
    kind: Sequence[OrderKind] = ()
    unit_code: Sequence[str] = ()
    units_below: frozenset[str] | None = None
    desk: Sequence[str] = ()
    case_id: UUID | None = None
    overdue: bool | None = None
    due_from: datetime | None = None
    due_to: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderedCase:
    """A case that an order is about."""

    order_id: UUID
    id: UUID
    case_no: str
    state: CaseState


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePlace:
    """Where a case lies, whose it is and who is at work on it."""

    id: UUID
    state: CaseState
    desk: str
    unit_code: str | None
    regions: frozenset[str]


class OrderRepository:
    """Orders within one session."""

    def __init__(self, session: AsyncSession) -> None:
        """Work within one session."""
        self._session = session

    async def next_number(self) -> int:
        """Return the next number behind `order_no`."""
        return int(await self._session.scalar(select(ORDER_NUMBERS.next_value())) or 0)

    async def add(self, row: Mapping[str, Any], case_ids: Collection[UUID]) -> None:
        """Store a new order and what it is about."""
        await self._session.execute(insert(OrderRow), [dict(row)])
        if case_ids:
            await self._session.execute(
                insert(OrderCase), [{"order_id": row["id"], "case_id": one} for one in sorted(case_ids)]
            )

    async def lock(self, ids: Collection[UUID]) -> dict[UUID, OrderRow]:
        """Lock orders in the order of their ids; those that are not there are left out."""
        query = select(OrderRow).where(OrderRow.id.in_(sorted(ids))).order_by(OrderRow.id).with_for_update()
        found = await self._session.scalars(query.execution_options(populate_existing=True)) if ids else ()
        return {row.id: row for row in found}

    async def move(self, order_id: UUID, values: Mapping[str, Any]) -> None:
        """Set what a step led to."""
        await self._session.execute(update(OrderRow).where(OrderRow.id == order_id).values(**values))

    async def append(self, step: Mapping[str, Any], texts: Sequence[Mapping[str, Any]]) -> None:
        """Add a step with its texts."""
        await self._session.execute(insert(OrderStep), [dict(step)])
        if texts:
            await self._session.execute(insert(OrderText), [dict(one) for one in texts])

    async def set_timer(self, row: Mapping[str, Any]) -> None:
        """Let a due time be looked after."""
        await self._session.execute(insert(Timer), [dict(row)])

    async def drop_timers(self, order_id: UUID, kind: str, at: datetime) -> None:
        """Let the timers of an order lapse."""
        waiting = (Timer.subject_id == order_id) & (Timer.kind == kind) & Timer.done_at.is_(None)
        await self._session.execute(update(Timer).where(waiting).values(done_at=at))

    async def steps(self, order_id: UUID) -> Sequence[OrderStep]:
        """Return the steps of an order, in order."""
        query = select(OrderStep).where(OrderStep.order_id == order_id).order_by(OrderStep.number)
        return (await self._session.scalars(query)).all()

    async def texts(self, order_id: UUID) -> dict[int, dict[str, str]]:
        """Return the texts of an order's steps, by number and field."""
        found: dict[int, dict[str, str]] = {}
        for row in await self._session.scalars(select(OrderText).where(OrderText.order_id == order_id)):
            found.setdefault(row.number, {})[row.field] = row.body
        return found

    async def get(self, order_id: UUID, sight: Sight) -> OrderRow | None:
        """Return an order that the caller sees, as it stands now."""
        query = select(OrderRow).where(OrderRow.id == order_id, orders_in_sight(sight))
        found: OrderRow | None = await self._session.scalar(query.execution_options(populate_existing=True))
        return found

    async def page(
        self, wanted: OrderFilter, sight: Sight, *, limit: int, behind: str | None
    ) -> tuple[Sequence[OrderRow], str | None]:
        """Return orders that the caller sees, the newest first, and the cursor of the next page."""
        columns = (OrderRow.issued_at, OrderRow.id)
        query = select(OrderRow).where(_narrowed(wanted), orders_in_sight(sight))
        if behind is not None:
            query = query.where(after(columns, position(behind, order=_NEWEST_FIRST), descending=True))
        query = query.order_by(*(column.desc() for column in columns)).limit(limit + 1)
        found = (await self._session.scalars(query)).all()
        last = found[limit - 1] if found[limit:] else None
        return found[:limit], cursor((_NEWEST_FIRST, last.issued_at, last.id)) if last else None

    async def cases(self, order_ids: Collection[UUID], sight: Sight) -> dict[UUID, list[OrderedCase]]:
        """Return what orders are about, as far as the caller sees those cases."""
        query = (
            select(OrderCase.order_id, Case.id, Case.case_no, Case.state)
            .join(Case, Case.id == OrderCase.case_id)
            .where(OrderCase.order_id.in_(order_ids), cases_in_sight(sight))
            .order_by(Case.id)
        )
        found: dict[UUID, list[OrderedCase]] = {}
        for row in await self._session.execute(query):
            one = OrderedCase(order_id=row.order_id, id=row.id, case_no=row.case_no, state=row.state)
            found.setdefault(row.order_id, []).append(one)
        return found

    async def of_case(self, case_id: UUID, sight: Sight) -> Sequence[OrderRow]:
        """Return the orders about a case that the caller sees, the first ones first."""
        query = select(OrderRow).join(OrderCase, OrderCase.order_id == OrderRow.id)
        query = query.where(OrderCase.case_id == case_id, orders_in_sight(sight)).order_by(OrderRow.id)
        return (await self._session.scalars(query)).all()

    async def following(self, order_id: UUID) -> Sequence[UUID]:
        """Return the orders that followed misses of an order."""
        query = select(OrderRow.id).where(OrderRow.follows == order_id).order_by(OrderRow.id)
        return (await self._session.scalars(query)).all()

    async def about(self, order_id: UUID) -> list[UUID]:
        """Return all cases that an order is about, whoever asks."""
        query = select(OrderCase.case_id).where(OrderCase.order_id == order_id).order_by(OrderCase.case_id)
        return list(await self._session.scalars(query))

    async def places(self, case_ids: Collection[UUID], sight: Sight) -> dict[UUID, CasePlace]:
        """Return where cases lie; those that are not in sight are left out."""
        query = select(Case).where(Case.id.in_(case_ids), cases_in_sight(sight))
        return {
            one.id: CasePlace(
                id=one.id,
                state=one.state,
                desk=one.desk,
                unit_code=one.unit_code,
                regions=frozenset(code for code in (one.district, one.street, one.community) if code),
            )
            for one in (await self._session.scalars(query) if case_ids else ())
        }

    async def reports_of(self, case_ids: Collection[UUID]) -> list[UUID]:
        """Return the reports that cases carry, whose reporters must not be named."""
        query = select(CaseReport.report_id).where(CaseReport.case_id.in_(case_ids)).distinct()
        return list(await self._session.scalars(query)) if case_ids else []

    async def names(self, account_ids: Collection[UUID]) -> dict[UUID, str]:
        """Return the names of accounts."""
        query = select(Account.id, Account.name).where(Account.id.in_(account_ids))
        return {row.id: row.name for row in (await self._session.execute(query) if account_ids else ())}


def entry_of(row: OrderStep) -> OrderEntry:
    """Return a step as the value that is folded."""
    return OrderEntry(
        number=row.number,
        action=row.action,
        target=row.to_state,
        post=row.post,
        actor_id=row.actor_id,
        recorded_at=row.recorded_at,
        payload=row.payload,
    )


def _narrowed(wanted: OrderFilter) -> ColumnElement[bool]:
    pairs: tuple[tuple[Any, Sequence[Any]], ...] = (
        (OrderRow.state, wanted.state),
        (OrderRow.kind, wanted.kind),
        (OrderRow.unit_code, wanted.unit_code),
        (OrderRow.desk, wanted.desk),
    )
    tests: list[ColumnElement[bool]] = [column.in_(values) for column, values in pairs if values]
    if wanted.units_below is not None:
        tests.append(OrderRow.unit_code.in_(sorted(wanted.units_below)))
    if wanted.case_id is not None:
        tests.append(exists().where(OrderCase.order_id == OrderRow.id, OrderCase.case_id == wanted.case_id))
    if wanted.overdue is not None:
        late = func.coalesce(OrderRow.answered_at, OrderRow.ended_at, wanted.now) > OrderRow.due_at
        tests.append(late if wanted.overdue else ~late)
    if wanted.due_from is not None:
        tests.append(OrderRow.due_at >= wanted.due_from)
    if wanted.due_to is not None:
        tests.append(OrderRow.due_at < wanted.due_to)
    return and_(true(), *tests)
