"""The steps of cases within a sitting: decide, record, tell. The only code that moves a case."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from uuid_utils.compat import uuid7

from app.dispatch import commands
from app.dispatch.case_actions import decide
from app.dispatch.case_disposal import is_published
from app.dispatch.case_fold import fold
from app.dispatch.case_life import CaseLife
from app.dispatch.case_projection import lapsed, timers
from app.dispatch.codes import Action, CaseState, Post
from app.dispatch.deciding import Amended
from app.dispatch.history import Draft, Entry, Payload
from app.dispatch.tasks import may_send
from app.repositories.step_reading import LinkedReport
from app.services.callbacks import Callbacks
from app.services.held import ENDED, HeldCase, HeldReport
from app.services.ledger import Acting, Thread
from app.services.report_steps import ReportSteps
from app.services.sitting import Sitting

_PUBLIC_ANSWER: Final = "public_answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseSteps:
    """Take steps of cases; `callbacks` tells partners, `reports` tells reporters."""

    callbacks: Callbacks
    reports: ReportSteps

    def take(
        self,
        sitting: Sitting,
        held: HeldCase,
        command: commands.Command,
        acting: Acting,
        *,
        policy: str | None = None,
        amended: Amended | None = None,
        more: Payload | None = None,
    ) -> Entry:
        """Decide a command and do all that follows from it; `more` goes into the payload beside what is decided."""
        sitting.touch(held)
        ended = held.life.state in ENDED
        task = held.life.task
        sends = may_send(command, held.life.author_id, held.life.inspector_id)
        scene = sitting.scene(acting, held, sends=sends)
        scene = replace(scene, uncalled=_uncalled(sitting, held, command), amended=amended)
        draft = decide(held.life, command, scene)
        if more:
            draft = replace(draft, payload={**draft.payload, **more})
        if policy is not None:
            draft = replace(draft, policy=policy)
        entry = sitting.ledger.add(held.thread, draft, acting)
        held.take(entry)
        _publish(sitting, held, entry)
        self._set_timers(sitting, held, entry)
        sitting.effects.follow_task(held.thread.subject, held.id, task, held.life.task, acting.now)
        sitting.effects.use(held.id, entry.number, entry.actor_id, entry.payload.get("media", ()))
        self._tell(sitting, held, entry)
        if held.life.state in ENDED and not ended and entry.action is not Action.MERGE_CASE:
            self._reply(sitting, held, acting)
        return entry

    def open(
        self,
        sitting: Sitting,
        draft: Draft,
        opened: Mapping[str, Any],
        acting: Acting,
        report: HeldReport,
        case_id: UUID | None = None,
    ) -> HeldCase:
        """Start a case with its first step and link the report it came from."""
        thread = Thread("case", case_id or uuid7())
        entry = sitting.ledger.add(thread, draft, acting)
        held = HeldCase(thread=thread, opened=opened, linked=(report.link,), folded=fold([entry]))
        sitting.add(held)
        sitting.effects.link(held.id, report.id, acting.now, first=True)
        report.join(held.id, held.life.state)
        self._tell(sitting, held, entry)
        return held

    def _set_timers(self, sitting: Sitting, held: HeldCase, entry: Entry) -> None:
        sitting.effects.drop_timers(held.id, lapsed(entry.action), entry.recorded_at)
        for wanted in timers(held.life, entry.action, sitting.policies_of(held, entry.recorded_at)):
            sitting.effects.set_timer(held.id, wanted)

    def _tell(self, sitting: Sitting, held: HeldCase, entry: Entry) -> None:
        sitting.effects.tell(self.callbacks.of_case(entry, held.life, held.public_answer, held.linked, sitting.book))

    def _reply(self, sitting: Sitting, held: HeldCase, acting: Acting) -> None:
        """Record a reply with every report of the case that has no other open case."""
        voided = held.life.state is CaseState.VOIDED
        reply = commands.Reply(case_id=held.id, end_kind=None if voided else held.life.round.end_kind)
        by_policy = replace(acting, post=Post.POLICY, actor_id=None, on_behalf_of=None)
        for linked in held.linked:
            report = sitting.report(linked.report_id)
            if report is not None and not self._waits(sitting, report, held):
                self.reports.take(sitting, report, reply, by_policy)

    def _waits(self, sitting: Sitting, report: HeldReport, but: HeldCase) -> bool:
        """Tell whether another case of a report is still open."""
        others = ((one, state) for one, state in report.cases.items() if one != but.id)
        return any(sitting.state_of(one, state) not in ENDED for one, state in others)


def _publish(sitting: Sitting, held: HeldCase, entry: Entry) -> None:
    """Take over the answer that the public may read from this step on; one that waits takes back the last."""
    said = sitting.ledger.last_text(held.thread, _PUBLIC_ANSWER)
    match entry.action:
        case Action.DISPOSE if is_published(entry.payload):
            held.public_answer = said or held.public_answer
        case Action.DISPOSE if entry.target == CaseState.DISPOSED:
            held.public_answer = None
        case Action.DISPOSE:
            held.claimed = said
        case Action.APPROVE_ANSWER:
            held.public_answer = said
        case Action.GRANT if entry.target == CaseState.CLOSED:
            held.public_answer = held.claimed or held.public_answer


def uncalled(life: CaseLife, linked: Iterable[LinkedReport]) -> list[UUID]:
    """Return the reports whose reporters asked to be called and have not been since the case was disposed."""
    standing = life.round.standing
    if standing is None:
        return []
    return [one.report_id for one in linked if one.asks_call and (one.called_at is None or one.called_at < standing.at)]


def _uncalled(sitting: Sitting, held: HeldCase, command: commands.Command) -> list[UUID]:
    """Return the same for a case that is to be closed, as this sitting has left its reports."""
    if not isinstance(command, commands.Close):
        return []
    reports = ((one, sitting.report(one.report_id)) for one in held.linked)
    return uncalled(held.life, [report.link if report is not None else one for one, report in reports])
