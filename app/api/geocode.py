"""Words to places and back."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from app.adapters.crs import to_canonical_point
from app.api.deps import CurrentActor, taken
from app.api.dispatch import DatumAsked, Latitude, Longitude
from app.api.problems import problems
from app.api.schemas.geocoding import CandidatesOut
from app.api.schemas.query import Code, spot
from app.dispatch.codes import Datum
from app.services.geocoding import Geocoding

router = APIRouter(prefix="/api/v1/geocode", tags=["dispatch"])

GeocodingService = Annotated[Geocoding, Depends(taken(lambda wired: wired.geocoding))]


@router.get("", operation_id="geocode", responses=problems())
async def geocode(
    _actor: CurrentActor,
    geocoding: GeocodingService,
    q: Annotated[Code, Query(description="An address as people write it, such as 人民路与新华路交叉口向西50米")],
    near: Annotated[
        str | None, Query(max_length=100, description="`lon,lat`: of equal candidates the nearer one comes first")
    ] = None,
    datum: Annotated[Code, Query(description="System of `near`: wgs84, cgcs2000, gcj02, bd09 or EPSG:n")] = (
        Datum.CGCS2000.value
    ),
) -> CandidatesOut:
    """Return what an address may mean, the best first; all that are equally good are named."""
    asked = spot(near)
    return CandidatesOut.of(await geocoding.find(q, to_canonical_point(*asked, datum) if asked else None))


@router.get("/reverse", operation_id="reverse_geocode", responses=problems())
async def reverse_geocode(
    _actor: CurrentActor,
    geocoding: GeocodingService,
    lon: Longitude,
    lat: Latitude,
    datum: DatumAsked = Datum.CGCS2000.value,
) -> CandidatesOut:
    """Return words for a point: what it lies in, the next door, the crossing along its road."""
    return CandidatesOut.of(await geocoding.describe(*to_canonical_point(lon, lat, datum)))
