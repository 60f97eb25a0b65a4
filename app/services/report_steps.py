"""The steps of reports within a sitting: decide, record, tell. The only code that moves a report."""

from dataclasses import dataclass, replace
from typing import Final

from app.dispatch import commands
from app.dispatch.codes import Action
from app.dispatch.history import Entry
from app.dispatch.report_actions import Placed, decide
from app.dispatch.tasks import may_send
from app.services.callbacks import Callbacks
from app.services.held import HeldReport
from app.services.ledger import Acting
from app.services.sitting import Sitting

TOLD: Final = frozenset({Action.ACCEPT, Action.REJECT, Action.ANSWER, Action.MERGE})
"""Steps of which partners are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSteps:
    """Take steps of reports; `callbacks` tells partners."""

    callbacks: Callbacks

    def take(
        self,
        sitting: Sitting,
        held: HeldReport,
        command: commands.Command,
        acting: Acting,
        *,
        placed: Placed | None = None,
        policy: str | None = None,
    ) -> Entry:
        """Decide a command and do all that follows from it; `placed` goes with accepting."""
        sitting.touch(held)
        task = held.life.task
        sends = may_send(command, held.life.author_id, held.life.verifier_id)
        scene = sitting.scene(acting, held, sends=sends)
        draft = decide(held.life, command, scene, placed)
        if policy is not None:
            draft = replace(draft, policy=policy)
        entry = sitting.ledger.add(held.thread, draft, acting)
        held.take(entry)
        answer = sitting.ledger.last_text(held.thread, "public_answer")
        if answer:
            held.row = replace(held.row, public_answer=answer)
        sitting.effects.follow_task(held.thread.subject, held.id, task, held.life.task, acting.now)
        sitting.effects.use(held.id, entry.number, entry.actor_id, entry.payload.get("media", ()))
        if entry.action in TOLD:
            sitting.effects.tell(
                self.callbacks.of_report(entry, held.life, held.row.public_answer, held.link, sitting.book)
            )
        return entry
