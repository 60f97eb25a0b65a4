"""What is wrong with a field, in Chinese: pydantic says it in English."""

from collections.abc import Mapping
from typing import Any, Final

_OTHERWISE: Final = "内容不符合约定"
_SAID: Final[Mapping[str, str]] = {
    "missing": "缺少这一项",
    "extra_forbidden": "未知的字段",
    "json_invalid": "不是有效的 JSON",
    "enum": "须为下列之一：{expected}",
    "literal_error": "须为下列之一：{expected}",
    "string_type": "须为文字",
    "string_too_short": "至少 {min_length} 个字符",
    "string_too_long": "至多 {max_length} 个字符",
    "string_pattern_mismatch": "格式不符",
    "string_unicode": "含有不能保存的字符",
    "too_short": "至少 {min_length} 项",
    "too_long": "至多 {max_length} 项",
    "list_type": "须为数组",
    "tuple_type": "须为数组",
    "dict_type": "须为对象",
    "model_type": "须为对象",
    "model_attributes_type": "须为对象",
    "int_type": "须为整数",
    "int_parsing": "须为整数",
    "int_from_float": "须为整数",
    "int_parsing_size": "数字过大",
    "float_type": "须为数字",
    "float_parsing": "须为数字",
    "decimal_type": "须为数字",
    "decimal_parsing": "须为数字",
    "finite_number": "须为有限的数字",
    "greater_than": "须大于 {gt}",
    "greater_than_equal": "不得小于 {ge}",
    "less_than": "须小于 {lt}",
    "less_than_equal": "不得大于 {le}",
    "bool_type": "须为 true 或 false",
    "bool_parsing": "须为 true 或 false",
    "uuid_type": "须为 UUID",
    "uuid_parsing": "须为 UUID",
    "datetime_type": "须为带时差的时间",
    "datetime_parsing": "须为带时差的时间",
    "datetime_from_date_parsing": "须为带时差的时间",
    "datetime_object_invalid": "须为带时差的时间",
    "timezone_aware": "时间须带时差",
    "value_error": "{error}",
}


def wording(error: Mapping[str, Any]) -> str:
    """Return what a validation error means; `error` as `ValidationError.errors` lists it. Values never appear."""
    ctx = {name: str(value) for name, value in (error.get("ctx") or {}).items()}
    if "expected" in ctx:
        ctx["expected"] = ctx["expected"].replace("'", "").replace(" or ", "、").replace(", ", "、")
    if ctx.get("error", "").isascii():
        ctx.pop("error", None)  # not one of ours: English, and it may quote what was sent
    try:
        return _SAID.get(error["type"], _OTHERWISE).format_map(ctx)
    except KeyError:
        return _OTHERWISE
