"""What is asked of a month: both clocks, both cohorts, every grouping, the stock carried over, filters, the past."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from app.demo.self_check.clock import ZONE
from app.demo.self_check.table import Group, Wanted

GROUPINGS: Final = (
    *(None, "unit", "unit_root", "desk", "district", "street", "community", "cell", "beat", "source", "kind"),
    *("major", "minor", "inspector", "operator", "dispatcher", "campaign", "handling"),
)
FEW: Final = (None, "unit", "street", "minor", "source", "dispatcher")
LEAST: Final = (None, "unit")
"""By all of them is asked the plain question about the whole time; by fewer, the further away from it."""
FILTERED: Final = ("unit", "district", "street", "community", "beat", "source", "kind", "campaign", "handling")
WEEK: Final = timedelta(days=7)


def instants(first: datetime, last: datetime) -> tuple[datetime, ...]:
    """Return as of when is asked: now, and two moments in the past of what has happened."""
    span = last - first
    return last, _midnight(first + span * 2 / 3), first + span / 3


def periods(first: datetime, last: datetime) -> Sequence[tuple[datetime, datetime]]:
    """Return the whole time, and a week in the middle that begins and ends at a local midnight."""
    whole = _midnight(first), _midnight(last) + 2 * timedelta(days=1)
    middle = _midnight(first + (last - first) / 2)
    return whole, (middle, middle + WEEK)


def questions(
    first: datetime, last: datetime, as_of: datetime, clock: str, present: Mapping[str, Sequence[Group]]
) -> Iterator[Wanted]:
    """Yield every question about one moment and one clock; `present` names the groups to filter by.

    Of the past less is asked, and only about the whole time: its answers are folded again, case by case.
    """
    whole, week = periods(first, last)
    now = as_of == last
    for period, plainly, otherwise in ((whole, GROUPINGS if now else FEW, FEW if now else LEAST), (week, FEW, LEAST)):
        if period == week and not now:
            continue
        for cohort in ("event", "filed"):
            for carry_over in (False, True):
                for group_by in plainly if cohort == "event" and not carry_over else otherwise:
                    yield Wanted(
                        start=period[0],
                        end=period[1],
                        as_of=as_of,
                        clock=clock,
                        cohort=cohort,
                        carry_over=carry_over,
                        group_by=group_by,
                    )
    for by in FILTERED if now else ():
        for code, _ in present.get(by, ())[:1]:
            yield Wanted(start=whole[0], end=whole[1], as_of=as_of, clock=clock, group_by="source", filters={by: code})


def _midnight(at: datetime) -> datetime:
    return at.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
