"""What an inspector was sent to look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from app.dispatch.access import Actor
from app.dispatch.codes import Post
from app.repositories.tasks import TaskRepository, TaskRow
from app.services.books import Books
from app.services.transaction import Sessions, reading

_LAST: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskView:
    """A task, with the name of its category."""

    row: TaskRow
    category_name: str | None


class Tasks:
    """The lists of inspectors."""

    def __init__(self, sessions: Sessions, books: Books) -> None:
        """Take where to read from."""
        self._sessions = sessions
        self._books = books

    async def of(self, actor: Actor, *, near: tuple[float, float] | None, limit: int) -> Sequence[TaskView]:
        """Return the actor's tasks, those due first before those that wait longest; who is no inspector has none."""
        if Post.INSPECTOR not in actor.posts:
            return []
        catalogue = self._books.current.catalogue
        async with reading(self._sessions) as session:
            rows = await TaskRepository(session).of(actor.account_id, near=near, limit=limit)
        views = []
        for row in sorted(rows, key=_order):
            category = catalogue.find(row.kind, row.category)
            views.append(TaskView(row=row, category_name=category.minor_name if category else None))
        return views


def _order(row: TaskRow) -> tuple[datetime, datetime]:
    return row.task_due_at or row.due_at or _LAST, row.since
