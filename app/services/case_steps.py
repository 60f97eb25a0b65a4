"""The steps of cases inside an open transaction: decide, record, project, tell. The only code that moves a case."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.attributes import set_committed_value
from uuid_utils.compat import uuid7

from app.dispatch import commands
from app.dispatch.access import Standing
from app.dispatch.book import Book
from app.dispatch.case_actions import decide
from app.dispatch.case_facts import leg_facts, round_facts
from app.dispatch.case_fold import apply, fold
from app.dispatch.case_life import CaseLife
from app.dispatch.case_projection import lapsed, present, requests, timers
from app.dispatch.codes import Action, CheckResult, EndKind, Post
from app.dispatch.deciding import Scene
from app.dispatch.history import Draft, Entry
from app.dispatch.policies import Policies
from app.models.cases import Case
from app.models.history import HistoryRow
from app.repositories.case_writing import CaseWriting
from app.repositories.facts import FactsRepository
from app.repositories.history import HistoryRepository, entry_of
from app.repositories.reports import ReportRepository
from app.repositories.work import WorkRepository
from app.services.callbacks import Callbacks
from app.services.ledger import Acting, Ledger, Thread
from app.services.report_steps import ReportSteps

TOLD: Final = frozenset({Action.FILE, Action.DISPATCH, Action.DISPOSE, Action.CLOSE, Action.REOPEN})
"""Steps of which partners are told."""


@dataclass(slots=True)
class Held:
    """A case locked for writing: its row, its life, and the end of its chain."""

    case: Case
    life: CaseLife
    thread: Thread

    @classmethod
    def of(cls, case: Case, rows: Sequence[HistoryRow]) -> "Held":
        """Fold the stored history."""
        return cls(case, fold(entry_of(row) for row in rows), Thread.of("case", case.id, rows))


def standing_of(case: Case) -> Standing:
    """Return what access needs to know of a case."""
    regions = (case.district, case.street, case.community)
    return Standing(
        regions=frozenset(code for code in regions if code),
        unit_code=case.unit_code,
        unit_codes=frozenset(case.unit_codes),
        author_id=case.author_id,
        task_id=case.inspector_id,
    )


class CaseSteps:
    """Take steps of cases within a transaction that somebody else commits."""

    def __init__(self, callbacks: Callbacks, reports: ReportSteps, policies: Policies) -> None:
        """Take who tells partners and reporters, and the city's policies."""
        self._callbacks = callbacks
        self._reports = reports
        self.policies = policies

    async def hold(self, session: AsyncSession, case: Case) -> Held:
        """Read the history of a locked case."""
        return Held.of(case, await HistoryRepository(session).rows(case.id))

    async def take(
        self,
        session: AsyncSession,
        held: Held,
        command: commands.Command,
        *,
        book: Book,
        acting: Acting,
        ledger: Ledger,
        policy: str | None = None,
    ) -> Entry:
        """Decide a command and do all that follows from it."""
        scene = await self._scene(session, held, command, book, acting)
        draft = decide(held.life, command, scene)
        if policy is not None:
            draft = replace(draft, policy=policy)
        entry = self._record(held, draft, acting, ledger)
        answer = ledger.text(entry, held.thread, "public_answer")
        values = present(held.life) | ({"public_answer": answer} if answer else {})
        await CaseWriting(session).change(held.case.id, values)
        for name, value in values.items():
            set_committed_value(held.case, name, value)
        await self._keep_facts(session, held)
        await self._set_timers(session, held, entry)
        await self._use_media(session, held, entry)
        if entry.action in TOLD:
            await self._tell(session, held, entry, book)
        if entry.action is Action.CLOSE:
            await self._reply(session, held, book, acting, ledger)
        return entry

    async def open(
        self,
        session: AsyncSession,
        draft: Draft,
        row: Mapping[str, Any],
        *,
        book: Book,
        acting: Acting,
        ledger: Ledger,
    ) -> Held:
        """Start a case with its first step and link the report it came from."""
        case_id = uuid7()
        thread = Thread("case", case_id)
        entry = ledger.add(thread, draft, acting)
        life = fold([entry])
        values = {
            "public_answer": None,
            **row,
            **present(life),
            "id": case_id,
            "case_no": life.case_no,
            "filed_at": acting.now,
        }
        await CaseWriting(session).add(values)
        held = Held(Case(**values), life, thread)
        await ReportRepository(session).link(case_id, life.report_id, at=acting.now, first=True)
        await self._keep_facts(session, held)
        await self._tell(session, held, entry, book)
        return held

    def _record(self, held: Held, draft: Draft, acting: Acting, ledger: Ledger) -> Entry:
        entry = ledger.add(held.thread, draft, acting)
        held.life = apply(held.life, entry)
        return entry

    async def _scene(
        self, session: AsyncSession, held: Held, command: commands.Command, book: Book, acting: Acting
    ) -> Scene:
        return Scene(
            now=acting.now,
            post=acting.post,
            actor_id=acting.actor_id,
            calendar=book.calendar,
            policies=self.policies,
            units=book.units,
            inspectors=await self._inspectors(session, held, command),
        )

    async def _inspectors(self, session: AsyncSession, held: Held, command: commands.Command) -> list[UUID]:
        no_access = isinstance(command, commands.Check) and command.result is CheckResult.NO_ACCESS
        if command.action is not Action.SEND_CHECK and not no_access:
            return []
        return await CaseWriting(session).inspectors_over(held.life.spot.regions)

    async def _keep_facts(self, session: AsyncSession, held: Held) -> None:
        facts, case_id, turn = FactsRepository(session), held.case.id, held.life.round.number
        await facts.put_rounds(one for one in round_facts(case_id, held.life) if one.round == turn)
        await facts.put_legs(one for one in leg_facts(case_id, held.life) if one.round == turn)
        await facts.put_requests(requests(case_id, held.life))

    async def _set_timers(self, session: AsyncSession, held: Held, entry: Entry) -> None:
        work = WorkRepository(session)
        if kinds := lapsed(entry.action):
            await work.cancel_timers(held.case.id, kinds, entry.recorded_at)
        wanted = timers(held.life, entry.action, self.policies)
        await work.add_timers(
            [
                {
                    "id": uuid7(),
                    "kind": one.kind,
                    "subject_id": held.case.id,
                    "due_at": one.due_at,
                    "payload": dict(one.payload),
                    "claimed_until": None,
                    "attempt": 0,
                    "done_at": None,
                }
                for one in wanted
            ]
        )

    async def _use_media(self, session: AsyncSession, held: Held, entry: Entry) -> None:
        uses = [(UUID(m), held.case.id, entry.number, entry.actor_id) for m in entry.payload.get("media", ())]
        await ReportRepository(session).use_media(uses)

    async def _tell(self, session: AsyncSession, held: Held, entry: Entry, book: Book) -> None:
        linked = await CaseWriting(session).linked_reports(held.case.id)
        rows = self._callbacks.of_case(entry, held.case, held.life, linked, book)
        await WorkRepository(session).add_events(rows)

    async def _reply(self, session: AsyncSession, held: Held, book: Book, acting: Acting, ledger: Ledger) -> None:
        """Record a reply with every report of the case that has no other open case."""
        end_kind = held.life.round.end_kind
        linked = [one.report_id for one in await CaseWriting(session).linked_reports(held.case.id)]
        waiting = await CaseWriting(session).with_open_cases(linked, but=held.case.id)
        reply = commands.Reply(case_id=held.case.id, end_kind=end_kind or EndKind.SOLVED)
        by_policy = replace(acting, post=Post.POLICY, actor_id=None, on_behalf_of=None)
        for report_id in linked:
            report = await ReportRepository(session).lock(report_id) if report_id not in waiting else None
            if report is not None:
                held_report = await self._reports.hold(session, report)
                await self._reports.take(session, held_report, reply, book=book, acting=by_policy, ledger=ledger)
