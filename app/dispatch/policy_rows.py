"""What an administrator may lay down as a row of a policy, and what stored rows say."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from app.dispatch.access import CITY_DESK
from app.dispatch.book import Book
from app.dispatch.clock import due
from app.dispatch.errors import BadInput, Conflict
from app.dispatch.grade_limits import GradeLimit
from app.dispatch.limits import Limit
from app.dispatch.policies import CITY_WIDE, KINDS
from app.dispatch.policy_book import PolicyRow, Selectors, clash

_LONGEST: Final = timedelta(days=3660)
"""No limit of a policy is longer, as no duration of one is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyWanted:
    """A row as it is asked for; `value` as JSON says it. `valid_from` None is now."""

    policy: str
    value: Any
    selectors: Selectors
    reason: str
    document: str | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None


def check(wanted: PolicyWanted, book: Book, now: datetime) -> Any:  # noqa: ANN401  # each policy has a type of its own
    """Return the value that is asked for; raise BadInput where it does not fit, or the row could have no effect."""
    if wanted.policy not in KINDS:
        raise _refused("policy", f"没有这项策略：{wanted.policy}；可用的见 /api/v1/ref/policies", "unknown_policy")
    _check_selectors(wanted.policy, wanted.selectors, book)
    if wanted.valid_from is not None and wanted.valid_from < now:
        raise _refused("valid_from", "策略不能从过去开始；请留空或给出将来的时间", "past_instant")
    if wanted.valid_to is not None and wanted.valid_to <= (wanted.valid_from or now):
        raise _refused("valid_to", "策略的结束须晚于开始", "ends_before_it_begins")
    value = KINDS[wanted.policy].parse(wanted.value)
    for limit in _limits(value):
        _check_countable(limit, book, now)
    return value


def _limits(value: object) -> Iterator[Limit]:
    """Yield the limits that a value is, or holds."""
    if isinstance(value, Limit):
        yield value
    for one in value if isinstance(value, tuple) else ():
        if isinstance(one, GradeLimit) and one.limit is not None:
            yield one.limit


def _check_countable(limit: Limit, book: Book, now: datetime) -> None:
    """Refuse a limit that the calendar cannot count: else every step that asks for it would be refused later."""
    try:
        countable = due(now, limit, book.calendar).at - now <= _LONGEST
    except BadInput:
        countable = False
    if not countable:
        text = "时限须能按日历推算，最长十年；按整日计算的工作日须为整数"
        raise _refused("value", text, "policy_value_unfit")


def check_alone(row: PolicyRow, others: Iterable[PolicyRow]) -> None:
    """Raise Conflict where an equally specific row says otherwise at the same time."""
    other = clash(row, others)
    if other is None:
        return
    kind = KINDS[row.policy]
    until = f"至 {other.valid_to.isoformat()}" if other.valid_to else "起长期有效"
    raise Conflict(
        f"与策略行 {other.id} 冲突：同一范围在同一时段，{row.policy} 一为 {kind.show(other.value)}"
        f"（自 {other.valid_from.isoformat()}{until}），一为 {kind.show(row.value)}；请先终止原有的一行",
        code="policy_conflict",
        fields={"rows": [other.id, row.id], "values": [kind.write(other.value), kind.write(row.value)]},
    )


def _check_selectors(policy: str, one: Selectors, book: Book) -> None:
    if policy in CITY_WIDE and not one.empty:
        raise _refused("policy", f"{policy} 只能全市统一，不能按类别、来源、平台或单位分别规定", "policy_city_wide")
    if one.minor is not None and one.major is None:
        raise _refused("major", "给出小类时须给出大类", "major_required")
    if one.fineness and not _is_category(one, book):
        raise _refused("minor" if one.minor else "major", "启用的目录中没有这个类别", "unknown_category")
    if one.unit_code is not None and one.unit_code not in book.units:
        raise _refused("unit_code", f"没有启用这个单位：{one.unit_code}", "unknown_unit")
    if one.desk is not None and not _is_desk(one.desk, book):
        raise _refused(
            "desk", f"没有这个平台：{one.desk}；市级平台为 {CITY_DESK}，镇街平台为其单位代码", "unknown_desk"
        )


def _is_desk(code: str, book: Book) -> bool:
    unit = book.units.get(code)
    return code == CITY_DESK or (unit is not None and unit.desk)


def _is_category(one: Selectors, book: Book) -> bool:
    return any(
        one.kind in {None, known.kind} and one.major in {None, known.major} and one.minor in {None, known.minor}
        for known in book.catalogue.categories.values()
    )


def _refused(field: str, message: str, code: str) -> BadInput:
    return BadInput.at(["body", field], message, code=code)
