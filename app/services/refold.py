"""Fold histories again up to a past instant, for figures that ask what was known then."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from app.dispatch import case_fold, report_life
from app.dispatch.case_facts import leg_facts, round_facts
from app.dispatch.facts import LegFacts, ReportFacts, RoundFacts
from app.repositories.history import HistoryRepository
from app.services.transaction import Sessions, reading


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFacts:
    """The rounds and legs of some cases."""

    rounds: Sequence[RoundFacts] = ()
    legs: Sequence[LegFacts] = ()


class Refold(Protocol):
    """What figures need to know what was known at a past instant."""

    async def cases(self, ids: Collection[UUID], as_of: datetime) -> CaseFacts:
        """Return the facts of these cases as of then; a case that was not there is left out."""
        ...

    async def reports(self, ids: Collection[UUID], as_of: datetime) -> Sequence[ReportFacts]:
        """Return the facts of these reports as of then."""
        ...


class HistoryRefold:
    """Fold the stored history: rows recorded until the instant, the instant included."""

    def __init__(self, sessions: Sessions) -> None:
        """Read histories with these sessions."""
        self._sessions = sessions

    async def cases(self, ids: Collection[UUID], as_of: datetime) -> CaseFacts:
        """Return the facts of these cases as of then."""
        async with reading(self._sessions) as session:
            told = await HistoryRepository(session).entries(ids, as_of=as_of)
        lives = {one: case_fold.fold(entries) for one, entries in told.items() if entries}
        return CaseFacts(
            rounds=[facts for one, life in lives.items() for facts in round_facts(one, life)],
            legs=[facts for one, life in lives.items() for facts in leg_facts(one, life)],
        )

    async def reports(self, ids: Collection[UUID], as_of: datetime) -> Sequence[ReportFacts]:
        """Return the facts of these reports as of then."""
        async with reading(self._sessions) as session:
            told = await HistoryRepository(session).entries(ids, as_of=as_of)
        lives = {one: report_life.fold(entries) for one, entries in told.items() if entries}
        return [report_life.report_facts(one, life) for one, life in lives.items()]
