"""The bulletin of a simulated period: counts and rates by district and by the roots of the units' trees."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.demo.self_check.answers import WATCHER
from app.dispatch.appraisal import Definition
from app.dispatch.book import Book
from app.dispatch.calendar import LOCAL_ZONE
from app.dispatch.definitions import chosen
from app.dispatch.figure_codes import GroupBy
from app.services.figure_asking import Asked
from app.services.figures import ClosureRow, Figures
from app.services.refold import HistoryRefold
from app.services.transaction import Sessions

COUNTS: Final = (
    *("reported", "filed", "dispatched", "to_close", "closed", "closed_on_time", "awaiting_check", "overdue_open"),
    *("reworked", "extended", "return_granted"),
)
RATES: Final = ("closure_rate", "on_time_closure_rate", "on_time_disposal_rate", "rework_rate", "satisfaction_rate")
_GROUPINGS: Final = (GroupBy.DISTRICT, GroupBy.UNIT_ROOT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line: whose (None: the whole city), and its sums."""

    group_by: GroupBy | None
    code: str | None
    name: str | None
    sums: ClosureRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulletin:
    """The lines of a period, by which definitions, and what was known then."""

    start: datetime
    end: datetime
    as_of: datetime
    lines: Sequence[Line]
    definitions: Sequence[Definition]


async def bulletin(sessions: Sessions, book: Book, since: datetime, until: datetime) -> Bulletin:
    """Return the bulletin of the local days from `since` to `until`, both included, as known at `until`."""
    start, end = _midnight(since), _midnight(until) + timedelta(days=1)
    figures, lines = Figures(sessions, HistoryRefold(sessions)), list[Line]()
    for group_by in _GROUPINGS:
        asked = Asked(start=start, end=end, group_by=group_by)
        answer = await figures.closure(asked, actor=WATCHER, book=book, now=until)
        lines += [_line(group_by, row) for row in answer.rows]
    lines.append(Line(group_by=None, code=None, name=None, sums=answer.total))
    definitions = [one for one in chosen() if one.rate in RATES]
    return Bulletin(start=start, end=end, as_of=until, lines=lines, definitions=definitions)


def _line(group_by: GroupBy, row: ClosureRow) -> Line:
    group = row.group
    return Line(group_by=group_by, code=group.code if group else None, name=group.name if group else None, sums=row)


def _midnight(at: datetime) -> datetime:
    return at.astimezone(LOCAL_ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
