"""All SQL about components around a point."""

from typing import Final

from geoalchemy2 import Geography
from sqlalchemy import cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.components import NearComponent
from app.dispatch.set_codes import SetKind, SetState
from app.models import SRID
from app.models.sets import Component, DataSet

_LOOKED_AT: Final = 200


class ComponentRepository:
    """Components of the active set, within one session."""

    def __init__(self, session: AsyncSession) -> None:
        """Work within `session`."""
        self._session = session

    async def near(self, lon: float, lat: float, radius_m: float, category: str | None) -> list[NearComponent]:
        """Return components within metres of a point, the nearest first; of one category, or of any."""
        active = select(DataSet.id).where(DataSet.kind == SetKind.COMPONENTS, DataSet.state == SetState.ACTIVE)
        point = cast(func.ST_SetSRID(func.ST_MakePoint(lon, lat), SRID), Geography("POINT", srid=SRID))
        distance = func.ST_Distance(Component.geog, point)
        named = (Component.code, Component.category, Component.name, Component.state, Component.maintainer_unit)
        place = (func.ST_X(Component.geom).label("lon"), func.ST_Y(Component.geom).label("lat"))
        query = (
            select(*named, *place, distance.label("distance_m"))
            .where(Component.set_id == active.scalar_subquery(), func.ST_DWithin(Component.geog, point, radius_m))
            .order_by(distance, Component.code)
            .limit(_LOOKED_AT)
        )
        if category is not None:
            query = query.where(Component.category == category)
        return [NearComponent(**row._mapping) for row in await self._session.execute(query)]  # noqa: SLF001  # public name
