"""What people do to reports, one or many at once: accept, file, answer, merge …; and what they may do next."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch import commands
from app.dispatch.access import Actor, Thing, permitted, sight
from app.dispatch.book import Book
from app.dispatch.codes import Action, EndKind, Post, ReportState
from app.dispatch.errors import NotVisible
from app.dispatch.policies import Policies
from app.dispatch.policy_about import about
from app.dispatch.workflow import allowed
from app.models.reports import Report
from app.repositories.reports import ReportRepository
from app.services import idempotency, standings
from app.services.acts import Act, Acts
from app.services.frame import Frame, Meta, Outcome, Possible, Wish
from app.services.ledger import Acting
from app.services.transaction import reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """Actions on reports: of people by the frame, of reporters and partners by the acts."""

    frame: Frame
    acts: Acts

    async def act(self, report_id: UUID, command: commands.Command, actor: Actor, meta: Meta) -> bool:
        """Do what a person wants done; False when the same key did it before. Raises as `Frame.act` does."""
        return await self.frame.act(Wish(subject="report", id=report_id, command=command, actor=actor, meta=meta))

    async def act_on_many(
        self, report_ids: Sequence[UUID], command: commands.Command, actor: Actor, meta: Meta
    ) -> list[Outcome]:
        """Do the same to many reports; one that is refused stops none of the others."""
        await idempotency.begin_batch(self.frame.sessions, meta.key, now=self.frame.now())
        return await self.frame.act_on_many(
            [
                Wish(subject="report", id=one, command=command, actor=actor, meta=meta.for_item(one))
                for one in report_ids
            ]
        )

    async def act_within(
        self, session: AsyncSession, report_id: UUID, command: commands.Command, *, post: Post
    ) -> None:
        """Do what a partner or the reporter asks for, inside a transaction that is already open."""
        acting = Acting(now=self.frame.now(), post=post)
        await self.acts.play_one(
            Act(subject="report", subject_id=report_id, command=command, acting=acting), within=session
        )

    async def possible(self, report_id: UUID, actor: Actor) -> Possible:
        """Return what the caller may do to a report in its present state."""
        book = self.frame.sittings.books.current
        async with reading(self.frame.sessions) as session:
            report = await session.get(Report, report_id)
            merged = report is not None and await _gave_its_cases_away(session, report)
        standing = standings.of_report(report) if report is not None else None
        if report is None or standing is None or not sight(actor, Thing.REPORT, book.units_below).covers(standing):
            raise NotVisible
        granted = permitted(actor, standing, book.units_below)
        shut = {Action.UNMERGE} if report.state is ReportState.FILED and not merged else set()
        open_now = [action for action in allowed(report.state) if action in granted - shut]
        return Possible(actions=open_now, policies=self._policies(report, book))

    def _policies(self, report: Report, book: Book) -> Policies:
        """Return what holds for a report as it is stored."""
        ours = report.catalogue == book.catalogue.edition
        category = book.catalogue.find(report.kind, report.category) if ours else None
        what = about(category, report.source, report.desk, report.routing.get("unit_code"), book)
        return book.policies.of(what, self.frame.now(), self.frame.sittings.policies)


async def _gave_its_cases_away(session: AsyncSession, report: Report) -> bool:
    """Tell whether every case that was filed from a report has ended in another one."""
    if report.state is not ReportState.FILED:
        return False
    own = [one.case for one in await ReportRepository(session).cases_of([report.id]) if one.first]
    return bool(own) and all(case.end_kind is EndKind.MERGED for case in own)
