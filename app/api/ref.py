"""Master data for clients."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from app.api.deps import CurrentActor, taken
from app.api.fresh import IfNoneMatch, unchanged
from app.api.problems import problems
from app.api.schemas.query import Moment
from app.api.schemas.ref import RefOut
from app.services.reference import Master, MasterData, Reference

router = APIRouter(prefix="/api/v1/ref", tags=["entry"])

ReferenceService = Annotated[Reference, Depends(taken(lambda wired: Reference(wired.sessions)))]


@router.get(
    "/{master}", operation_id="read_reference", response_model=RefOut, responses={**problems(), 304: {"model": None}}
)
async def read_reference(
    master: Master,
    _actor: CurrentActor,
    reference: ReferenceService,
    known: IfNoneMatch,
    response: Response,
    changed_since: Annotated[Moment | None, Query(description="Items only if the list has changed after this")] = None,
) -> RefOut | Response:
    """Return one list of master data as a whole, with its version."""
    data = await reference.read(master, changed_since=changed_since)
    tag = _tag(master, data)
    if known.names(tag):
        return unchanged(tag)
    response.headers["ETag"] = tag
    return RefOut.of(data)


def _tag(master: Master, data: MasterData) -> str:
    return f'W/"{master}-{data.version}-{data.changed_at.timestamp():.0f}"'
