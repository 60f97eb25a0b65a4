"""What somebody may ask of the figures, translated into a question over the facts."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from app.dispatch.access import Actor, Thing, sight
from app.dispatch.appraisal import DEFAULT
from app.dispatch.book import Book
from app.dispatch.counts import COUNTS, Count
from app.dispatch.errors import BadInput
from app.dispatch.figure_codes import ClockKind, Cohort, GroupBy
from app.dispatch.figures import Question, count_named
from app.dispatch.tags import normal_tag

FILTERS: Final[Mapping[str, str]] = {
    "unit": "unit_code",
    "desk": "desk",
    "district": "district",
    "street": "street",
    "community": "community",
    "cell": "cell_code",
    "beat": "beat_code",
    "source": "source",
    "kind": "kind",
    "category": "category",
    "campaign": "campaign",
    "handling": "handling",
    "inspector": "inspector_id",
}
"""The filters that name values of one column, any of which will do; `unit_root` lets a unit's whole subtree through."""

PERSONS: Final = frozenset({GroupBy.INSPECTOR, GroupBy.OPERATOR, GroupBy.DISPATCHER})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A figure as it is asked for; without `as_of` what is known now."""

    start: datetime
    end: datetime
    as_of: datetime | None = None
    clock: ClockKind = ClockKind.CASE
    cohort: Cohort = Cohort.EVENT
    carry_over: bool = False
    group_by: GroupBy | None = None
    definition: str = DEFAULT
    filters: Mapping[str, Collection[str]] = field(default_factory=dict)
    tags: Collection[str] = ()


def question(asked: Asked, actor: Actor, book: Book, now: datetime) -> Question:
    """Return what is to be counted for this actor; nothing is known of the future, so `as_of` is now at the latest.

    Raises BadInput for a period that does not begin before it ends.
    """
    if asked.start >= asked.end:
        raise BadInput.at(["query", "to"], "统计期的结束时间必须晚于开始时间", code="empty_period")
    cases, reports = (sight(actor, thing, book.units_below) for thing in (Thing.CASE, Thing.REPORT))
    knows_people = reports.overseeing  # a unit never learns which inspector it was
    return Question(
        start=asked.start,
        end=asked.end,
        as_of=min(asked.as_of or now, now),
        cases=cases,
        reports=reports,
        clock=asked.clock,
        cohort=asked.cohort,
        carry_over=asked.carry_over,
        group_by=None if asked.group_by in PERSONS and not knows_people else asked.group_by,
        filters=_columns(asked.filters, book, overseen=knows_people),
        tags=frozenset(map(normal_tag, asked.tags)),
    )


def known_count(name: str, clock: ClockKind) -> Count:
    """Return the count of that name under a clock; raise BadInput that lists the known names."""
    if (count := count_named(name)) is None:
        known = [one.name for one in COUNTS]
        error = BadInput.at(
            ["query", "count"], f"没有名为“{name}”的计数，可用：{'、'.join(known)}", code="count_unknown"
        )
        error.fields["known"] = known
        raise error
    return count.under(clock)


def _columns(filters: Mapping[str, Collection[str]], book: Book, *, overseen: bool) -> Mapping[str, frozenset[str]]:
    wanted = {FILTERS[name]: frozenset(codes) for name, codes in filters.items() if name in FILTERS}
    if not overseen and "inspector_id" in wanted:
        wanted["inspector_id"] = frozenset()
    if roots := filters.get("unit_root"):
        below = frozenset(code for root in roots for code in book.units_below(root))
        wanted["unit_code"] = wanted.get("unit_code", below) & below
    return wanted
