"""Orders under change: their steps recorded in a chain, their row moved, their due time looked after."""

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app.dispatch.access import Standing
from app.dispatch.chain import link, text_digest
from app.dispatch.history import Payload
from app.dispatch.order_codes import OrderAction
from app.dispatch.orders import OrderDraft, OrderEntry, OrderLife, apply, fold
from app.models.orders import OrderRow
from app.models.reports import MediaUse
from app.repositories.bulk import NEW_ONLY, insert_rows
from app.repositories.orders import OrderRepository, entry_of
from app.services.ledger import SALT_BYTES, Acting

ORDER_DUE: Final = "order_due"
"""The kind of timer that looks after an order's due time."""

Clean = Callable[[str], str]
"""Takes what is personal out of a text."""


@dataclass(slots=True, kw_only=True)
class HeldOrder:
    """A locked order: its row, its life, the end of its chain."""

    row: OrderRow
    life: OrderLife
    hash: str

    @classmethod
    async def of(cls, session: AsyncSession, row: OrderRow) -> "HeldOrder":
        """Take up an order that was locked."""
        steps = await OrderRepository(session).steps(row.id)
        return cls(row=row, life=fold(map(entry_of, steps)), hash=steps[-1].hash)

    @property
    def standing(self) -> Standing:
        """What access needs to know of it."""
        return standing_of(self.row)


def standing_of(row: OrderRow) -> Standing:
    """Return how an order stands."""
    return Standing(
        regions=frozenset(row.regions), desk=row.desk, unit_code=row.unit_code, unit_codes=frozenset({row.unit_code})
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLedger:
    """Record steps of orders within one session; `clean` goes over every text before it is kept."""

    session: AsyncSession
    clean: Clean

    async def begin(self, draft: OrderDraft, acting: Acting, row: dict[str, Any], case_ids: Iterable[UUID]) -> UUID:
        """Store a new order by its first step; `row` holds what the step does not tell. Return its id."""
        order_id: UUID = row["id"]
        entry, step, texts = self._record(order_id, 0, None, None, draft, acting)
        life = fold([entry])
        said = {one["field"]: one["body"] for one in texts}
        await OrderRepository(self.session).add(
            {
                **row,
                "kind": life.kind,
                "title": said["title"],
                "body": said["text"],
                "document_no": entry.payload["document_no"],
                "unit_code": life.unit_code,
                "generation": draft.payload["generation"],
                "issued_by": acting.actor_id,
                "on_behalf_of": step["on_behalf_of"],
                "issued_at": life.issued_at,
                "answer": None,
                **_present(life),
            },
            list(case_ids),
        )
        await self._keep(order_id, entry, step, texts, life)
        return order_id

    async def go_on(self, held: HeldOrder, draft: OrderDraft, acting: Acting) -> None:
        """Add a step to a locked order."""
        life = held.life
        entry, step, texts = self._record(held.row.id, life.number, life.state, held.hash, draft, acting)
        held.life, held.hash = apply(life, entry), step["hash"]
        moved = _present(held.life)
        if entry.action is OrderAction.ANSWER:
            moved["answer"] = texts[0]["body"]
        await OrderRepository(self.session).move(held.row.id, moved)
        await self._keep(held.row.id, entry, step, texts, held.life)

    async def _keep(
        self, order_id: UUID, entry: OrderEntry, step: dict[str, Any], texts: list[dict[str, Any]], life: OrderLife
    ) -> None:
        orders = OrderRepository(self.session)
        await orders.append(step, texts)
        uses = [
            {"media_id": UUID(one), "subject_id": order_id, "number": entry.number, "account_id": entry.actor_id}
            for one in entry.payload.get("media", ())
        ]
        await insert_rows(self.session, MediaUse, uses, conflict=NEW_ONLY)
        if entry.action in _DROPS:
            await orders.drop_timers(order_id, ORDER_DUE, entry.recorded_at)
        if entry.action in _SETS and life.missed_at is None:
            await orders.set_timer(_timer(order_id, life))

    def _record(
        self, order_id: UUID, number: int, source: str | None, previous: str | None, draft: OrderDraft, acting: Acting
    ) -> tuple[OrderEntry, dict[str, Any], list[dict[str, Any]]]:
        number += 1
        texts: list[dict[str, Any]] = []
        digests: dict[str, str] = {}
        for name, text in draft.texts.items():
            salt, body = secrets.token_bytes(SALT_BYTES), self.clean(text)
            texts.append({"order_id": order_id, "number": number, "field": name, "salt": salt, "body": body})
            digests[name] = text_digest(salt, body)
        step: dict[str, Any] = {
            "order_id": order_id,
            "number": number,
            "action": draft.action,
            "from_state": source,
            "to_state": draft.target,
            "post": acting.post,
            "actor_id": acting.actor_id,
            "on_behalf_of": self.clean(acting.on_behalf_of) if acting.on_behalf_of else None,
            "policy": draft.policy,
            "recorded_at": acting.now,
            "payload": {**self._cleaned(draft.payload), **({"texts": digests} if digests else {})},
        }
        step["hash"] = link(previous, step)
        entry = OrderEntry(
            number=number,
            action=draft.action,
            target=draft.target,
            post=acting.post,
            actor_id=acting.actor_id,
            recorded_at=acting.now,
            payload=step["payload"],
        )
        return entry, step, texts

    def _cleaned(self, payload: Payload) -> Payload:
        """Clean the number of the paper: somebody may type a name there."""
        number = payload.get("document_no")
        return {**payload, "document_no": self.clean(number)} if isinstance(number, str) else payload


_SETS: Final = frozenset({OrderAction.ISSUE, OrderAction.SEND_BACK})
_DROPS: Final = frozenset({OrderAction.ANSWER, OrderAction.WITHDRAW, OrderAction.SEND_BACK, OrderAction.MISS})


def _present(life: OrderLife) -> dict[str, Any]:
    """Return the columns that follow from the steps."""
    return {
        "state": life.state,
        "due_at": life.due_at,
        "answered_at": life.answered_at,
        "missed_at": life.missed_at,
        "misses": life.misses,
        "sent_back": life.sent_back,
        "urges": life.urges,
        "ended_at": life.ended_at,
        "updated_at": life.updated_at,
        "version": life.number,
    }


def _timer(order_id: UUID, life: OrderLife) -> dict[str, Any]:
    return {
        "id": uuid7(),
        "kind": ORDER_DUE,
        "subject_id": order_id,
        "due_at": life.due_at + timedelta(microseconds=1),  # an answer at the due time itself is in time
        "payload": {},
        "claimed_until": None,
        "attempt": 0,
        "done_at": None,
    }
