"""How much longer works take that have a dated plan: the least extension by which the plan's date is reached."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from app.dispatch.case_life import Clocked
from app.dispatch.clock import due
from app.dispatch.codes import LimitUnit
from app.dispatch.commands import RequestExtension
from app.dispatch.deciding import Scene
from app.dispatch.errors import BadInput
from app.dispatch.limits import Limit

_AT_MOST: Final = {
    LimitUnit.MINUTE: 366 * 24 * 60,
    LimitUnit.CONTINUOUS_HOUR: 366 * 24,
    LimitUnit.CONTINUOUS_DAY: 366,
    LimitUnit.WORK_HOUR: 366 * 8,
    LimitUnit.WORK_DAY: 366,
}
"""A year and a day in each unit: no plan reaches further."""


def extension_until(clock: Clocked, wanted: RequestExtension, scene: Scene) -> Limit:
    """Return the extension of works: what is asked for if it ends by the plan's date, else as far as that date."""
    until = wanted.until
    if until is None:
        raise BadInput.at(["body", "until"], "工程延期须给出计划完成日期", code="plan_required")
    longest, due_at = scene.policies.suspension_at_most, clock.due_at
    if due_at is None or not due_at < until <= scene.now + longest:
        message = f"计划完成日期须晚于现在的到期时间，且在今后{longest.days}天之内"
        raise BadInput.at(["body", "until"], message, code="until_out_of_range")
    if wanted.limit is None:
        return _least(clock, until, scene)
    if _due(clock, wanted.limit, scene) > until:
        raise BadInput.at(["body", "limit"], "延期不能超出计划完成日期", code="extension_too_long")
    return wanted.limit


def _least(clock: Clocked, until: datetime, scene: Scene) -> Limit:
    """Search the least whole number of the limit's own unit that reaches the date."""
    low, high = 1, _AT_MOST[clock.limit.unit]
    while low < high:
        middle = (low + high) // 2
        if _due(clock, replace(clock.limit, value=middle), scene) >= until:
            high = middle
        else:
            low = middle + 1
    return replace(clock.limit, value=low)


def _due(clock: Clocked, more: Limit, scene: Scene) -> datetime:
    assert clock.start is not None  # noqa: S101  # a clock that has a due time runs
    return due(clock.start, clock.whole_limit.extended(more), scene.calendar, clock.pauses).at
