"""The book in memory: read at the start, looked at once a second, and again inside every writing transaction."""

import asyncio
import contextlib
from typing import Self

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.book import Book
from app.dispatch.errors import GridcaseError, Unavailable
from app.repositories.sets import SetRepository
from app.services.transaction import Sessions, reading

log = structlog.get_logger()

LOOK_EVERY_S = 1.0


class Books:
    """Hold the book in force. Requests in flight keep the one they began with."""

    def __init__(self, sessions: Sessions, book: Book | None = None) -> None:
        """Take where to read from; `book` is for those who have one already."""
        self._sessions = sessions
        self._book = book
        self._watch: asyncio.Task[None] | None = None

    @property
    def current(self) -> Book:
        """The book in force; raises Unavailable before the first activation."""
        if self._book is None:
            raise Unavailable("基础数据尚未就绪", retry_after_s=2, code="not_ready")
        return self._book

    @property
    def ready(self) -> bool:
        """Whether there is a book."""
        return self._book is not None

    async def refresh(self) -> None:
        """Read the book anew if another version is in force."""
        async with reading(self._sessions) as session:
            repository = SetRepository(session)
            if self._book is None or await repository.book_number() != self._book.number:
                self._book = await repository.book() or self._book

    async def agreed(self, session: AsyncSession) -> Book:
        """Return the book in force as this transaction sees it, so that what is stored names the right version."""
        repository = SetRepository(session)
        if self._book is None or await repository.book_number() != self._book.number:
            self._book = await repository.book() or self._book
        return self.current

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
            await asyncio.sleep(LOOK_EVERY_S)
            await self._try()

    async def _try(self) -> None:
        """Read it if that is possible now; whatever the database says, the next look may succeed."""
        try:
            await self.refresh()
        except (GridcaseError, SQLAlchemyError, OSError) as error:
            log.warning("book_not_read", kind=type(error).__name__)
