"""Layers of the map as GeoJSON."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from app.api.deps import CurrentActor, taken
from app.api.problems import problems
from app.api.schemas.geo import FeaturesOut
from app.api.schemas.query import Code, box
from app.repositories.geo import Layer
from app.services.maps import FEATURES, FEATURES_AT_MOST, Maps

router = APIRouter(prefix="/api/v1/geo", tags=["maps"])

MapsService = Annotated[Maps, Depends(taken(lambda wired: Maps(wired.replica, wired.books, wired.now)))]


@router.get("/{layer}", operation_id="read_layer", responses=problems())
async def read_layer(
    layer: Layer,
    actor: CurrentActor,
    maps: MapsService,
    bbox: Annotated[str | None, Query(max_length=200, description="west,south,east,north in CGCS2000 degrees")] = None,
    limit: Annotated[int, Query(ge=1, le=FEATURES_AT_MOST, description="Features a page")] = FEATURES,
    after: Annotated[Code | None, Query(description="`next` of the page before")] = None,
) -> FeaturesOut:
    """Return one page of a layer; of cases only those that the caller sees."""
    return FeaturesOut.of(await maps.draw(layer, box(bbox), actor, limit=limit, behind=after))
