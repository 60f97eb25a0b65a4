"""A table as a reader found it, and its columns as the fields of the kind that is imported."""

import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

from shapely.geometry.base import BaseGeometry

from app.dispatch.importing.findings import Ledger, Where
from app.dispatch.importing.values import Unfit, as_text
from app.dispatch.tessellation import Shapes

Value = TypeVar("Value")
_HEAD: Final = 20
"""Rows of a sheet in which its header may stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One sheet or layer: columns as they are headed, rows numbered as people see them in their program.

    `shapes` stand as the file has them, in the file's own system `crs`; `rounded`: numbers hold 15 digits only.
    """

    file: str
    sheet: str | None = None
    columns: Mapping[str, Sequence[object]]
    numbers: Sequence[int]
    shapes: Shapes | None = None
    crs: str | None = None
    rounded: bool = False

    @property
    def is_spatial(self) -> bool:
        """Tell whether its rows are features."""
        return self.shapes is not None

    def where(
        self, at: int | None = None, column: str | None = None, value: object = None, *, codes: tuple[str, ...] = ()
    ) -> Where:
        """Return the place of row `at` (counted from 0), for a finding."""
        number = None if at is None else self.numbers[at]
        said = None if value is None else str(value)
        place = Where(file=self.file, sheet=self.sheet, column=column, value=said, codes=codes)
        return replace(place, feature=number) if self.is_spatial else replace(place, row=number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A column that a kind knows: its name, further spellings of its heading, whether it must be there at all."""

    name: str
    also: tuple[str, ...] = ()
    required: bool = True


def plain(heading: str) -> str:
    """Return a heading without case, width, spaces, and what stands in brackets."""
    text = unicodedata.normalize("NFKC", heading).lower()
    text = text.partition("(")[0] or text
    return "".join(letter for letter in text if not letter.isspace() and letter not in "_-*:")


def spellings(fields: Sequence[Field]) -> dict[str, str]:
    """Return every spelling of every field, plain, with the field's name."""
    return {plain(heading): one.name for one in fields for heading in (one.name, *one.also)}


def header_at(rows: Sequence[Sequence[object]], fields: Sequence[Field]) -> int | None:
    """Return which of the first rows of a sheet is its header: the one that names most fields, two at least."""
    known = spellings(fields)
    least = min(2, sum(one.required for one in fields))
    scores = [
        len({known[plain(str(cell))] for cell in row if cell is not None and plain(str(cell)) in known})
        for row in rows[:_HEAD]
    ]
    best = max(scores, default=0)
    return scores.index(best) if best >= max(least, 1) else None


@dataclass(slots=True, kw_only=True)
class Reader:
    """Read fields of one table row by row, noting in the ledger what cannot be read."""

    table: Table
    ledger: Ledger
    headings: dict[str, str] = field(default_factory=dict)
    others: tuple[str, ...] = ()

    @classmethod
    def open(cls, table: Table, fields: Sequence[Field], ledger: Ledger) -> "Reader | None":
        """Match the columns; note those missing or there twice, and a table without rows. None: nothing can be read."""
        reader = cls(table=table, ledger=ledger)
        before = ledger.errors
        known = spellings(fields)
        others = []
        for heading in table.columns:
            name = known.get(plain(heading))
            if name is None:
                others.append(heading)
            elif name in reader.headings:
                text = f"“{heading}”与“{reader.headings[name]}”是同一列 {name}，请只保留一列"
                ledger.error("duplicate_column", table.where(column=heading), text)
            else:
                reader.headings[name] = heading
        reader.others = tuple(others)
        for one in fields:
            if one.required and one.name not in reader.headings:
                names = " / ".join((one.name, *one.also))
                text = f"缺少列 {names}；现有的列：{'、'.join(table.columns) or '无'}"
                ledger.error("missing_column", table.where(column=one.name), text)
        if not table.numbers:
            ledger.error("empty_file", table.where(), "没有任何数据行，请确认导出的文件不是空的")
        return reader if ledger.errors == before else None

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.table.numbers)

    def has(self, name: str) -> bool:
        """Tell whether the file has the column."""
        return name in self.headings

    def raw(self, at: int, name: str) -> object:
        """Return a value as the file has it; None where the column is missing."""
        heading = self.headings.get(name)
        return None if heading is None else self.table.columns[heading][at]

    def value(self, at: int, name: str, read: Callable[[object], Value | None]) -> Value | None:
        """Return a value that may be blank; what cannot be read is noted and None."""
        raw = self.raw(at, name)
        try:
            return read(raw)
        except Unfit as error:
            self.ledger.error(error.code, self.where(at, name, raw), f"{name}：{error}")
            return None

    def needed(self, at: int, name: str, read: Callable[[object], Value | None]) -> Value | None:
        """Return a value that must be there; None after noting that it is not, or cannot be read."""
        before = self.ledger.errors
        found = self.value(at, name, read)
        if found is None and self.ledger.errors == before:
            self.ledger.error("missing_value", self.where(at, name), f"{name} 不能为空，请填写")
        return found

    def text(self, at: int, name: str) -> str | None:
        """Return a text that may be blank."""
        return self.value(at, name, as_text)

    def where(self, at: int, name: str | None = None, value: object = None, *, codes: tuple[str, ...] = ()) -> Where:
        """Return the place of a value."""
        column = self.headings.get(name, name) if name else None
        return self.table.where(at, column, value, codes=codes)

    def shape(self, at: int) -> BaseGeometry | None:
        """Return the shape of a row."""
        return None if self.table.shapes is None else self.table.shapes[at]

    def rows(self) -> Iterator[int]:
        """Yield the rows, counted from 0."""
        yield from range(len(self.table.numbers))


def note_duplicates(reader: Reader, codes: Sequence[str | None], name: str = "code") -> None:
    """Note every row whose code an earlier row has."""
    first: dict[str, int] = {}
    for at, code in enumerate(codes):
        if code is None:
            continue
        if code in first:
            text = f"代码 {code} 与第 {reader.table.numbers[first[code]]} 行重复，请只保留一个"
            reader.ledger.error("duplicate_code", reader.where(at, name, code, codes=(code,)), text)
        else:
            first[code] = at
