"""What one use case records: steps collected, hashed into their chains, and written together at the end."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.chain import link, text_digest
from app.dispatch.codes import Post
from app.dispatch.commands import SHORT
from app.dispatch.history import Draft, Entry
from app.repositories.history import HistoryRepository

Subject = Literal["report", "case"]
SALT_BYTES: Final = 16
CHAINED: Final = (
    *("subject", "subject_id", "number", "action", "from_state", "to_state", "post", "actor_id", "on_behalf_of"),
    *("policy", "recorded_at", "occurred_at", "payload"),
)
"""The columns that a hash covers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """Who acts, under which post, and when by our clock; `occurred_at` is only a claim."""

    now: datetime
    post: Post
    actor_id: UUID | None = None
    own_units: frozenset[str] | None = None
    """In whose name a unit's person acts; None for everybody else."""
    on_behalf_of: str | None = None
    occurred_at: datetime | None = None


@dataclass(slots=True)
class Thread:
    """The end of one subject's chain."""

    subject: Subject
    subject_id: UUID
    number: int = 0
    state: str | None = None
    hash: str | None = None

    @classmethod
    def of(cls, subject: Subject, subject_id: UUID, steps: Sequence[tuple[Entry, str]]) -> "Thread":
        """Take up the chain where the stored steps end, each given with its hash."""
        if not steps:
            return cls(subject, subject_id)
        last, digest = steps[-1]
        return cls(subject, subject_id, last.number, last.target, digest)


@dataclass(slots=True)
class Ledger:
    """Collect steps; `clean` takes what is personal out of everything that somebody typed before it is kept."""

    clean: Callable[[str], str]
    rows: list[dict[str, Any]] = field(default_factory=list)
    texts: list[dict[str, Any]] = field(default_factory=list)

    def add(self, thread: Thread, draft: Draft, acting: Acting) -> Entry:
        """Append a step to a chain and return it as recorded."""
        number = thread.number + 1
        payload = {name: self._cleaned(value) if name in SHORT else value for name, value in draft.payload.items()}
        if draft.texts:
            payload["texts"] = {name: self._keep(thread, number, name, text) for name, text in draft.texts.items()}
        row: dict[str, Any] = {
            "subject": thread.subject,
            "subject_id": thread.subject_id,
            "number": number,
            "action": draft.action,
            "from_state": thread.state,
            "to_state": str(draft.target),
            "post": acting.post,
            "actor_id": acting.actor_id,
            "on_behalf_of": self.clean(acting.on_behalf_of) if acting.on_behalf_of else None,
            "policy": draft.policy,
            "recorded_at": acting.now,
            "occurred_at": acting.occurred_at,
            "payload": payload,
        }
        row["hash"] = link(thread.hash, row)
        self.rows.append(row)
        thread.number, thread.state, thread.hash = number, row["to_state"], row["hash"]
        return _entry(row)

    def last_text(self, thread: Thread, name: str) -> str | None:
        """Return a text that the last step of a chain was recorded with, as it was kept; none where it has none."""
        for one in reversed(self.texts):
            if (one["subject_id"], one["number"]) != (thread.subject_id, thread.number):
                return None
            if one["field"] == name:
                body: str = one["body"]
                return body
        return None

    def mark(self) -> tuple[int, int]:
        """Return how much has been collected until now."""
        return len(self.rows), len(self.texts)

    def cut(self, mark: tuple[int, int]) -> None:
        """Forget what was collected since."""
        del self.rows[mark[0] :], self.texts[mark[1] :]

    def _cleaned(self, value: Any) -> Any:  # noqa: ANN401  # one of the short values of a payload
        if isinstance(value, list):
            return [self.clean(one) for one in value]
        return self.clean(value) if value else value

    def _keep(self, thread: Thread, number: int, name: str, text: str) -> str:
        salt, body = secrets.token_bytes(SALT_BYTES), self.clean(text)
        key = {"subject_id": thread.subject_id, "number": number, "field": name}
        self.texts.append({**key, "salt": salt, "body": body})
        return text_digest(salt, body)

    async def store(self, session: AsyncSession) -> None:
        """Write everything that was collected."""
        await HistoryRepository(session).add(self.rows, self.texts)
        self.rows, self.texts = [], []


def _entry(row: dict[str, Any]) -> Entry:
    return Entry(
        number=row["number"],
        action=row["action"],
        source=row["from_state"],
        target=row["to_state"],
        post=row["post"],
        actor_id=row["actor_id"],
        on_behalf_of=row["on_behalf_of"],
        policy=row["policy"],
        recorded_at=row["recorded_at"],
        occurred_at=row["occurred_at"],
        payload=row["payload"],
    )
