"""Who is responsible at very many places at once: `RuleBook.decide` over columns of numbers, at one instant."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from app.dispatch.book import Book
from app.dispatch.case_life import Spot
from app.dispatch.routing import RuleBook
from app.dispatch.rulebook import EVERYWHERE
from app.dispatch.validity import valid_at
from app.dispatch.verdicts import NOBODY, Layer, Matters, Names, Numbers, layers
from app.dispatch.zones import Zone

Rows: TypeAlias = NDArray[np.int64]

_NEVER: Final = np.iinfo(np.int32).max
_LEVELS: Final = 5  # cell, beat, community, street, district; zones and the city stand apart
COLUMNS: Final = 2 * _LEVELS + 2
"""Numbers by which a place is known: its rows among rulings and among rules, and its two fallback verdicts."""


class BulkRouting:
    """A rule book at one instant as tables; a place is a row of `COLUMNS` numbers and the signs of its zones.

    Zones of one sign say the same of everything; -1 is the sign of those that say nothing, and fills up rows.
    """

    __slots__ = ("_city", "_fallbacks", "_rows", "_rules", "_rulings", "_signs", "_taken", "names", "sign_of")

    def __init__(self, book: RuleBook, matters: Matters, zones: Sequence[Zone], at: datetime) -> None:
        """Compile what is in force at `at`; `zones` in the order of the zone index."""
        self.names = Names(book.units)
        self._rulings = layers(book.rulings, matters, self.names, at)
        self._rules = layers(book.rules, matters, self.names, at)
        self._city = tuple(said[-1].row(EVERYWHERE) for said in (self._rulings, self._rules))
        self._rows = [layer.rows for said in (self._rulings, self._rules) for layer in said[1:-1]]
        self._fallbacks: Mapping[str | None, int] = {
            region: self.names.agreed(frozenset(codes)) for region, codes in book.fallbacks.items()
        }
        classes = {name: number for number, name in enumerate(sorted({zone.zone_class for zone in zones}))}
        self._taken = np.zeros((len(classes) + 1, len(matters.chosen)), dtype=np.bool_)
        for number, matter in enumerate(matters.chosen):
            self._taken[[classes[name] for name in book.classes_taking(matter) if name in classes], number] = True
        said = [self._said_of(zone, book, classes, at) for zone in zones]
        silent = (-1, -1, -1, NOBODY)
        numbers = {one: number for number, one in enumerate(dict.fromkeys(one for one in said if one != silent))}
        self._signs = np.array([*numbers, silent], dtype=np.int64).T
        self.sign_of: Rows = np.array([*(numbers.get(one, -1) for one in said), -1], dtype=np.int64)

    def places(self, book: Book) -> Rows:
        """Return the numbers of every cell of a book, in the order of its codes."""
        found = [self.place(book.spot_of(code, {})) for code in book.cells.codes]
        return np.array(found, dtype=np.int64).reshape(len(found), COLUMNS)

    def place(self, spot: Spot) -> list[int]:
        """Return the numbers of a spot without its zones."""
        codes = (spot.cell_code, spot.beat_code, spot.community, spot.street, spot.district)
        rows = [rows.get(code, -1) for rows, code in zip(self._rows, codes * 2, strict=True)]
        return [*rows, self._fallbacks.get(spot.street, NOBODY), self._fallbacks.get(spot.district, NOBODY)]

    def everything(self, places: Rows, signs: Rows) -> Numbers:
        """Return the verdicts of places (n, COLUMNS) with signs (n, k): one row a place, one column a matter class."""
        return self._verdicts(places, signs, None, None)

    def each(self, places: Rows, signs: Rows, matters: Rows, maintainers: Numbers) -> Numbers:
        """Return one verdict a place: for the matter class and the maintainer (NOBODY for none) beside it."""
        return self._verdicts(places, signs, matters, maintainers)

    def _said_of(
        self, zone: Zone, book: RuleBook, classes: Mapping[str, int], at: datetime
    ) -> tuple[int, int, int, int]:
        if not valid_at(zone.valid_from, zone.valid_to, at):
            return -1, -1, -1, NOBODY
        manager = self.names.number(book.managers.get(zone.code, ("", None))[1])
        managed = classes[zone.zone_class] if manager != NOBODY else -1
        return self._rulings[0].row(zone.code), self._rules[0].row(zone.code), managed, manager

    def _verdicts(self, places: Rows, signs: Rows, matters: Rows | None, maintainers: Numbers | None) -> Numbers:
        half = _LEVELS
        answer = self._of_zones(self._rulings[0], self._signs[0], signs, matters)
        answer = _filled(answer, self._rulings[1:-1], places[:, :half], matters)
        answer = _left(answer, _picked(self._rulings[-1].verdicts, np.array([self._city[0]]), matters))
        if maintainers is not None:
            answer = _left(answer, maintainers)
        answer = _left(answer, self._of_zones(self._rules[0], self._signs[1], signs, matters))
        answer = _filled(answer, self._rules[1:-1], places[:, half : 2 * half], matters)
        answer = _left(answer, _picked(self._rules[-1].verdicts, np.array([self._city[1]]), matters))
        answer = _left(answer, self._of_managers(signs, matters))
        for column in (-2, -1):
            fallback = places[:, column].astype(np.int32)
            answer = _left(answer, fallback if matters is not None else fallback[:, None])
        return answer

    def _of_zones(self, layer: Layer, row_of: Rows, signs: Rows, matters: Rows | None) -> Numbers:
        """Return what the zones of each place say together: the finest, and of equals all."""
        shape = (len(signs),) if matters is not None else (len(signs), layer.verdicts.shape[1])
        answer, rank = np.full(shape, NOBODY, dtype=np.int32), np.full(shape, _NEVER, dtype=np.int32)
        for rows in row_of[signs.T]:
            if (rows >= 0).any():
                verdicts, ranks = _picked(layer.verdicts, rows, matters), _picked(layer.ranks, rows, matters)
                equal = (ranks == rank) & (verdicts != answer)
                joined = self.names.joined(answer[equal], verdicts[equal])
                answer = np.where(ranks < rank, verdicts, answer)
                answer[equal] = joined
                rank = np.minimum(rank, ranks)
        return answer

    def _of_managers(self, signs: Rows, matters: Rows | None) -> Numbers:
        shape = (len(signs),) if matters is not None else (len(signs), self._taken.shape[1])
        answer = np.full(shape, NOBODY, dtype=np.int32)
        for column in signs.T:
            managed, manager = self._signs[2][column], self._signs[3][column].astype(np.int32)
            if (manager != NOBODY).any():
                taken = _picked(self._taken, managed, matters)
                verdicts = np.where(taken, manager if matters is not None else manager[:, None], NOBODY)
                equal = (verdicts != NOBODY) & (answer != NOBODY) & (verdicts != answer)
                joined = self.names.joined(answer[equal], verdicts[equal])
                answer = _left(answer, verdicts)
                answer[equal] = joined
        return answer


def _filled(answer: Numbers, said: Sequence[Layer], rows: Rows, matters: Rows | None) -> Numbers:
    for layer, column in zip(said, rows.T, strict=True):
        if (column >= 0).any():
            answer = _left(answer, _picked(layer.verdicts, column, matters))
    return answer


def _left(answer: Numbers, verdicts: NDArray[np.int32]) -> Numbers:
    """Let `verdicts` decide what is still open."""
    return np.where(answer == NOBODY, verdicts, answer)


Kept = TypeVar("Kept", np.int32, np.bool_)


def _picked(table: NDArray[Kept], rows: Rows, matters: Rows | None) -> NDArray[Kept]:
    return table[rows] if matters is None else table[rows, matters]
