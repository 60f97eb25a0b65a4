"""From the tables of one file to everything that is to be stored: one function a kind, one way through."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from app.dispatch.house_takes import takes_of
from app.dispatch.importing import grounds, organs, regions
from app.dispatch.importing.catalogue import read_catalogue
from app.dispatch.importing.days import read_calendar
from app.dispatch.importing.findings import Ledger
from app.dispatch.importing.kinds import ACCOUNTS, FIELDS, WITH_SHAPES
from app.dispatch.importing.known import Known
from app.dispatch.importing.organs import AccountRow
from app.dispatch.importing.rules import note_conflicts, read_rules
from app.dispatch.importing.shapes import LINES, POINTS, POLYGONS, Datum, canonical
from app.dispatch.importing.tables import Reader, Table
from app.dispatch.responsibility import Takes
from app.dispatch.set_codes import SetKind

Rows = list[dict[str, Any]]

_SHAPES: Final = {
    SetKind.AREAS: POLYGONS,
    SetKind.CELLS: POLYGONS,
    SetKind.ZONES: (*POLYGONS, *LINES),
    SetKind.COMPONENTS: POINTS,
    SetKind.PLACES: (*POINTS, *LINES, *POLYGONS),
}
_DRAFT_ONLY: Final = frozenset({"rule_conflict"})
"""Errors that leave a draft standing, not valid: what is equal to what changes with the units in force."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How texts of a file are to be read; `edition` names a catalogue."""

    edition: str
    plain_is_continuous: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What a file comes to: rows by column of their table, shapes in canonical degrees.

    `takes` come with zones, `beats` with cells that name them; `others` are columns that were left alone.
    """

    rows: Rows = field(default_factory=list)
    accounts: tuple[AccountRow, ...] = ()
    takes: tuple[Takes, ...] = ()
    beats: Rows = field(default_factory=list)
    others: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """Return how many rows there are."""
        return len(self.rows) or len(self.accounts)


def is_refused(ledger: Ledger) -> bool:
    """Tell whether any fault forbids keeping even a draft."""
    return ledger.errors > sum(ledger.counts[code] for code in _DRAFT_ONLY)


def is_valid(ledger: Ledger) -> bool:
    """Tell whether a draft may become active as far as its own rows go."""
    return ledger.errors == 0


def prepare(
    kind: str, tables: Sequence[Table], known: Known, options: Options, ledger: Ledger, datum: Datum | None
) -> Prepared:
    """Read the tables of one file; every fault is in the ledger, and only an unrefused ledger's rows are of use."""
    placed = [_placed(kind, table, datum, ledger) for table in tables]
    readers = [reader for table in placed if (reader := Reader.open(table, FIELDS[kind], ledger)) is not None]
    if not readers:
        return Prepared()
    others = tuple(dict.fromkeys(name for reader in readers for name in reader.others))
    if kind == SetKind.CATALOGUE:
        rows = read_catalogue(readers, edition=options.edition, plain_is_continuous=options.plain_is_continuous)
        return Prepared(rows=rows, others=others)
    if len(readers) > 1:
        _note_several(readers, ledger)
        return Prepared()
    return _READ[kind](readers[0], known, others)


def _placed(kind: str, table: Table, datum: Datum | None, ledger: Ledger) -> Table:
    if kind not in WITH_SHAPES or datum is None:
        return table
    return canonical(table, datum, _SHAPES[SetKind(kind)], ledger)


def _note_several(readers: Sequence[Reader], ledger: Ledger) -> None:
    names = "、".join(reader.table.sheet or reader.table.file for reader in readers)
    text = f"文件里有 {len(readers)} 张表（{names}），一次只能导入一张；请只保留一张"
    ledger.error("unreadable", readers[0].table.where(), text)


def _areas(reader: Reader, known: Known, others: tuple[str, ...]) -> Prepared:
    return Prepared(rows=regions.read_areas(reader, known), others=others)


def _cells(reader: Reader, known: Known, others: tuple[str, ...]) -> Prepared:
    rows = regions.read_cells(reader, known)
    beats = regions.beats_of(rows)
    for row in rows:
        del row["beat_code"]
    return Prepared(rows=rows, beats=beats, others=others)


def _zones(reader: Reader, known: Known, others: tuple[str, ...]) -> Prepared:
    rows = grounds.read_zones(reader, known)
    classes = frozenset(row["zone_class"] for row in rows if row["zone_class"])
    return Prepared(rows=rows, takes=takes_of(classes, known.takes), others=others)


def _components(reader: Reader, known: Known, others: tuple[str, ...]) -> Prepared:
    return Prepared(rows=grounds.read_components(reader, known), others=others)


def _places(reader: Reader, known: Known, others: tuple[str, ...]) -> Prepared:
    rows = [
        {"number": number, "name": one.name, "kind": one.kind, "aliases": list(one.aliases), "geom": one.geometry}
        for number, one in enumerate(grounds.read_places(reader, known), start=1)
    ]
    return Prepared(rows=rows, others=others)


def _units(reader: Reader, known: Known, others: tuple[str, ...]) -> Prepared:
    return Prepared(rows=organs.read_units(reader, known), others=others)


def _rules(reader: Reader, known: Known, others: tuple[str, ...]) -> Prepared:
    rows = read_rules(reader, known)
    if not is_refused(reader.ledger):
        note_conflicts(rows, reader.table.file, reader.ledger)
    return Prepared(rows=rows, others=others)


def _beats(reader: Reader, known: Known, others: tuple[str, ...]) -> Prepared:
    return Prepared(rows=regions.read_beats(reader, known), others=others)


def _calendar(reader: Reader, _known: Known, others: tuple[str, ...]) -> Prepared:
    return Prepared(rows=read_calendar(reader), others=others)


def _accounts(reader: Reader, known: Known, others: tuple[str, ...]) -> Prepared:
    return Prepared(accounts=tuple(organs.read_accounts(reader, known)), others=others)


_READ: Final[Mapping[str, Callable[[Reader, Known, tuple[str, ...]], Prepared]]] = {
    SetKind.AREAS: _areas,
    SetKind.CELLS: _cells,
    SetKind.ZONES: _zones,
    SetKind.COMPONENTS: _components,
    SetKind.PLACES: _places,
    SetKind.UNITS: _units,
    SetKind.RULES: _rules,
    SetKind.BEATS: _beats,
    SetKind.CALENDAR: _calendar,
    ACCOUNTS: _accounts,
}


def as_values(takes: Sequence[Takes]) -> Rows:
    """Return what zone classes take, numbered as it is stored."""
    return [{"number": number, **asdict(one)} for number, one in enumerate(takes)]
