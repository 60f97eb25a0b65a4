"""A rule book at one instant as tables of numbers: decisions for very many places and matters at once, in numpy.

The same order of grounds as `RuleBook.decide`, without the reasons. A verdict is the number of a unit, `NOBODY`, or
below that the number of a dispute: equals that name different units. Matters that no row distinguishes are one class.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from app.dispatch.responsibility import Matter, Rule, Ruling
from app.dispatch.routing import TAKES_MASKS, RuleBook
from app.dispatch.rulebook import Mask, Pattern, Table, ages, mask_of, masked
from app.dispatch.validity import valid_at

Numbers: TypeAlias = NDArray[np.int32]

NOBODY: Final = -1
_NEVER: Final = np.iinfo(np.int32).max
_SCOPES: Final = 7


class Names:
    """Units and disputes by their number in a verdict."""

    __slots__ = ("_disputes", "_found", "_numbers", "units")

    def __init__(self, units: Iterable[str]) -> None:
        """Give each active unit its number."""
        self.units = tuple(sorted(units))
        self._numbers = {code: number for number, code in enumerate(self.units)}
        self._disputes: list[frozenset[str]] = []
        self._found: dict[frozenset[str], int] = {}

    def number(self, code: str | None) -> int:
        """Return the verdict that names a unit; NOBODY for one that is not active."""
        return self._numbers.get(code, NOBODY) if code is not None else NOBODY

    def of(self, verdict: int) -> frozenset[str]:
        """Return the units that a verdict names: none, one, or those of a dispute."""
        if verdict == NOBODY:
            return frozenset()
        return frozenset({self.units[verdict]}) if verdict >= 0 else self._disputes[-2 - verdict]

    def agreed(self, units: frozenset[str]) -> int:
        """Return the verdict of equals that name these units."""
        if len(units) < 2:  # noqa: PLR2004 - one cannot dispute
            return self.number(next(iter(units), None))
        if units not in self._found:
            self._found[units] = -2 - len(self._disputes)
            self._disputes.append(units)
        return self._found[units]

    def joined(self, one: Numbers, other: Numbers) -> Numbers:
        """Return the verdicts where equals say `one` and `other`."""
        pairs, inverse = np.unique(np.stack([one, other], axis=-1), axis=0, return_inverse=True)
        both = [self.agreed(self.of(a) | self.of(b)) for a, b in pairs.tolist()]
        return np.array(both, dtype=np.int32)[inverse.reshape(-1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """What the rows of one scope say: a row of `verdicts` a code, the last for codes of which nothing is said.

    `ranks` tells which of two zones goes first at a matter: the lower one.
    """

    rows: Mapping[str | None, int]
    verdicts: Numbers
    ranks: Numbers

    def row(self, code: str | None) -> int:
        """Return the row of a code, -1 for none."""
        return self.rows.get(code, -1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Matters:
    """Matters and their classes: `classes[i]` is the class of matter i, `chosen` one matter of each class."""

    all: tuple[Matter, ...]
    classes: NDArray[np.int64]
    chosen: tuple[Matter, ...]

    def covered_by(self, masks: Iterable[Mask]) -> Mapping[Pattern, NDArray[np.int64]]:
        """Return the classes that each pattern names."""
        found: dict[Pattern, list[int]] = defaultdict(list)
        for mask in set(masks):
            for number, matter in enumerate(self.chosen):
                found[masked(matter, mask)].append(number)
        return {pattern: np.array(numbers) for pattern, numbers in found.items()}


def classify(book: RuleBook, matters: Sequence[Matter]) -> Matters:
    """Put together the matters that no rule, ruling or zone class of the book distinguishes."""
    used = {pattern for table in (book.rules, book.rulings) for said in table.rows.values() for pattern in said}
    used |= {pattern for patterns in book.takes.values() for pattern in patterns}
    masks = sorted({*book.rules.masks, *book.rulings.masks, *TAKES_MASKS})
    numbers: dict[tuple[Pattern, ...], int] = {}
    chosen: list[Matter] = []
    classes = []
    for matter in matters:
        named = tuple(pattern for mask in masks if (pattern := masked(matter, mask)) in used)
        if named not in numbers:
            numbers[named] = len(chosen)
            chosen.append(matter)
        classes.append(numbers[named])
    return Matters(all=tuple(matters), classes=np.array(classes, dtype=np.int64), chosen=tuple(chosen))


def layers(table: Table[Rule] | Table[Ruling], matters: Matters, names: Names, at: datetime) -> tuple[Layer, ...]:
    """Return what the rows in force at `at` say, one layer a scope, the narrowest first."""
    covered = matters.covered_by(table.masks)
    fineness = {mask: number for number, mask in enumerate(table.masks)}
    numbers = ages(table)
    by_scope: list[dict[str, Mapping[Pattern, Sequence[Rule | Ruling]]]] = [{} for _ in range(_SCOPES)]
    for (reach, code), book in table.rows.items():
        by_scope[reach][code] = book
    made = []
    for books in by_scope:
        verdicts = np.full((len(books) + 1, len(matters.chosen)), NOBODY, dtype=np.int32)
        ranks = np.full(verdicts.shape, _NEVER, dtype=np.int32)
        for number, said in enumerate(books.values()):
            for pattern in sorted(said, key=lambda one: -fineness[mask_of(one)]):
                verdict, age = _said(said[pattern], names, at, numbers)
                if verdict != NOBODY and pattern in covered:
                    verdicts[number, covered[pattern]] = verdict
                    ranks[number, covered[pattern]] = fineness[mask_of(pattern)] * (len(numbers) + 1) + age
        rows: dict[str | None, int] = {code: number for number, code in enumerate(books)}
        made.append(Layer(rows=rows, verdicts=verdicts, ranks=ranks))
    return tuple(made)


def _said(rows: Sequence[Rule | Ruling], names: Names, at: datetime, numbers: Mapping[str, int]) -> tuple[int, int]:
    """Return the verdict of equals: of rulings the newest, of rules all; and the age that orders rulings."""
    valid = [
        row for row in rows if valid_at(row.valid_from, row.valid_to, at) and names.number(row.unit_code) != NOBODY
    ]
    if not valid:
        return NOBODY, 0
    if numbers:
        return names.number(valid[0].unit_code), numbers[valid[0].id]
    return names.agreed(frozenset(row.unit_code for row in valid)), 0
