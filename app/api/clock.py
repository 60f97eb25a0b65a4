"""Due times for whoever asks."""

from typing import Annotated

from fastapi import APIRouter, Depends

from app.api.deps import CurrentActor, taken
from app.api.problems import taking
from app.api.schemas.clock import PreviewIn, PreviewItemOut, PreviewOut
from app.services.reckoning import Reckoning

router = APIRouter(prefix="/api/v1/clock", tags=["clock"])

ReckoningService = Annotated[Reckoning, Depends(taken(lambda wired: Reckoning(wired.books)))]


@router.post("/preview", operation_id="preview_clock", responses=taking())
async def preview_clock(body: PreviewIn, _actor: CurrentActor, reckoning: ReckoningService) -> PreviewOut:
    """Return due time and counted stretches of up to 10,000 limits, in their order."""
    found = await reckoning.due([item.reckoned() for item in body.items])
    return PreviewOut(items=[PreviewItemOut.of(account) for account in found])
