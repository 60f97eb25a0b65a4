"""Formal orders to a unit (交办, 督办): their life as one table, and as their steps tell it. Values only.

An order is about none, one or many cases. It is not a step of any of them: a case goes its own way.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import reduce
from typing import Any, Final
from uuid import UUID

from app.dispatch.codes import Post
from app.dispatch.errors import ActionNotAllowed
from app.dispatch.order_codes import OrderAction, OrderKind, OrderState

CASES_AT_MOST: Final = 200
"""Cases that one order may be about."""

_A, _S = OrderAction, OrderState

ORDER_STEPS: Final[Mapping[tuple[OrderState, OrderAction], OrderState]] = {
    (_S.OPEN, _A.ANSWER): _S.ANSWERED,
    (_S.OPEN, _A.WITHDRAW): _S.WITHDRAWN,
    (_S.OPEN, _A.URGE): _S.OPEN,
    (_S.OPEN, _A.NOTE): _S.OPEN,
    (_S.OPEN, _A.MISS): _S.OPEN,
    (_S.ANSWERED, _A.ACCEPT): _S.ACCEPTED,
    (_S.ANSWERED, _A.SEND_BACK): _S.OPEN,
    (_S.ANSWERED, _A.WITHDRAW): _S.WITHDRAWN,
    (_S.ANSWERED, _A.URGE): _S.ANSWERED,
    (_S.ANSWERED, _A.NOTE): _S.ANSWERED,
    (_S.ACCEPTED, _A.NOTE): _S.ACCEPTED,
    (_S.WITHDRAWN, _A.NOTE): _S.WITHDRAWN,
}
"""From which state an action leads where; an order begins `open`."""

ENDED: Final = frozenset({_S.ACCEPTED, _S.WITHDRAWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDraft:
    """A step that was decided and is not recorded yet; `texts` are free texts by field."""

    action: OrderAction
    target: OrderState
    payload: Mapping[str, Any] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    policy: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEntry:
    """A recorded step."""

    number: int
    action: OrderAction
    target: OrderState
    post: Post
    actor_id: UUID | None
    recorded_at: datetime
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLife:
    """An order as its steps tell it; `number` is that of the last step, and the order's version.

    `missed_at` says that the present due time passed unanswered; a new due time takes it away, `misses` keeps count.
    """

    number: int
    state: OrderState
    kind: OrderKind
    unit_code: str
    issued_at: datetime
    updated_at: datetime
    due_at: datetime
    answered_at: datetime | None = None
    missed_at: datetime | None = None
    ended_at: datetime | None = None
    misses: int = 0
    sent_back: int = 0
    urges: int = 0

    def passed(self, now: datetime) -> bool:
        """Tell whether it waits for an answer beyond its due time, and nobody has said so yet."""
        return self.state is OrderState.OPEN and self.missed_at is None and now > self.due_at


def allowed(state: OrderState) -> tuple[OrderAction, ...]:
    """Return the actions that the table knows from `state`, whoever may take them."""
    return tuple(action for source, action in ORDER_STEPS if source is state)


def target(state: OrderState, action: OrderAction) -> OrderState:
    """Return the state that `action` leads to; raise ActionNotAllowed where the table has no such row."""
    found = ORDER_STEPS.get((state, action))
    if found is None:
        known = [one for one in allowed(state) if one is not OrderAction.MISS]
        raise ActionNotAllowed(action, state, known)
    return found


def fold(entries: Iterable[OrderEntry]) -> OrderLife:
    """Return the order that its steps tell of; raises ValueError without any."""
    life: OrderLife | None = reduce(_apply, entries, None)
    if life is None:
        raise ValueError("an order has at least the step that issued it")
    return life


def apply(life: OrderLife, entry: OrderEntry) -> OrderLife:
    """Return the life after one more step."""
    return _apply(life, entry)


def _apply(life: OrderLife | None, entry: OrderEntry) -> OrderLife:
    if life is None:
        return _issued(entry)
    moved = replace(life, number=entry.number, state=entry.target, updated_at=entry.recorded_at)
    change = _CHANGES.get(entry.action)
    return change(moved, entry) if change else moved


def _issued(entry: OrderEntry) -> OrderLife:
    return OrderLife(
        number=entry.number,
        state=entry.target,
        kind=OrderKind(entry.payload["kind"]),
        unit_code=entry.payload["unit_code"],
        issued_at=entry.recorded_at,
        updated_at=entry.recorded_at,
        due_at=datetime.fromisoformat(entry.payload["due_at"]),
    )


def _answered(life: OrderLife, entry: OrderEntry) -> OrderLife:
    return replace(life, answered_at=entry.recorded_at)


def _sent_back(life: OrderLife, entry: OrderEntry) -> OrderLife:
    due_at = datetime.fromisoformat(entry.payload["due_at"])
    missed_at = life.missed_at if due_at == life.due_at else None
    return replace(life, answered_at=None, due_at=due_at, missed_at=missed_at, sent_back=life.sent_back + 1)


def _missed(life: OrderLife, entry: OrderEntry) -> OrderLife:
    return replace(life, missed_at=entry.recorded_at, misses=life.misses + 1)


def _urged(life: OrderLife, _: OrderEntry) -> OrderLife:
    return replace(life, urges=life.urges + 1)


def _ended(life: OrderLife, entry: OrderEntry) -> OrderLife:
    return replace(life, ended_at=entry.recorded_at)


_CHANGES: Final[Mapping[OrderAction, Callable[[OrderLife, OrderEntry], OrderLife]]] = {
    _A.ANSWER: _answered,
    _A.SEND_BACK: _sent_back,
    _A.MISS: _missed,
    _A.URGE: _urged,
    _A.ACCEPT: _ended,
    _A.WITHDRAW: _ended,
}
