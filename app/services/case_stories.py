"""What happened to a case and how its clocks run, told from its history as far as the caller may know it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.access import Actor
from app.dispatch.calendar import WorkCalendar
from app.dispatch.clock_story import RoundClocks, calendar_versions, tell
from app.dispatch.codes import Action, Post
from app.dispatch.disclosure import details, oversees, readable
from app.models.history import HistoryRow
from app.repositories.cases import CaseRepository
from app.repositories.history import HistoryRepository
from app.repositories.sets import SetRepository
from app.services.books import Books
from app.services.case_queries import regions_of, seen_case
from app.services.transaction import Sessions, reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One step as the caller is told it; `by` is a name where he may know it."""

    number: int
    action: Action
    from_state: str | None
    to_state: str
    post: Post
    by: str | None
    on_behalf_of: str | None
    recorded_at: datetime
    occurred_at: datetime | None
    texts: Mapping[str, str]
    details: Mapping[str, Any]
    policy: str | None
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedClocks:
    """Both clocks, and the names of those who granted pauses and extensions, where the caller may know them."""

    clocks: RoundClocks
    names: Mapping[UUID, str]


class CaseStories:
    """Histories and clocks of cases."""

    def __init__(self, sessions: Sessions, books: Books, now: Callable[[], datetime]) -> None:
        """Take where to read from."""
        self._sessions = sessions
        self._books = books
        self._now = now

    async def history(self, case_id: UUID, actor: Actor, *, limit: int, behind: int) -> tuple[list[Told], int | None]:
        """Return steps after number `behind`, and the number to go on behind."""
        async with reading(self._sessions) as session:
            case = await seen_case(session, case_id, actor, self._books.current)
            overseen = oversees(actor, case.desk, regions_of(case))
            repository = HistoryRepository(session)
            rows = [row for row in await repository.rows(case_id) if row.number > behind]
            shown = rows[:limit]
            texts = await repository.texts((case_id, row.number) for row in shown)
            names = await _names(session, shown) if overseen else {}
        told = [
            _told(row, texts.get((case_id, row.number), {}), names, actor=actor, overseen=overseen) for row in shown
        ]
        return told, shown[-1].number if len(rows) > limit else None

    async def clocks(self, case_id: UUID, actor: Actor) -> NamedClocks:
        """Return both clocks of the present round."""
        book = self._books.current
        async with reading(self._sessions) as session:
            case = await seen_case(session, case_id, actor, book)
            rows = (await HistoryRepository(session).entries([case_id]))[case_id]
            past = await self._past(session, calendar_versions(rows) - {book.calendar.version})
            clocks = tell(rows, book.calendar, self._now(), past)
            names = {}
            if oversees(actor, case.desk, regions_of(case)):
                names = await CaseRepository(session).names({row.actor_id for row in rows if row.actor_id})
        return NamedClocks(clocks=clocks, names=names)

    async def _past(self, session: AsyncSession, versions: frozenset[int]) -> dict[int, WorkCalendar]:
        found = [await SetRepository(session).calendar(version) for version in sorted(versions)]
        return {calendar.version: calendar for calendar in found if calendar is not None}


async def _names(session: AsyncSession, rows: Sequence[HistoryRow]) -> dict[UUID, str]:
    return await CaseRepository(session).names({row.actor_id for row in rows if row.actor_id})


def _told(
    row: HistoryRow, texts: Mapping[str, str], names: Mapping[UUID, str], *, actor: Actor, overseen: bool
) -> Told:
    own = row.actor_id == actor.account_id
    return Told(
        number=row.number,
        action=row.action,
        from_state=row.from_state,
        to_state=row.to_state,
        post=row.post,
        by=names.get(row.actor_id) if row.actor_id else None,
        on_behalf_of=row.on_behalf_of,
        recorded_at=row.recorded_at,
        occurred_at=row.occurred_at,
        texts=readable(texts, action=row.action, post=row.post, overseen=overseen, own=own),
        details=details(row.payload, overseen=overseen),
        policy=row.policy,
        hash=row.hash,
    )
