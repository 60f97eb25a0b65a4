"""Locate open cases anew when a new ground comes into force: in batches, after the activation, a history row each.

Nothing is lost to a kill: what was moved lies right already and is not moved again, and the batch is looked at again.
Cases that are opened later from reports placed on the old ground come under it too: after the first pass each new case
is looked at once, as soon as no transaction can bring an older id any more.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

import numpy as np
import structlog

from app.dispatch.book import Book
from app.dispatch.case_places import same_codes
from app.dispatch.codes import Post
from app.dispatch.commands import Relocate
from app.dispatch.placing import place_each
from app.dispatch.policies import Policies
from app.models.activations import Relocation
from app.repositories.relocations import RelocationRepository, Standing
from app.services.acts import Act, Done
from app.services.books import Books
from app.services.ledger import Acting
from app.services.transaction import Sessions, reading, writing

log = structlog.get_logger()

AT_ONCE: Final = 500
SETTLED_AFTER: Final = timedelta(seconds=60)
"""No transaction lasts so long: an id that is older cannot still appear."""
POLICY: Final = "relocate"
_BELOW_INSTANT: Final = 80  # bits of a UUIDv7 below its milliseconds


class Plays(Protocol):
    """Who takes trusted steps."""

    async def play(self, acts: Sequence[Act]) -> list[Done]:
        """Take steps; a refused one stops none of the others."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    """Cases to look at, and the book that says where they lie now."""

    relocation: Relocation
    book: Book
    cases: Sequence[Standing]


class Relocations:
    """What follows from a new ground for the cases in hand."""

    def __init__(
        self,
        sessions: Sessions,
        books: Books,
        acts: Plays,
        policies: Policies,
        now: Callable[[], datetime],
        *,
        at_once: int = AT_ONCE,
    ) -> None:
        """Take where cases are, the books, who moves them, our clock, and how many cases make a batch."""
        self._sessions = sessions
        self._books = books
        self._acts = acts
        self._policies = policies
        self._now = now
        self._at_once = at_once

    async def look(self) -> int:
        """Look at everything that waits; return how many cases were moved."""
        moved, behind = 0, None
        while True:
            batch = await self._next(behind)
            if batch is None:
                return moved
            moved += await self._locate(batch)
            if len(batch.cases) < self._at_once:
                return moved
            behind = batch.cases[-1].id

    async def _next(self, behind: UUID | None) -> _Batch | None:
        async with reading(self._sessions) as session:
            repository = RelocationRepository(session)
            relocation = await repository.newest()
            if relocation is None:
                return None
            book = await self._books.agreed(session)
            start = max((one for one in (relocation.reached, behind) if one is not None), default=None)
            until = _first_id(self._now() - SETTLED_AFTER) if relocation.passed_at else None
            cases = await repository.open_cases(start, self._at_once, until=until)
            return _Batch(relocation=relocation, book=book, cases=cases) if cases or not relocation.passed_at else None

    async def _locate(self, batch: _Batch) -> int:
        """Move those of a batch that lie elsewhere now, then note how far it has come."""
        now = self._now()
        wanted = await asyncio.to_thread(self._moves, batch, now)
        done = await self._acts.play(wanted) if wanted else []
        moved = sum(one.error is None for one in done)
        relocation, sure = batch.relocation, _first_id(now - SETTLED_AFTER)
        settled = [one.id for one in batch.cases if one.id < sure]
        last = len(batch.cases) < self._at_once
        async with writing(self._sessions) as session:
            await RelocationRepository(session).advance(
                relocation.number,
                before=relocation.reached,
                reached=max((*settled, *([relocation.reached] if relocation.reached else [])), default=None),
                looked=len(settled),
                moved=moved,
                passed_at=now if last else None,
            )
        if moved:
            log.info("cases_relocated", book=batch.book.number, moved=moved)
        return moved

    def _moves(self, batch: _Batch, now: datetime) -> list[Act]:
        """Return the steps for cases whose codes have changed."""
        points = np.array([(one.lon, one.lat) for one in batch.cases], dtype=np.float64).reshape(-1, 2)
        tolerance_m = batch.book.city_policies(now, self._policies).snap_tolerance_m
        places = place_each(batch.book, points, [now] * len(points), tolerance_m=tolerance_m)
        acting = Acting(now=now, post=Post.POLICY)
        versions = {"book": batch.book.number, **batch.book.versions}
        return [
            Act(
                subject="case",
                subject_id=one.id,
                command=Relocate(spot=placed.spot, versions=versions),
                acting=acting,
                policy=POLICY,
            )
            for one, placed in zip(batch.cases, places, strict=True)
            if not same_codes(one.spot, placed.spot)
        ]


def _first_id(at: datetime) -> UUID:
    """Return the lowest UUIDv7 of an instant."""
    return UUID(int=int(at.timestamp() * 1000) << _BELOW_INSTANT)
