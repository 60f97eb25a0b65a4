"""A table of figures by hand: what ticks once, at which instant, in which row."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

NAMES: Final = (
    *("reported", "valid_reported", "accepted", "rejected", "answered", "merged", "self_disposed", "taken_up"),
    *("filed", "simple", "dispatched", "to_dispose", "disposed", "disposed_on_time", "dispatched_accurately"),
    *("to_close", "closed", "closed_on_time", "awaiting_check", "overdue_open", "reworked", "extended"),
    *("suspended", "recurrent", "lost_in_handover", "reopened", "return_requested", "return_granted"),
    *("return_refused", "assisted", "assisted_on_time", "to_answer", "answered_on_time", "called_back"),
    *("opinion_given", "satisfied", "solved"),
)
TIMES: Final = ("reworks", "extensions", "suspensions", "returns")

Group = tuple[str, str | None]
"""The code of a row, and for categories the kind beside it."""
Groups = Mapping[str, Group | None]
"""The row that something stands in, by what rows are told apart by."""
Sums = Counter[tuple[Group | None, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A figure as it is asked for; `filters` let the rows of these codes through."""

    start: datetime
    end: datetime
    as_of: datetime
    clock: str = "case"
    cohort: str = "event"
    group_by: str | None = None
    carry_over: bool = False
    filters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """One thing that counts once (or `weight` times) under a name, at an instant."""

    name: str
    at: datetime
    begun: datetime
    groups: Groups
    thing: tuple[UUID, int, int]
    """The report or case, the round (0: a report), the leg (0: none)."""
    weight: int = 1
    stock: tuple[datetime | None, datetime | None] | None = None
    """Of rounds to be closed: since when overdue, and until when neither disposed nor closed."""


def sums(ticks: Iterable[Tick], wanted: Wanted) -> Sums:
    """Return what stands in the table, by group and name; what is 0 is left out."""
    found: Sums = Counter()
    for tick in ticks:
        if counts(tick, wanted):
            found[tick.groups[wanted.group_by] if wanted.group_by else None, tick.name] += tick.weight
    return +found


def things(ticks: Iterable[Tick], name: str, wanted: Wanted) -> Sequence[tuple[datetime, UUID, int, int]]:
    """Return what one count counts, in the order of instants and then of ids."""
    return sorted((tick.at, *tick.thing) for tick in ticks if tick.name == name and counts(tick, wanted))


def counts(tick: Tick, wanted: Wanted) -> bool:
    """Tell whether the question lets a tick through."""
    return tick.at <= wanted.as_of and _in_period(tick, wanted) and _let_through(tick, wanted)


def _in_period(tick: Tick, wanted: Wanted) -> bool:
    within = wanted.start <= (tick.begun if wanted.cohort == "filed" else tick.at) < wanted.end
    if within or not wanted.carry_over or tick.stock is None:
        return within
    overdue_from, open_until = tick.stock
    overdue = overdue_from is not None and overdue_from < wanted.start
    return overdue and tick.at < wanted.start and (open_until is None or open_until >= wanted.start)


def _let_through(tick: Tick, wanted: Wanted) -> bool:
    found = (tick.groups[by] for by in wanted.filters)
    return all(
        group is not None and group[0] == code for group, code in zip(found, wanted.filters.values(), strict=True)
    )
