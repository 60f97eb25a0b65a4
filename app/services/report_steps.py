"""The steps of reports inside an open transaction: decide, record, project, tell. The only code that moves a report."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.attributes import set_committed_value

from app.dispatch import commands
from app.dispatch.access import Standing
from app.dispatch.book import Book
from app.dispatch.codes import Action, VerifyResult
from app.dispatch.deciding import Scene
from app.dispatch.history import Entry
from app.dispatch.policies import Policies
from app.dispatch.report_actions import Placed, decide
from app.dispatch.report_life import ReportLife, apply, fold, report_facts
from app.models.history import HistoryRow
from app.models.reports import Report
from app.repositories.case_writing import CaseWriting
from app.repositories.facts import FactsRepository
from app.repositories.history import HistoryRepository, entry_of
from app.repositories.reports import ReportRepository
from app.repositories.work import WorkRepository
from app.services.callbacks import Callbacks
from app.services.ledger import Acting, Ledger, Thread

TOLD: Final = frozenset({Action.ACCEPT, Action.REJECT, Action.ANSWER, Action.MERGE})
"""Steps of which partners are told."""


@dataclass(slots=True)
class HeldReport:
    """A report locked for writing: its row, its life, and the end of its chain."""

    report: Report
    life: ReportLife
    thread: Thread

    @classmethod
    def of(cls, report: Report, rows: Sequence[HistoryRow]) -> "HeldReport":
        """Fold the stored history."""
        return cls(report, fold(entry_of(row) for row in rows), Thread.of("report", report.id, rows))


def standing_of(report: Report) -> Standing:
    """Return what access needs to know of a report."""
    regions = (report.district, report.street, report.community)
    return Standing(
        regions=frozenset(code for code in regions if code),
        author_id=report.account_id,
        task_id=report.verifier_id,
    )


class ReportSteps:
    """Take steps of reports within a transaction that somebody else commits."""

    def __init__(self, callbacks: Callbacks, policies: Policies) -> None:
        """Take who tells partners, and the city's policies."""
        self._callbacks = callbacks
        self._policies = policies

    async def hold(self, session: AsyncSession, report: Report) -> HeldReport:
        """Read the history of a locked report."""
        return HeldReport.of(report, await HistoryRepository(session).rows(report.id))

    async def take(
        self,
        session: AsyncSession,
        held: HeldReport,
        command: commands.Command,
        *,
        book: Book,
        acting: Acting,
        ledger: Ledger,
        placed: Placed | None = None,
        columns: dict[str, Any] | None = None,
    ) -> Entry:
        """Decide a command and do all that follows from it; `columns` are further ones that the step sets."""
        scene = Scene(
            now=acting.now,
            post=acting.post,
            actor_id=acting.actor_id,
            calendar=book.calendar,
            policies=self._policies,
            units=book.units,
            inspectors=await self._inspectors(session, held, command),
        )
        entry = ledger.add(held.thread, decide(held.life, command, scene, placed), acting)
        held.life = apply(held.life, entry)
        answer = ledger.text(entry, held.thread, "public_answer")
        values = present(held.life) | ({"public_answer": answer} if answer else {}) | (columns or {})
        await ReportRepository(session).change(held.report.id, values)
        for name, value in values.items():
            set_committed_value(held.report, name, value)
        await FactsRepository(session).put_reports([report_facts(held.report.id, held.life)])
        uses = [(UUID(m), held.report.id, entry.number, entry.actor_id) for m in entry.payload.get("media", ())]
        await ReportRepository(session).use_media(uses)
        if entry.action in TOLD:
            await WorkRepository(session).add_events(self._callbacks.of_report(entry, held.report, book))
        return entry

    async def _inspectors(self, session: AsyncSession, held: HeldReport, command: commands.Command) -> list[UUID]:
        no_access = isinstance(command, commands.Verify) and command.result is VerifyResult.NO_ACCESS
        if command.action is not Action.REQUEST_VERIFICATION and not no_access:
            return []
        return await CaseWriting(session).inspectors_over(held.life.spot.regions)


def present(life: ReportLife) -> dict[str, Any]:
    """Return the columns of a report that follow from its history."""
    return {
        "state": life.state,
        "kind": life.kind,
        "category": life.category,
        "attention": sorted(life.attention),
        "cell_code": life.spot.cell_code,
        "beat_code": life.spot.beat_code,
        "community": life.spot.community,
        "street": life.spot.street,
        "district": life.spot.district,
        "zones": dict(life.spot.zones),
        "verifier_id": life.verifier_id,
        "end_reason": life.end_reason,
        "updated_at": life.updated_at,
        "version": life.number,
    }
