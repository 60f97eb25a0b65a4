"""Prove that every spot has exactly one responsible unit for everything: by the sets in force, or by drafts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from app.dispatch.access import Actor, Office, office_holder
from app.dispatch.book import Book
from app.dispatch.coverage import Coverage, prove_through
from app.dispatch.coverage_story import Story, told
from app.dispatch.set_codes import SetKind
from app.services.books import Books
from app.services.proving import apart, books_of
from app.services.transaction import Sessions, reading

GROUPS_AT_MOST: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """A proof for now and for every later instant at which something begins or ends; the largest groups told."""

    coverage: Coverage
    stories: tuple[Story, ...]
    later: tuple[Coverage, ...]
    unproven_from: datetime | None
    versions: Mapping[str, int]


class CoverageProofs:
    """Proofs; nothing is stored."""

    def __init__(self, sessions: Sessions, books: Books, now: Callable[[], datetime]) -> None:
        """Take where the sets are."""
        self._sessions = sessions
        self._books = books
        self._now = now

    async def prove(self, actor: Actor, wanted: Mapping[SetKind, UUID]) -> Proven:
        """Prove the sets in force, those of `wanted` put in their place; raises NotPermitted and BadInput."""
        office_holder(actor, Office.PROOFS)
        now = self._now()
        async with reading(self._sessions) as session:
            _, book, edition = await books_of(self._books, session, wanted, now, source="query")
        versions = {kind.value: one.version for kind, one in edition.sets.items()}
        return await apart(lambda: _proven(book, now, versions))


def _proven(book: Book, at: datetime, versions: Mapping[str, int]) -> Proven:
    (coverage, *later), unproven_from = prove_through(book, at)
    return Proven(
        coverage=coverage,
        stories=tuple(told(book, coverage, group) for group in coverage.groups[:GROUPS_AT_MOST]),
        later=tuple(later),
        unproven_from=unproven_from,
        versions=versions,
    )
