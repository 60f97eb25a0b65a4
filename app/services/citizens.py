"""The citizen's side: bring in a report without an account, ask by receipt and code, urge, say what came of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.adapters.query_codes import QueryCodes
from app.dispatch import commands
from app.dispatch.arrival import Arrival
from app.dispatch.codes import Action, Post
from app.dispatch.errors import NotVisible, TooMany
from app.dispatch.timeline import PublicStep, public_timeline
from app.dispatch.workflow import OPEN_CASES
from app.models.cases import Case
from app.models.reports import Report
from app.repositories.history import HistoryRepository
from app.repositories.receipts import ReceiptRepository
from app.repositories.reports import ReportRepository
from app.services import idempotency
from app.services.acts import Act
from app.services.arrivals import Incoming
from app.services.idempotency import KeyUse
from app.services.intake import Intake, Received
from app.services.ledger import Acting, Subject
from app.services.reports import Reports
from app.services.transaction import Sessions, reading, writing

WRONG_TRIES: Final = 20
TRIES_WITHIN: Final = timedelta(minutes=15)
"""So many wrong codes for one receipt, then none is looked at until the window has passed; counted for all workers."""

URGES_AT_MOST: Final = 5
URGES_WITHIN: Final = timedelta(days=1)
"""So often a reporter may remind the desk of one report; whoever knows receipt and code is the reporter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicReport:
    """A report as its reporter sees it."""

    report: Report
    cases: tuple[Case, ...]
    timeline: tuple[PublicStep, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """An idempotency key, whose scope is the report that the receipt leads to, and the digest of the body."""

    key: str
    body_digest: bytes

    def of(self, report_id: UUID, action: Action) -> KeyUse:
        """Return the key as it is kept."""
        return KeyUse(scope=f"receipt:{report_id}", route=action, key=self.key, body_digest=self.body_digest)


class Citizens:
    """Reports without an account."""

    def __init__(
        self, sessions: Sessions, intake: Intake, reports: Reports, codes: QueryCodes, now: Callable[[], datetime]
    ) -> None:
        """Take what receipts are checked with."""
        self._sessions = sessions
        self._intake = intake
        self._reports = reports
        self._codes = codes
        self._now = now

    async def report(self, arrival: Arrival, use: KeyUse | None) -> Received:
        """Bring in a report."""
        acting = Acting(now=self._now(), post=Post.CITIZEN)
        return await self._intake.receive_one(Incoming(arrival=arrival, acting=acting), use)

    async def look(self, receipt_no: str, code: str) -> PublicReport:
        """Return the public timeline; wrong receipt and wrong code raise the same NotVisible."""
        report = await self._believed(receipt_no, code)
        async with reading(self._sessions) as session:
            cases = [linked.case for linked in await ReportRepository(session).cases_of([report.id])]
            told = await HistoryRepository(session).entries([report.id, *(case.id for case in cases)])
        timeline = public_timeline(told[report.id], (told[case.id] for case in cases))
        return PublicReport(report=report, cases=tuple(cases), timeline=timeline)

    async def act(self, receipt_no: str, code: str, command: commands.Command, key: Key | None) -> None:
        """Remind, or say what came of it; a dissatisfied citizen is brought to the desk's attention."""
        report = await self._believed(receipt_no, code)
        use = key.of(report.id, command.action) if key else None
        async with writing(self._sessions) as session:
            if await idempotency.begin(session, use, resource_id=report.id, status=200, now=self._now()):
                return
            if isinstance(command, commands.Urge):
                await self._urge(session, report.id, command)
            else:
                await self._reports.act_within(session, report.id, command, post=Post.CITIZEN)

    async def _urge(self, session: AsyncSession, report_id: UUID, command: commands.Urge) -> None:
        """Remind of the report and of its open cases; raise TooMany for who does it again and again."""
        now = self._now()
        before = await ReceiptRepository(session).urged(report_id, since=now - URGES_WITHIN)
        if len(before) >= URGES_AT_MOST:
            wait = before[-URGES_AT_MOST] + URGES_WITHIN - now
            raise TooMany(
                "催办过于频繁，请稍后再试", retry_after_s=max(1, int(wait.total_seconds())), code="urged_enough"
            )
        acting = Acting(now=now, post=Post.CITIZEN)
        cases = [one.case for one in await ReportRepository(session).cases_of([report_id])]
        subjects: list[tuple[Subject, UUID]] = [("case", one.id) for one in cases if one.state in OPEN_CASES]
        acts = [
            Act(subject=subject, subject_id=one, command=command, acting=acting)
            for subject, one in (*subjects, ("report", report_id))
        ]
        *_, of_report = await self._reports.acts.play(acts, within=session)  # a case that has just ended needs none
        if of_report.error is not None:
            raise of_report.error

    async def _believed(self, receipt_no: str, code: str) -> Report:
        now = self._now()
        async with writing(self._sessions) as session:
            receipts = ReceiptRepository(session)
            if await receipts.wrong_tries(receipt_no, since=now - TRIES_WITHIN) >= WRONG_TRIES:
                raise TooMany("查询过于频繁，请稍后再试", retry_after_s=int(TRIES_WITHIN.total_seconds()))
            report = await self._matching(session, receipt_no, code)
            if report is None:
                await receipts.count_wrong_try(receipt_no, now)
        if report is None:
            raise NotVisible("没有找到：请核对回执号和查询码")
        return report

    async def _matching(self, session: AsyncSession, receipt_no: str, code: str) -> Report | None:
        """Compare although there is no such receipt, so that both kinds of wrong take the same."""
        asked = receipt_no.strip().upper()
        report = await ReportRepository(session).by_receipt(asked) if asked.isalnum() else None
        digest = report.query_digest if report else self._codes.digest(str(UUID(int=0)))
        return report if self._codes.matches(code, digest) and report is not None else None
