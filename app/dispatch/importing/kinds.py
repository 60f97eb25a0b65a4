"""What can be imported, and the columns that each kind has."""

from collections.abc import Mapping
from typing import Final

from app.dispatch.importing.tables import Field
from app.dispatch.set_codes import SetKind

ACCOUNTS: Final = "accounts"
"""The one kind that is no set: accounts are open as soon as they are imported."""

KINDS: Final = (*(kind.value for kind in SetKind), ACCOUNTS)

WITH_SHAPES: Final = frozenset({SetKind.AREAS, SetKind.CELLS, SetKind.ZONES, SetKind.PLACES, SetKind.COMPONENTS})


def _may(name: str, *also: str) -> Field:
    return Field(name=name, also=also, required=False)


def _must(name: str, *also: str) -> Field:
    return Field(name=name, also=also)


FIELDS: Final[Mapping[str, tuple[Field, ...]]] = {
    SetKind.AREAS: (
        _must("code", "区划代码", "代码", "编码"),
        _must("name", "名称", "区划名称"),
        _must("level", "级别", "层级"),
        _must("parent_code", "上级代码", "parent_cod", "parent"),
    ),
    SetKind.CELLS: (
        _must("code", "网格代码", "网格编码", "单元网格代码", "代码", "编码"),
        _may("beat_code", "beat", "责任区代码", "责任网格代码"),
    ),
    SetKind.ZONES: (
        _must("code", "代码", "编码", "地块代码"),
        _must("name", "名称"),
        _must("class", "zone_class", "类别", "地块类别"),
        _must("manager_unit", "manager_un", "管理单位", "管理单位代码"),  # a Shapefile's columns have ten letters
        _may("grade", "等级"),
        _may("width_m", "width", "宽度", "路宽"),
        _may("valid_from", "生效时间", "生效日期"),
        _may("valid_to", "失效时间", "失效日期"),
    ),
    SetKind.PLACES: (
        _must("name", "名称"),
        _must("kind", "类别", "种类"),
        _may("aliases", "alias", "别名"),
    ),
    SetKind.COMPONENTS: (
        _must("code", "部件代码", "部件标识码", "代码", "编码"),
        _must("category", "类别代码", "小类代码"),
        _must("name", "名称", "部件名称"),
        _must("competent_unit", "competent_", "主管单位", "主管单位代码"),
        _must("owner_unit", "权属单位", "权属单位代码"),
        _must("maintainer_unit", "maintainer", "养护单位", "养护单位代码"),
        _must("state", "状态", "部件状态"),
    ),
    SetKind.UNITS: (
        _must("code", "单位代码", "代码", "编码"),
        _must("name", "单位名称", "名称"),
        _must("parent_code", "上级单位代码", "上级代码"),
        _must("kind", "单位类别", "类别"),
        _must("region_code", "区划代码", "所在区划"),
        _must("fallback", "兜底"),
        _may("desk", "平台"),
    ),
    SetKind.RULES: (
        _may("id", "rule_id", "规则编号"),
        _must("unit_code", "单位代码"),
        _must("scope", "范围"),
        _must("scope_code", "范围代码"),
        _must("kind", "类型"),
        _must("major", "大类", "大类代码"),
        _must("minor", "小类", "小类代码"),
        _must("condition", "立案条件序号", "条件序号"),
        _may("valid_from", "生效时间", "生效日期"),
        _may("valid_to", "失效时间", "失效日期"),
    ),
    SetKind.CATALOGUE: (
        _may("kind", "类型"),
        _must("major_code", "大类代码"),
        _must("major_name", "大类名称"),
        _must("minor_code", "小类代码"),
        _must("minor_name", "小类名称"),
        _may("condition", "condition_no", "立案条件序号", "条件序号"),
        _must("filing_condition", "立案条件"),
        _must("limit", "处置时限", "时限"),
        _must("closing_condition", "结案条件"),
        _may("limit_source", "时限来源"),
    ),
    SetKind.CALENDAR: (
        _must("date", "day", "日期"),
        _must("working", "是否工作日", "工作日"),
        _may("slots", "工作时段", "时段"),
    ),
    SetKind.BEATS: (
        _must("code", "责任区代码", "责任网格代码", "代码"),
        _must("name", "责任区名称", "名称"),
        _must("cell_code", "网格代码", "单元网格代码"),
    ),
    ACCOUNTS: (
        _must("username", "用户名", "账号"),
        _must("name", "姓名"),
        _must("posts", "岗位"),
        _may("desk", "平台", "坐席台"),
        _may("regions", "区划", "区划代码"),
        _may("units", "单位", "单位代码"),
    ),
}
"""Columns by kind; a heading may be any of the spellings, in any case."""
