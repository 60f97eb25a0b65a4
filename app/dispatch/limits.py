"""Time limits as values, and the texts in which catalogues write them."""

import re
import unicodedata
from dataclasses import dataclass, replace
from decimal import Decimal
from math import ceil
from typing import Final

from app.dispatch.codes import LimitUnit, WorkDayRule
from app.dispatch.errors import BadInput
from app.dispatch.spans import DAY, SECOND

_HOUR: Final = 3600 * SECOND
_MICROS: Final = {
    LimitUnit.MINUTE: 60 * SECOND,
    LimitUnit.CONTINUOUS_HOUR: _HOUR,
    LimitUnit.CONTINUOUS_DAY: DAY,
    LimitUnit.WORK_HOUR: _HOUR,
    LimitUnit.WORK_DAY: 8 * _HOUR,  # rule `hours`: 8 counted hours each (domain.md §3)
}
_TEXT: Final = re.compile(r"(\d+(?:\.\d+)?)\s*个?\s*(\D+)", re.ASCII)
_WORDS: Final = {
    "分钟": LimitUnit.MINUTE,
    "紧急工作时": LimitUnit.CONTINUOUS_HOUR,
    "紧急工作日": LimitUnit.CONTINUOUS_DAY,
    "工作时": LimitUnit.WORK_HOUR,
    "工作小时": LimitUnit.WORK_HOUR,
    "工作日": LimitUnit.WORK_DAY,
}
_PLAIN_WORKING: Final = {"小时": LimitUnit.WORK_HOUR, "天": LimitUnit.WORK_DAY}
_PLAIN_CONTINUOUS: Final = {"小时": LimitUnit.CONTINUOUS_HOUR, "天": LimitUnit.CONTINUOUS_DAY}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How long something may take; `rule` says how work days count, None leaves it to the calendar.

    Raises BadInput for a value that is not above zero.
    """

    value: Decimal | int
    unit: LimitUnit
    rule: WorkDayRule | None = None

    def __post_init__(self) -> None:
        """Refuse zero, less than zero, and what is no number."""
        if not Decimal(self.value).is_finite() or self.value <= 0:
            raise BadInput(f"时限必须大于零：{self.value}", code="limit_invalid")

    def extended(self, by: "Limit") -> "Limit":
        """Return the limit longer by an extension, which must have its unit."""
        if by.unit is not self.unit:
            raise BadInput("延期的单位必须与原时限相同", code="limit_unit_differs")
        return replace(self, value=Decimal(self.value) + Decimal(by.value))

    @property
    def micros(self) -> int:
        """The limit in counted microseconds, a work day taken as 8 hours; a fraction of one is rounded up."""
        return self.of(_MICROS[self.unit])

    def of(self, whole: int) -> int:
        """Return `value` times `whole`, rounded up."""
        return self.value * whole if isinstance(self.value, int) else ceil(self.value * whole)

    @property
    def whole_days(self) -> int:
        """The number of days, for the rules that know whole days only; raises BadInput for a fraction."""
        if self.value != int(self.value):
            raise BadInput(f"按日计算的时限必须是整数：{self.value}", code="limit_not_whole")
        return int(self.value)


def parse_limit(text: str, *, plain_is_continuous: bool = False) -> Limit:
    """Return the limit that a catalogue writes as `2紧急工作时`, `4工作时`, `5个工作日`, `3天`; raises BadInput.

    小时 and 天 alone mean working time unless `plain_is_continuous`. Source: api.md, catalogue files.
    """
    words = _WORDS | (_PLAIN_CONTINUOUS if plain_is_continuous else _PLAIN_WORKING)
    found = _TEXT.fullmatch(unicodedata.normalize("NFKC", text).strip())
    unit = words.get(found[2].strip()) if found else None
    if found is None or unit is None:
        raise BadInput(f"无法识别的时限：“{text}”", code="limit_unreadable")
    value = Decimal(found[1])
    return Limit(value=int(value) if value == value.to_integral_value() else value, unit=unit)
