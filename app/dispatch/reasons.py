"""The reason codes that clients offer with an action; source: house list, other codes are taken as they come."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from app.dispatch.codes import Action, EndKind, FailCode

BUILT_IN_VERSION: Final = 2
"""Of every list that comes with the program; rises when one of them changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A code and its Chinese name, for one action."""

    action: Action
    code: str
    name: str


_REPORT: Final[Mapping[Action, Mapping[str, str]]] = {
    Action.REJECT: {
        "not_true": "情况不属实",
        "not_urban_management": "不属于城市管理范围",
        "unclear": "反映内容不清且无法联系核实",
        "outside_city": "不在本市范围",
    },
    Action.ANSWER: {"advice": "咨询，已直接答复", "policy": "政策解释", "already_solved": "反映前已解决"},
    Action.FORWARD: {"other_authority": "属其他部门职责", "other_city": "属其他地区", "emergency": "转110、119、120"},
    Action.UNMERGE: {"not_same": "不是同一问题", "by_mistake": "误操作"},
    Action.WITHDRAW: {"reporter_asked": "反映人要求撤回", "solved_itself": "已自行解决", "by_mistake": "误报"},
}

_CASE: Final[Mapping[Action, Mapping[str, str]]] = {
    Action.DISPATCH: {
        "local_knowledge": "现场情况与规则不符",
        "ruling": "按权属裁定",
        "unit_asked": "单位间协商一致",
        "temporary_duty": "临时值守安排",
    },
    Action.RECALL: {"wrong_unit": "派遣单位有误", "wrong_category": "类别有误", "duplicate": "重复派遣"},
    Action.REQUEST_RETURN: {
        "not_ours": "不属本单位职责",
        "wrong_place": "不在本单位范围",
        "wrong_category": "类别有误",
        "private_ground": "属小区或单位内部",
    },
    Action.RETURN_SUB: {
        "not_ours": "不属本单位分办范围",
        "wrong_place": "不在本单位地段",
        "needs_others": "须由其他单位办理",
        "done_otherwise": "已另行安排",
    },
    Action.REQUEST_EXTENSION: {
        "large_work": "工程量大",
        "material": "需采购材料配件",
        "weather": "天气影响",
        "coordination": "需多部门协调",
        "engineering": "工程施工（须附计划完成日期，可超过原时限）",
    },
    Action.REQUEST_SUSPENSION: {
        "construction": "结合在建工程处理",
        "budget": "待专项资金",
        "season": "受季节限制",
        "legal_procedure": "待执法程序完成",
    },
    Action.VOID: {"duplicate": "重复立案", "not_true": "情况不属实", "by_mistake": "误立案"},
    Action.REOPEN: {"dissatisfied": "反映人不满意", "not_solved": "问题未解决", "relapsed": "问题反弹"},
    Action.CHECK: {
        FailCode.NOT_DONE: "未处置",
        FailCode.INCOMPLETE: "处置不彻底",
        FailCode.WRONG_PLACE: "处置位置不对",
        FailCode.RELAPSED: "处置后反弹",
    },
}

REASONS: Final = tuple(
    Reason(action=action, code=str(code), name=name)
    for table in (_REPORT, _CASE)
    for action, names in table.items()
    for code, name in names.items()
)

END_NAMES: Final[Mapping[EndKind, str]] = {
    EndKind.SOLVED: "已解决",
    EndKind.EXPLAINED: "已解释",
    EndKind.GONE: "已自行消失",
    EndKind.TRANSFERRED_TO_ENFORCEMENT: "移送执法",
    EndKind.PROBLEM_BANK: "挂账",
    EndKind.OUT_OF_SCOPE: "不属管理范围",
    EndKind.WITHDRAWN: "上报人撤回",
    EndKind.MERGED: "并案",
}
"""The end kinds in Chinese, as in docs/glossary.md."""

SOURCE_NAMES: Final[Mapping[str, str]] = {
    "inspector": "采集员上报",
    "hotline_12345": "12345热线",
    "hotline_12319": "12319热线",
    "citizen": "市民随手拍",
    "walk_in": "来访",
    "leader": "领导交办",
    "superior_platform": "上级平台",
    "district": "区级平台",
    "media": "媒体曝光",
    "petition": "信访",
    "forum": "网络论坛",
    "video": "视频采集",
    "vehicle": "车载采集",
    "sensor": "物联感知",
    "census": "普查",
    "unit_self": "单位自查",
    "enforcement": "执法巡查",
    "deputies": "代表委员",
}
"""The sources in Chinese; every `Source` has one."""
