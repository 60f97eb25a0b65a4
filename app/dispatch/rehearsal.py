"""Replay past cases under other sets: who would gain and lose what, which cases change hands, which have nobody.

Both books are asked the same questions, each case as of the instant at which it was filed, so that only what the
sets say differs, not what was done by hand since. Source: docs/coverage.md.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.dispatch.book import Book
from app.dispatch.bulk_routing import BulkRouting
from app.dispatch.codes import DecidedBy, Kind
from app.dispatch.coverage import changes
from app.dispatch.mosaic import Floats, Ints
from app.dispatch.responsibility import Decision, Matter
from app.dispatch.set_codes import Skipped
from app.dispatch.spans import micros
from app.dispatch.verdicts import Matters, Numbers, classify

LISTED_AT_MOST: Final = 1000
_NOBODY: Final = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """A past case as far as routing asks.

    `category` None: it is one of another edition. `maintainer` of the component named, None without one.
    """

    case_no: str
    lon: float | None
    lat: float | None
    kind: Kind
    category: str | None
    condition: int
    maintainer: str | None
    filed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A case that changes hands, and by which ground before and after; a unit of None: a person decides."""

    case_no: str
    before: Decision
    after: Decision
    out_of_coverage: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitChange:
    """How many cases a unit has before and after, how many of them it gains and loses; None: those with nobody."""

    unit_code: str | None
    before: int
    after: int
    gained: int
    lost: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """What a rehearsal found; `moved` lists the first of `moved_count` cases in the order given."""

    cases: int
    skipped: dict[Skipped, int]
    moved_count: int
    unowned_count: int
    units: tuple[UnitChange, ...]
    moved: tuple[Moved, ...]


class _Side:
    """One book, asked about many cases."""

    def __init__(self, book: Book, matters: Sequence[Matter], codes: dict[str, int], tolerance_m: float) -> None:
        self.book = book
        self.classes: Matters = classify(book.rules, matters)
        self._tolerance_m = tolerance_m
        self._changes = np.array([micros(one) for one in changes(book)], dtype=np.int64)
        self._epoch: int | None = None
        self._bulk: BulkRouting
        self._places: Ints
        self._codes = codes
        self._units: Numbers

    def decide(
        self, points: Floats, at: Ints, instants: Sequence[datetime], matter: Ints, maintainers: Sequence[str | None]
    ) -> tuple[Numbers, Ints, Ints]:
        """Return the unit of each case (a number of `codes`, -1 for nobody), its cell and its zones."""
        cells, zones = (
            self.book.cells.numbers(points, tolerance_m=self._tolerance_m),
            self.book.zones.numbers(points, at),
        )
        units = np.full(len(points), _NOBODY, dtype=np.int32)
        epochs = np.searchsorted(self._changes, at, side="right")
        for epoch in np.unique(epochs).tolist():
            here = np.flatnonzero((epochs == epoch) & (cells >= 0))
            if len(here):
                self._enter(epoch, instants[int(here[0])])
                held = np.array([self._bulk.names.number(maintainers[one]) for one in here.tolist()], dtype=np.int32)
                signs = self._bulk.sign_of[zones[here]]
                found = self._bulk.each(self._places[cells[here]], signs, self.classes.classes[matter[here]], held)
                units[here] = self._units[np.maximum(found, _NOBODY)]
        return units, cells, zones

    def why(self, cell: int, zones: Ints, matter: Matter, at: datetime, maintainer: str | None) -> Decision:
        """Return the decision with its grounds, as the service would give it."""
        if cell < 0:
            return Decision(unit_code=None, decided_by=DecidedBy.UNASSIGNED)
        named = [self.book.zones.zones[zone] for zone in zones.tolist() if zone >= 0]
        spot = self.book.spot_of(self.book.cells.codes[cell], {zone.zone_class: zone.code for zone in named})
        return self.book.decide(spot, matter, at, maintainer=maintainer)

    def _enter(self, epoch: int, at: datetime) -> None:
        """Compile what is in force between two changes; cases come in the order of filing, so one is enough."""
        if epoch == self._epoch:
            return
        self._epoch = epoch
        self._bulk = BulkRouting(self.book.rules, self.classes, self.book.zones.zones, at)
        self._places = self._bulk.places(self.book)
        units = [self._codes[code] for code in self._bulk.names.units]
        self._units = np.array([*units, _NOBODY], dtype=np.int32)


@dataclass(slots=True)
class _Tally:
    """Sums by unit, nobody last: cases before, after, gained, lost."""

    by_unit: NDArray[np.int64]
    cases: int = 0
    moved: int = 0
    skipped: Counter[Skipped] = field(default_factory=Counter)


class Rehearsal:
    """Two books side by side, fed with past cases in the order of filing, any number at a time."""

    def __init__(self, before: Book, after: Book, *, tolerance_m: float) -> None:
        """Take the sets in force and those to be tried; both have the same catalogue."""
        categories = before.catalogue.categories.values()
        matters = [category.matter(number) for category in categories for number in category.conditions]
        keys = [(category.kind, category.code, number) for category in categories for number in category.conditions]
        self._matters = matters
        self._numbers: dict[tuple[Kind, str | None, int], int] = {key: number for number, key in enumerate(keys)}
        self._units = sorted({*before.units, *after.units})
        codes = {code: number for number, code in enumerate(self._units)}
        self._sides = tuple(_Side(book, matters, codes, tolerance_m) for book in (before, after))
        self._tally = _Tally(np.zeros((4, len(codes) + 1), dtype=np.int64))
        self._moved: list[Moved] = []

    def play(self, filed: Sequence[Filed]) -> None:
        """Replay some more cases."""
        self._tally.cases += len(filed)
        played, matter = self._playable(filed)
        if not played:
            return
        points = np.array([(one.lon, one.lat) for one in played], dtype=np.float64)
        instants = [one.filed_at for one in played]
        at = np.array([micros(one) for one in instants], dtype=np.int64)
        maintainers = [one.maintainer for one in played]
        answers = [side.decide(points, at, instants, matter, maintainers) for side in self._sides]
        (before, *_), (after, *_) = answers
        moved = before != after
        tally, count = self._tally, len(self._units) + 1
        for row, units in enumerate((before, after, after[moved], before[moved])):
            tally.by_unit[row] += np.bincount(units % count, minlength=count)  # nobody, -1, becomes the last
        tally.moved += int(moved.sum())
        for number in np.flatnonzero(moved)[: LISTED_AT_MOST - len(self._moved)].tolist():
            one, about = played[number], self._matters[int(matter[number])]
            then, now = (
                side.why(int(cells[number]), zones[number], about, one.filed_at, one.maintainer)
                for side, (_, cells, zones) in zip(self._sides, answers, strict=True)
            )
            outside = bool(answers[1][1][number] < 0)
            self._moved.append(Moved(case_no=one.case_no, before=then, after=now, out_of_coverage=outside))

    def outcome(self) -> Rehearsed:
        """Return what was found so far; units with neither cases before nor after are left out."""
        tally = self._tally
        rows = [
            UnitChange(unit_code=code, before=before, after=after, gained=gained, lost=lost)
            for code, (before, after, gained, lost) in zip([*self._units, None], tally.by_unit.T.tolist(), strict=True)
            if before or after
        ]
        return Rehearsed(
            cases=tally.cases,
            skipped=dict(tally.skipped),
            moved_count=tally.moved,
            unowned_count=int(tally.by_unit[2, -1]),
            units=tuple(rows),
            moved=tuple(self._moved),
        )

    def _playable(self, filed: Sequence[Filed]) -> tuple[list[Filed], Ints]:
        """Return the cases that have a place and a category of the catalogue, and the number of each one's matter."""
        played, matters = [], []
        for one in filed:
            matter = self._numbers.get((one.kind, one.category, one.condition))
            if one.lon is None or one.lat is None:
                self._tally.skipped[Skipped.NO_LOCATION] += 1
            elif matter is None:
                self._tally.skipped[Skipped.OTHER_CATALOGUE] += 1
            else:
                played.append(one)
                matters.append(matter)
        return played, np.array(matters, dtype=np.int64)
