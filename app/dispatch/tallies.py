"""The rows of a figure: a group, its sums, and how rows add up."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from app.dispatch.counts import COUNTS, TIMES


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One row's group. A category's digits mean nothing without its kind."""

    code: str
    kind: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The sums of one row: counts of 0/1 flags, and how many times."""

    counts: Mapping[str, int]
    times: Mapping[str, int]

    @classmethod
    def zero(cls) -> Self:
        """Return the row of nothing."""
        return cls(counts={count.name: 0 for count in COUNTS}, times=dict.fromkeys(TIMES, 0))

    def plus(self, other: "Tally") -> "Tally":
        """Add name by name; a name the other does not have counts 0 there."""
        return Tally(
            counts={name: n + other.counts.get(name, 0) for name, n in self.counts.items()},
            times={name: n + other.times.get(name, 0) for name, n in self.times.items()},
        )

    @property
    def empty(self) -> bool:
        """Tell whether nothing was counted."""
        return not any(self.counts.values())


Rows = Mapping[Group | None, Tally]


def add_up(*parts: Rows) -> Rows:
    """Add rows of the same group together."""
    rows: dict[Group | None, Tally] = {}
    for part in parts:
        for group, one in part.items():
            rows[group] = rows.get(group, Tally.zero()).plus(one)
    return {group: one for group, one in rows.items() if not one.empty}


def total(rows: Rows) -> Tally:
    """Add all rows up."""
    whole = Tally.zero()
    for one in rows.values():
        whole = whole.plus(one)
    return whole
