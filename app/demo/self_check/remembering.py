"""What was folded again for a past moment, kept as long as questions are about that moment."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from app.dispatch.facts import LegFacts, ReportFacts, RoundFacts
from app.services.refold import CaseFacts, Refold

Facts = TypeVar("Facts", RoundFacts, LegFacts)


class Remembering:
    """Fold each history once for a moment, however many questions are asked about it."""

    def __init__(self, refold: Refold) -> None:
        """Take who folds."""
        self._refold = refold
        self._as_of: datetime | None = None
        self._rounds: dict[UUID, list[RoundFacts]] = {}
        self._legs: dict[UUID, list[LegFacts]] = {}
        self._reports: dict[UUID, Sequence[ReportFacts]] = {}

    async def cases(self, ids: Collection[UUID], as_of: datetime) -> CaseFacts:
        """Return the facts of these cases as of then."""
        self._forget(as_of)
        if missing := [one for one in ids if one not in self._rounds]:
            found = await self._refold.cases(missing, as_of)
            self._rounds |= _by_case(missing, found.rounds)
            self._legs |= _by_case(missing, found.legs)
        return CaseFacts(
            rounds=[one for case in ids for one in self._rounds[case]],
            legs=[one for case in ids for one in self._legs[case]],
        )

    async def reports(self, ids: Collection[UUID], as_of: datetime) -> Sequence[ReportFacts]:
        """Return the facts of these reports as of then."""
        self._forget(as_of)
        if missing := [one for one in ids if one not in self._reports]:
            told = await self._refold.reports(missing, as_of)
            self._reports |= dict.fromkeys(missing, ()) | {one.report_id: (one,) for one in told}
        return [facts for one in ids for facts in self._reports[one]]

    def _forget(self, as_of: datetime) -> None:
        if as_of != self._as_of:
            self._as_of, self._rounds, self._legs, self._reports = as_of, {}, {}, {}


def _by_case(ids: Iterable[UUID], facts: Iterable[Facts]) -> Mapping[UUID, list[Facts]]:
    found: dict[UUID, list[Facts]] = {one: [] for one in ids}
    for one in facts:
        found[one.case_id].append(one)
    return found
