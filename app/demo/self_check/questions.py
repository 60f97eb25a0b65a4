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
"""By these every other cohort, stock and period is asked about; by all of them the plain question."""
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

    Of the past only the whole time is asked about: its answers are folded again, one by one.
    """
    for start, end in periods(first, last) if as_of == last else periods(first, last)[:1]:
        for cohort in ("event", "filed"):
            for carry_over in (False, True):
                plain = cohort == "event" and not carry_over
                for group_by in GROUPINGS if plain else FEW:
                    yield Wanted(
                        start=start,
                        end=end,
                        as_of=as_of,
                        clock=clock,
                        cohort=cohort,
                        carry_over=carry_over,
                        group_by=group_by,
                    )
    start, end = periods(first, last)[0]
    for by in FILTERED:
        for code, _ in present.get(by, ())[:1]:
            yield Wanted(start=start, end=end, as_of=as_of, clock=clock, group_by="source", filters={by: code})


def _midnight(at: datetime) -> datetime:
    return at.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
