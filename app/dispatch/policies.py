"""House policies with their defaults; docs/policies.md is made from this table, and history names the one that acts.

Another policy is one more field of `Policies`, `name: type = policy(default, "中文含义", KIND)`, in the group where it
belongs, and its row in docs/policies.md (a test says which). `KIND` is one of `policy_values`: it says which JSON is
taken, how it is shown, and what is refused in Chinese; a value of a new shape brings a `ValueKind` of its own. Rows by
category, source, desk and unit, `/admin/policies`, `/ref/policies` and `scene.policies` follow by themselves
(`policy_book`). `city_wide=True` is for what is asked before category and place are known: no row may narrow it. A step
on which a policy acted gives the field's name as the `policy` of its Draft.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import Any, Final, TypeVar

from app.dispatch.approval import BUILT_IN, CHAINS, ApprovalRow
from app.dispatch.codes import LimitUnit, ReworkClock
from app.dispatch.grade_limits import GRADES, GradeLimit
from app.dispatch.limits import Limit
from app.dispatch.policy_values import FLAG, LIMIT, METRES, SHARE, SPAN, ValueKind, choice, count, optional, some_of
from app.dispatch.required import REQUIRABLE, WITH_EVIDENCE
from app.dispatch.task_codes import WhoMayCheck

T = TypeVar("T")


def policy(default: T, meaning: str, kind: ValueKind[T], *, city_wide: bool = False) -> T:
    """Return the field of a policy; typed as its value, because that is what the field holds."""
    said: Any = field(default=default, metadata={"meaning": meaning, "kind": kind, "city_wide": city_wide})
    declared: T = said
    return declared


def _minutes(number: int) -> Limit:
    return Limit(value=number, unit=LimitUnit.MINUTE)


_DAYS: Final = timedelta(days=1)
_ONE_WORK_DAY: Final = Limit(value=1, unit=LimitUnit.WORK_DAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """What a city may decide otherwise. Source of every default: house rule (domain design §2 and §3)."""

    # what happens by itself
    auto_accept: bool = policy(False, "类别和位置明确的上报是否自动受理", FLAG)
    auto_file: bool = policy(False, "立案条件明确的已受理上报是否自动立案", FLAG)
    auto_dispatch: bool = policy(False, "有建议单位且无疑点的新案件是否自动派遣", FLAG)
    auto_sign_after: timedelta | None = policy(
        timedelta(hours=2), "派遣后多久未签收即视为已签收；空为不自动签收", optional(SPAN)
    )
    auto_send_check: bool = policy(False, "处置反馈后是否自动派采集员核查", FLAG)
    auto_close: bool = policy(False, "核查通过且不缺手续的案件是否自动结案", FLAG)
    citizen_reopens: bool = policy(False, "市民评价不满意是否直接重办", FLAG)

    # what is asked of those who act
    evidence_required: tuple[str, ...] = policy((), "哪些操作须附照片", some_of(WITH_EVIDENCE))
    required_fields: tuple[str, ...] = policy((), "哪些操作须填写哪些选填项（操作.字段）", some_of(REQUIRABLE))
    answer_approval: bool = policy(False, "公开答复是否须经审核才能发出", FLAG)
    call_back_before_closing: bool = policy(False, "结案前是否须先回访每位反映人", FLAG)

    # sending and taking back
    recall_within: timedelta = policy(timedelta(minutes=15), "已签收的派遣在多久内仍可收回", SPAN)
    return_window: Limit = policy(
        Limit(value=8, unit=LimitUnit.WORK_HOUR), "退件须在派遣后的这段工作时间内提出（与下一项取其短）", LIMIT
    )
    return_window_share: float = policy(0.25, "退件须在时限的这一比例内提出", SHARE)
    return_window_least: timedelta = policy(timedelta(minutes=15), "退件窗口不短于此", SPAN)
    sub_share: float = policy(0.7, "交办下级的承办段占上级时限的比例", SHARE)

    # more time
    extensions_at_most: int = policy(2, "一个承办段内最多延期次数", count(0, 20))
    extension_moves_case: bool = policy(True, "延期是否同时顺延案件时钟", FLAG)
    suspension_at_most: timedelta = policy(365 * _DAYS, "缓办最长时间", SPAN)
    suspensions_a_round: int = policy(1, "一轮内最多缓办次数", count(0, 20))
    follow_up_limit: Limit = policy(Limit(value=10, unit=LimitUnit.WORK_DAY), "临时处置后续承办段的时限", LIMIT)

    # checks
    desk_check: bool = policy(False, "值班长能否只比对照片完成核查", FLAG)
    who_may_check: WhoMayCheck = policy(
        WhoMayCheck.OTHER_IF_NEAR, "由谁核查（见词汇表 WhoMayCheck）", choice(WhoMayCheck)
    )
    near_within_m: float = policy(3000.0, "责任区中心相距多少米以内算附近", METRES)
    recheck_share: float = policy(0.1, "随机另派一人复核的比例", SHARE)
    check_window: Limit | None = policy(None, "派出后须在多久内完成核查；空为不限", optional(LIMIT))
    take_up_within: timedelta | None = policy(None, "任务派出后多久未领取即转派他人；空为不转派", optional(SPAN))
    rework_clock: ReworkClock = policy(ReworkClock.UNIT_TIME, "核查不通过后承办段时钟的算法", choice(ReworkClock))

    # rounds
    redo_limit: Limit = policy(Limit(value=3, unit=LimitUnit.WORK_DAY), "重办一轮的时限", LIMIT)
    reopen_within: timedelta = policy(15 * _DAYS, "结案后多久内可以重办", SPAN)

    # the desk's own time
    accept_limit: Limit = policy(_minutes(15), "受理时限", LIMIT, city_wide=True)
    file_limit: Limit = policy(_minutes(15), "立案时限", LIMIT, city_wide=True)
    dispatch_limit: Limit = policy(_minutes(15), "派遣时限", LIMIT, city_wide=True)
    verify_limit: Limit = policy(_minutes(30), "核实时限", LIMIT, city_wide=True)
    send_check_limit: Limit = policy(_minutes(15), "处置反馈后派核查的时限", LIMIT, city_wide=True)
    check_limit: Limit = policy(_minutes(30), "核查时限", LIMIT, city_wide=True)
    close_limit: Limit = policy(_minutes(15), "核查通过后结案的时限", LIMIT, city_wide=True)
    ruling_limit: Limit = policy(
        Limit(value=1, unit=LimitUnit.WORK_HOUR), "工作时限案件的审批时限，超出部分还给处置单位", LIMIT
    )
    ruling_limit_continuous: Limit = policy(_minutes(15), "连续计时案件的审批时限", LIMIT)
    appeal_within: Limit = policy(Limit(value=3, unit=LimitUnit.WORK_DAY), "考核记录产生后多久内可以申诉", LIMIT)
    arbitration_limit: Limit = policy(_ONE_WORK_DAY, "裁定时限", LIMIT)
    approval_chains: tuple[ApprovalRow, ...] = policy(BUILT_IN, "申请由哪些岗位依次审批；先列者先用", CHAINS)
    claim_lease: timedelta = policy(timedelta(minutes=15), "认领一件待办后独占多久", SPAN, city_wide=True)

    # places of a higher standard, and orders (交办, 督办)
    grade_limits: tuple[GradeLimit, ...] = policy((), "责任地块等级对处置时限的调整（倍数或替代时限）", GRADES)
    order_limit: Limit = policy(Limit(value=3, unit=LimitUnit.WORK_DAY), "交办、督办未指定期限时的办结时限", LIMIT)
    order_follow_up_limit: Limit = policy(_ONE_WORK_DAY, "逾期续发或退回重办的交办、督办的时限", LIMIT)
    order_follow_ups_at_most: int = policy(3, "交办、督办逾期后最多连续续发几次", count(0, 20))

    # place, likeness, time of devices
    snap_tolerance_m: float = policy(30.0, "网格外多少米以内归入最近的网格", METRES, city_wide=True)
    duplicate_radius_m: float = policy(50.0, "疑似重复的距离（米）", METRES, city_wide=True)
    duplicate_within: timedelta = policy(15 * _DAYS, "疑似重复的时间范围", SPAN, city_wide=True)
    recurrence_within: timedelta = policy(15 * _DAYS, "结案后多久内同一地点同一小类算反复", SPAN)
    recurrence_radius_m: float = policy(50.0, "反复案件的距离（米）", METRES, city_wide=True)
    clock_skew_noted: timedelta = policy(
        timedelta(minutes=5), "设备时间与本机相差多少以上予以标注", SPAN, city_wide=True
    )


DEFAULTS: Final = Policies()

MEANINGS: Final[Mapping[str, str]] = {one.name: one.metadata["meaning"] for one in fields(Policies)}
"""What each policy says, in Chinese, for docs/policies.md and `/ref/policies`."""

KINDS: Final[Mapping[str, ValueKind[Any]]] = {one.name: one.metadata["kind"] for one in fields(Policies)}
"""How the values of each policy are read, written and shown."""

CITY_WIDE: Final = frozenset(one.name for one in fields(Policies) if one.metadata["city_wide"])
"""The policies that no row may narrow: they are asked before category and place are known."""


def table(policies: Policies = DEFAULTS) -> tuple[tuple[str, str, str], ...]:
    """Return (name, value as text, meaning) of every policy, in the order of the class."""
    return tuple((name, kind.show(getattr(policies, name)), MEANINGS[name]) for name, kind in KINDS.items())
