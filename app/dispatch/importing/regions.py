"""Areas, cells and beats: what divides the city."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np

from app.dispatch.codes import AreaLevel
from app.dispatch.grid import Cell
from app.dispatch.importing.findings import Finding, Ledger, Where
from app.dispatch.importing.known import Known
from app.dispatch.importing.tables import Reader, note_duplicates
from app.dispatch.importing.values import as_code, as_text, one_of
from app.dispatch.tessellation import Shapes, TessellationFinding, check_areas, check_cells

Rows = list[dict[str, Any]]

DIGITS: Final = {AreaLevel.DISTRICT: 6, AreaLevel.STREET: 9, AreaLevel.COMMUNITY: 12}
"""Length of an area's code by level; the cells' codes begin with it (city practice)."""
_LEVELS: Final = one_of(
    {
        **{level.value: level for level in AreaLevel},
        "区": AreaLevel.DISTRICT,
        "区县": AreaLevel.DISTRICT,
        "区(县)": AreaLevel.DISTRICT,
        "街道": AreaLevel.STREET,
        "街镇": AreaLevel.STREET,
        "街道(镇)": AreaLevel.STREET,
        "社区": AreaLevel.COMMUNITY,
        "村居": AreaLevel.COMMUNITY,
        "社区(村)": AreaLevel.COMMUNITY,
    }
)
_ABOUT_CODES: Final = frozenset({"duplicate_code", "bad_code", "wrong_community"})
_COMMUNITY: Final = DIGITS[AreaLevel.COMMUNITY]


def read_areas(reader: Reader, _known: Known) -> Rows:
    """Return the rows of districts, streets and communities; shapes in canonical degrees."""
    rows = [_area(reader, at) for at in reader.rows()]
    note_duplicates(reader, [row["code"] for row in rows])
    levels = {row["code"]: row["level"] for row in rows}
    for at, row in enumerate(rows):
        _check_parent(reader, at, row, levels)
    for level in AreaLevel:
        _note_shapes(reader, [at for at, row in enumerate(rows) if row["level"] is level and row["code"]], rows)
    return rows


def _area(reader: Reader, at: int) -> dict[str, Any]:
    level = reader.needed(at, "level", _LEVELS)
    code = reader.needed(at, "code", lambda raw: as_code(raw, rounded=reader.table.rounded))
    if code and level and not (code.isdigit() and len(code) == DIGITS[level]):
        text = f"{level} 的代码须为 {DIGITS[level]} 位数字，这里是“{code}”；请补足或改正"
        reader.ledger.error("bad_code", reader.where(at, "code", code, codes=(code,)), text)
    return {
        "code": code,
        "name": reader.needed(at, "name", as_text),
        "level": level,
        "parent_code": reader.value(at, "parent_code", lambda raw: as_code(raw, rounded=reader.table.rounded)),
        "geom": reader.shape(at),
    }


def _check_parent(reader: Reader, at: int, row: dict[str, Any], levels: dict[str, AreaLevel | None]) -> None:
    level, parent, code = row["level"], row["parent_code"], row["code"]
    if level is None or code is None:
        return
    above = {AreaLevel.DISTRICT: None, AreaLevel.STREET: AreaLevel.DISTRICT, AreaLevel.COMMUNITY: AreaLevel.STREET}
    where = reader.where(at, "parent_code", parent, codes=(code,))
    if parent is None:
        if above[level] is not None:
            reader.ledger.error("no_parent", where, f"{code} 缺少上级代码，请填写所属{above[level]}的代码")
    elif above[level] is None:
        row["parent_code"] = None  # the city above its districts is no area
    elif levels.get(parent) is not above[level]:
        text = f"{code} 的上级 {parent} 不是本文件中的 {above[level]}；区划须一次导入完整的一套"
        reader.ledger.error("unknown_parent", where, text)
    elif not code.startswith(parent):
        text = f"{code} 应以上级代码 {parent} 开头：网格靠代码前缀归入区划，请改正"
        reader.ledger.error("bad_code", where, text)


def _note_shapes(reader: Reader, which: Sequence[int], rows: Rows) -> None:
    drawn = [at for at in which if rows[at]["geom"] is not None]
    if drawn:
        found = check_areas([rows[at]["code"] for at in drawn], _shapes([rows[at]["geom"] for at in drawn]))
        _note(reader, found, drawn)


def read_cells(reader: Reader, known: Known) -> Rows:
    """Return the rows of cells with the beat that the file names; shapes in canonical degrees."""
    communities = known.of_level(AreaLevel.COMMUNITY)
    table, rows = reader.table, Rows()
    for at in reader.rows():
        code = reader.needed(at, "code", lambda raw: as_code(raw, rounded=table.rounded))
        beat = reader.value(at, "beat_code", lambda raw: as_code(raw, rounded=table.rounded))
        rows.append({"code": code, "beat_code": beat, "geom": reader.shape(at)})
    drawn = [at for at, row in enumerate(rows) if row["code"] and row["geom"] is not None]
    cells = [Cell(code=rows[at]["code"], polygon=rows[at]["geom"]) for at in drawn]
    ours = any(cell.code[:_COMMUNITY] in communities for cell in cells)
    _note(reader, check_cells(cells, communities=communities if ours else ()), drawn)
    if cells and not ours:
        _warn_of_strangers(reader.ledger, reader, has_areas=bool(communities))
    return rows


def _warn_of_strangers(ledger: Ledger, reader: Reader, *, has_areas: bool) -> None:
    """Say that cells and areas are of two cities: not an error, for they may be activated together."""
    if has_areas:
        text = "没有一个网格的代码属于现行或草稿中的社区：像是另一座城市；请把它的区划一并导入、一并启用"
        ledger.warn("wrong_community", reader.table.where(), text)
    else:
        ledger.warn("no_areas", reader.table.where(), "还没有社区可以对照网格代码；请导入区划")


def read_beats(reader: Reader, known: Known) -> Rows:
    """Return one row a cell of a beat."""
    rows, names = Rows(), dict[str, str]()
    for at in reader.rows():
        cell = reader.needed(at, "cell_code", lambda raw: as_code(raw, rounded=reader.table.rounded))
        code = reader.needed(at, "code", lambda raw: as_code(raw, rounded=reader.table.rounded))
        name = reader.needed(at, "name", as_text)
        if code and name and names.setdefault(code, name) != name:
            text = f"责任区 {code} 有两个名称：{names[code]}、{name}；请统一"
            reader.ledger.error("code_conflict", reader.where(at, "name", name, codes=(code,)), text)
        if cell and known.cells and cell not in known.cells:
            text = f"网格 {cell} 不在现行或草稿的网格中；请改正代码，或先导入网格"
            reader.ledger.warn("unknown_place", reader.where(at, "cell_code", cell, codes=(cell,)), text)
        rows.append({"cell_code": cell, "code": code, "name": name})
    note_duplicates(reader, [row["cell_code"] for row in rows], "cell_code")
    return rows


def beats_of(cells: Rows) -> Rows:
    """Return the beats that a file of cells names; a beat is called by its code there."""
    return [
        {"cell_code": row["code"], "code": row["beat_code"], "name": row["beat_code"]}
        for row in cells
        if row["beat_code"]
    ]


def _note(reader: Reader, found: Iterable[TessellationFinding], drawn: Sequence[int]) -> None:
    """Put findings about shapes into the ledger, with the number of the first feature they concern."""
    for one in found:
        place = reader.where(drawn[one.numbers[0]]) if one.numbers else Where(file=reader.table.file)
        where = Where(
            file=place.file,
            sheet=place.sheet,
            feature=place.feature,
            codes=one.where,
            shape=one.shape,
            column="code" if one.code in _ABOUT_CODES else None,
            value=one.where[0] if one.code in _ABOUT_CODES else None,
        )
        reader.ledger.add(Finding(code=one.code, severity=one.severity, where=where, message=one.message))


def _shapes(found: Sequence[Any]) -> Shapes:
    shapes: Shapes = np.array(found, dtype=object)
    return shapes
