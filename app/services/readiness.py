"""Whether this process can serve: asked by load balancers, often, so it stays cheap."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from app.dispatch.errors import Unavailable
from app.repositories.health import HealthRepository
from app.services.books import Books
from app.services.transaction import Sessions, reading

MOST_SKEW_S: Final = 2.0
RELEASE: Final = "0.1.0"
"""The same as in pyproject.toml; said here because a clone that runs in place is not installed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """What was found; `skew_s` is our clock minus the database's."""

    database: bool = False
    seeded: bool = False
    book: bool = False
    skew_s: float | None = None
    versions: Mapping[str, int] = field(default_factory=dict)
    release: str = RELEASE

    @property
    def clock(self) -> bool:
        """Whether our clock can be trusted."""
        return self.skew_s is not None and abs(self.skew_s) <= MOST_SKEW_S

    @property
    def ready(self) -> bool:
        """Whether everything is there."""
        return self.database and self.seeded and self.book and self.clock


async def readiness(sessions: Sessions, books: Books, now: Callable[[], datetime]) -> Readiness:
    """Look at everything that serving needs; never raises for what is merely missing."""
    loaded = books.ready
    versions = dict(books.current.versions) if loaded else {}
    try:
        async with reading(sessions) as session:
            repository = HealthRepository(session)
            seeded = await repository.seeded()
            before, clock, after = now(), await repository.clock(), now()
    except (Unavailable, SQLAlchemyError, TimeoutError):
        return Readiness(book=loaded, versions=versions)
    middle = before + (after - before) / 2
    return Readiness(
        database=True, seeded=seeded, book=loaded, skew_s=(middle - clock).total_seconds(), versions=versions
    )
