"""What people and policies do to cases: one use case an action, each in a transaction of its own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch import commands
from app.dispatch.access import Actor, Thing, permit, permitted, sight
from app.dispatch.book import Book
from app.dispatch.case_openings import openings
from app.dispatch.case_requests import ruler
from app.dispatch.codes import Action, Post
from app.dispatch.deciding import Scene
from app.dispatch.errors import ActionNotAllowed, BadInput, Conflict, GridcaseError, NotVisible, Stale
from app.dispatch.scrub import scrub
from app.models.cases import Case
from app.repositories.case_writing import CaseWriting
from app.repositories.reports import ReportRepository
from app.services import idempotency
from app.services.books import Books
from app.services.case_steps import CaseSteps, Held, standing_of
from app.services.idempotency import KeyUse
from app.services.ledger import Acting, Ledger
from app.services.report_steps import ReportSteps
from app.services.transaction import Sessions, reading, writing
from app.services.vault import Personal, Vault

KNOWN: Final = (Personal.NAME, Personal.PHONE, Personal.CALLBACK_PHONE)
"""Values of the vault that are taken out of every text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meta:
    """What comes with an action besides its fields."""

    as_post: Post | None = None
    on_behalf_of: str | None = None
    occurred_at: datetime | None = None
    if_match: int | None = None
    key: KeyUse | None = None

    def for_item(self, subject_id: UUID) -> "Meta":
        """Return what goes with one item of a batch."""
        return replace(self, key=self.key.for_item(subject_id)) if self.key else self

    def check(self, version: int) -> None:
        """Raise Stale where the caller knows another version."""
        if self.if_match is not None and self.if_match != version:
            raise Stale("已被他人更新，请刷新后重试", fields={"version": version})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one item of a batch."""

    id: UUID
    error: GridcaseError | None = None


class Cases:
    """Actions on cases."""

    def __init__(
        self,
        sessions: Sessions,
        books: Books,
        vault: Vault,
        steps: CaseSteps,
        reports: ReportSteps,
        now: Callable[[], datetime],
    ) -> None:
        """Take what a step needs; `now` is our clock."""
        self._sessions = sessions
        self._books = books
        self._vault = vault
        self._steps = steps
        self._reports = reports
        self._now = now

    async def act(self, case_id: UUID, command: commands.Command, actor: Actor, meta: Meta) -> bool:
        """Do what a person wants done; False when the same key did it before.

        Raises, in this order: NotVisible, NotPermitted, BadInput, Stale, Conflict.
        """
        async with writing(self._sessions) as session:
            book = await self._books.agreed(session)
            case = await CaseWriting(session).lock(case_id)
            seen = sight(actor, Thing.CASE, book.units_below)
            if case is None or not seen.covers(standing_of(case)):
                if await idempotency.was_used(session, meta.key):
                    return False  # what he did then took it out of his sight
                raise NotVisible
            now = self._now()
            if await idempotency.begin(session, meta.key, resource_id=case_id, status=200, now=now):
                return False
            held = await self._steps.hold(session, case)
            as_post = meta.as_post or ruler(held.life, command)
            post = permit(actor, command.action, standing_of(case), book.units_below, as_post=as_post)
            version = case.version
            acting = Acting(
                now=now,
                post=post,
                actor_id=actor.account_id,
                on_behalf_of=meta.on_behalf_of,
                occurred_at=meta.occurred_at,
            )
            await self._second_person(session, command)
            try:
                await self._take(session, held, command, book, acting)
            except Conflict:
                meta.check(version)  # what was sent is judged first, then what the caller knew, then the state
                raise
            meta.check(version)
            return True

    async def act_within(
        self,
        session: AsyncSession,
        case_id: UUID,
        command: commands.Command,
        *,
        policy: str,
        leg: int | None = None,
        post: Post = Post.POLICY,
    ) -> None:
        """Do what a timer or a partner asks for, inside a transaction that is already open.

        Raises ActionNotAllowed when it is not possible any more, also when `leg` is not at work any more.
        """
        book = await self._books.agreed(session)
        case = await CaseWriting(session).lock(case_id)
        if case is None:
            raise NotVisible
        held = await self._steps.hold(session, case)
        present = held.life.leg
        if leg is not None and (present is None or present.number != leg):
            raise ActionNotAllowed(command.action, held.life.state, [])
        await self._take(session, held, command, book, Acting(now=self._now(), post=post), policy=policy)

    async def act_on_many(
        self, case_ids: Sequence[UUID], command: commands.Command, actor: Actor, meta: Meta
    ) -> list[Outcome]:
        """Do the same to many cases, each on its own; one that fails stops none of the others."""
        await idempotency.begin_batch(self._sessions, meta.key, now=self._now())
        return [await self._outcome(case_id, command, actor, meta.for_item(case_id)) for case_id in case_ids]

    async def possible(self, case_id: UUID, actor: Actor) -> list[Action]:
        """Return what the caller may do to a case in its present state."""
        async with reading(self._sessions) as session:
            case, book = await self._seen(session, case_id, actor)
            granted = permitted(actor, standing_of(case), book.units_below)
            life = (await self._steps.hold(session, case)).life
            scene = Scene(
                now=self._now(),
                post=Post.POLICY,
                actor_id=actor.account_id,
                calendar=book.calendar,
                policies=self._steps.policies,
                units=book.units,
                inspectors=await CaseWriting(session).inspectors_over(life.spot.regions),
            )
            return [action for action in openings(life, scene, actor.posts) if action in granted]

    async def _seen(self, session: AsyncSession, case_id: UUID, actor: Actor) -> tuple[Case, Book]:
        case, book = await CaseWriting(session).one(case_id), self._books.current
        if case is None or not sight(actor, Thing.CASE, book.units_below).covers(standing_of(case)):
            raise NotVisible
        return case, book

    async def _outcome(self, case_id: UUID, command: commands.Command, actor: Actor, meta: Meta) -> Outcome:
        try:
            await self.act(case_id, command, actor, meta)
        except GridcaseError as error:
            return Outcome(id=case_id, error=error)
        return Outcome(id=case_id)

    async def _take(
        self,
        session: AsyncSession,
        held: Held,
        command: commands.Command,
        book: Book,
        acting: Acting,
        *,
        policy: str | None = None,
    ) -> None:
        ledger = Ledger(clean=await self._cleaner(session, held.case.id, command, acting))
        await self._steps.take(session, held, command, book=book, acting=acting, ledger=ledger, policy=policy)
        if isinstance(command, commands.CallBack):
            await self._call_back(session, held, command, book, acting, ledger)
        await ledger.store(session)

    async def _second_person(self, session: AsyncSession, command: commands.Command) -> None:
        """Refuse a second person who is nobody, or may not void cases himself."""
        if not isinstance(command, commands.Void) or command.second_person is None:
            return
        if not await CaseWriting(session).holds_post(command.second_person, Post.SHIFT_LEAD):
            raise BadInput.at(["body", "second_person"], "复核人须是在岗的值班长", code="second_person_unknown")

    async def _call_back(
        self, session: AsyncSession, held: Held, command: commands.CallBack, book: Book, acting: Acting, ledger: Ledger
    ) -> None:
        """Record the opinion with the report it came from as well; figures of opinions are figures of reports."""
        linked = {one.report_id for one in await CaseWriting(session).linked_reports(held.case.id)}
        report = await ReportRepository(session).lock(command.report_id) if command.report_id in linked else None
        if report is None:
            raise BadInput.at(["body", "report_id"], "这个上报不属于此案件", code="unknown_report")
        held_report = await self._reports.hold(session, report)
        await self._reports.take(session, held_report, command, book=book, acting=acting, ledger=ledger)

    async def _cleaner(
        self, session: AsyncSession, case_id: UUID, command: commands.Command, acting: Acting
    ) -> Callable[[str], str]:
        """Return what takes numbers, and what is known of this case's reporters, out of a text."""
        if not commands.says_something(command) and acting.on_behalf_of is None:
            return str
        linked = [one.report_id for one in await CaseWriting(session).linked_reports(case_id)]
        opened = await self._vault.open(session, linked, KNOWN)
        known = {value for fields in opened.values() for values in fields.values() for value in values}
        return lambda text: scrub(text, known).text
