"""House policies with their defaults; docs/policies.md is made from this table, and history names the one that acts."""

from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import Final

from app.dispatch.codes import LimitUnit, ReworkClock
from app.dispatch.limits import Limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """What a city may decide otherwise. Source of every default: house rule (domain design §2 and §3)."""

    auto_sign_after: timedelta | None = timedelta(hours=2)
    desk_check: bool = False
    recall_within: timedelta = timedelta(minutes=15)
    return_window: Limit = field(default=Limit(value=8, unit=LimitUnit.WORK_HOUR))
    return_window_share: float = 0.25
    return_window_least: timedelta = timedelta(minutes=15)
    extensions_at_most: int = 2
    extension_moves_case: bool = True
    suspension_at_most: timedelta = timedelta(days=365)
    suspensions_a_round: int = 1
    rework_clock: ReworkClock = ReworkClock.UNIT_TIME
    ruling_limit: Limit = field(default=Limit(value=1, unit=LimitUnit.WORK_HOUR))
    ruling_limit_continuous: Limit = field(default=Limit(value=15, unit=LimitUnit.MINUTE))
    redo_limit: Limit = field(default=Limit(value=3, unit=LimitUnit.WORK_DAY))
    reopen_within: timedelta = timedelta(days=15)
    snap_tolerance_m: float = 30.0
    duplicate_radius_m: float = 50.0
    duplicate_within: timedelta = timedelta(days=15)
    recurrence_within: timedelta = timedelta(days=15)
    recurrence_radius_m: float = 50.0
    clock_skew_noted: timedelta = timedelta(minutes=5)


DEFAULTS: Final = Policies()

MEANINGS: Final = {
    "auto_sign_after": "派遣后多久未签收即视为已签收；空为不自动签收",
    "desk_check": "值班长能否只比对照片完成核查",
    "recall_within": "已签收的派遣在多久内仍可收回",
    "return_window": "退件须在派遣后的这段工作时间内提出（与下一项取其短）",
    "return_window_share": "退件须在时限的这一比例内提出",
    "return_window_least": "退件窗口不短于此",
    "extensions_at_most": "一个承办段内最多延期次数",
    "extension_moves_case": "延期是否同时顺延案件时钟",
    "suspension_at_most": "缓办最长时间",
    "suspensions_a_round": "一轮内最多缓办次数",
    "rework_clock": "核查不通过后承办段时钟的算法",
    "ruling_limit": "工作时限案件的审批时限，超出部分还给处置单位",
    "ruling_limit_continuous": "连续计时案件的审批时限",
    "redo_limit": "重办一轮的时限",
    "reopen_within": "结案后多久内可以重办",
    "snap_tolerance_m": "网格外多少米以内归入最近的网格",
    "duplicate_radius_m": "疑似重复的距离（米）",
    "duplicate_within": "疑似重复的时间范围",
    "recurrence_within": "结案后多久内同一地点同一小类算反复",
    "recurrence_radius_m": "反复案件的距离（米）",
    "clock_skew_noted": "设备时间与本机相差多少以上予以标注",
}
"""What each policy says, in Chinese, for docs/policies.md and `/ref/policies`."""


def table(policies: Policies = DEFAULTS) -> tuple[tuple[str, str, str], ...]:
    """Return (name, value as text, meaning) of every policy, in the order of the class."""
    return tuple((f.name, _text(getattr(policies, f.name)), MEANINGS[f.name]) for f in fields(policies))


def _text(value: object) -> str:
    if isinstance(value, Limit):
        return f"{value.value} {value.unit}"
    return str(value)
