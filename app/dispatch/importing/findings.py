"""Faults of a file: where they are, what is wrong, how to mend it; counted in full, kept in part."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import shapely
from shapely.geometry.base import BaseGeometry

from app.dispatch.tessellation import Severity

MOST_KEPT: Final = 1000
"""Findings told of one file; the rest is counted, and no kind of fault is left out."""
_MOST_VERTICES: Final = 200
_LONGEST_VALUE: Final = 120

FAULTS: Final[Mapping[str, str]] = {
    "ambiguous_code": "代码被表格改成数字，无法还原",
    "bad_code": "代码不合编码规则",
    "bad_value": "值无法识别",
    "code_conflict": "同一代码有不同内容",
    "cycle": "上下级成环",
    "datum_differs": "坐标系与声明不一致",
    "datum_unclear": "文件自带坐标系无法识别",
    "degrees_not_metres": "声明米制坐标系，坐标却是度",
    "duplicate_code": "代码重复",
    "duplicate_column": "列名重复",
    "empty_file": "空文件",
    "empty_shape": "没有图形",
    "extra_cells": "行比表头长",
    "formula_without_value": "公式没有保存结果",
    "gap": "网格之间有空隙",
    "invalid_shape": "图形无效（自相交等）",
    "known_account": "账号已存在",
    "limit_missing": "缺少时限",
    "limit_unreadable": "时限无法识别",
    "metres_not_degrees": "声明经纬度，坐标却是米",
    "missing_column": "缺少列",
    "missing_value": "缺少值",
    "missing_width": "线没有宽度",
    "nan_coordinate": "坐标不是数",
    "no_areas": "没有可对照的社区",
    "no_parent": "缺少上级",
    "odd_size": "面积异常",
    "off_earth": "坐标不是有效位置",
    "outside_china": "位置在中国之外",
    "overlap": "图形重叠",
    "rule_conflict": "同等具体的规则指向不同单位",
    "rule_shadowed": "规则永远不起作用",
    "swapped_axes": "经纬度颠倒",
    "too_large": "超过限制",
    "two_fallbacks": "一个区域有两个兜底单位",
    "unknown_area": "区域不存在",
    "unknown_category": "类别不在目录中",
    "unknown_desk": "平台不存在",
    "unknown_parent": "上级不存在",
    "unknown_place": "范围代码不存在",
    "unknown_sheet": "工作表看不出是哪一类",
    "unknown_unit": "单位不存在",
    "unreadable": "无法读取",
    "wrong_community": "代码前缀不是已知社区",
    "wrong_shape": "图形种类不符",
}
"""Every code a finding may have, with its Chinese name; docs/imports.md lists them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """The place of a fault: `row` as a spreadsheet numbers it, `feature` counted from 1, `codes` of what it concerns.

    `shape` in canonical degrees, or as it came where it could not be converted.
    """

    file: str | None = None
    sheet: str | None = None
    row: int | None = None
    feature: int | None = None
    column: str | None = None
    value: str | None = None
    codes: tuple[str, ...] = ()
    shape: BaseGeometry | None = None

    def told(self) -> dict[str, Any]:
        """Return what is there, as JSON; a shape of very many vertices becomes its box."""
        values = {
            name: getattr(self, name) for name in ("file", "sheet", "row", "feature", "column") if getattr(self, name)
        }
        if self.value is not None:
            values["value"] = _short(self.value)
        if self.codes:
            values["codes"] = list(self.codes[:20])
        if self.shape is not None and not self.shape.is_empty:
            values["geometry"] = shapely.geometry.mapping(_light(self.shape))
        return values


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One fault; `message` says in Chinese what is wrong and how to mend it."""

    code: str
    severity: Severity
    where: Where
    message: str

    def __post_init__(self) -> None:
        """Refuse a code that nobody could look up."""
        if self.code not in FAULTS:
            raise ValueError(self.code)

    def told(self) -> dict[str, Any]:
        """Return the finding as it is stored and answered."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "where": self.where.told(),
            "message": self.message,
        }


class Ledger:
    """Collect findings: counts of all, the first thousand of each code."""

    def __init__(self) -> None:
        """Start with nothing found."""
        self.counts: Counter[str] = Counter()
        self.errors = 0
        self.warnings = 0
        self._kept: dict[str, list[Finding]] = {}

    def add(self, found: Finding) -> None:
        """Count a finding, and keep it while there is room."""
        self.counts[found.code] += 1
        if found.severity is Severity.ERROR:
            self.errors += 1
        else:
            self.warnings += 1
        kept = self._kept.setdefault(found.code, [])
        if len(kept) < MOST_KEPT:
            kept.append(found)

    def error(self, code: str, where: Where, message: str) -> None:
        """Note what forbids taking the file."""
        self.add(Finding(code=code, severity=Severity.ERROR, where=where, message=message))

    def warn(self, code: str, where: Where, message: str) -> None:
        """Note what a person should look at."""
        self.add(Finding(code=code, severity=Severity.WARNING, where=where, message=message))

    def told(self, most: int = MOST_KEPT) -> list[Finding]:
        """Return at most `most` findings, errors first; rare kinds in full before frequent ones fill the rest."""
        room, chosen = most, list[Finding]()
        for left, kept in zip(range(len(self._kept), 0, -1), sorted(self._kept.values(), key=len), strict=True):
            share = kept[: room // left]
            chosen += share
            room -= len(share)
        return sorted(chosen, key=_order)

    def tally(self) -> dict[str, Any]:
        """Return the numbers: errors, warnings, and each code's."""
        return {"errors": self.errors, "warnings": self.warnings, "findings": dict(sorted(self.counts.items()))}


def _order(found: Finding) -> tuple[bool, str, int]:
    where = found.where
    return found.severity is not Severity.ERROR, where.sheet or "", where.row or where.feature or 0


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def _light(shape: BaseGeometry) -> BaseGeometry:
    return shape if shapely.get_num_coordinates(shape) <= _MOST_VERTICES else shapely.box(*shape.bounds)
