"""What is decided about an order: what issuing it records, what becomes of it, and what a miss leads to."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.dispatch.calendar import WorkCalendar
from app.dispatch.case_life import limit_json
from app.dispatch.clock import due
from app.dispatch.errors import BadInput
from app.dispatch.limits import Limit
from app.dispatch.order_codes import OrderAction, OrderKind, OrderState
from app.dispatch.orders import OrderDraft, OrderLife, target
from app.dispatch.policies import Policies


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Until when: an instant, or a limit from now; neither leaves it to the policy."""

    due_at: datetime | None = None
    limit: Limit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderWanted:
    """An order that somebody wants issued; `follows` names the one that was missed, `generation` counts such misses."""

    kind: OrderKind
    title: str
    text: str
    unit_code: str
    case_ids: Sequence[UUID] = ()
    span: Span = Span()
    document_no: str | None = None
    follows: UUID | None = None
    generation: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderWish:
    """What somebody wants done to an order; `span` goes with sending back, `media` with an answer."""

    action: OrderAction
    text: str | None = None
    media: tuple[UUID, ...] = ()
    span: Span = Span()


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderScene:
    """What surrounds a decision: the instant, the calendar of offices, the units there are, what the city chose."""

    now: datetime
    calendar: WorkCalendar
    units: Container[str]
    policies: Policies


def issue(wanted: OrderWanted, scene: OrderScene) -> OrderDraft:
    """Return the first step of an order; raises BadInput for a unit that is none and a due time that has passed."""
    if wanted.unit_code not in scene.units:
        raise BadInput.at(["body", "unit_code"], f"没有这个处置单位：{wanted.unit_code}", code="unknown_unit")
    policy = None if wanted.span.due_at or wanted.span.limit else _default_named(wanted)
    limit = scene.policies.order_follow_up_limit if wanted.follows else scene.policies.order_limit
    payload = {
        "kind": wanted.kind.value,
        "unit_code": wanted.unit_code,
        "case_ids": [str(one) for one in wanted.case_ids],
        "document_no": wanted.document_no,
        "follows": str(wanted.follows) if wanted.follows else None,
        "generation": wanted.generation,
        **_until(wanted.span, limit, scene),
    }
    texts = {"title": wanted.title, "text": wanted.text}
    return OrderDraft(action=OrderAction.ISSUE, target=OrderState.OPEN, payload=payload, texts=texts, policy=policy)


def act(life: OrderLife, wish: OrderWish, scene: OrderScene) -> OrderDraft:
    """Return the step that a wish makes of an order; raises BadInput, then ActionNotAllowed."""
    texts = {"text": wish.text} if wish.text else {}
    policy = None
    match wish.action:
        case OrderAction.ANSWER:
            payload = {"media": [str(one) for one in wish.media], "late": scene.now > life.due_at}
        case OrderAction.SEND_BACK:
            payload, policy = _sent_back(life, wish.span, scene)
        case _:
            payload = {}
    if not texts and wish.action in _MUST_SAY:
        raise BadInput.at(["body", "text"], "须写明内容", code="text_required")
    target_state = target(life.state, wish.action)
    return OrderDraft(action=wish.action, target=target_state, payload=payload, texts=texts, policy=policy)


def miss(life: OrderLife) -> OrderDraft:
    """Return the step that says that the due time passed unanswered."""
    payload = {"due_at": life.due_at.isoformat()}
    return OrderDraft(
        action=OrderAction.MISS, target=target(life.state, OrderAction.MISS), payload=payload, policy="order_due"
    )


def follow_up(missed: OrderWanted, order_id: UUID, policies: Policies) -> OrderWanted | None:
    """Return the order that follows a miss, to the same unit about the same; None where there have been enough."""
    if missed.generation >= policies.order_follow_ups_at_most:
        return None
    return OrderWanted(
        kind=missed.kind,
        title=missed.title,
        text=missed.text,
        unit_code=missed.unit_code,
        case_ids=missed.case_ids,
        document_no=missed.document_no,
        follows=order_id,
        generation=missed.generation + 1,
    )


_MUST_SAY = frozenset({OrderAction.ANSWER, OrderAction.SEND_BACK, OrderAction.WITHDRAW, OrderAction.NOTE})


def _default_named(wanted: OrderWanted) -> str:
    return "order_follow_up_limit" if wanted.follows else "order_limit"


def _sent_back(life: OrderLife, span: Span, scene: OrderScene) -> tuple[dict[str, object], str | None]:
    """Give until when the unit must answer again: as said, else what is left, but not less than a follow-up has."""
    if span.due_at or span.limit:
        return _until(span, scene.policies.order_follow_up_limit, scene), None
    fresh = due(scene.now, scene.policies.order_follow_up_limit, scene.calendar).at
    if life.due_at >= fresh:
        return {"due_at": life.due_at.isoformat()}, None
    return _until(span, scene.policies.order_follow_up_limit, scene), "order_follow_up_limit"


def _until(span: Span, default: Limit, scene: OrderScene) -> dict[str, object]:
    if span.due_at is not None and span.limit is not None:
        raise BadInput.at(["body", "limit"], "due_at 与 limit 只能给出一个", code="due_given_twice")
    if span.due_at is not None:
        if span.due_at <= scene.now:
            raise BadInput.at(["body", "due_at"], "办结期限须晚于现在", code="due_in_the_past")
        return {"due_at": span.due_at.isoformat()}
    limit = span.limit or default
    when = due(scene.now, limit, scene.calendar)
    return {
        "due_at": when.at.isoformat(),
        "limit": limit_json(limit),
        "provisional": when.provisional,
        "calendar_version": scene.calendar.version,
    }
