"""What people do to reports: accept, file, answer, merge …; each in a transaction of its own."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from geoalchemy2.shape import to_shape
from shapely import Point as Shape
from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch import commands
from app.dispatch.access import Actor, Thing, permit, permitted, sight
from app.dispatch.arrival import Arrival, Triage, triage
from app.dispatch.book import Book
from app.dispatch.case_filing import file_case
from app.dispatch.catalogue import Category
from app.dispatch.codes import Action, CaseState, Kind, LocationFrom, Post
from app.dispatch.errors import BadInput, Conflict, GridcaseError, NotVisible
from app.dispatch.history import Draft
from app.dispatch.points import Point
from app.dispatch.policies import Policies
from app.dispatch.report_actions import Placed
from app.dispatch.scrub import scrub
from app.dispatch.workflow import allowed, refuse
from app.models.reports import Report
from app.repositories.case_writing import CaseWriting
from app.repositories.reports import ReportRepository
from app.repositories.sets import SetRepository
from app.services import idempotency
from app.services.books import Books
from app.services.case_steps import CaseSteps, Held
from app.services.cases import KNOWN, Meta, Outcome
from app.services.intake import DESK, point_wkb, routing_json
from app.services.ledger import Acting, Ledger
from app.services.numbering import case_no
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
        policies: Policies,
        now: Callable[[], datetime],
        *,
        city: str,
    ) -> None:
        """Take what a step needs; `now` is our clock, `city` goes before every case number."""
        self._city = city
        self._sessions = sessions
        self._books = books
        self._vault = vault
        self._steps = steps
        self._cases = cases
        self._policies = policies
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
                await self._file(session, held, command, book, acting, ledger)
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
        _category(book, command.kind, command.category)
        seen = await self._triage(session, held.report, book, acting, command)
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

    async def _file(
        self,
        session: AsyncSession,
        held: HeldReport,
        command: commands.File,
        book: Book,
        acting: Acting,
        ledger: Ledger,
    ) -> list[Held]:
        """Open the cases that were asked for."""
        report = held.report
        await self._step(session, held, command, book, acting, ledger)
        opened = []
        for wanted in command.cases:
            category = _category(book, wanted.kind or report.kind, wanted.category or report.category)
            about = commands.Accept(kind=category.kind, category=category.code)
            seen = await self._triage(session, report, book, acting, about, wanted.condition)
            draft = await self._draft(session, held, category, wanted.condition, seen, book, acting)
            opened.append(
                await self._cases.open(
                    session, draft, _case_row(report, seen, book), book=book, acting=acting, ledger=ledger
                )
            )
        return opened

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
        for case in await self._file(session, held, command.file, book, lead, ledger):
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

    async def _draft(
        self,
        session: AsyncSession,
        held: HeldReport,
        category: Category,
        condition_no: int,
        seen: Triage,
        book: Book,
        acting: Acting,
    ) -> Draft:
        report, condition = held.report, category.conditions.get(condition_no)
        if condition is None:
            numbers = "、".join(str(number) for number in category.conditions)
            where = ["body", "cases", "condition"]
            raise BadInput.at(where, f"{category.minor_name}的立案条件只有：{numbers}", code="unknown_condition")
        writing_cases = CaseWriting(session)
        return file_case(
            case_no=case_no(self._city, await writing_cases.next_number(), acting.now),
            report_id=report.id,
            source=report.source,
            kind=category.kind,
            category=category.code,
            condition=condition_no,
            catalogue=book.catalogue.edition,
            limit=condition.limit,
            limit_source=f"{book.catalogue.edition}: {condition.limit_source}",
            spot=seen.spot,
            desk=DESK,
            unit_code=seen.decision.unit_code,
            author_id=report.account_id,
            operator_id=held.life.operator_id,
            campaign=report.campaign,
            tags=report.tags,
            attention=sorted(seen.attention),
            recurrent=await self._came_back(writing_cases, report, category, acting.now),
        )

    async def _came_back(self, cases: CaseWriting, report: Report, category: Category, now: datetime) -> bool:
        shape = _shape(report)
        if shape is None:
            return False
        return await cases.closed_near(
            category.kind,
            category.code,
            shape.x,
            shape.y,
            radius_m=self._policies.recurrence_radius_m,
            within=self._policies.recurrence_within,
            now=now,
        )

    async def _triage(
        self,
        session: AsyncSession,
        report: Report,
        book: Book,
        acting: Acting,
        about: commands.Accept,
        condition: int | None = None,
    ) -> Triage:
        """Locate and route a stored report as it would be now, under a category."""
        code = report.component_code
        known = await SetRepository(session).maintainers([code] if code else [])
        arrival = Arrival(
            id=report.id,
            source=report.source,
            description="",
            kind=about.kind,
            category=about.category,
            condition=condition,
            point=about.point or _point(report),
            component_code=code,
        )
        return triage(
            arrival, book, self._policies, acting.now, maintainer=known.get(code or ""), component_known=code in known
        )

    async def _cleaner(
        self, session: AsyncSession, report_id: UUID, command: commands.Command, acting: Acting
    ) -> Callable[[str], str]:
        """Return what takes numbers, and what is known of the reporter, out of a text."""
        if not commands.says_something(command) and acting.on_behalf_of is None:
            return str
        opened = await self._vault.open(session, [report_id], KNOWN)
        known = {value for fields in opened.values() for values in fields.values() for value in values}
        return lambda text: scrub(text, known).text


def _category(book: Book, kind: Kind | None, code: str | None) -> Category:
    found = book.catalogue.find(kind, code)
    if found is None:
        raise BadInput.at(
            ["body", "category"], f"{book.catalogue.edition}中没有这个类别：{kind} {code}", code="unknown_category"
        )
    return found


def _shape(report: Report) -> Shape | None:
    found = to_shape(report.geom) if report.geom is not None and not isinstance(report.geom, str) else None
    return found if isinstance(found, Shape) else None


def _point(report: Report) -> Point | None:
    shape = _shape(report)
    if shape is None or report.raw_lon is None or report.raw_lat is None or report.datum is None:
        return None
    return Point(
        lon=shape.x,
        lat=shape.y,
        raw_lon=report.raw_lon,
        raw_lat=report.raw_lat,
        datum=report.datum,
        located_from=LocationFrom(report.located_from or LocationFrom.BY_HAND),
        accuracy_m=report.accuracy_m,
    )


def _case_row(report: Report, seen: Triage, book: Book) -> dict[str, Any]:
    """Return the columns of a new case that come from its first report."""
    shape = _shape(report)
    return {
        "source": report.source,
        "catalogue": book.catalogue.edition,
        "description": report.description,
        "address": report.address,
        "component_code": report.component_code,
        "campaign": report.campaign,
        "geom": point_wkb(shape.x, shape.y) if shape else None,
        "routing": routing_json(seen, book),
        "desk": DESK,
        "author_id": report.account_id,
    }
