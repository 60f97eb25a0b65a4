"""The opening hours of a working day: pairs of local times; an end of 00:00 is midnight, the end of that day."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Final

from app.dispatch.errors import BadInput

Slots = tuple[tuple[time, time], ...]

OFFICE_HOURS: Final[Slots] = ((time(8), time(12)), (time(14), time(18)))  # domain.md §3; house default
MIDNIGHT: Final = time(0)
_ANY_DAY: Final = date(2000, 1, 1)


def slot_bounds(day: date, slot: tuple[time, time]) -> tuple[datetime, datetime]:
    """Return the naive local instants between which `slot` is open on `day`."""
    opening, closing = slot
    last = day + timedelta(days=1) if closing == MIDNIGHT else day
    return datetime.combine(day, opening), datetime.combine(last, closing)


def slots_length(slots: Slots) -> timedelta:
    """Return how long a day with these slots is open."""
    bounds = (slot_bounds(_ANY_DAY, slot) for slot in slots)
    return sum((closing - opening for opening, closing in bounds), start=timedelta())


def check_slots(slots: Slots) -> None:
    """Raise BadInput unless there is a slot, each ends after it starts, and none begins before the last one ended."""
    if not slots:
        raise BadInput("工作日至少要有一个工作时段", code="slots_invalid")
    open_since = datetime.combine(_ANY_DAY, MIDNIGHT)
    for slot in slots:
        opening, closing = slot_bounds(_ANY_DAY, slot)
        if opening < open_since or closing <= opening:
            raise BadInput("工作时段必须先后有序、互不重叠，且结束晚于开始", code="slots_invalid")
        open_since = closing


def read_slots(pairs: Sequence[Sequence[str]]) -> Slots:
    """Return the slots written as `[["08:00", "12:00"], …]`, `24:00` allowed as an end; raises BadInput."""
    try:
        slots = tuple((_read_time(opening), _read_time(closing, is_end=True)) for opening, closing in pairs)
    except ValueError as error:
        raise BadInput(f"无法识别的工作时段：{pairs}", code="slots_invalid") from error
    check_slots(slots)
    return slots


def _read_time(text: str, *, is_end: bool = False) -> time:
    moment = MIDNIGHT if is_end and text == "24:00" else time.fromisoformat(text)
    if moment.tzinfo is not None:
        raise ValueError(text)
    return moment
