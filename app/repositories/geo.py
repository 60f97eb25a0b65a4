"""All SQL about layers of the map: features of the active sets, and of cases, by their index."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.access import Sight
from app.dispatch.set_codes import SetKind, SetState
from app.models import sets
from app.models.cases import Case
from app.repositories.case_filters import Box, inside
from app.repositories.reach import cases_in_sight

_DIGITS: Final = 8
"""Decimal places of degrees: about a millimetre."""


class Layer(StrEnum):
    """What can be drawn."""

    CELLS = "cells"
    ZONES = "zones"
    AREAS = "areas"
    COMPONENTS = "components"
    CASES = "cases"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A coded geometry with its properties."""

    code: str
    geometry: Mapping[str, Any]
    properties: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    kind: SetKind
    table: Any
    columns: tuple[str, ...]


_SOURCES: Final[Mapping[Layer, _Source]] = {
    Layer.CELLS: _Source(kind=SetKind.CELLS, table=sets.Cell, columns=("code",)),
    Layer.ZONES: _Source(
        kind=SetKind.ZONES,
        table=sets.Zone,
        columns=("code", "name", "zone_class", "manager_unit", "grade", "valid_from", "valid_to"),
    ),
    Layer.AREAS: _Source(kind=SetKind.AREAS, table=sets.Area, columns=("code", "name", "level", "parent_code")),
    Layer.COMPONENTS: _Source(
        kind=SetKind.COMPONENTS,
        table=sets.Component,
        columns=("code", "category", "name", "competent_unit", "owner_unit", "maintainer_unit", "state"),
    ),
}


class GeoRepository:
    """Layers, within one session."""

    def __init__(self, session: AsyncSession) -> None:
        """Work within `session`."""
        self._session = session

    async def shapes(self, layer: Layer, box: Box | None, *, limit: int, behind: str | None) -> list[Shape]:
        """Return features of the active set whose own box meets `box`, by code."""
        source = _SOURCES[layer]
        table = source.table
        active = select(sets.DataSet.id).where(sets.DataSet.kind == source.kind, sets.DataSet.state == SetState.ACTIVE)
        columns = [table.__table__.c[name] for name in source.columns]
        found = await self._session.execute(
            select(_geojson(table.geom), *columns)
            .where(table.set_id == active.scalar_subquery(), inside(table.geom, box) if box else true())
            .where(table.code > behind if behind is not None else true())
            .order_by(table.code)
            .limit(limit)
        )
        return [
            Shape(
                code=row.code,
                geometry=json.loads(row[0]),
                properties={name: getattr(row, name) for name in source.columns},
            )
            for row in found
        ]

    async def cases(self, sight: Sight, box: Box | None, *, limit: int, behind: UUID | None) -> Sequence[Case]:
        """Return the cases that the caller sees and that have a place, by id."""
        found = await self._session.scalars(
            select(Case)
            .where(cases_in_sight(sight), Case.geom.is_not(None), inside(Case.geom, box) if box else true())
            .where(Case.id > behind if behind is not None else true())
            .order_by(Case.id)
            .limit(limit)
        )
        return found.all()


def _geojson(column: Any) -> ColumnElement[str]:  # noqa: ANN401  # a geometry column of any table
    """Return a geometry as the text of RFC 7946, without the member `crs` that PostGIS adds unasked."""
    return func.ST_AsGeoJSON(column, _DIGITS, 0).label("geojson")
