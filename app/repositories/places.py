"""All SQL about named places: what is found by key, by number along a road, by likeness, around a point."""

from collections.abc import Collection
from typing import Any, Final
from uuid import UUID

import shapely
from sqlalchemy import CTE, ColumnElement, LargeBinary, Select, and_, case, func, literal, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Text

from app.dispatch.geocoding.gazetteer import Hit, KnownDoor, Wanted
from app.dispatch.geocoding.gazetteer import Place as Known
from app.dispatch.geocoding.pairs import Pair
from app.dispatch.geodesy import metres_per_degree
from app.dispatch.set_codes import SetKind, SetState
from app.models import SRID
from app.models.places import Place, PlaceName, PlacePair
from app.models.sets import DataSet

_HITS_AT_MOST: Final = 400
_DOORS_AROUND: Final = 60
_DOORS_AT_MOST: Final = 400
_LIKE_AT_MOST: Final = 20
_LEAST_LIKENESS: Final = 0.4
_PAIRS_AT_MOST: Final = 50
_LINES_AT_MOST, _THINGS_AT_MOST = 40, 60
_LINE: Final = 1
_APART: Final = "MATERIALIZED"

_SHAPE: Final = func.ST_AsBinary(Place.geom, type_=LargeBinary).label("shape")
_PLACE: Final = (Place.number, Place.name, Place.kind, _SHAPE)


class PlaceRepository:
    """The places of the active set, within one session."""

    def __init__(self, session: AsyncSession) -> None:
        """Work within `session`."""
        self._session = session

    async def active(self) -> UUID | None:
        """Return the set in force, if there is one."""
        one = select(DataSet.id).where(DataSet.kind == SetKind.PLACES, DataSet.state == SetState.ACTIVE)
        return await self._session.scalar(one)

    async def hits(self, set_id: UUID, keys: Collection[str]) -> list[Hit]:
        """Return places by exactly these keys, the longest keys first."""
        if not keys:
            return []
        asked = literal(list(keys), ARRAY(Text()))
        names = (
            select(PlaceName.set_id, PlaceName.number, PlaceName.key, PlaceName.alias)
            .where(PlaceName.set_id == set_id, PlaceName.key == func.any(asked))
            .order_by(func.length(PlaceName.key).desc(), PlaceName.number)
            .limit(_HITS_AT_MOST)
            .cte("named")
            .prefix_with(_APART)
        )
        query = _joined(names, names.c.key, names.c.alias)
        found = await self._session.execute(query.order_by(func.length(names.c.key).desc(), names.c.number))
        return [Hit(place=_place(row), key=row.key, alias=row.alias) for row in found]

    async def like(self, set_id: UUID, names: Collection[str]) -> list[Hit]:
        """Return places whose key is like one of these, the likest first."""
        if not names:
            return []
        asked = func.unnest(literal(list(names), ARRAY(Text()))).table_valued("said").render_derived("asked")
        likeness = func.similarity(PlaceName.key, asked.c.said).label("likeness")
        columns = (PlaceName.set_id, PlaceName.number, PlaceName.key, PlaceName.alias, likeness)
        # by likeness alone: the index of a whole set would be read as well, which takes longer than all the rest
        alike = select(*columns).join(asked, PlaceName.key.bool_op("%")(asked.c.said)).cte("alike").prefix_with(_APART)
        own = (
            select(alike)
            .where(alike.c.set_id == set_id, alike.c.likeness >= _LEAST_LIKENESS)
            .order_by(alike.c.likeness.desc(), alike.c.number)
            .limit(_LIKE_AT_MOST)
            .cte("own")
            .prefix_with(_APART)
        )
        query = _joined(own, own.c.key, own.c.alias, own.c.likeness)
        found = await self._session.execute(query.order_by(own.c.likeness.desc(), own.c.number))
        return [
            Hit(place=_place(row), key=row.key, alias=row.alias, likeness=min(float(row.likeness), 0.99))
            for row in found
        ]

    async def doors(self, set_id: UUID, wanted: Wanted) -> list[KnownDoor]:
        """Return the doors with the numbers asked for and around them, along any of the bases."""
        if not wanted.bases:
            return []
        around = [PlaceName.door.between(one - _DOORS_AROUND, one + _DOORS_AROUND) for one in wanted.numbers]
        bases = literal(list(wanted.bases), ARRAY(Text()))
        numbered = (
            select(PlaceName.set_id, PlaceName.number, PlaceName.base, PlaceName.door)
            .where(PlaceName.set_id == set_id, PlaceName.base == func.any(bases), or_(*around))
            .order_by(func.length(PlaceName.base).desc(), PlaceName.door, PlaceName.number)
            .limit(_DOORS_AT_MOST)
            .cte("numbered")
            .prefix_with(_APART)
        )
        query = _joined(numbered, numbered.c.base, numbered.c.door)
        by_base = (func.length(numbered.c.base).desc(), numbered.c.door, numbered.c.number)
        found = await self._session.execute(query.order_by(*by_base))
        return [KnownDoor(place=_place(row), base=row.base, number=row.door) for row in found]

    async def around(self, set_id: UUID, lon: float, lat: float, radius_m: float) -> list[Known]:
        """Return places whose box meets a square around a point: the nearest lines, and the nearest of all else."""
        east, north = metres_per_degree(lat)
        dx, dy = radius_m / east, radius_m / north
        square = func.ST_MakeEnvelope(lon - dx, lat - dy, lon + dx, lat + dy, SRID)
        point = func.ST_SetSRID(func.ST_MakePoint(lon, lat), SRID)
        is_line = func.ST_Dimension(Place.geom) == _LINE
        columns = (*_PLACE, Place.set_id, is_line.label("is_line"), func.ST_Distance(Place.geom, point).label("far"))
        # by place alone, as above
        near = select(*columns).where(Place.geom.bool_op("&&")(square)).cte("near").prefix_with(_APART)
        nth = func.row_number().over(partition_by=near.c.is_line, order_by=(near.c.far, near.c.number)).label("nth")
        own = select(near, nth).where(near.c.set_id == set_id).subquery()
        at_most = case((own.c.is_line, _LINES_AT_MOST), else_=_THINGS_AT_MOST)
        return [_place(row) for row in await self._session.execute(select(own).where(own.c.nth <= at_most))]

    async def pairs(self, digest: bytes) -> list[Pair]:
        """Return the newest confirmations of an address."""
        lon, lat = func.ST_X(PlacePair.geom), func.ST_Y(PlacePair.geom)
        query = select(lon.label("lon"), lat.label("lat"), PlacePair.confirmed_at).where(PlacePair.digest == digest)
        found = await self._session.execute(query.order_by(PlacePair.confirmed_at.desc()).limit(_PAIRS_AT_MOST))
        return [Pair(lon=row.lon, lat=row.lat, at=row.confirmed_at) for row in found]


def _joined(names: CTE, *columns: ColumnElement[Any]) -> Select[Any]:
    """Return the places of names that were found apart.

    The set must not be named here again: before statistics are gathered, a join that knows it reads the whole set.
    """
    same = and_(Place.set_id == names.c.set_id, Place.number == names.c.number)
    return select(*_PLACE, *columns).join(names, same)


def _place(row: Any) -> Known:  # noqa: ANN401  # a row with the columns of _PLACE
    return Known(number=row.number, name=row.name, kind=row.kind, shape=shapely.from_wkb(row.shape))
