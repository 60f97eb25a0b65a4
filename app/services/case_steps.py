"""The steps of cases within a sitting: decide, record, tell. The only code that moves a case."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from uuid_utils.compat import uuid7

from app.dispatch import commands
from app.dispatch.case_actions import decide
from app.dispatch.case_fold import fold
from app.dispatch.case_projection import lapsed, timers
from app.dispatch.codes import Action, CheckResult, EndKind, Post
from app.dispatch.history import Draft, Entry
from app.services.callbacks import Callbacks
from app.services.held import ENDED, HeldCase, HeldReport
from app.services.ledger import Acting, Thread
from app.services.report_steps import ReportSteps
from app.services.sitting import Sitting

TOLD: Final = frozenset({Action.FILE, Action.DISPATCH, Action.DISPOSE, Action.CLOSE, Action.REOPEN})
"""Steps of which partners are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseSteps:
    """Take steps of cases; `callbacks` tells partners, `reports` tells reporters."""

    callbacks: Callbacks
    reports: ReportSteps

    def take(
        self, sitting: Sitting, held: HeldCase, command: commands.Command, acting: Acting, *, policy: str | None = None
    ) -> Entry:
        """Decide a command and do all that follows from it."""
        sitting.touch(held)
        no_access = isinstance(command, commands.Check) and command.result is CheckResult.NO_ACCESS
        sends = no_access or command.action is Action.SEND_CHECK
        scene = sitting.scene(acting, held, held.life.spot.regions if sends else None)
        draft = decide(held.life, command, scene)
        if policy is not None:
            draft = replace(draft, policy=policy)
        entry = sitting.ledger.add(held.thread, draft, acting)
        held.take(entry)
        held.public_answer = sitting.ledger.last_text(held.thread, "public_answer") or held.public_answer
        self._set_timers(sitting, held, entry)
        sitting.effects.use(held.id, entry.number, entry.actor_id, entry.payload.get("media", ()))
        if entry.action in TOLD:
            self._tell(sitting, held, entry)
        if entry.action is Action.CLOSE:
            self._reply(sitting, held, acting)
        return entry

    def open(
        self, sitting: Sitting, draft: Draft, opened: Mapping[str, Any], acting: Acting, report: HeldReport
    ) -> HeldCase:
        """Start a case with its first step and link the report it came from."""
        thread = Thread("case", uuid7())
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
        reply = commands.Reply(case_id=held.id, end_kind=held.life.round.end_kind or EndKind.SOLVED)
        by_policy = replace(acting, post=Post.POLICY, actor_id=None, on_behalf_of=None)
        for linked in held.linked:
            report = sitting.report(linked.report_id)
            if report is not None and not self._waits(sitting, report, held):
                self.reports.take(sitting, report, reply, by_policy)

    def _waits(self, sitting: Sitting, report: HeldReport, but: HeldCase) -> bool:
        """Tell whether another case of a report is still open."""
        others = ((one, state) for one, state in report.cases.items() if one != but.id)
        return any(sitting.state_of(one, state) not in ENDED for one, state in others)
