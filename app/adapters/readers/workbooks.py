"""XLSX workbooks: values as they were saved, headers found by name, one table a sheet."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from app.adapters.readers.archives import check_zip
from app.adapters.readers.limits import MOST_COLUMNS, MOST_ROWS, refused
from app.dispatch.importing.findings import Ledger, Where
from app.dispatch.importing.tables import Field, Table, header_at, plain, spellings

_SHEETS: Final = 50
_BLANK_END: Final = 1000
"""Blank rows after which a sheet counts as ended: formatting alone makes sheets of a million rows."""
_BROKEN: Final = (
    BadZipFile,
    InvalidFileException,
    LookupError,
    ValueError,
    OSError,
    TypeError,
    AttributeError,
    SyntaxError,
)


def read_workbook(path: Path, file: str, fields: tuple[Field, ...], ledger: Ledger) -> list[Table]:
    """Return the sheets that have a header of the kind; others are left out if any has one. Raises BadInput."""
    check_zip(path, file)
    try:
        with path.open("rb") as content:  # openpyxl leaves open what it fails on
            book = load_workbook(content, read_only=True, data_only=True, keep_links=False)
            rows = {sheet.title: list(_rows(sheet, file)) for sheet in book.worksheets[:_SHEETS]}
    except _BROKEN as error:
        raise refused("unreadable", "不是有效的 XLSX 工作簿，请用表格软件另存为 .xlsx", file=file) from error
    if not any(rows.values()):
        ledger.error("empty_file", Where(file=file), "工作簿是空的，请确认导出时选对了表")
        return []
    filled = {title: found for title, found in rows.items() if found}
    headed = {
        title: found for title, found in filled.items() if header_at([row for _, row in found], fields) is not None
    }
    _note_formulas(path, headed or filled, fields, file, ledger)
    return [_table(file, title, found, fields, ledger) for title, found in (headed or filled).items()]


def _rows(sheet: Any, file: str) -> Iterator[tuple[int, tuple[object, ...]]]:  # noqa: ANN401  # openpyxl has no types
    """Yield the rows that hold anything, with their numbers."""
    sheet.reset_dimensions()  # what a file says about its size may be wrong
    blank = count = 0
    for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
        if all(cell is None or cell == "" for cell in row):
            blank += 1
            if blank > _BLANK_END:
                return
            continue
        blank, count = 0, count + 1
        if len(row) > MOST_COLUMNS and any(cell is not None for cell in row[MOST_COLUMNS:]):
            raise refused("too_large", f"超过 {MOST_COLUMNS} 列", file=file, sheet=sheet.title, row=number)
        if count > MOST_ROWS:
            raise refused("too_large", f"超过 {MOST_ROWS} 行，请拆分", file=file, sheet=sheet.title)
        yield number, row[:MOST_COLUMNS]


def _table(
    file: str, sheet: str, rows: list[tuple[int, tuple[object, ...]]], fields: tuple[Field, ...], ledger: Ledger
) -> Table:
    at = header_at([row for _, row in rows], fields) or 0
    body = rows[at + 1 :]
    headings = [str(cell).strip() if cell is not None else "" for cell in rows[at][1]]
    columns: dict[str, list[object]] = {}
    for place, heading in enumerate(headings):
        if heading:
            if heading in columns:
                where = Where(file=file, sheet=sheet, row=rows[at][0], column=heading)
                ledger.error("duplicate_column", where, f"表头“{heading}”出现了两次，请只保留一列")
            columns[heading] = [row[place] if place < len(row) else None for _, row in body]
    return Table(file=file, sheet=sheet, columns=columns, numbers=[number for number, _ in body], rounded=True)


def _note_formulas(path: Path, sheets: dict[str, Any], fields: tuple[Field, ...], file: str, ledger: Ledger) -> None:
    """Note formulas whose results were never saved: read as values they would be blank."""
    known = spellings(fields)
    with path.open("rb") as content:
        book = load_workbook(content, read_only=True, data_only=False, keep_links=False)
        for title, rows in sheets.items():
            values = dict(rows)
            wanted: dict[int, str] = {}
            for number, row in enumerate(book[title].iter_rows(values_only=True), start=1):
                if number not in values:
                    continue
                wanted = wanted or {at: str(cell) for at, cell in enumerate(row) if _names(cell, known)}
                for at, heading in wanted.items():
                    cell = row[at] if at < len(row) else None
                    if isinstance(cell, str) and cell.startswith("=") and values[number][at] is None:
                        where = Where(file=file, sheet=title, row=number, column=heading, value=cell)
                        text = "公式没有保存结果，请在表格软件中重新计算并保存，或粘贴为数值"
                        ledger.error("formula_without_value", where, text)


def _names(cell: object, known: dict[str, str]) -> bool:
    return cell is not None and plain(str(cell)) in known
