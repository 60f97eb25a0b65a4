"""Where a point lies, and who is responsible there."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from app.api.deps import CurrentActor, taken
from app.api.problems import problems, taking
from app.api.schemas.query import Code, Moment
from app.api.schemas.routing import ExplainManyIn, ExplainManyOut, ExplainOut, LocateOut, Telling, listed
from app.dispatch.codes import Datum, Kind
from app.dispatch.policies import DEFAULTS
from app.services.dispatching import Asked, Dispatching

router = APIRouter(prefix="/api/v1/dispatch", tags=["dispatch"])

DispatchingService = Annotated[
    Dispatching, Depends(taken(lambda wired: Dispatching(wired.sessions, wired.books, DEFAULTS, wired.now)))
]
Longitude = Annotated[float, Query(allow_inf_nan=False, description="Longitude, or x of an EPSG system")]
Latitude = Annotated[float, Query(allow_inf_nan=False, description="Latitude, or y")]
DatumAsked = Annotated[Code, Query(description="wgs84, cgcs2000, gcj02, bd09 or EPSG:n")]


@router.get("/locate", operation_id="locate_point", responses=problems())
async def locate_point(
    _actor: CurrentActor,
    dispatching: DispatchingService,
    lon: Longitude,
    lat: Latitude,
    datum: DatumAsked = Datum.CGCS2000.value,
) -> LocateOut:
    """Return the cell, the zones and the areas of a point."""
    return LocateOut.of(*dispatching.locate(lon, lat, datum))


@router.get("/explain", operation_id="explain_dispatch", responses=problems())
async def explain_dispatch(
    _actor: CurrentActor,
    dispatching: DispatchingService,
    lon: Longitude,
    lat: Latitude,
    datum: DatumAsked = Datum.CGCS2000.value,
    kind: Annotated[Kind | None, Query(description="component or event")] = None,
    category: Annotated[Code | None, Query(description="Major + minor code")] = None,
    condition: Annotated[int | None, Query(ge=1, le=99, description="Filing condition")] = None,
    component_code: Annotated[Code | None, Query(description="The component named")] = None,
    at: Annotated[Moment | None, Query(description="By the rules valid then; default now")] = None,
) -> ExplainOut:
    """Return who is responsible at a point, by which ground, and what else was considered."""
    asked = Asked(
        lon=lon,
        lat=lat,
        datum=datum,
        kind=kind,
        category=category,
        condition=condition,
        component_code=component_code,
        at=at,
    )
    return (await dispatching.explain([asked], ExplainOut.explaining))[0]


@router.post("/explain", operation_id="explain_many", response_model=ExplainManyOut, responses=taking())
async def explain_many(body: ExplainManyIn, _actor: CurrentActor, dispatching: DispatchingService) -> Response:
    """Answer up to 10,000 questions in their order."""
    asked = await asyncio.to_thread(body.asked)
    return Response(listed(await dispatching.explain(asked, Telling())), media_type="application/json")
