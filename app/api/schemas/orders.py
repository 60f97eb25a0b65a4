"""Orders to units (交办, 督办), as they are issued, acted on and answered."""

from typing import Any, ClassVar, Final, Self
from uuid import UUID

from pydantic import Field

from app.api.schemas.actions import LimitIn, Media, Text, UnitCode
from app.api.schemas.base import Answer, Body, Instant
from app.dispatch.codes import CaseState, Post
from app.dispatch.order_codes import OrderAction, OrderKind, OrderState
from app.dispatch.order_decisions import OrderWanted, OrderWish, Span
from app.dispatch.orders import CASES_AT_MOST
from app.models.orders import OrderRow
from app.services.order_queries import OrderStepView, OrderView


class OrderBody(Body):
    """What issuing an order and every action on one may carry."""

    as_post: Post | None = Field(default=None, description="Under which of the caller's posts", examples=[None])
    on_behalf_of: str | None = Field(default=None, max_length=100, description="For whom", examples=["分管副市长"])
    client_id: UUID | None = Field(default=None, description="Like an Idempotency-Key")


class OrderIn(OrderBody):
    """An order to one unit, about none, one or many cases."""

    kind: OrderKind = Field(description="assignment (交办) or supervision (督办)", examples=["supervision"])
    title: str = Field(min_length=1, max_length=200, description="What it is about, in a line", examples=["渣土专项"])
    text: Text = Field(description="What is to be done; numbers and names are taken out", examples=["限期清理并反馈"])
    unit_code: UnitCode = Field(description="The unit that is to answer", examples=["510107003"])
    case_ids: list[UUID] = Field(
        default=[], max_length=CASES_AT_MOST, description="Cases that the caller sees; may be none", examples=[[]]
    )
    due_at: Instant | None = Field(
        default=None, description="Until when; not with `limit`", examples=["2026-11-25T18:00:00+08:00"]
    )
    limit: LimitIn | None = Field(default=None, description="Until when, counted from now; default by policy")
    document_no: str | None = Field(
        default=None, min_length=1, max_length=100, description="Number of the paper", examples=["督办〔2026〕12号"]
    )

    def wanted(self) -> OrderWanted:
        """Return what is asked for."""
        return OrderWanted(
            kind=self.kind,
            title=self.title,
            text=self.text,
            unit_code=self.unit_code,
            case_ids=tuple(dict.fromkeys(self.case_ids)),
            span=_span(self.due_at, self.limit),
            document_no=self.document_no,
        )


class OrderActionIn(OrderBody):
    """What every action on an order may carry."""

    action: ClassVar[OrderAction]

    def to_wish(self) -> OrderWish:
        """Return what is wanted."""
        fields = {name: getattr(self, name, None) for name in ("text", "media", "due_at", "limit")}
        return OrderWish(
            action=self.action,
            text=fields["text"],
            media=tuple(fields["media"] or ()),
            span=_span(fields["due_at"], fields["limit"]),
        )


class AnswerOrderIn(OrderActionIn):
    """Say what was done."""

    action: ClassVar[OrderAction] = OrderAction.ANSWER
    text: Text = Field(description="The answer", examples=["已清理完毕，附照片"])
    media: Media = Field(default=[], description="Evidence")


class AcceptOrderIn(OrderActionIn):
    """Take the answer: the order is settled (销号)."""

    action: ClassVar[OrderAction] = OrderAction.ACCEPT
    text: Text | None = Field(default=None, description="A word along with it", examples=["同意销号"])


class SendBackOrderIn(OrderActionIn):
    """Not enough: the unit must answer again."""

    action: ClassVar[OrderAction] = OrderAction.SEND_BACK
    text: Text = Field(description="What is missing", examples=["照片与现场不符"])
    due_at: Instant | None = Field(
        default=None, description="Until when; default what is left, at least `order_follow_up_limit`", examples=[None]
    )
    limit: LimitIn | None = Field(default=None, description="Until when, counted from now; not with `due_at`")


class WithdrawOrderIn(OrderActionIn):
    """Take the order back."""

    action: ClassVar[OrderAction] = OrderAction.WITHDRAW
    text: Text = Field(description="Why", examples=["重复下发"])


class UrgeOrderIn(OrderActionIn):
    """Remind the other side; counted."""

    action: ClassVar[OrderAction] = OrderAction.URGE
    text: Text | None = Field(default=None, description="A word along with it", examples=["请于今日内反馈"])


class NoteOrderIn(OrderActionIn):
    """Leave a note that both sides read."""

    action: ClassVar[OrderAction] = OrderAction.NOTE
    text: Text = Field(description="The note", examples=["已与街道沟通"])


ORDER_ACTIONS: Final = (AnswerOrderIn, AcceptOrderIn, SendBackOrderIn, WithdrawOrderIn, UrgeOrderIn, NoteOrderIn)
"""Every action on an order that people may take."""


class OrderedCaseOut(Answer):
    """A case that an order is about."""

    id: UUID = Field(description="The case", examples=["0192d3a0-5c1e-7a52-9f8a-6f3d2b1c0e4f"])
    case_no: str = Field(description="Its number", examples=["DEMO202603020000042"])
    state: CaseState = Field(description="Where it stands now", examples=["dispatched"])


class OrderStepOut(Answer):
    """One step of an order."""

    number: int = Field(description="1, 2, 3 …", examples=[1])
    action: OrderAction = Field(description="What was done", examples=["issue"])
    from_state: OrderState | None = Field(serialization_alias="from", description="State before", examples=[None])
    to_state: OrderState = Field(serialization_alias="to", description="State after", examples=["open"])
    post: Post = Field(description="Under which post", examples=["supervisor"])
    by: str | None = Field(description="Who, where the caller may know", examples=["王敏"])
    on_behalf_of: str | None = Field(description="For whom", examples=[None])
    recorded_at: Instant = Field(description="When, by our clock", examples=["2026-11-22T09:00:00+08:00"])
    text: str | None = Field(description="What was said", examples=["限期清理并反馈"])
    media: list[UUID] = Field(description="Evidence with an answer", examples=[[]])
    due_at: Instant | None = Field(
        description="The due time that was set, or was missed", examples=["2026-11-25T18:00:00+08:00"]
    )
    late: bool | None = Field(description="Of an answer: later than due", examples=[None])
    policy: str | None = Field(description="The policy that acted", examples=["order_limit"])
    hash: str = Field(description="Chains the steps", examples=["9f86d081884c7d65…"])

    @classmethod
    def of(cls, view: OrderStepView) -> Self:
        """Render a step."""
        step = view.step
        plain: dict[str, Any] = {name: getattr(step, name) for name in _STEP}
        payload = step.payload
        return cls(
            **plain,
            by=view.by,
            text=view.texts.get("text"),
            media=payload.get("media", []),
            due_at=payload.get("due_at"),
            late=payload.get("late"),
        )


_STEP: Final = (
    *("number", "action", "from_state", "to_state", "post", "on_behalf_of", "recorded_at", "policy", "hash"),
)


class OrderBriefOut(Answer):
    """An order as it stands with a case."""

    id: UUID = Field(description="The order", examples=["0192d3a0-5c1e-7a52-9f8a-6f3d2b1c0e4f"])
    order_no: str = Field(description="Number for people", examples=["DEMO-O202611220000007"])
    kind: OrderKind = Field(description="assignment or supervision", examples=["supervision"])
    state: OrderState = Field(description="Where it stands", examples=["open"])
    title: str = Field(description="What it is about", examples=["渣土专项"])
    unit_code: str = Field(description="The unit that is to answer", examples=["510107003"])
    due_at: Instant = Field(description="Until when it is to be answered", examples=["2026-11-25T18:00:00+08:00"])
    misses: int = Field(description="Due times that passed unanswered", examples=[0])

    @classmethod
    def brief(cls, row: OrderRow) -> Self:
        """Render an order."""
        return cls.model_validate(row)


class OrderOut(OrderBriefOut):
    """An order."""

    text: str = Field(description="What is to be done, without personal data", examples=["限期清理并反馈"])
    document_no: str | None = Field(description="Number of the paper", examples=["督办〔2026〕12号"])
    unit_name: str | None = Field(description="Its name", examples=["滨江街道综合执法队"])
    desk: str = Field(description="The desk that issued it, and settles it", examples=["city"])
    on_behalf_of: str | None = Field(description="For whom it was issued", examples=[None])
    cases: list[OrderedCaseOut] = Field(description="What it is about, as far as the caller sees those cases")
    late: bool = Field(description="Answered, ended or still open later than due", examples=[False])
    answer: str | None = Field(description="The last answer", examples=[None])
    answered_at: Instant | None = Field(description="When; null after it was sent back", examples=[None])
    missed_at: Instant | None = Field(description="When the present due time was seen to have passed", examples=[None])
    sent_back: int = Field(description="How often an answer was not enough", examples=[0])
    urges: int = Field(description="Reminders", examples=[0])
    follows: UUID | None = Field(description="The order whose miss this one follows", examples=[None])
    generation: int = Field(description="How many misses in a row it follows", examples=[0])
    issued_at: Instant = Field(description="Issued", examples=["2026-11-22T09:00:00+08:00"])
    ended_at: Instant | None = Field(description="Settled or taken back", examples=[None])
    updated_at: Instant = Field(description="Last step", examples=["2026-11-22T09:00:00+08:00"])
    version: int = Field(description="Number of the last step; also the ETag", examples=[1])

    @classmethod
    def of(cls, view: OrderView) -> Self:
        """Render an order as its caller sees it."""
        return cls(**_told(view))


class OrderStoryOut(OrderOut):
    """An order with its steps."""

    followed_by: list[UUID] = Field(description="Orders that followed its misses", examples=[[]])
    steps: list[OrderStepOut] = Field(description="Everything that happened, first things first")

    @classmethod
    def of(cls, view: OrderView) -> Self:
        """Render an order with its steps."""
        steps = [OrderStepOut.of(one) for one in view.steps]
        return cls(**_told(view), followed_by=list(view.followed_by), steps=steps)


class OrdersOut(Answer):
    """One page of orders."""

    items: list[OrderOut] = Field(description="Newest first")
    next: str | None = Field(description="`after` of the next page; null on the last one", examples=[None])


_ROW: Final = (
    *("id", "order_no", "kind", "state", "title", "unit_code", "due_at", "misses", "document_no", "desk"),
    *("on_behalf_of", "answer", "answered_at", "missed_at", "sent_back", "urges", "follows", "generation"),
    *("issued_at", "ended_at", "updated_at", "version"),
)


def _told(view: OrderView) -> dict[str, Any]:
    plain: dict[str, Any] = {name: getattr(view.row, name) for name in _ROW}
    cases = [OrderedCaseOut.model_validate(one) for one in view.cases]
    return {**plain, "text": view.row.body, "unit_name": view.unit_name, "late": view.late, "cases": cases}


def _span(due_at: Any, limit: LimitIn | None) -> Span:  # noqa: ANN401  # an instant that was read, or none
    return Span(due_at=due_at, limit=limit.to_limit() if limit else None)
