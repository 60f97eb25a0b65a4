"""A partner's order as a value: read with patience, nothing refused but what cannot be answered for.

What is of a wrong type or beyond its bounds is left out here and noted (`unknown_value`); the raw payload keeps it.
"""

import json
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Final

from app.dispatch.arrival import Reporter
from app.dispatch.codes import Attention, Contact, Kind
from app.dispatch.errors import BadInput, Unreadable
from app.dispatch.loose import TEXT_AT_MOST, LooseFields
from app.dispatch.report_life import dissatisfied

NUMBER_AT_MOST: Final = 200
"""Characters of an order number: it is part of keys. A longer one is refused like a missing one."""
_CODE_AT_MOST: Final = 20
_KEY_AT_MOST: Final = 400
_GRADES: Final = range(1, 6)


class HotlineAction(StrEnum):
    """What a partner's event says; the list is the contract's."""

    CREATE = "create"
    SUPPLEMENT = "supplement"
    URGE = "urge"
    WITHDRAW = "withdraw"
    EVALUATE = "evaluate"
    REDO = "redo"
    RETURN_APPROVED = "return_approved"
    RETURN_REFUSED = "return_refused"
    EXTENSION_APPROVED = "extension_approved"
    EXTENSION_REFUSED = "extension_refused"
    SUSPENSION_APPROVED = "suspension_approved"
    SUSPENSION_REFUSED = "suspension_refused"
    SUPERVISE = "supervise"


class Urgency(StrEnum):
    """How pressing the partner calls it."""

    NORMAL = "normal"
    URGENT = "urgent"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenPoint:
    """A point as the partner gave it; not converted, perhaps nonsense."""

    lon: float
    lat: float
    datum: str
    accuracy_m: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What the reporter told the partner."""

    reached: bool
    solved: bool | None
    satisfaction: int | None
    comment: str | None

    @property
    def dissatisfied(self) -> bool:
        """Whether the desk should ask again. Source: house rule, grades 1 and 2 of 5, or not solved."""
        return dissatisfied(self.solved, self.satisfaction)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One event of a partner's order. `action` is None where the partner's word is not ours."""

    key: str
    order_no: str
    action: HotlineAction | None
    said: str
    text: str | None
    reporter: Reporter
    address: str | None
    point: GivenPoint | None
    kind: Kind | None
    category: str | None
    urgency: Urgency
    occurred_at: datetime | None
    due_at: datetime | None
    evaluation: Evaluation | None
    repeat_of: str | None
    raw: str
    attention: frozenset[Attention] = field(default_factory=frozenset)


def read_order(body: bytes) -> Order:
    """Read an event from the bytes that were signed.

    Raises Unreadable for what is no JSON object, BadInput without `order_no` or `action`.
    """
    raw, payload = _parse(body)
    fields = LooseFields(payload)
    order_no, said = _name(fields, "order_no"), _name(fields, "action")
    action = next((one for one in HotlineAction if one == said), None)
    place = fields.inner("location")
    order = Order(
        key=_key(fields, order_no, said, body),
        order_no=order_no,
        action=action,
        said=said,
        text="\n".join(filter(None, (fields.text("title"), fields.text("content"))))[:TEXT_AT_MOST] or None,
        reporter=_reporter(fields.inner("caller")),
        address=fields.text("address") or place.text("address"),
        point=_point(place),
        kind=fields.coded("kind", Kind),
        category=fields.code("category", at_most=_CODE_AT_MOST),
        urgency=fields.coded("urgency", Urgency) or Urgency.NORMAL,
        occurred_at=fields.instant("occurred_at"),
        due_at=fields.instant("due_at"),
        evaluation=_evaluation(fields.inner("evaluation")),
        repeat_of=fields.code("repeat_of", at_most=NUMBER_AT_MOST),
        raw=raw,
    )
    noted = {Attention.UNKNOWN_VALUE: fields.odd or action is None, Attention.MEDIA_PENDING: "attachments" in fields}
    return replace(order, attention=frozenset(one for one, seen in noted.items() if seen))


def _parse(body: bytes) -> tuple[str, dict[str, object]]:
    try:
        raw = body.decode(json.detect_encoding(body))
        payload = json.loads(raw, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise Unreadable("请求体不是可读的 JSON") from error
    if not isinstance(payload, dict):
        raise Unreadable("请求体须为一个 JSON 对象")
    return raw, payload


def _no_number(text: str) -> float:
    raise ValueError(text)


def _name(fields: LooseFields, name: str) -> str:
    """Read what nothing can be done without."""
    value = fields.code(name, at_most=NUMBER_AT_MOST)
    if value is None:
        raise BadInput.at(["body", name], f"缺少可用的 {name}（1–{NUMBER_AT_MOST} 字符）", code=f"{name}_required")
    return value


def _key(fields: LooseFields, order_no: str, said: str, body: bytes) -> str:
    event_id = fields.code("event_id", at_most=TEXT_AT_MOST)
    version = fields.code("version", at_most=TEXT_AT_MOST) or sha256(body).hexdigest()
    key = f"event:{event_id}" if event_id else f"order:{json.dumps([order_no, said, version], ensure_ascii=False)}"
    return key if len(key) <= _KEY_AT_MOST else f"digest:{sha256(key.encode()).hexdigest()}"


def _reporter(caller: LooseFields) -> Reporter:
    secret = caller.given("confidential", bool)
    # a flag we cannot read is taken as a wish for secrecy: the other mistake cannot be undone
    hide = secret if secret is not None else "confidential" in caller
    return Reporter(
        name=caller.text("name"),
        phone=caller.code("phone", at_most=NUMBER_AT_MOST),
        callback_phone=caller.code("callback_phone", at_most=NUMBER_AT_MOST),
        contact=Contact.CONFIDENTIAL if hide else None,
    )


def _point(place: LooseFields) -> GivenPoint | None:
    lon, lat = place.number("lon"), place.number("lat")
    datum, accuracy_m = place.code("datum", at_most=_CODE_AT_MOST), place.number("accuracy_m")
    if lon is None or lat is None or datum is None:
        # no point at all is no error; half of one, or one without a datum, is
        place.note(any(name in place for name in ("lon", "lat")))
        return None
    return GivenPoint(lon=lon, lat=lat, datum=datum, accuracy_m=accuracy_m)


def _evaluation(said: LooseFields) -> Evaluation | None:
    if said.empty:
        return None
    grade = said.given("satisfaction", int)
    said.note(grade is not None and grade not in _GRADES)
    return Evaluation(
        reached=said.given("reached", bool) is not False,
        solved=said.given("solved", bool),
        satisfaction=grade if grade in _GRADES else None,
        comment=said.text("comment"),
    )
