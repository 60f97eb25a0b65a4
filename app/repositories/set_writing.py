"""Rows of a set into their table, thousands in one statement: 200,000 cells take seconds."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Final
from uuid import UUID

import numpy as np
import shapely
from geoalchemy2 import Geometry
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Column, Table, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.geocoding.gazetteer import name_rows
from app.models import SRID
from app.models.places import Place, PlaceName

CHUNK: Final = 5000
Seen = Callable[[int], None]

_DIALECT: Final = postgresql.dialect()  # type: ignore[no-untyped-call]


async def insert_rows(
    session: AsyncSession,
    table: Any,  # noqa: ANN401  # a mapped class
    set_id: UUID,
    rows: Sequence[Mapping[str, Any]],
    seen: Seen | None = None,
) -> None:
    """Store rows of a set; shapes as hexadecimal EWKB or as shapely's own. `seen` is told of rows that are stored.

    Places go with the index of their names.
    """
    if not rows:
        return
    mapped: Table = table.__table__
    columns = [column for column in mapped.columns if column.name in rows[0]]
    statement = text(_statement(mapped, columns))
    for chunk in _chunks(rows):
        values = {f"v{number}": _values(column, chunk) for number, column in enumerate(columns)}
        await session.execute(statement, {"set_id": set_id, **values})
        if table is Place:
            await insert_rows(session, PlaceName, set_id, list(name_rows(chunk)))
        if seen is not None:
            seen(len(chunk))


def _statement(table: Table, columns: Sequence[Column[Any]]) -> str:
    """Return an INSERT from arrays, one of each column."""
    names = ", ".join(column.name for column in columns)
    arrays = ", ".join(f"CAST(:v{number} AS {_sent_as(column)}[])" for number, column in enumerate(columns))
    taken = ", ".join(_taken_as(column) for column in columns)
    return (
        f"INSERT INTO {table.name} (set_id, {names}) "  # noqa: S608  # names of our own tables and columns
        f"SELECT CAST(:set_id AS uuid), {taken} FROM unnest({arrays}) AS sent ({names})"
    )


def _sent_as(column: Column[Any]) -> str:
    """Return the type in which values travel: arrays of arrays and of geometries do not."""
    if isinstance(column.type, Geometry):
        return "bytea"
    if isinstance(column.type, ARRAY | JSONB):
        return "text"
    return column.type.compile(dialect=_DIALECT)


def _taken_as(column: Column[Any]) -> str:
    if isinstance(column.type, Geometry):
        return f"sent.{column.name}::geometry"
    if isinstance(column.type, JSONB):
        return f"sent.{column.name}::jsonb"
    if isinstance(column.type, ARRAY):
        return f"ARRAY(SELECT jsonb_array_elements_text(sent.{column.name}::jsonb))"
    return f"sent.{column.name}"


def _values(column: Column[Any], rows: Sequence[Mapping[str, Any]]) -> list[Any]:
    values = [row[column.name] for row in rows]
    if isinstance(column.type, Geometry):
        return ewkb(values, many=str(column.type.geometry_type).startswith("MULTI"))
    if isinstance(column.type, ARRAY | JSONB):
        return [None if value is None else json.dumps(value, ensure_ascii=False) for value in values]
    return values


def ewkb(shapes: Sequence[str | BaseGeometry | None], *, many: bool) -> list[bytes | None]:
    """Return shapes as EWKB; `many` turns polygons into multipolygons. Hexadecimal texts are taken as they are."""
    if shapes and isinstance(shapes[0], str):
        return [None if one is None else bytes.fromhex(str(one)) for one in shapes]
    found = np.array(shapes, dtype=object)
    single = np.flatnonzero(shapely.get_type_id(found) == shapely.GeometryType.POLYGON)
    if many and len(single):
        found[single] = shapely.multipolygons(found[single], indices=np.arange(len(single)))
    written: list[bytes | None] = shapely.to_wkb(shapely.set_srid(found, SRID), include_srid=True).tolist()
    return written


def _chunks(rows: Sequence[Mapping[str, Any]]) -> Iterable[Sequence[Mapping[str, Any]]]:
    left = iter(rows)
    while chunk := list(islice(left, CHUNK)):
        yield chunk
