"""Prove that every spot has exactly one responsible unit for everything: over all faces and all filing conditions.

Faces that the book does not tell apart are one class of places, conditions it does not tell apart one class of
matters; what is decided once for a class holds for all of it. Source: docs/coverage.md.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from app.dispatch.book import Book
from app.dispatch.bulk_routing import BulkRouting
from app.dispatch.codes import LostBecause
from app.dispatch.coverage_faces import Faces, faces_of, ground_of
from app.dispatch.mosaic import Ints
from app.dispatch.responsibility import Decision, Matter
from app.dispatch.set_codes import Fault
from app.dispatch.validity import valid_at
from app.dispatch.verdicts import NOBODY, Matters, Numbers, classify

HORIZON: Final = timedelta(days=366)
MOMENTS_AT_MOST: Final = 12
_CHUNK: Final = 4096  # classes of places decided at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The same conditions at some faces have no unit, or the same units dispute them; `faces` are their numbers."""

    fault: Fault
    unit_codes: tuple[str, ...]
    rule_ids: tuple[str, ...]
    matters: tuple[Matter, ...]
    faces: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How much was proven. `none` and `two` count pairs of a face and a condition, as `pairs` does."""

    cells: int
    faces: int
    conditions: int
    pairs: int
    place_classes: int
    matter_classes: int
    none: int
    two: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What a proof found at one instant; `groups` the largest first."""

    at: datetime
    complete: bool
    counts: Counts
    groups: tuple[Group, ...]
    faces: Faces


def prove(book: Book, at: datetime) -> Coverage:
    """Decide every condition of the catalogue in every face of the city at one instant."""
    return _proven(book, at, _faces(book, at))


def prove_through(book: Book, at: datetime, horizon: timedelta = HORIZON) -> tuple[list[Coverage], datetime | None]:
    """Prove at `at` and at each later instant where a rule, ruling or zone begins or ends, within the horizon.

    Between two such instants nothing changes. Returns the first instant that was not looked at any more, if there are
    more than `MOMENTS_AT_MOST`.
    """
    moments = [at, *(one for one in changes(book) if at < one and one - at <= horizon)]  # no sum: time has an end
    found: list[Coverage] = []
    drawn: dict[frozenset[str], Faces] = {}
    for moment in moments[:MOMENTS_AT_MOST]:
        in_force = frozenset(zone.code for zone in book.zones.zones if valid_at(zone.valid_from, zone.valid_to, moment))
        if in_force not in drawn:
            drawn[in_force] = _faces(book, moment)
        found.append(_proven(book, moment, drawn[in_force]))
    return found, moments[MOMENTS_AT_MOST] if len(moments) > MOMENTS_AT_MOST else None


def changes(book: Book) -> list[datetime]:
    """Return the instants at which a rule, a ruling or a zone begins or ends, ascending."""
    tables = (book.rules.rules, book.rules.rulings)
    rows = [row for table in tables for said in table.rows.values() for found in said.values() for row in found]
    ends = {end for row in (*rows, *book.zones.zones) for end in (row.valid_from, row.valid_to) if end is not None}
    return sorted(ends)


def conditions_of(book: Book) -> list[Matter]:
    """Return every condition of the catalogue as a matter."""
    return [
        category.matter(number) for category in book.catalogue.categories.values() for number in category.conditions
    ]


def zones_at(book: Book, faces: Faces, number: int) -> dict[str, str]:
    """Return zone class → zone code of a face."""
    zones = [book.zones.zones[zone] for zone in faces.zones[number].tolist() if zone >= 0]
    return {zone.zone_class: zone.code for zone in zones}


def _faces(book: Book, at: datetime) -> Faces:
    valid = [number for number, zone in enumerate(book.zones.zones) if valid_at(zone.valid_from, zone.valid_to, at)]
    shapes = np.empty(len(valid), dtype=np.object_)
    shapes[:] = [book.zones.zones[number].polygon for number in valid]
    found = faces_of(ground_of(book.cells.shapes(), shapes, [book.zones.zones[number].zone_class for number in valid]))
    numbers = np.array([*valid, -1], dtype=np.int64)
    return Faces(cells=found.cells, zones=numbers[found.zones])


def _proven(book: Book, at: datetime, faces: Faces) -> Coverage:
    conditions = conditions_of(book)
    matters = classify(book.rules, conditions)
    bulk = BulkRouting(book.rules, matters, book.zones.zones, at)
    places = bulk.places(book)
    signs = -np.sort(-bulk.sign_of[faces.zones], axis=1)
    signs = signs[:, : max(1, int((signs >= 0).sum(axis=1).max(initial=0)))]
    rows, class_of = _classes(np.hstack([places[faces.cells], signs]))
    size = np.bincount(class_of, minlength=len(rows))
    weight = np.bincount(matters.classes, minlength=len(matters.chosen))
    split = places.shape[1]
    none = two = 0
    grouped: dict[tuple[int, bytes], list[int]] = {}
    for first in range(0, len(rows), _CHUNK):
        chunk = rows[first : first + _CHUNK]
        verdicts = bulk.everything(chunk[:, :split], chunk[:, split:])
        faces_each = size[first : first + len(chunk)]
        none += int(((verdicts == NOBODY) @ weight) @ faces_each)
        two += int(((verdicts < NOBODY) @ weight) @ faces_each)
        for number in np.flatnonzero((verdicts < 0).any(axis=1)).tolist():
            for key in _faults(verdicts[number]):
                grouped.setdefault(key, []).append(first + number)
    members = _members(class_of, len(rows))
    groups = [
        _group(book, at, bulk, matters, faces, key, np.concatenate([members[one] for one in classes]))
        for key, classes in grouped.items()
    ]
    return Coverage(
        at=at,
        complete=none + two == 0,
        counts=Counts(
            cells=len(book.cells.codes),
            faces=len(faces),
            conditions=len(conditions),
            pairs=len(faces) * len(conditions),
            place_classes=len(rows),
            matter_classes=len(matters.chosen),
            none=none,
            two=two,
        ),
        groups=tuple(sorted(groups, key=lambda group: (-len(group.faces) * len(group.matters), group.fault))),
        faces=faces,
    )


def _classes(rows: Ints) -> tuple[Ints, Ints]:
    """Return the distinct rows, and the number of its class for each row."""
    order = np.lexsort(rows.T)
    new = np.ones(len(rows), dtype=np.bool_)
    new[1:] = (rows[order[1:]] != rows[order[:-1]]).any(axis=1)
    class_of = np.empty(len(rows), dtype=np.int64)
    class_of[order] = np.cumsum(new) - 1
    return rows[order[new]], class_of


def _members(class_of: Ints, count: int) -> Sequence[Ints]:
    """Return the numbers of the faces of each class."""
    order = np.argsort(class_of, kind="stable")
    return np.split(order, np.cumsum(np.bincount(class_of, minlength=count))[:-1])


def _faults(verdicts: Numbers) -> Iterator[tuple[int, bytes]]:
    """Yield each bad verdict of a place with the classes of matters that have it."""
    for verdict in np.unique(verdicts[verdicts < 0]).tolist():
        yield verdict, np.packbits(verdicts == verdict).tobytes()


def _group(
    book: Book, at: datetime, bulk: BulkRouting, matters: Matters, faces: Faces, key: tuple[int, bytes], found: Ints
) -> Group:
    verdict, packed = key
    bad = np.unpackbits(np.frombuffer(packed, dtype=np.uint8), count=len(matters.chosen)).astype(np.bool_)
    named = tuple(matter for matter, number in zip(matters.all, matters.classes.tolist(), strict=True) if bad[number])
    numbers = np.sort(found)
    spot = book.spot_of(book.cells.codes[int(faces.cells[numbers[0]])], zones_at(book, faces, int(numbers[0])))
    rules = _disputing(book.decide(spot, named[0], at)) if verdict != NOBODY else ()
    return Group(
        fault=Fault.NONE if verdict == NOBODY else Fault.TWO,
        unit_codes=tuple(sorted(bulk.names.of(verdict))),
        rule_ids=tuple(rules),
        matters=named,
        faces=numbers,
    )


def _disputing(decision: Decision) -> Iterable[str]:
    """Return the rules that contradict each other; zone managers and fallback units have none."""
    return sorted(
        {one.rule_id for one in decision.considered if one.lost_because is LostBecause.CONFLICT and one.rule_id}
    )
