"""Who rules on what units ask for, one post after the other: rows of data, matched when something is asked.

Which rows hold for a category, a source, a desk or a unit, the policy `approval_chains` says; within them the first row
that fits decides, and where none does, the built-in ones. The chain is fixed when it is asked and recorded with that.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.dispatch.codes import LimitUnit, Post, RequestKind, Source
from app.dispatch.errors import BadInput
from app.dispatch.limits import Limit
from app.dispatch.policy_values import Json, ValueKind

Chain = tuple[Post, ...]

RULING: Final = frozenset(
    {Post.UNIT_LEAD, Post.DISPATCHER, Post.SHIFT_LEAD, Post.COORDINATOR, Post.SUPERVISOR, Post.PARTNER}
)
"""The posts that may be a step of a chain; `unit_lead` is the head of the unit that asks."""
ENGINEERING: Final = "engineering"
"""The reason under which an extension may be longer than the limit, with a dated plan."""
OF_PARTNERS: Final = frozenset({Source.HOTLINE_12345, Source.HOTLINE_12319, Source.SUPERIOR_PLATFORM, Source.DISTRICT})
"""Sources behind which stands somebody who can rule; for the others a step of the partner falls away."""
ASKED_OF_PARTNERS: Final = frozenset({RequestKind.RETURN, RequestKind.EXTENSION, RequestKind.SUSPENSION})
_STEPS_AT_MOST: Final = 6
_ROWS_AT_MOST: Final = 100
_NTH_AT_MOST: Final = 100
_DAYS_AT_MOST: Final = 3660
_REASON_AT_MOST: Final = 50
_HOURS_A_DAY: Final[Mapping[LimitUnit, int]] = {
    LimitUnit.MINUTE: 24 * 60,
    LimitUnit.CONTINUOUS_HOUR: 24,
    LimitUnit.CONTINUOUS_DAY: 1,
    LimitUnit.WORK_HOUR: 8,
    LimitUnit.WORK_DAY: 1,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRow:
    """One row: requests of a kind, from the `nth` of the round on, longer than so many days, for a reason → the posts.

    A request's number counts those that were granted before it in the round; a day is a work day of a limit in work
    hours or days, else one of the calendar. None matches anything. Raises BadInput for a chain nobody could rule by.
    """

    kind: RequestKind
    posts: Chain
    nth: int = 1
    longer_than_days: float | None = None
    reason_code: str | None = None

    def __post_init__(self) -> None:
        """Refuse a chain without steps, with a post twice, or with one that does not rule."""
        if not 0 < len(self.posts) <= _STEPS_AT_MOST or len(set(self.posts)) < len(self.posts):
            raise BadInput(f"审批链须有 1 至 {_STEPS_AT_MOST} 个互不相同的岗位", code="chain_invalid")
        if not set(self.posts) <= RULING:
            raise BadInput(f"审批链只能由这些岗位组成：{'、'.join(sorted(RULING))}", code="chain_invalid")
        if self.nth < 1 or (self.longer_than_days is not None and self.longer_than_days < 0):
            raise BadInput("审批链的次数从 1 起，天数不小于 0", code="chain_invalid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked: the how-manieth of its kind, how long it is in days, why, of a case from which source."""

    kind: RequestKind
    nth: int
    days: float
    reason_code: str
    source: Source


BUILT_IN: Final = (
    ApprovalRow(kind=RequestKind.RETURN, nth=3, posts=(Post.COORDINATOR,)),
    ApprovalRow(kind=RequestKind.RETURN, posts=(Post.DISPATCHER,)),
    ApprovalRow(kind=RequestKind.EXTENSION, reason_code=ENGINEERING, posts=(Post.SHIFT_LEAD, Post.SUPERVISOR)),
    ApprovalRow(kind=RequestKind.EXTENSION, posts=(Post.SHIFT_LEAD,)),
    ApprovalRow(kind=RequestKind.SUSPENSION, posts=(Post.SHIFT_LEAD,)),
    ApprovalRow(kind=RequestKind.END, posts=(Post.SHIFT_LEAD,)),
    ApprovalRow(kind=RequestKind.ARBITRATION, posts=(Post.COORDINATOR,)),
)
"""Source: domain design §2, "Requests"; the chain of an engineering extension is a house rule."""

FIRST_RULERS: Final[Mapping[RequestKind, Post]] = {one.kind: one.posts[0] for one in BUILT_IN if one.nth == 1}
"""Who ruled before chains were recorded with what was asked."""


def chain_of(rows: Iterable[ApprovalRow], asked: Asked) -> Chain:
    """Return the posts that rule on what is asked, in order; an arbitration always ends with the coordinator."""
    fitting = (_without_partner(one.posts, asked) for one in (*rows, *BUILT_IN) if _fits(one, asked))
    posts = next(chain for chain in fitting if chain)
    if asked.kind is RequestKind.ARBITRATION and posts[-1] is not Post.COORDINATOR:
        posts = (*(post for post in posts if post is not Post.COORDINATOR), Post.COORDINATOR)
    return posts


def days_of(limit: Limit) -> float:
    """Return a limit in days, as rows measure the length of an extension."""
    return float(limit.value) / _HOURS_A_DAY[limit.unit]


def _fits(row: ApprovalRow, asked: Asked) -> bool:
    return (
        row.kind is asked.kind
        and row.nth <= asked.nth
        and (row.longer_than_days is None or asked.days > row.longer_than_days)
        and row.reason_code in {None, asked.reason_code}
    )


def _without_partner(posts: Chain, asked: Asked) -> Chain:
    """Leave the partner out where there is none, and of what his events have no word for."""
    heard = asked.source in OF_PARTNERS and asked.kind in ASKED_OF_PARTNERS
    return posts if heard else tuple(post for post in posts if post is not Post.PARTNER)


_KEYS: Final = frozenset({"kind", "posts", "nth", "longer_than_days", "reason_code"})


def _rows(value: Json) -> tuple[ApprovalRow, ...]:
    if not isinstance(value, list) or len(value) > _ROWS_AT_MOST:
        raise ValueError(value)
    return tuple(_row(one) for one in value)


def _row(value: Any) -> ApprovalRow:  # noqa: ANN401  # JSON
    if not isinstance(value, dict) or not {"kind", "posts"} <= value.keys() <= _KEYS:
        raise ValueError(value)
    nth, days, reason = value.get("nth", 1), value.get("longer_than_days"), value.get("reason_code")
    if isinstance(nth, bool) or not isinstance(nth, int) or not isinstance(reason, str | None):
        raise TypeError(value)
    if days is not None and (isinstance(days, bool) or not isinstance(days, int | float)):
        raise TypeError(value)
    if nth > _NTH_AT_MOST or len(reason or "") > _REASON_AT_MOST or not (days or 0) <= _DAYS_AT_MOST:  # nor NaN
        raise ValueError(value)
    posts = tuple(Post(str(one)) for one in value["posts"])
    return ApprovalRow(kind=RequestKind(value["kind"]), posts=posts, nth=nth, longer_than_days=days, reason_code=reason)


def _json(rows: Sequence[ApprovalRow]) -> list[dict[str, object]]:
    return [
        {
            "kind": one.kind.value,
            "posts": [post.value for post in one.posts],
            "nth": one.nth,
            **({"longer_than_days": one.longer_than_days} if one.longer_than_days is not None else {}),
            **({"reason_code": one.reason_code} if one.reason_code is not None else {}),
        }
        for one in rows
    ]


def _text(rows: Sequence[ApprovalRow]) -> str:
    return "；".join(_line(one) for one in rows) or "无"


def _line(row: ApprovalRow) -> str:
    nth = f" 第 {row.nth} 次起" if row.nth > 1 else ""
    days = f" 超过 {row.longer_than_days:g} 天" if row.longer_than_days is not None else ""
    reason = f" {row.reason_code}" if row.reason_code else ""
    return f"{row.kind}{reason}{nth}{days}：{' → '.join(row.posts)}"


CHAINS: Final[ValueKind[tuple[ApprovalRow, ...]]] = ValueKind(
    name="approval_chains",
    right='审批链列表，先列者先用，如 [{"kind": "extension", "nth": 2, "longer_than_days": 3, "posts": '
    '["shift_lead", "supervisor"]}]',
    read=_rows,
    write=_json,
    show=_text,
)
"""How the policy is read, written and shown; what no row of it fits is ruled by the built-in rows."""
