"""CSV files: UTF-8 with or without a mark, UTF-16, GBK; commas, semicolons or tabs."""

import csv
import io
from pathlib import Path
from typing import Final

from app.adapters.readers.limits import MOST_COLUMNS, MOST_ROWS, refused
from app.dispatch.importing.findings import Ledger, Where
from app.dispatch.importing.tables import Field, Table, header_at

_MARKS: Final = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_LONGEST_CELL: Final = 1_000_000


def read_csv(path: Path, file: str, fields: tuple[Field, ...], ledger: Ledger) -> Table:
    """Return the one table of a CSV file; too long rows are noted. Raises BadInput for what is no text."""
    text = decoded(path.read_bytes(), file)
    csv.field_size_limit(_LONGEST_CELL)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True))
    except csv.Error as error:
        raise refused("unreadable", f"不是有效的 CSV（{error}），请检查引号是否成对", file=file) from error
    if len(rows) > MOST_ROWS:
        raise refused("too_large", f"超过 {MOST_ROWS} 行，请拆分", file=file)
    return tabled(rows, file=file, sheet=None, fields=fields, ledger=ledger, first=1)


def tabled(
    rows: list[list[str]], *, file: str, sheet: str | None, fields: tuple[Field, ...], ledger: Ledger, first: int
) -> Table:
    """Return rows as a table: header found by its names, blank rows left out, numbers as a spreadsheet shows them."""
    filled = [(number, row) for number, row in enumerate(rows, start=first) if any(cell.strip() for cell in row)]
    if not filled:
        ledger.error("empty_file", Where(file=file, sheet=sheet), "文件是空的，请确认导出时选对了表")
        return Table(file=file, sheet=sheet, columns={}, numbers=())
    at = header_at([row for _, row in filled], fields) or 0
    header, body = _header(filled[at][1], file, sheet, filled[at][0], ledger), filled[at + 1 :]
    for number, row in body:
        if any(cell.strip() for cell in row[len(header) :]):
            text = f"这一行有 {len(row)} 格，表头只有 {len(header)} 列；请检查是否有未加引号的逗号"
            ledger.error("extra_cells", Where(file=file, sheet=sheet, row=number), text)
    columns = {
        heading: [row[place] if place < len(row) else None for _, row in body]
        for place, heading in enumerate(header)
        if heading
    }
    return Table(file=file, sheet=sheet, columns=columns, numbers=[number for number, _ in body])


def _header(row: list[str], file: str, sheet: str | None, number: int, ledger: Ledger) -> list[str]:
    if len(row) > MOST_COLUMNS:
        raise refused("too_large", f"超过 {MOST_COLUMNS} 列", file=file, sheet=sheet, row=number)
    header = [cell.strip().strip("\ufeff") for cell in row]
    for heading in {one for one in header if one and header.count(one) > 1}:
        where = Where(file=file, sheet=sheet, row=number, column=heading)
        ledger.error("duplicate_column", where, f"表头“{heading}”出现了两次，请只保留一列")
    return header


def decoded(content: bytes, file: str) -> str:
    """Return the text of a file; UTF-8 first, for GBK takes almost any bytes."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _decode(content, encoding, file)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = _decode(content, "gb18030", file)
    if "\x00" in text:
        raise refused("unreadable", "不是文本文件（含有空字符），请导出为 CSV", file=file)
    return text


def _decode(content: bytes, encoding: str, file: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        text = f"第 {error.start} 个字节起既不是 UTF-8 也不是 GBK 编码，请另存为 UTF-8"
        raise refused("unreadable", text, file=file) from error


def _delimiter(text: str) -> str:
    head = next((line for line in text.splitlines() if line.strip()), "")
    return max(",\t;", key=head.count)
