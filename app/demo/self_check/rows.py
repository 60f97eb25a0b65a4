"""Rows of history as they are stored, by subject."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from app.repositories.audit import SUBJECTS, AuditRepository
from app.services.transaction import Sessions, reading

UNREADABLE: Final = (LookupError, ValueError, TypeError, AttributeError, StopIteration, ArithmeticError)
"""What a reading runs into where rows are gone or say what no step of ours says."""
_COLUMNS: Final = ("subject", "subject_id", "number", "action", "to_state", "actor_id", "recorded_at", "payload")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of history."""

    subject: str
    subject_id: UUID
    number: int
    action: str
    state: str
    actor: str | None
    at: datetime
    payload: Mapping[str, Any]

    def instant(self, *path: str) -> datetime | None:
        """Return the instant that the payload holds under a path, if it holds one."""
        found: Any = self.payload
        for name in path:
            found = found.get(name) if found else None
        return datetime.fromisoformat(found) if found else None


Subjects = Mapping[UUID, Sequence[Row]]
"""The rows of each report and case, in order."""


async def load(sessions: Sessions) -> Subjects:
    """Read every row of every history."""
    async with reading(sessions) as session:
        repository = AuditRepository(session)
        last = await repository.last(SUBJECTS)
        if last is None:
            return {}
        return by_subject([_row(one) async for one, _ in repository.steps(_COLUMNS, None, last)])


def by_subject(rows: Iterable[Row]) -> Subjects:
    """Put rows that come in order under their subjects."""
    found: dict[UUID, list[Row]] = {}
    for row in rows:
        found.setdefault(row.subject_id, []).append(row)
    return found


def known_at(subjects: Subjects, as_of: datetime) -> Subjects:
    """Return what had been recorded by an instant, the instant included."""
    kept = {one: [row for row in rows if row.at <= as_of] for one, rows in subjects.items()}
    return {one: rows for one, rows in kept.items() if rows}


def _row(stored: Mapping[str, Any]) -> Row:
    actor = stored["actor_id"]
    return Row(
        subject=stored["subject"],
        subject_id=stored["subject_id"],
        number=stored["number"],
        action=stored["action"],
        state=stored["to_state"],
        actor=str(actor) if actor else None,
        at=stored["recorded_at"],
        payload=stored["payload"],
    )
