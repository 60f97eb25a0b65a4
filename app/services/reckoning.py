"""Reckon due times for whoever asks; nothing is stored."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.dispatch.account import Account, explain
from app.dispatch.calendar import WorkCalendar
from app.dispatch.errors import BadInput, GridcaseError
from app.dispatch.limits import Limit
from app.dispatch.slots import Slots
from app.dispatch.spans import Span
from app.services.books import Books

TIMETABLES_AT_MOST: Final = 100
"""Different opening hours in one batch: each needs a timetable of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reckoned:
    """When something starts, how long it may take, and what differs from the city's calendar."""

    start: datetime
    limit: Limit
    slots: Slots | None = None
    calendar: str | None = None
    pauses: tuple[Span, ...] = ()


class Reckoning:
    """The clock as a service."""

    def __init__(self, books: Books) -> None:
        """Take where the calendar is."""
        self._books = books

    async def due(self, asked: Sequence[Reckoned]) -> list[Account]:
        """Answer questions in their order, beside the event loop; raises BadInput naming the first bad one."""
        return await asyncio.to_thread(_answer, asked, self._books.current.calendar)


def _answer(asked: Sequence[Reckoned], calendar: WorkCalendar) -> list[Account]:
    slots = {one.slots for one in asked if one.slots is not None}
    if len(slots) > TIMETABLES_AT_MOST:
        message = f"一次最多用{TIMETABLES_AT_MOST}种不同的工作时段，请分批"
        raise BadInput.at(["body", "items"], message, code="too_many_slots")
    calendars = {own: calendar.with_slots(own) for own in slots}
    answers = []
    for number, one in enumerate(asked):
        if one.calendar not in {None, calendar.name}:
            where = ("body", "items", number, "calendar")
            raise BadInput.at(where, f"没有这个日历：{one.calendar}", code="unknown_calendar")
        chosen = calendars[one.slots] if one.slots is not None else calendar
        try:
            answers.append(explain(one.start, one.limit, chosen, one.pauses, at=one.start))
        except GridcaseError as error:
            raise BadInput.at(["body", "items", number], error.detail, code=error.code) from error
    return answers
