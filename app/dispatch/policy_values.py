"""The kinds of values that policies have: how one is read, refused, written and shown."""

import math
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final, Generic, TypeVar

from app.dispatch.codes import LimitUnit, WorkDayRule
from app.dispatch.errors import BadInput
from app.dispatch.limits import Limit

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)
Json = object
"""What JSON may hold."""


class _Unfit(Exception):
    """The value is none of its kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueKind(Generic[T]):
    """How the values of a policy are read from JSON, written to it and shown; `right` says in Chinese what fits.

    `read` raises `_Unfit`, ValueError or TypeError, or lets a BadInput of a value's own through.
    """

    name: str
    right: str
    read: Callable[[Json], T]
    write: Callable[[T], Json]
    show: Callable[[T], str] = str

    def parse(self, value: Json) -> T:
        """Return the value that JSON says; raise BadInput naming what would be right, also for what cannot be kept."""
        try:
            found = self.read(value)
            _keep(self.write(found))
        except (_Unfit, ValueError, TypeError, ArithmeticError, BadInput, KeyError):
            raise BadInput.at(["body", "value"], f"值须为{self.right}", code="policy_value_unfit") from None
        return found


def _keep(value: Json) -> None:
    """Refuse what no database keeps: null characters, halves of a character, numbers that are none."""
    match value:
        case str():
            if "\x00" in value:
                raise _Unfit
            value.encode()
        case float():
            if not math.isfinite(value):
                raise _Unfit
        case dict():
            _keep([*value.keys(), *value.values()])
        case list() | tuple():
            for one in value:
                _keep(one)


def _boolean(value: Json) -> bool:
    if not isinstance(value, bool):
        raise _Unfit
    return value


def _number(value: Json, least: float, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Unfit
    if not (math.isfinite(value) and least <= value <= most):
        raise _Unfit
    return float(value)


def _whole(value: Json, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise _Unfit
    return value


_SPAN: Final = re.compile(
    r"P(?=\d|T\d)(?:(?P<days>\d{1,4})D)?(?:T(?=\d)(?:(?P<hours>\d{1,4})H)?"
    r"(?:(?P<minutes>\d{1,5})M)?(?:(?P<seconds>\d{1,6})S)?)?",
    re.ASCII,
)


def _span(value: Json) -> timedelta:
    found = _SPAN.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise _Unfit
    span = timedelta(**{name: int(digits) for name, digits in found.groupdict().items() if digits})
    if not timedelta() < span <= timedelta(days=3660):
        raise _Unfit
    return span


def span_json(span: timedelta) -> str:
    """Return a duration as ISO 8601 writes it: `P15D`, `PT2H30M`."""
    seconds = int(span.total_seconds())
    days, rest = divmod(seconds, 86400)
    parts = (("H", rest // 3600), ("M", rest % 3600 // 60), ("S", rest % 60))
    time = "".join(f"{number}{letter}" for letter, number in parts if number)
    return "P" + (f"{days}D" if days else "") + (f"T{time}" if time else "")


def _limit(value: Json) -> Limit:
    if not isinstance(value, dict) or not {"value", "unit"} <= value.keys() <= {"value", "unit", "rule"}:
        raise _Unfit
    number = _number(value["value"], 0, 10_000)
    rule = WorkDayRule(value["rule"]) if value.get("rule") is not None else None
    whole = int(number) if number == int(number) else Decimal(str(number))
    return Limit(value=whole, unit=LimitUnit(value["unit"]), rule=rule)


def _limit_json(limit: Limit) -> Json:
    rule = {"rule": limit.rule.value} if limit.rule else {}
    number = int(limit.value) if limit.value == int(limit.value) else float(limit.value)
    return {"value": number, "unit": limit.unit.value, **rule}


def _limit_text(limit: Limit) -> str:
    return f"{limit.value} {limit.unit}" + (f" ({limit.rule})" if limit.rule else "")


def count(least: int, most: int) -> ValueKind[int]:
    """Return the kind of whole numbers within bounds."""
    right = f"{least} 至 {most} 的整数"
    return ValueKind(name="count", right=right, read=lambda value: _whole(value, least, most), write=int)


def choice(codes: type[E]) -> ValueKind[E]:
    """Return the kind of one code out of several."""
    right = "以下之一：" + "、".join(codes)
    return ValueKind(name="choice", right=right, read=lambda value: codes(str(value)), write=str)


def some_of(known: Collection[str]) -> ValueKind[tuple[str, ...]]:
    """Return the kind of a list, perhaps empty, of known names; each once, in their own order."""

    def read(value: Json) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(one, str) and one in known for one in value):
            raise _Unfit
        return tuple(sorted(set(value)))

    right = "列表，各项只能是：" + "、".join(sorted(known))
    return ValueKind(name="names", right=right, read=read, write=list, show=lambda names: "、".join(names) or "无")


def optional(kind: ValueKind[T]) -> ValueKind[T | None]:
    """Return the kind that also knows null, which means: off, without end."""
    return ValueKind(
        name=f"{kind.name}_or_null",
        right=f"{kind.right}，或 null",
        read=lambda value: None if value is None else kind.read(value),
        write=lambda value: None if value is None else kind.write(value),
        show=lambda value: "无" if value is None else kind.show(value),
    )


FLAG: Final[ValueKind[bool]] = ValueKind(name="flag", right=" true 或 false", read=_boolean, write=bool)
SHARE: Final[ValueKind[float]] = ValueKind(
    name="share", right=" 0 至 1 的数", read=lambda one: _number(one, 0, 1), write=float
)
METRES: Final[ValueKind[float]] = ValueKind(
    name="metres", right=" 0 至 10000 的数（米）", read=lambda one: _number(one, 0, 10_000), write=float
)
SPAN: Final[ValueKind[timedelta]] = ValueKind(
    name="duration", right="大于零的时长，如 PT15M、PT2H、P15D", read=_span, write=span_json
)
LIMIT: Final[ValueKind[Limit]] = ValueKind(
    name="limit",
    right='时限，如 {"value": 1, "unit": "work_day"}',
    read=_limit,
    write=_limit_json,
    show=_limit_text,
)
