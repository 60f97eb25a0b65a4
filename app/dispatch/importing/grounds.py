"""Zones, components and places: what lies on the ground."""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from app.dispatch.codes import Kind
from app.dispatch.importing.findings import Finding
from app.dispatch.importing.known import Known, known_unit
from app.dispatch.importing.shapes import LINES, widened
from app.dispatch.importing.tables import Reader, note_duplicates
from app.dispatch.importing.values import as_code, as_instant, as_list, as_number, as_text
from app.dispatch.tessellation import Shapes, check_shapes

Rows = list[dict[str, Any]]

_NARROWEST_M, _WIDEST_M = 0.5, 500.0
_CATEGORY_DIGITS: Final = 4
_STANDARD_DIGITS: Final = 16
_MARKS: Final = re.compile("[;；、,，|]")
_CATEGORY_AT: Final = slice(6, 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceRow:
    """A named place that addresses are found by; `geometry` a point or line in canonical degrees."""

    name: str
    kind: str
    aliases: tuple[str, ...]
    geometry: BaseGeometry


def read_zones(reader: Reader, known: Known) -> Rows:
    """Return the rows of zones; lines become as wide as `width_m` says."""
    rows = [_zone(reader, at, known) for at in reader.rows()]
    note_duplicates(reader, [row["code"] for row in rows])
    drawn = [at for at, row in enumerate(rows) if row["code"] and row["geom"] is not None]
    shapes: Shapes = np.array([rows[at]["geom"] for at in drawn], dtype=object)
    for one in check_shapes([rows[at]["code"] for at in drawn], shapes):
        where = replace(reader.where(drawn[one.numbers[0]], codes=one.where), shape=one.shape)
        reader.ledger.add(Finding(code=one.code, severity=one.severity, where=where, message=one.message))
    return rows


def _zone(reader: Reader, at: int, known: Known) -> dict[str, Any]:
    valid_from = reader.value(at, "valid_from", as_instant)
    valid_to = reader.value(at, "valid_to", as_instant)
    if valid_from and valid_to and valid_from >= valid_to:
        reader.ledger.error("bad_value", reader.where(at, "valid_to"), "失效时间须晚于生效时间，请改正")
    return {
        "code": reader.needed(at, "code", lambda raw: as_code(raw, rounded=reader.table.rounded)),
        "name": reader.needed(at, "name", as_text),
        "zone_class": reader.needed(at, "class", as_text),
        "manager_unit": known_unit(reader, at, "manager_unit", known.units),
        "grade": reader.text(at, "grade"),
        "valid_from": valid_from,
        "valid_to": valid_to,
        "geom": _ground(reader, at),
    }


def _ground(reader: Reader, at: int) -> BaseGeometry | None:
    """Return the polygon of a zone; a line needs its width."""
    width = reader.value(at, "width_m", as_number)
    shape = reader.shape(at)
    if shape is None or int(shapely.get_type_id(shape)) not in LINES:
        return shape
    if width is None:
        reader.ledger.error(
            "missing_width", reader.where(at, "width_m"), "用线表示的地块须有宽度 width_m（米），请填写"
        )
        return None
    if not _NARROWEST_M <= width <= _WIDEST_M:
        text = f"宽度须在 {_NARROWEST_M:g} 至 {_WIDEST_M:g} 米之间，请改正"
        reader.ledger.error("bad_value", reader.where(at, "width_m", width), text)
        return None
    ground = widened(shape, width)
    if ground.is_empty:
        reader.ledger.error("empty_shape", reader.where(at), "线的长度为零，没有图形，请补画")
        return None
    return ground


def read_components(reader: Reader, known: Known) -> Rows:
    """Return the rows of components."""
    components = {major + minor for kind, major, minor, _ in known.categories if kind is Kind.COMPONENT}
    rows = [_component(reader, at, known, components) for at in reader.rows()]
    note_duplicates(reader, [row["code"] for row in rows])
    return rows


def _component(reader: Reader, at: int, known: Known, components: Collection[str]) -> dict[str, Any]:
    rounded = reader.table.rounded
    code = reader.needed(at, "code", lambda raw: as_code(raw, rounded=rounded))
    category = reader.needed(at, "category", lambda raw: as_code(raw, width=_CATEGORY_DIGITS))
    if category and components and category not in components:
        text = f"部件类别 {category} 不在现行或草稿的目录中；请改正，或先导入目录"
        reader.ledger.warn("unknown_category", reader.where(at, "category", category), text)
    if code and category and len(code) == _STANDARD_DIGITS and code.isdigit() and code[_CATEGORY_AT] != category:
        text = f"部件代码 {code} 的第 7 至 10 位与类别 {category} 不一致，请核对"
        reader.ledger.warn("code_conflict", reader.where(at, "code", code, codes=(code,)), text)
    return {
        "code": code,
        "category": category,
        "name": reader.needed(at, "name", as_text),
        "competent_unit": known_unit(reader, at, "competent_unit", known.units),
        "owner_unit": known_unit(reader, at, "owner_unit", known.units),
        "maintainer_unit": known_unit(reader, at, "maintainer_unit", known.units),
        "state": reader.needed(at, "state", as_text),
        "geom": reader.shape(at),
    }


def read_places(reader: Reader, _known: Known) -> list[PlaceRow]:
    """Return places; those with a fault are left out, which the ledger says."""
    found = []
    for at in reader.rows():
        name = reader.needed(at, "name", as_text)
        kind = reader.needed(at, "kind", as_text)
        aliases = reader.value(at, "aliases", _as_aliases) or ()
        shape = reader.shape(at)
        if name and kind and shape is not None:
            found.append(PlaceRow(name=name, kind=kind, aliases=aliases, geometry=shape))
    return found


def _as_aliases(raw: object) -> tuple[str, ...]:
    """Return the other names of a place; spaces belong to names, so only marks part them."""
    words = as_list(raw) if isinstance(raw, list) or str(raw).strip().startswith("[") else (as_text(raw) or "",)
    names = [name.strip() for word in words for name in _MARKS.split(word)]
    return tuple(dict.fromkeys(name for name in names if name))
