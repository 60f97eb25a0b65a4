"""Components around a point: which manhole cover is meant."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query

from app.adapters.crs import to_canonical_point
from app.api.deps import CurrentActor, taken
from app.api.dispatch import DatumAsked, Latitude, Longitude
from app.api.problems import problems
from app.api.schemas.components import ComponentsOut
from app.api.schemas.query import Code
from app.dispatch.codes import Datum
from app.services.components import Components

router = APIRouter(prefix="/api/v1/dispatch", tags=["dispatch"])

_REACH_M: Final = 50.0
_REACH_AT_MOST_M: Final = 1000.0

ComponentService = Annotated[Components, Depends(taken(lambda wired: Components(wired.replica)))]


@router.get("/components", operation_id="near_components", responses=problems())
async def near_components(
    _actor: CurrentActor,
    components: ComponentService,
    lon: Longitude,
    lat: Latitude,
    datum: DatumAsked = Datum.CGCS2000.value,
    category: Annotated[Code | None, Query(description="Major + minor code; default any")] = None,
    radius_m: Annotated[float, Query(gt=0, le=_REACH_AT_MOST_M, description="Reach in metres")] = _REACH_M,
    limit: Annotated[int, Query(ge=1, le=100, description="Components at most")] = 20,
) -> ComponentsOut:
    """Return the components of a category within reach, the nearest first; those taken away are left out."""
    point = to_canonical_point(lon, lat, datum)
    return ComponentsOut.of(await components.near(*point, radius_m=radius_m, category=category, limit=limit))
