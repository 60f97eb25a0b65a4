"""Who I am, what I may, where."""

from fastapi import APIRouter

from app.api.deps import CurrentActor, CurrentBook
from app.api.problems import problems
from app.api.schemas.me import MeOut

router = APIRouter(prefix="/api/v1", tags=["entry"])


@router.get("/me", operation_id="read_me", responses=problems())
async def read_me(actor: CurrentActor, book: CurrentBook) -> MeOut:
    """Return my account, my posts, my reach, and the catalogue's edition."""
    return MeOut.of(actor, edition=book.catalogue.edition)
