"""What people do to reports: accept, file, answer, merge …; each in a transaction of its own."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch import commands
from app.dispatch.access import Actor, Thing, permit, permitted, sight
from app.dispatch.book import Book
from app.dispatch.codes import Action, CaseState, Post
from app.dispatch.errors import BadInput, Conflict, GridcaseError, NotVisible
from app.dispatch.report_actions import Placed
from app.dispatch.scrub import scrub
from app.dispatch.workflow import allowed, refuse
from app.models.reports import Report
from app.repositories.case_writing import CaseWriting
from app.repositories.reports import ReportRepository
from app.services import idempotency
from app.services.books import Books
from app.services.case_opening import CaseOpening, category_of
from app.services.case_steps import CaseSteps
from app.services.case_steps import standing_of as standing_of_case
from app.services.cases import KNOWN, Meta, Outcome
from app.services.intake import point_wkb, routing_json
from app.services.ledger import Acting, Ledger
from app.services.report_steps import HeldReport, ReportSteps, standing_of
from app.services.transaction import Sessions, reading, writing
from app.services.vault import Vault


class Reports:
    """Actions on reports."""

    def __init__(
        self,
        sessions: Sessions,
        books: Books,
        vault: Vault,
        steps: ReportSteps,
        cases: CaseSteps,
        opening: CaseOpening,
        now: Callable[[], datetime],
    ) -> None:
        """Take what a step needs; `now` is our clock."""
        self._sessions = sessions
        self._books = books
        self._vault = vault
        self._steps = steps
        self._cases = cases
        self._opening = opening
        self._now = now

    async def act(self, report_id: UUID, command: commands.Command, actor: Actor, meta: Meta) -> bool:
        """Do what a person wants done; False when the same key did it before.

        Raises, in this order: NotVisible, NotPermitted, BadInput, Stale, Conflict.
        """
        async with writing(self._sessions) as session:
            book = await self._books.agreed(session)
            report = await ReportRepository(session).lock(report_id)
            if report is None or not sight(actor, Thing.REPORT, book.units_below).covers(standing_of(report)):
                if await idempotency.was_used(session, meta.key):
                    return False  # what he did then took it out of his sight
                raise NotVisible
            now = self._now()
            if await idempotency.begin(session, meta.key, resource_id=report_id, status=200, now=now):
                return False
            post = permit(actor, command.action, standing_of(report), book.units_below, as_post=meta.as_post)
            await self._sees_target(session, command, actor, book)
            version = report.version
            acting = Acting(
                now=now,
                post=post,
                actor_id=actor.account_id,
                on_behalf_of=meta.on_behalf_of,
                occurred_at=meta.occurred_at,
            )
            try:
                await self.take(session, report, command, book, acting)
            except Conflict:
                meta.check(version)  # what was sent is judged first, then what the caller knew, then the state
                raise
            meta.check(version)
            return True

    async def act_within(
        self, session: AsyncSession, report_id: UUID, command: commands.Command, *, post: Post
    ) -> None:
        """Do what a partner or the reporter asks for, inside a transaction that is already open."""
        report = await ReportRepository(session).lock(report_id)
        if report is None:
            raise NotVisible
        book = await self._books.agreed(session)
        await self.take(session, report, command, book, Acting(now=self._now(), post=post))

    async def act_on_many(
        self, report_ids: Sequence[UUID], command: commands.Command, actor: Actor, meta: Meta
    ) -> list[Outcome]:
        """Do the same to many reports, each on its own; one that fails stops none of the others."""
        await idempotency.begin_batch(self._sessions, meta.key, now=self._now())
        return [await self._outcome(report_id, command, actor, meta.for_item(report_id)) for report_id in report_ids]

    async def possible(self, report_id: UUID, actor: Actor) -> list[Action]:
        """Return what the caller may do to a report in its present state."""
        async with reading(self._sessions) as session:
            report, book = await self._seen(session, report_id, actor)
            granted = permitted(actor, standing_of(report), book.units_below)
            return [action for action in allowed(report.state) if action in granted]

    async def take(
        self, session: AsyncSession, report: Report, command: commands.Command, book: Book, acting: Acting
    ) -> None:
        """Take a step of a locked report, with the cases it opens, joins or leaves."""
        held = await self._steps.hold(session, report)
        ledger = Ledger(clean=await self._cleaner(session, report.id, command, acting))
        match command:
            case commands.AcceptFileDispatch():
                await self._at_once(session, held, command, book, acting, ledger)
            case commands.Accept():
                await self._accept(session, held, command, book, acting, ledger)
            case commands.File():
                await self._step(session, held, command, book, acting, ledger)
                await self._opening.open(session, held, command, book, acting, ledger)
            case commands.Merge():
                await self._merge(session, held, command, book, acting, ledger)
            case commands.Unmerge():
                await self._step(session, held, command, book, acting, ledger)
                await ReportRepository(session).unlink(report.id, at=acting.now)
            case _:
                await self._step(session, held, command, book, acting, ledger)
        await ledger.store(session)

    async def _seen(self, session: AsyncSession, report_id: UUID, actor: Actor) -> tuple[Report, Book]:
        report, book = await session.get(Report, report_id), self._books.current
        if report is None or not sight(actor, Thing.REPORT, book.units_below).covers(standing_of(report)):
            raise NotVisible
        return report, book

    async def _sees_target(self, session: AsyncSession, command: commands.Command, actor: Actor, book: Book) -> None:
        """Refuse to merge into a case that the caller does not see, in the words for one that is not there."""
        if isinstance(command, commands.Merge):
            case = await CaseWriting(session).one(command.into_case)
            if case is None or not sight(actor, Thing.CASE, book.units_below).covers(standing_of_case(case)):
                raise BadInput.at(["body", "into_case"], "没有这个案件", code="unknown_case")

    async def _outcome(self, report_id: UUID, command: commands.Command, actor: Actor, meta: Meta) -> Outcome:
        try:
            await self.act(report_id, command, actor, meta)
        except GridcaseError as error:
            return Outcome(id=report_id, error=error)
        return Outcome(id=report_id)

    async def _step(
        self,
        session: AsyncSession,
        held: HeldReport,
        command: commands.Command,
        book: Book,
        acting: Acting,
        ledger: Ledger,
        placed: Placed | None = None,
        columns: dict[str, Any] | None = None,
    ) -> None:
        await self._steps.take(
            session, held, command, book=book, acting=acting, ledger=ledger, placed=placed, columns=columns
        )

    async def _accept(
        self,
        session: AsyncSession,
        held: HeldReport,
        command: commands.Accept,
        book: Book,
        acting: Acting,
        ledger: Ledger,
    ) -> None:
        """Accept under a category of the edition in force, located and routed anew."""
        category_of(book, command.kind, command.category)
        seen = await self._opening.triage(session, held.report, book, acting, command)
        placed = Placed(spot=seen.spot, unit_code=seen.decision.unit_code, attention=frozenset(seen.attention))
        columns: dict[str, Any] = {"routing": routing_json(seen, book), "catalogue": book.catalogue.edition}
        if command.point is not None:
            columns |= {
                "geom": point_wkb(command.point.lon, command.point.lat),
                "raw_lon": command.point.raw_lon,
                "raw_lat": command.point.raw_lat,
                "datum": command.point.datum,
                "accuracy_m": command.point.accuracy_m,
                "located_from": command.point.located_from,
            }
        await self._step(session, held, command, book, acting, ledger, placed, columns)

    async def _at_once(
        self,
        session: AsyncSession,
        held: HeldReport,
        command: commands.AcceptFileDispatch,
        book: Book,
        acting: Acting,
        ledger: Ledger,
    ) -> None:
        """Accept, file and dispatch in one call; the history is that of the three steps."""
        operator, lead, dispatcher = (
            replace(acting, post=p) for p in (Post.OPERATOR, Post.SHIFT_LEAD, Post.DISPATCHER)
        )
        await self._accept(session, held, command.accept, book, operator, ledger)
        await self._step(session, held, command.file, book, lead, ledger)
        for case in await self._opening.open(session, held, command.file, book, lead, ledger):
            await self._cases.take(session, case, command.dispatch, book=book, acting=dispatcher, ledger=ledger)

    async def _merge(
        self,
        session: AsyncSession,
        held: HeldReport,
        command: commands.Merge,
        book: Book,
        acting: Acting,
        ledger: Ledger,
    ) -> None:
        """Let the report join a case that is still open and in the caller's desk."""
        case = await CaseWriting(session).lock(command.into_case)
        if case is None:
            raise BadInput.at(["body", "into_case"], "没有这个案件", code="unknown_case")
        if case.state in {CaseState.CLOSED, CaseState.VOIDED}:
            raise refuse(held.life.state, Action.MERGE, "要并入的案件已经结束")
        await self._step(session, held, command, book, acting, ledger)
        await ReportRepository(session).link(case.id, held.report.id, at=acting.now, first=False)

    async def _cleaner(
        self, session: AsyncSession, report_id: UUID, command: commands.Command, acting: Acting
    ) -> Callable[[str], str]:
        """Return what takes numbers, and what is known of the reporter, out of a text."""
        if not commands.says_something(command) and acting.on_behalf_of is None:
            return str
        opened = await self._vault.open(session, [report_id], KNOWN)
        known = {value for fields in opened.values() for values in fields.values() for value in values}
        return lambda text: scrub(text, known).text
