"""Figures by hand: the counts of `counts.COUNTS` over facts in memory, one thing at a time.

The repository says the same in SQL. This is the meaning both are held to, and what counts the rounds that are folded
again for a past `as_of`. Source: docs/figures-counts.md.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Final
from uuid import UUID

from app.dispatch.access import CITY_DESK, Sight, Standing
from app.dispatch.catalogue import MAJOR_DIGITS
from app.dispatch.counts import COUNTS, TIMES, Count, Counted, Flag
from app.dispatch.facts import LegFacts, ReportFacts, RoundFacts
from app.dispatch.figure_codes import ClockKind, Cohort, GroupBy
from app.dispatch.tallies import Group, Rows, Tally

COLUMNS: Final[Mapping[GroupBy, str]] = {
    GroupBy.UNIT: "unit_code",
    GroupBy.UNIT_ROOT: "unit_code",
    GroupBy.DESK: "desk",
    GroupBy.DISTRICT: "district",
    GroupBy.STREET: "street",
    GroupBy.COMMUNITY: "community",
    GroupBy.CELL: "cell_code",
    GroupBy.BEAT: "beat_code",
    GroupBy.SOURCE: "source",
    GroupBy.KIND: "kind",
    GroupBy.MAJOR: "category",
    GroupBy.MINOR: "category",
    GroupBy.INSPECTOR: "inspector_id",
    GroupBy.OPERATOR: "operator_id",
    GroupBy.DISPATCHER: "dispatcher_id",
    GroupBy.CAMPAIGN: "campaign",
    GroupBy.HANDLING: "handling",
}
"""The column of the facts behind each group; roots are found from units, majors from categories."""

CATEGORY_GROUPS: Final = frozenset({GroupBy.MAJOR, GroupBy.MINOR})
LEG_COLUMNS: Final = frozenset({"unit_code", "return_ruled_at", "return_granted", "assisted_at", "assisted_on_time"})
"""What a leg says for itself; the rest it has from its round."""

REGIONS: Final = ("district", "street", "community")
TO_CLOSE: Final = "{clock}_to_close_at"
DUE: Final = "{clock}_due_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A leg with the round it belongs to."""

    leg: LegFacts
    round: RoundFacts


Thing = RoundFacts | Turn | ReportFacts
Subject = tuple[UUID, int]
"""A round (case, number) or a report (id, 0)."""

Key = tuple[datetime, UUID, int, int]
"""Where a thing stands in a drill-down: its instant, its case or report, the round, the leg (0 where it has none)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of [start, end), known at `as_of`, within what the asker sees of cases and of reports.

    `filters` holds by column of the facts the values let through; a thing without that column is not let through.
    `tags` are no facts: whoever fetches the things asks for what bears all of them now, and `seen` does not look.
    """

    start: datetime
    end: datetime
    as_of: datetime
    cases: Sight
    reports: Sight
    clock: ClockKind = ClockKind.CASE
    cohort: Cohort = Cohort.EVENT
    carry_over: bool = False
    group_by: GroupBy | None = None
    filters: Mapping[str, frozenset[str]] = field(default_factory=dict)
    tags: frozenset[str] = frozenset()

    def sight(self, of: Counted) -> Sight:
        """Return what the asker sees of the things counted; figures follow reach, not authorship or tasks."""
        return self.reports if of is Counted.REPORT else self.cases


@cache
def counts_of(of: Counted, clock: ClockKind) -> tuple[Count, ...]:
    """Return the counts of one kind of thing, with the columns of that clock."""
    return tuple(count.under(clock) for count in COUNTS if count.of is of)


def count_named(name: str) -> Count | None:
    """Return the count of that name, if there is one."""
    return next((count for count in COUNTS if count.name == name), None)


def counted_as(thing: Thing) -> Counted:
    """Return what a thing is counted as."""
    match thing:
        case RoundFacts():
            return Counted.ROUND
        case Turn():
            return Counted.LEG
        case ReportFacts():
            return Counted.REPORT


def value(thing: Thing, column: str) -> object:
    """Return a column of the facts; None where this kind of thing has no such column."""
    if isinstance(thing, Turn):
        return getattr(thing.leg if column in LEG_COLUMNS else thing.round, column, None)
    return getattr(thing, column, None)


def code(thing: Thing, column: str) -> str | None:
    """Return a column of the facts as text."""
    found = value(thing, column)
    return None if found is None else str(found)


def instant(thing: Thing, column: str) -> datetime | None:
    """Return an instant of the facts."""
    found = value(thing, column)
    return found if isinstance(found, datetime) else None


def applies(count: Count, thing: Thing, question: Question) -> bool:
    """Tell whether `thing` is one of what `count` (already under a clock) counts; filters and sight are not asked."""
    at, passed = instant(thing, count.at), instant(thing, count.passed or count.at)
    if at is None or passed is None or max(at, passed) > question.as_of:
        return False
    if not all(_holds(flag, thing) for flag in count.flags):
        return False
    return _in_scope(count, thing, at, question)


def seen(thing: Thing, question: Question) -> bool:
    """Tell whether the filters and the asker's sight let the thing through."""
    regions = (code(thing, column) for column in REGIONS)
    unit = code(thing, "unit_code")
    standing = Standing(
        regions=frozenset(filter(None, regions)),
        desk=code(thing, "desk") or CITY_DESK,
        unit_codes=frozenset({unit} if unit else ()),
    )
    return question.sight(counted_as(thing)).covers(standing) and all(
        code(thing, column) in wanted for column, wanted in question.filters.items()
    )


def group_of(thing: Thing, group_by: GroupBy | None) -> Group | None:
    """Return the row a thing stands in; for `unit_root` still the unit itself."""
    found = code(thing, COLUMNS[group_by]) if group_by else None
    if found is None:
        return None
    if group_by not in CATEGORY_GROUPS:
        return Group(code=found)
    return Group(code=found[:MAJOR_DIGITS] if group_by is GroupBy.MAJOR else found, kind=code(thing, "kind"))


def tally(things: Iterable[Thing], question: Question) -> Rows:
    """Count everything; only rows in which something was counted are there."""
    rows: dict[Group | None, Tally] = {}
    for thing in things:
        one = _flags(thing, question)
        if not one.empty:
            group = group_of(thing, question.group_by)
            rows[group] = rows.get(group, Tally.zero()).plus(one)
    return rows


def subject_of(thing: Thing) -> Subject:
    """Return which round or report a thing is, or belongs to."""
    match thing:
        case RoundFacts():
            return thing.case_id, thing.round
        case Turn():
            return thing.round.case_id, thing.round.round
        case ReportFacts():
            return thing.report_id, 0


def key_of(thing: Thing, count: Count) -> Key:
    """Return where a counted thing stands in the drill-down of `count`."""
    at = instant(thing, count.at)
    assert at is not None  # noqa: S101  # only what was counted has a place
    return at, *subject_of(thing), thing.leg.number if isinstance(thing, Turn) else 0


def turns(rounds: Iterable[RoundFacts], legs: Iterable[LegFacts]) -> list[Turn]:
    """Join each leg to its round; a leg without one is left out."""
    by_key = {(one.case_id, one.round): one for one in rounds}
    return [Turn(leg=leg, round=by_key[key]) for leg in legs if (key := (leg.case_id, leg.round)) in by_key]


def _flags(thing: Thing, question: Question) -> Tally:
    if not seen(thing, question):
        return Tally(counts={}, times={})
    named = {count.name: 1 for count in counts_of(counted_as(thing), question.clock) if applies(count, thing, question)}
    times = {
        name: number
        for name, column in TIMES.items()
        if "to_close" in named and isinstance(number := value(thing, column), int)
    }
    return Tally(counts=named, times=times)


def _holds(flag: Flag, thing: Thing) -> bool:
    found = value(thing, flag.column)
    match flag.sign:
        case "is":
            return found is True
        case "not":
            return found is False
        case "positive":
            return isinstance(found, int) and found > 0


def _in_scope(count: Count, thing: Thing, at: datetime, question: Question) -> bool:
    start, end = question.start, question.end
    if question.cohort is Cohort.FILED:
        begun = _begun(thing)
        within = begun is not None and start <= begun < end
    else:
        within = start <= at < end
    return within or (question.carry_over and _carried(count, thing, at, question))


def _begun(thing: Thing) -> datetime | None:
    """Return what puts a thing into the cohort `filed`: receipt, filing, or for a redo its start."""
    match thing:
        case ReportFacts():
            return thing.received_at
        case Turn():
            return _begun(thing.round)
        case RoundFacts():
            return thing.filed_at if thing.round == 1 else thing.started_at


def _carried(count: Count, thing: Thing, at: datetime, question: Question) -> bool:
    """Tell whether a round was to be closed and overdue before the period, and neither disposed nor closed then."""
    if not isinstance(thing, RoundFacts) or count.at != TO_CLOSE.format(clock=question.clock):
        return False
    later = (end is None or end >= question.start for end in (thing.standing_disposed_at, thing.closed_at))
    due_at = instant(thing, DUE.format(clock=question.clock))
    return at < question.start and due_at is not None and due_at < question.start and all(later)
