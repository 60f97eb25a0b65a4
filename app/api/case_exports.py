"""All rows of a list as CSV or GeoJSON, written while the database still reads."""

import csv
import io
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime
from typing import Final

from app.dispatch.calendar import LOCAL_ZONE
from app.services.case_queries import CaseView

CSV: Final = "text/csv"
GEOJSON: Final = "application/geo+json"
_BOM: Final = "\ufeff"
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet takes for the start of a formula."""

COLUMNS: Final = (
    *(
        "case_no",
        "state",
        "round",
        "source",
        "handling",
        "kind",
        "category",
        "major_name",
        "category_name",
        "condition",
    ),
    *("description", "address", "lon", "lat", "cell_code", "beat_code", "community_code", "street_code"),
    *("district_code", "component_code", "desk", "unit_code", "unit_name", "filed_at", "dispatched_at"),
    *("case_due_at", "leg_due_at", "due_at", "light", "provisional", "disposed_at", "closed_at", "end_kind"),
    *("public_answer", "flags", "attention", "tags", "campaign", "urges", "updated_at", "id"),
)


def wanted_form(accept: str) -> str | None:
    """Return the form that an `Accept` header prefers to JSON, if it does: the first named that we have."""
    for part in accept.split(","):
        media, _, weight = part.partition(";")
        if media.strip().lower() in {CSV, GEOJSON} and weight.replace(" ", "") != "q=0":
            return media.strip().lower()
        if media.strip().lower() in {"application/json", "*/*"}:
            return None
    return None


async def csv_rows(views: AsyncGenerator[CaseView]) -> AsyncGenerator[bytes]:
    """Yield a byte order mark, the names of the columns, and a line a case; times in +08:00."""
    yield (_BOM + _line(COLUMNS)).encode()
    async with aclosing(views):
        async for view in views:
            values = _values(view)
            yield _line([_cell(values[name]) for name in COLUMNS]).encode()


async def geojson_rows(views: AsyncGenerator[CaseView]) -> AsyncGenerator[bytes]:
    """Yield one FeatureCollection, a feature a case; its parts in the order they are read."""
    comma = ""
    yield b'{"type":"FeatureCollection","features":[\n'
    async with aclosing(views):
        async for view in views:
            yield (comma + json.dumps(feature(view), ensure_ascii=False, separators=(",", ":"))).encode()
            comma = ",\n"
    yield b"\n]}\n"


def feature(view: CaseView) -> dict[str, object]:
    """Return a case as a GeoJSON feature; without a place its geometry is null."""
    placed = view.lon is not None and view.lat is not None
    properties = {name: _plain(value) for name, value in _values(view).items() if name not in {"lon", "lat"}}
    geometry = {"type": "Point", "coordinates": [view.lon, view.lat]} if placed else None
    return {"type": "Feature", "id": str(view.case.id), "geometry": geometry, "properties": properties}


def _values(view: CaseView) -> dict[str, object]:
    case, category = view.case, view.category
    own = {
        "major_name": category.major_name if category else None,
        "category_name": category.minor_name if category else None,
        "lon": view.lon,
        "lat": view.lat,
        "community_code": case.community,
        "street_code": case.street,
        "district_code": case.district,
        "unit_name": view.unit_name,
        "due_at": view.due_at,
        "light": view.light,
    }
    return {name: own[name] if name in own else getattr(case, name) for name in COLUMNS}


def _plain(value: object) -> object:
    match value:
        case datetime():
            return value.astimezone(LOCAL_ZONE).isoformat()
        case None | bool() | int() | float() | list():
            return value
    return str(value)


def _cell(value: object) -> str:
    """Return a cell; what a spreadsheet would run begins with an apostrophe."""
    plain = _plain(value)
    match plain:
        case None:
            return ""
        case bool():
            return str(plain).lower()
        case int() | float():
            return str(plain)
        case list():
            plain = ";".join(str(one) for one in plain)
    text = str(plain)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _line(cells: "tuple[str, ...] | list[str]") -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue()
