"""Which policies hold for a case, or held at an instant, and by which row: every step by policy can be explained."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.access import Actor
from app.dispatch.case_fold import fold
from app.dispatch.case_life import CaseLife
from app.dispatch.errors import BadInput
from app.dispatch.policies import KINDS, Policies
from app.dispatch.policy_about import about_case
from app.dispatch.policy_book import PolicyRow
from app.repositories.step_reading import StepReading
from app.services.books import Books
from app.services.case_queries import seen_case
from app.services.transaction import Sessions, reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One policy as it holds: its value as JSON has it, as it is shown, and the row that says so, if one does."""

    policy: str
    value: Any
    text: str
    row: PolicyRow | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePolicies:
    """Policies of cases; `base` is what holds without rows."""

    sessions: Sessions
    books: Books
    base: Policies
    now: Callable[[], datetime]

    async def of(self, case_id: UUID, actor: Actor, at: datetime | None) -> Sequence[Held]:
        """Return every policy as it holds for a case, or held; raises NotVisible, and BadInput before it was filed."""
        async with reading(self.sessions) as session:
            await seen_case(session, case_id, actor, self.books.current)
            now = self.now()
            life = await _life(session, case_id, at)
            book = self.books.current if at is None else (await self.books.at(session, at)).book
        about, instant = about_case(life, book), at or now
        policies = book.policies.of(about, instant, self.base)
        return [
            Held(
                policy=name,
                value=kind.write(getattr(policies, name)),
                text=kind.show(getattr(policies, name)),
                row=book.policies.decisive(name, about, instant),
            )
            for name, kind in KINDS.items()
        ]


async def _life(session: AsyncSession, case_id: UUID, at: datetime | None) -> CaseLife:
    """Return a case as it was at an instant."""
    steps = (await StepReading(session).histories([case_id]))[case_id]
    known = [entry for entry, _ in steps if at is None or entry.recorded_at <= at]
    if not known:
        raise BadInput.at(["query", "at"], "那时这个案件还没有立案", code="not_filed_then")
    return fold(known)
