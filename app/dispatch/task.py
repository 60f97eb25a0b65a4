"""An inspector's task as its history tells it: whose it is, by when, whether he goes, who passed it on before."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from app.dispatch.changing import replace
from app.dispatch.codes import Action
from app.dispatch.history import Entry, id_of, instant_of

UNTAKEN: Final = "task_untaken"
"""The timer of a task that nobody takes up, and the policy that its step names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A look that somebody was sent to take, before filing or before closing.

    `take_up_by`: when it goes to the next unless it was taken up; None: never. `passed_by` had it since the desk sent
    it, and gave it on, let it lie or found nobody in.
    """

    inspector_id: UUID
    sent_at: datetime
    due_at: datetime
    take_up_by: datetime | None = None
    taken_up_at: datetime | None = None
    passed_by: tuple[UUID, ...] = ()

    @property
    def waits(self) -> bool:
        """Whether it is to be taken up in time and was not."""
        return self.take_up_by is not None and self.taken_up_at is None


def told(task: Task | None, holder_id: UUID | None, entry: Entry) -> Task | None:
    """Return the task after one more step; `holder_id` is whose it is then.

    Steps that were recorded before tasks had a window tell of none.
    """
    if holder_id is None:
        return None
    due_at = instant_of(entry.payload, "task_due_at")
    if due_at is not None and id_of(entry.payload, "inspector_id") == holder_id:
        return Task(
            inspector_id=holder_id,
            sent_at=entry.recorded_at,
            due_at=due_at,
            take_up_by=instant_of(entry.payload, "take_up_by"),
            passed_by=(*task.passed_by, task.inspector_id) if task is not None else (),
        )
    if task is not None and entry.action is Action.TAKE_UP:
        return replace(task, taken_up_at=entry.recorded_at)
    return task


def columns(task: Task | None) -> dict[str, datetime | None]:
    """Return what lists need of a task."""
    return {
        "task_sent_at": task.sent_at if task else None,
        "task_due_at": task.due_at if task else None,
        "task_taken_up_at": task.taken_up_at if task else None,
    }
