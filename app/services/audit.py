"""The audit: whether the history is what was recorded, and what was stored beside it is what the history tells."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from app.dispatch.anchors import Anchored
from app.dispatch.audit import ChainCheck, Difference, Finding, Flaw
from app.dispatch.chain import HASH
from app.repositories.audit import CASES, REPORTS, SUBJECTS, AuditRepository, Ids
from app.repositories.history import HistoryRepository
from app.services.audit_facts import case_differences, report_differences
from app.services.ledger import CHAINED
from app.services.transaction import Sessions, reading

NAMED: Final = 20
"""How many things found are kept by name; all are counted."""
STRETCH: Final = 200
"""How many subjects are read in one snapshot."""

Seen = Callable[[int], None]
"""Told again and again how many more rows or subjects are done."""


@dataclass(slots=True)
class ChainReport:
    """What was read of the chains, and what is wrong with them."""

    chains: int = 0
    rows: int = 0
    texts: int = 0
    erased: int = 0
    wrong: int = 0
    findings: list[Finding] = field(default_factory=list)

    def note(self, found: Iterable[Finding]) -> None:
        """Count what was found, and keep the first by name."""
        for one in found:
            self.wrong += 1
            if len(self.findings) < NAMED:
                self.findings.append(one)

    def count(self, check: ChainCheck) -> None:
        """Count a chain that was read to its end."""
        self.chains += 1
        self.rows += check.rows
        self.texts += check.texts
        self.erased += check.erased


@dataclass(slots=True)
class FactsReport:
    """How many cases and reports were folded again, and where what is stored differs."""

    cases: int = 0
    reports: int = 0
    wrong: int = 0
    differences: list[Difference] = field(default_factory=list)

    def note(self, found: Iterable[Difference]) -> None:
        """Count what was found, and keep the first by name."""
        for one in found:
            self.wrong += 1
            if len(self.differences) < NAMED:
                self.differences.append(one)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stretch:
    """Some subjects that follow each other, to be read in one snapshot."""

    repository: AuditRepository
    history: HistoryRepository
    ids: list[UUID]
    after: UUID | None
    upto: UUID


class Audit:
    """Read everything, change nothing; memory does not grow with the city."""

    def __init__(self, sessions: Sessions, *, stretch: int = STRETCH, anchored: Anchored | None = None) -> None:
        """Read with these sessions; the app role suffices. Chains are held against the anchors, if there are any."""
        self._sessions = sessions
        self._size = stretch
        self._anchored = anchored

    async def estimate(self, *tables: str) -> int | None:
        """Return about how many rows these tables have, if the database has counted them."""
        async with reading(self._sessions) as session:
            counted = [await AuditRepository(session).estimate(table) for table in tables]
        known = [rows for rows in counted if rows is not None]
        return sum(known) if len(known) == len(counted) else None

    async def verify(self, seen: Seen) -> ChainReport:
        """Check every chain, its texts, and that it ends where the report's or the case's own row says."""
        report, met = ChainReport(), set[UUID]()

        async def chains(stretch: _Stretch) -> None:
            met.update(await _verify(stretch, report, seen, self._anchored))

        await self._each(SUBJECTS, chains)
        if self._anchored is not None:
            gone = sorted(self._anchored.subjects - met)
            report.note(Finding(subject="", subject_id=one, number=1, flaw=Flaw.CUT) for one in gone)
        return report

    async def facts(self, seen: Seen) -> FactsReport:
        """Fold every case and every report again and compare it with what is stored, row by row."""
        report = FactsReport()

        async def cases(stretch: _Stretch) -> None:
            report.note(await case_differences(stretch.repository, await stretch.history.entries(stretch.ids)))
            report.cases += len(stretch.ids)
            seen(len(stretch.ids))

        async def reports(stretch: _Stretch) -> None:
            report.note(await report_differences(stretch.repository, await stretch.history.entries(stretch.ids)))
            report.reports += len(stretch.ids)
            seen(len(stretch.ids))

        await self._each(CASES, cases)
        await self._each(REPORTS, reports)
        return report

    async def _each(self, ids: Ids, work: Callable[[_Stretch], Awaitable[None]]) -> None:
        """Do the work for everybody who was there at the beginning, each stretch in a snapshot of its own.

        One snapshot for all would keep the database from tidying up for as long as a large city takes.
        """
        async with reading(self._sessions) as session:
            last = await AuditRepository(session).last(ids)
        after: UUID | None = None
        while last is not None and after != last:
            async with reading(self._sessions) as session:
                repository = AuditRepository(session)
                await repository.snapshot()
                found = await repository.stretch(ids, after, last, self._size)
                upto = found[-1] if found else last
                history = HistoryRepository(session)
                await work(_Stretch(repository=repository, history=history, ids=found, after=after, upto=upto))
            after = upto


async def _verify(stretch: _Stretch, report: ChainReport, seen: Seen, anchored: Anchored | None) -> set[UUID]:
    """Check the chains of a stretch while they are read; return whose they are."""
    heads = await stretch.repository.heads(stretch.after, stretch.upto)
    met: set[UUID] = set()

    def end(check: ChainCheck) -> None:
        report.note(check.end(heads.pop(check.subject_id, None)))
        report.count(check)
        seen(check.rows)

    check: ChainCheck | None = None
    async for row, texts in stretch.repository.steps((*CHAINED, HASH), stretch.after, stretch.upto):
        if check is None or check.subject_id != row["subject_id"]:
            if check is not None:
                end(check)
            check = ChainCheck(row["subject_id"], anchored)
            met.add(check.subject_id)
        report.note(check.take(row, texts))
    if check is not None:
        end(check)
    report.note(
        Finding(subject=head.subject, subject_id=one, number=None, flaw=Flaw.NO_HISTORY) for one, head in heads.items()
    )
    report.note(await stretch.repository.stray_texts(stretch.after, stretch.upto))
    return met
