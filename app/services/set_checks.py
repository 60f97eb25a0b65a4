"""Look at sets before they come into force: the book that they would make, what is odd about it, is all covered."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch import activation
from app.dispatch.activation import Finding
from app.dispatch.book import Book
from app.dispatch.coverage import prove_through
from app.dispatch.editions import NEEDED, Edition, SetHead, editions, in_force
from app.dispatch.set_codes import SetKind, SetState
from app.models.sets import DataSet
from app.repositories.plans import PlanRepository
from app.repositories.sets import SetRepository
from app.services.books import Books


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What was found, and under which plan: another one may have changed it since."""

    findings: list[Finding]
    revision: int


class SetChecks:
    """Everything that is asked of sets before they are put in force; nothing is stored."""

    def __init__(self, books: Books) -> None:
        """Take where the books are, which share what does not change."""
        self._books = books

    async def of(self, session: AsyncSession, wanted: Sequence[DataSet], at: datetime) -> Checked:
        """Check sets that are to begin together at an instant, with what is in force then."""
        plan, edition = await self._planned(session, wanted, at)
        kinds = {one.kind for one in wanted}
        if not edition.complete:
            findings = activation.unprovable(kinds, NEEDED - edition.sets.keys())
            return Checked(findings=findings, revision=plan)
        book = await self._books.drafted(session, edition)
        components = edition.ids.get(SetKind.COMPONENTS)
        maintainers = await SetRepository(session).maintainer_counts(components) if components else {}
        await session.rollback()  # a proof may take seconds: nobody should wait for this connection meanwhile
        findings = await asyncio.to_thread(_found, book, kinds, maintainers, at)
        return Checked(findings=findings, revision=plan)

    async def _planned(self, session: AsyncSession, wanted: Sequence[DataSet], at: datetime) -> tuple[int, Edition]:
        """Return the revision of the plan, and what would be in force at the instant."""
        plans = PlanRepository(session)
        plan, planned = await plans.editions()
        chosen = {one.id for one in wanted}
        heads = [one for one in await plans.live() if one.id not in chosen]
        heads += [
            SetHead(
                id=one.id,
                kind=one.kind,
                name=one.name,
                version=one.version,
                state=SetState.SCHEDULED,
                active_from=at,
            )
            for one in wanted
        ]
        wished = editions(heads, number=plan.number, since=None, rulings=planned[0].rulings)
        return plan.revision, in_force(wished, at)


def _found(book: Book, kinds: Collection[SetKind], maintainers: Mapping[str, int], at: datetime) -> list[Finding]:
    """Examine and prove; in a thread, for it may take seconds."""
    found = activation.examine(book, maintainers)
    if book.rules.conflicts:
        return found  # who contradicts himself cannot be asked who is responsible
    proofs, _ = prove_through(book, at)
    return [*found, *activation.unproven(book, kinds, proofs)]
