"""The books in memory: read at the start, looked at once a second, and again inside every writing transaction."""

import asyncio
import contextlib
import gc
from bisect import bisect_right
from collections import OrderedDict, defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Self

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from app.adapters.memory import give_back
from app.dispatch.book import Book
from app.dispatch.editions import Edition, in_force
from app.dispatch.errors import BadInput, GridcaseError, Unavailable
from app.repositories.plans import Plan, PlanRepository
from app.services.shelf import Shelf
from app.services.transaction import Sessions, reading, writing

log = structlog.get_logger()

LOOK_EVERY_S: Final = 1.0
AHEAD: Final = timedelta(seconds=60)
"""How long before its instant a scheduled book is made ready."""
PAST_AT_MOST: Final = 2
"""Past books a process keeps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """An edition with its book."""

    edition: Edition
    book: Book


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Books:
    """Hold the book in force, those about to be, and at most two past ones. Requests in flight keep theirs."""

    def __init__(
        self,
        sessions: Sessions,
        book: Book | None = None,
        *,
        now: Callable[[], datetime] = _utc_now,
        shelf: Shelf | None = None,
    ) -> None:
        """Take where to read from; `book` is for those who have one already."""
        self._sessions = sessions
        self._book = book
        self._now = now
        self._shelf = shelf or Shelf()
        self._held: Loaded | None = None
        self._coming: list[Loaded] = []
        self._past: OrderedDict[int, Loaded] = OrderedDict()
        self._seen: tuple[int, int] | None = None
        self._not_ready: datetime | None = None
        self._next_at: datetime | None = None
        self._loading = asyncio.Lock()
        self._hinted = asyncio.Event()
        self._watch: asyncio.Task[None] | None = None

    @property
    def current(self) -> Book:
        """The book in force now; raises Unavailable before the first activation."""
        one = self._in_force(self._now())
        book = one.book if one else self._book
        if book is None:
            raise Unavailable("基础数据尚未就绪", retry_after_s=2, code="not_ready")
        return book

    @property
    def ready(self) -> bool:
        """Whether there is a book."""
        return self._in_force(self._now()) is not None or self._book is not None

    async def refresh(self) -> None:
        """Read what is not in memory of what is in force or about to be."""
        async with reading(self._sessions) as session:
            await self._follow(session, ahead=AHEAD)

    async def agreed(self, session: AsyncSession) -> Book:
        """Return the book in force as this transaction sees it, so that what is stored names the right version."""
        await self._follow(session, ahead=timedelta())
        return self.current

    async def at(self, session: AsyncSession, instant: datetime) -> Loaded:
        """Return what was in force at an instant, as it was known then; for one to come, what is planned for it.

        Raises BadInput before there was anything.
        """
        await self._follow(session, ahead=timedelta())
        if self._held is not None and _begun(self._held, instant) and not self._is_far(instant):
            return self._in_force(instant) or self._held
        async with self._loading:
            if self._is_far(instant):
                _, planned = await PlanRepository(session).editions()
                return await self._read(session, in_force(planned, instant))
            return await self._of_the_past(session, await PlanRepository(session).edition_at(instant))

    async def at_each(
        self, session: AsyncSession, asked: Mapping[int, datetime]
    ) -> AsyncIterator[tuple[Loaded, list[int]]]:
        """Yield what was in force at many instants, one edition after the other, with the keys it answers for.

        Only one edition is asked for at a time, so that thousands of questions about years need no more memory.
        """
        changes = await PlanRepository(session).changes()
        groups: dict[int, list[int]] = defaultdict(list)
        for key, instant in asked.items():
            groups[bisect_right(changes, instant)].append(key)
        for _, keys in sorted(groups.items(), reverse=True):
            loaded = await self.at(session, asked[keys[0]])
            yield loaded, keys

    async def drafted(self, session: AsyncSession, edition: Edition) -> Book:
        """Return the book that an edition would make; the parts it shares with those in force are not read again."""
        async with self._loading:
            book = await self._shelf.book(session, edition)
            self._clear()
            return book

    async def changed(self) -> None:
        """Follow what this process has just changed, and tell the others; they would see within a second anyway."""
        await self._try()
        try:
            async with writing(self._sessions) as session:
                await PlanRepository(session).notify()
        except (GridcaseError, SQLAlchemyError, OSError) as error:
            log.warning("hint_not_sent", kind=type(error).__name__)

    def hint(self) -> None:
        """Look now rather than at the next second."""
        self._hinted.set()

    async def __aenter__(self) -> Self:
        """Read the book, if the database is there already, and keep looking."""
        await self._try()
        self._watch = asyncio.create_task(self._look())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop looking."""
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch

    async def _look(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._hinted.wait(), LOOK_EVERY_S)
            self._hinted.clear()
            await self._try()

    async def _try(self) -> None:
        """Read it if that is possible now; whatever the database says, the next look may succeed."""
        try:
            await self.refresh()
            if self._next_at is not None and self._next_at <= self._now():
                await self.begin_due()
        except (GridcaseError, SQLAlchemyError, OSError) as error:
            log.warning("book_not_read", kind=type(error).__name__)

    async def begin_due(self) -> None:
        """Write down that scheduled sets have begun; whoever is awake does, and it changes nothing for anybody."""
        now = self._now()
        async with reading(self._sessions) as session:
            plan = await PlanRepository(session).plan()
        if plan.next_at is not None and plan.next_at <= now:
            async with writing(self._sessions) as session:
                await PlanRepository(session).begin_due(now)

    async def _follow(self, session: AsyncSession, *, ahead: timedelta) -> None:
        """Load what the plan says and memory lacks, once for all who ask; they come with a connection of their own."""
        if self._knows(await PlanRepository(session).plan(), ahead):
            return
        async with self._loading:
            if not self._knows(await PlanRepository(session).plan(), ahead):
                await self._load(session)

    def _knows(self, plan: Plan, ahead: timedelta) -> bool:
        return self._seen == (plan.number, plan.revision) and not self._is_far(self._now() + ahead)

    async def _load(self, session: AsyncSession) -> None:
        plan, planned = await PlanRepository(session).editions()
        soon = self._now() + AHEAD
        wanted = [one for one in planned[1:] if one.since is not None and one.since <= soon]
        known = [one for one in (self._held, *self._coming) if one is not None]
        held, *coming = [
            await self._read(session, one, known) if one.complete else None for one in (planned[0], *wanted)
        ]
        self._held, self._coming = held, [one for one in coming if one is not None]
        self._seen, self._next_at = (plan.number, plan.revision), plan.next_at
        self._not_ready = next((one.since for one in planned[1 + len(wanted) :]), None)
        self._clear()
        gc.freeze()  # a book is a million objects without cycles: the collector need not walk through them
        if held is not None:
            log.info("book_read", number=held.book.number, coming=len(self._coming))
        await asyncio.to_thread(give_back)

    async def _read(self, session: AsyncSession, edition: Edition, known: Sequence[Loaded] = ()) -> Loaded:
        """Return an edition's book: the one that is known, where it is the same."""
        if not edition.complete:
            raise BadInput("那时尚未启用基础数据，无从判断", code="nothing_in_force_then")
        same = next((one.book for one in known if one.edition.same_as(edition)), None)
        return Loaded(edition=edition, book=same or await self._shelf.book(session, edition))

    async def _of_the_past(self, session: AsyncSession, edition: Edition | None) -> Loaded:
        if edition is None:
            raise BadInput("那时尚未启用基础数据，无从判断", code="nothing_in_force_then")
        if edition.number not in self._past:
            self._past[edition.number] = await self._read(session, edition)
        self._past.move_to_end(edition.number)
        while len(self._past) > PAST_AT_MOST:
            self._past.popitem(last=False)
        self._clear()
        return self._past[edition.number]

    def _in_force(self, instant: datetime) -> Loaded | None:
        return next((one for one in reversed(self._coming) if _begun(one, instant)), self._held)

    def _is_far(self, instant: datetime) -> bool:
        return self._not_ready is not None and self._not_ready <= instant

    def _clear(self) -> None:
        held = (self._held, *self._coming, *self._past.values())
        self._shelf.clear(one.edition for one in held if one is not None)


def _begun(one: Loaded, instant: datetime) -> bool:
    return one.edition.since is not None and one.edition.since <= instant
