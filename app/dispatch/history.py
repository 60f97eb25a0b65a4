"""Steps as values: what a decision wants recorded, and what was recorded."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from app.dispatch.codes import Action, Post

Payload = Mapping[str, Any]
"""JSON: codes, ids, numbers and ISO instants; never free text, never anything personal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A step that was decided and is not recorded yet.

    `texts` are free texts by field; they are stored beside the row and enter the chain as salted digests only.
    """

    action: Action
    target: str
    payload: Payload = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    policy: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A recorded step. `recorded_at` (our clock) decides order and judgement; `occurred_at` is a claim."""

    number: int
    action: Action
    source: str | None
    target: str
    post: Post
    actor_id: UUID | None
    on_behalf_of: str | None
    policy: str | None
    recorded_at: datetime
    occurred_at: datetime | None
    payload: Payload


def entered(draft: Draft, number: int, source: str | None, *, post: Post, actor_id: UUID | None, at: datetime) -> Entry:
    """Return the entry that a draft becomes; for folding before it is stored."""
    return Entry(
        number=number,
        action=draft.action,
        source=source,
        target=draft.target,
        post=post,
        actor_id=actor_id,
        on_behalf_of=None,
        policy=draft.policy,
        recorded_at=at,
        occurred_at=None,
        payload=draft.payload,
    )


def instant_of(payload: Payload, key: str) -> datetime | None:
    """Return the ISO instant that a payload holds under `key`, if it holds one."""
    value = payload.get(key)
    return datetime.fromisoformat(value) if isinstance(value, str) else None


def id_of(payload: Payload, key: str) -> UUID | None:
    """Return the id that a payload holds under `key`, if it holds one."""
    value = payload.get(key)
    return UUID(value) if isinstance(value, str) else None
