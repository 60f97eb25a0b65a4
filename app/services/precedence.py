"""What is refused first: a thing out of sight, then an action that is never the caller's, whatever was sent along."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.access import Actor, Standing, Thing, permit, sight
from app.dispatch.codes import Action
from app.dispatch.errors import GridcaseError, NotPermitted, NotVisible
from app.models.cases import Case
from app.models.reports import Report
from app.services import standings
from app.services.books import Books
from app.services.transaction import Sessions, reading


class Precedence:
    """Asked before anything is said about the contents of a request, so that contents never tell what exists."""

    def __init__(self, sessions: Sessions, books: Books) -> None:
        """Take where things are and the book in force."""
        self._sessions = sessions
        self._books = books

    async def refusal(
        self, actor: Actor, thing: Thing, subject_id: UUID, action: Action | None
    ) -> GridcaseError | None:
        """Return NotVisible or NotPermitted where one of them applies."""
        units_below = self._books.current.units_below
        async with reading(self._sessions) as session:
            standing = await _standing(session, thing, subject_id)
        if standing is None or not sight(actor, thing, units_below).covers(standing):
            return NotVisible()
        if action is not None:
            try:
                permit(actor, action, standing, units_below)
            except NotPermitted as error:
                return error
        return None


async def _standing(session: AsyncSession, thing: Thing, subject_id: UUID) -> Standing | None:
    if thing is Thing.CASE:
        case = await session.get(Case, subject_id)
        return standings.of_case(case) if case else None
    report = await session.get(Report, subject_id)
    return standings.of_report(report) if report else None
