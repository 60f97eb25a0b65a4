"""What is refused first: a thing out of sight, then an action that is never the caller's, whatever was sent along."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.access import Actor, Standing, Thing, permit, sight
from app.dispatch.codes import Action
from app.dispatch.errors import GridcaseError, NotPermitted, NotVisible
from app.dispatch.leases import claimable_posts, never_claimed
from app.dispatch.order_access import order_sight, permit_order
from app.dispatch.order_codes import OrderAction
from app.models.cases import Case
from app.models.reports import Report
from app.repositories.orders import OrderRepository
from app.services import standings
from app.services.books import Books
from app.services.order_ledger import standing_of
from app.services.transaction import Sessions, reading


class Precedence:
    """Asked before anything is said about the contents of a request, so that contents never tell what exists."""

    def __init__(self, sessions: Sessions, books: Books) -> None:
        """Take where things are and the book in force."""
        self._sessions = sessions
        self._books = books

    async def refusal(
        self, actor: Actor, thing: Thing, subject_id: UUID, action: Action | None, *, claiming: bool = False
    ) -> GridcaseError | None:
        """Return NotVisible or NotPermitted where one of them applies."""
        units_below = self._books.current.units_below
        async with reading(self._sessions) as session:
            standing = await _standing(session, thing, subject_id)
        if standing is None or not sight(actor, thing, units_below).covers(standing):
            return NotVisible()
        if claiming and not claimable_posts(actor, thing, standing, units_below):
            return never_claimed()
        if action is not None:
            try:
                permit(actor, action, standing, units_below)
            except NotPermitted as error:
                return error
        return None

    async def order_refusal(self, actor: Actor, order_id: UUID, action: OrderAction | None) -> GridcaseError | None:
        """Return NotVisible or NotPermitted where one of them applies to an order."""
        units_below = self._books.current.units_below
        async with reading(self._sessions) as session:
            order = await OrderRepository(session).get(order_id, order_sight(actor, units_below))
        if order is None:
            return NotVisible()
        if action is not None:
            try:
                permit_order(actor, action, standing_of(order), units_below)
            except NotPermitted as error:
                return error
        return None


async def _standing(session: AsyncSession, thing: Thing, subject_id: UUID) -> Standing | None:
    if thing is Thing.CASE:
        case = await session.get(Case, subject_id)
        return standings.of_case(case) if case else None
    report = await session.get(Report, subject_id)
    return standings.of_report(report) if report else None
