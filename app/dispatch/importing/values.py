"""Single values as files hold them: text, codes, numbers, dates, lists; each says in Chinese what it cannot read."""

import json
import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from math import isfinite, isnan
from typing import Final, TypeVar

from app.dispatch.calendar import LOCAL_ZONE

_SCIENTIFIC: Final = re.compile(r"[+-]?(\d+)(?:\.(\d*))?[eE][+-]?\d+")
_DECIMAL: Final = re.compile(r"\d+\.0+")
_QUOTED_DIGITS: Final = re.compile(r"['’‘](\d+)")
_SEPARATORS: Final = re.compile(r"[;；、,，|\s]+")
_YES: Final = frozenset({"true", "1", "是", "yes", "y", "t", "对", "√"})
_NO: Final = frozenset({"false", "0", "否", "no", "n", "f", "错", "×"})
_DAYS: Final = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%Y年%m月%d日")
_KEPT_DIGITS: Final = 15  # a spreadsheet's numbers hold no more
_EARLIEST, _LATEST = date(1900, 1, 2), date(9999, 12, 30)  # beyond, some zone has no name for the instant
_ISO_DATE_LENGTH: Final = 10
Code = TypeVar("Code")


class Unfit(ValueError):  # says what a value is, as the error tree does
    """A value that cannot be taken; its text says why, and what would be right. `code` narrows `bad_value`."""

    def __init__(self, message: str, code: str = "bad_value") -> None:
        """Take the Chinese text."""
        super().__init__(message)
        self.code = code


def as_text(value: object) -> str | None:
    """Return a value as text without spaces around it; None for what is blank."""
    if value is None or (isinstance(value, float) and isnan(value)):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        text = str(int(value)) if isfinite(value) and value == int(value) else repr(value)
    elif isinstance(value, datetime):
        text = value.isoformat()
    else:
        text = str(value)
    text = text.strip().strip("\ufeff\u200b").strip()
    if any(ord(letter) < 32 and letter not in "\t\n\r" for letter in text) or _has_half(text):  # noqa: PLR2004  # control characters
        raise Unfit("含有不能保存的控制字符，请删去")
    return text or None


def as_code(value: object, *, width: int | None = None, rounded: bool = False) -> str | None:
    """Return a code as its digits and letters, also where a spreadsheet turned it into a number.

    `101.0` and `1.01E2` are 101; lost zeros come back where `width` is known. `rounded` says that numbers of the source
    hold 15 digits only. Raises Unfit (`ambiguous_code`) where digits are gone.
    """
    text = as_text(value)
    if text is None:
        return None
    text = unicodedata.normalize("NFKC", text)
    if quoted := _QUOTED_DIGITS.fullmatch(text):
        text = quoted[1]
    if rounded and isinstance(value, int | float) and len(text.lstrip("-")) > _KEPT_DIGITS:
        raise Unfit(
            f"表格中的数字只保留 {_KEPT_DIGITS} 位，{text} 的末位可能已丢失，请把此列设为文本后重填", "ambiguous_code"
        )
    text = _whole_number(text)
    return text.zfill(width) if width and text.isascii() and text.isdigit() else text


def _whole_number(text: str) -> str:
    """Return the digits of `101.0` or `1.01E2`; other texts as they are."""
    if _DECIMAL.fullmatch(text):
        return text.partition(".")[0]
    match = _SCIENTIFIC.fullmatch(text)
    if match is None:
        return text
    try:
        number = Decimal(text)
        digits = str(int(number)) if number == number.to_integral_value() and abs(number) < Decimal(10) ** 30 else ""
    except ArithmeticError:
        digits = ""
    said = (match[1] + (match[2] or "")).lstrip("0") or "0"
    if not digits or digits.startswith("-") or len(said) < len(digits):
        raise Unfit(f"“{text}”是科学计数法，原代码的位数已丢失，请把此列设为文本后重填", "ambiguous_code")
    return digits


def as_bool(value: object) -> bool | None:
    """Return yes or no, written in either language or as 1 and 0."""
    text = as_text(value)
    if text is None:
        return None
    word = unicodedata.normalize("NFKC", text).lower()
    if word in _YES or word == "1.0":
        return True
    if word in _NO or word == "0.0":
        return False
    raise Unfit(f"“{text}”看不出是或否，请填 true 或 false")


def as_int(value: object) -> int | None:
    """Return a whole number."""
    text = as_text(value)
    if text is None:
        return None
    try:
        number = Decimal(unicodedata.normalize("NFKC", text))
        if number == number.to_integral_value() and abs(number) < 10**9:
            return int(number)
    except ArithmeticError:
        pass
    raise Unfit(f"“{text}”不是整数")


def as_number(value: object) -> float | None:
    """Return a finite number."""
    text = as_text(value)
    if text is None:
        return None
    try:
        number = float(unicodedata.normalize("NFKC", text))
    except ValueError:
        number = float("nan")
    if not isfinite(number):
        raise Unfit(f"“{text}”不是数字")
    return number


def as_day(value: object) -> date | None:
    """Return a day."""
    if isinstance(value, datetime):
        value = value.date()
    if not isinstance(value, date):
        text = as_text(value)
        if text is None:
            return None
        value = _day_of(text)
    if not _EARLIEST <= value <= _LATEST:
        raise Unfit(f"日期 {value.isoformat()} 超出范围")
    return value


def _day_of(text: str) -> date:
    plain = unicodedata.normalize("NFKC", text)
    plain = plain[:_ISO_DATE_LENGTH] if re.fullmatch(r"\d{4}[-/]\d\d[-/]\d\d[ T]00:00(:00(\.0+)?)?", plain) else plain
    for form in _DAYS:
        try:
            return datetime.strptime(plain, form).replace(tzinfo=UTC).date()
        except ValueError:
            continue
    raise Unfit(f"“{text}”不是日期，请写成 2026-11-21")


def as_instant(value: object) -> datetime | None:
    """Return an instant in UTC; a bare day is its local midnight, a time without offset is local."""
    if isinstance(value, datetime):
        found = value
    elif isinstance(value, date):
        found = datetime.combine(value, time())
    else:
        text = as_text(value)
        if text is None:
            return None
        found = _instant_of(unicodedata.normalize("NFKC", text))
    day = as_day(found.date())
    assert day is not None  # noqa: S101  # a day was given
    return (found if found.tzinfo else found.replace(tzinfo=LOCAL_ZONE)).astimezone(UTC)


def _instant_of(text: str) -> datetime:
    try:
        # GDAL writes 2026/01/01 08:00:00+08
        return datetime.fromisoformat(re.sub(r"^(\d{4})/(\d\d)/(\d\d)", r"\1-\2-\3", text))
    except ValueError:
        pass
    try:
        return datetime.combine(_day_of(text), time())
    except Unfit:
        raise Unfit(f"“{text}”不是时间，请写成 2026-11-21 或 2026-11-21T08:00:00+08:00") from None


def as_list(value: object) -> tuple[str, ...]:
    """Return the words of a list: by semicolons, commas, spaces or 、, or a JSON array."""
    if isinstance(value, list | tuple):
        return tuple(text for each in value if (text := as_text(each)))
    text = as_text(value)
    if text is None:
        return ()
    if text.startswith("["):
        try:
            found = json.loads(text)
        except ValueError:
            found = None
        if isinstance(found, list):
            return as_list(found)
    return tuple(word for word in _SEPARATORS.split(text) if word)


def as_slots(value: object) -> list[list[str]] | None:
    """Return opening hours written as `08:00-12:00;14:00-18:00`, as pairs of texts."""
    text = as_text(value)
    if text is None:
        return None
    pairs = []
    for part in _SEPARATORS.split(unicodedata.normalize("NFKC", text)):
        ends = re.fullmatch(r"(\d{1,2}:\d\d)\s*[-–—~]\s*(\d{1,2}:\d\d)", part)  # dashes as typed
        if ends is None:
            raise Unfit(f"“{text}”不是工作时段，请写成 08:00-12:00;14:00-18:00")
        pairs.append([ends[1].zfill(5), ends[2].zfill(5)])
    return pairs


def one_of(names: dict[str, Code]) -> Callable[[object], Code | None]:
    """Return a reader of words from a list; `names` maps every spelling, lower case, to its value."""

    def read(value: object) -> Code | None:
        text = as_text(value)
        if text is None:
            return None
        found = names.get(unicodedata.normalize("NFKC", text).lower())
        if found is None:
            raise Unfit(f"“{text}”不在可用的值之中：{'、'.join(names)}")
        return found

    return read


def _has_half(text: str) -> bool:
    return any("\ud800" <= letter <= "\udfff" for letter in text)
