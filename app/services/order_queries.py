"""Read orders: a list, one with its steps, what may be done to it, those about a case."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.access import Actor, Thing, sees_by_reach, sight
from app.dispatch.book import Book
from app.dispatch.disclosure import OVERSEERS
from app.dispatch.errors import NotVisible
from app.dispatch.order_access import order_sight, permitted_on_order
from app.dispatch.order_codes import OrderAction
from app.dispatch.orders import allowed
from app.models.orders import OrderRow, OrderStep
from app.repositories.orders import OrderedCase, OrderFilter, OrderRepository
from app.services.books import Books
from app.services.order_ledger import standing_of
from app.services.transaction import Sessions, reading


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderStepView:
    """A step as the caller is told it; `by` is a name where he may know it."""

    step: OrderStep
    by: str | None
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderView:
    """An order as one caller sees it. `late`: answered, ended or still waiting later than due."""

    row: OrderRow
    unit_name: str | None
    late: bool
    cases: Sequence[OrderedCase] = ()
    followed_by: Sequence[UUID] = ()
    steps: Sequence[OrderStepView] = ()


class OrderQueries:
    """Everything that reads orders and changes nothing."""

    def __init__(self, sessions: Sessions, books: Books, now: Callable[[], datetime]) -> None:
        """Take where to read from."""
        self._sessions = sessions
        self._books = books
        self._now = now

    async def page(
        self, wanted: OrderFilter, actor: Actor, *, limit: int, behind: str | None
    ) -> tuple[list[OrderView], str | None]:
        """Return some of the orders that the actor sees, and the cursor behind them."""
        book = self._books.current
        async with reading(self._sessions) as session:
            orders = OrderRepository(session)
            found, following = await orders.page(
                wanted, order_sight(actor, book.units_below), limit=limit, behind=behind
            )
            cases = await orders.cases([one.id for one in found], sight(actor, Thing.CASE, book.units_below))
        return [_view(one, book, self._now(), cases=cases.get(one.id, ())) for one in found], following

    async def get(self, order_id: UUID, actor: Actor) -> OrderView:
        """Return one order with its steps; raise NotVisible for one that is not there or not for the actor."""
        book = self._books.current
        async with reading(self._sessions) as session:
            orders = OrderRepository(session)
            row = await _seen(orders, order_id, actor, book)
            cases = await orders.cases([order_id], sight(actor, Thing.CASE, book.units_below))
            return _view(
                row,
                book,
                self._now(),
                cases=cases.get(order_id, ()),
                followed_by=await orders.following(order_id),
                steps=await self._steps(session, row, actor),
            )

    async def possible(self, order_id: UUID, actor: Actor) -> tuple[OrderAction, ...]:
        """Return what the actor may do to an order in its present state."""
        book = self._books.current
        async with reading(self._sessions) as session:
            row = await _seen(OrderRepository(session), order_id, actor, book)
        return permitted_on_order(actor, standing_of(row), book.units_below, allowed(row.state))

    async def _steps(self, session: AsyncSession, row: OrderRow, actor: Actor) -> list[OrderStepView]:
        orders = OrderRepository(session)
        steps, texts = await orders.steps(row.id), await orders.texts(row.id)
        names: Mapping[UUID, str] = {}
        if any(one.post in OVERSEERS and sees_by_reach(one, row.desk, row.regions) for one in actor.appointments):
            names = await orders.names({one.actor_id for one in steps if one.actor_id})
        return [
            OrderStepView(
                step=one, by=names.get(one.actor_id) if one.actor_id else None, texts=texts.get(one.number, {})
            )
            for one in steps
        ]


async def orders_of_case(session: AsyncSession, case_id: UUID, actor: Actor, book: Book) -> Sequence[OrderRow]:
    """Return the orders about a case that the actor sees, the first ones first."""
    return await OrderRepository(session).of_case(case_id, order_sight(actor, book.units_below))


async def _seen(orders: OrderRepository, order_id: UUID, actor: Actor, book: Book) -> OrderRow:
    row = await orders.get(order_id, order_sight(actor, book.units_below))
    if row is None:
        raise NotVisible
    return row


def _view(
    row: OrderRow,
    book: Book,
    now: datetime,
    *,
    cases: Sequence[OrderedCase] = (),
    followed_by: Sequence[UUID] = (),
    steps: Sequence[OrderStepView] = (),
) -> OrderView:
    unit = book.units.get(row.unit_code)
    late = (row.answered_at or row.ended_at or now) > row.due_at
    return OrderView(
        row=row,
        unit_name=unit.name if unit else None,
        late=late,
        cases=cases,
        followed_by=followed_by,
        steps=steps,
    )
