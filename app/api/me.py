"""Who I am, what I may, where."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from app.api.deps import CurrentActor, CurrentBook, taken
from app.api.problems import problems
from app.api.schemas.me import MeOut, QueueOut, WorklistOut
from app.services.worklists import Worklists

router = APIRouter(prefix="/api/v1", tags=["entry"])

WorklistService = Annotated[Worklists, Depends(taken(lambda wired: Worklists(wired.sessions, wired.books, wired.now)))]


@router.get("/me", operation_id="read_me", responses=problems())
async def read_me(actor: CurrentActor, book: CurrentBook) -> MeOut:
    """Return my account, my posts, my reach, and the catalogue's edition."""
    return MeOut.of(actor, edition=book.catalogue.edition)


@router.get("/me/worklist", operation_id="read_worklist", responses=problems())
async def read_worklist(
    actor: CurrentActor,
    worklists: WorklistService,
    limit: Annotated[int, Query(ge=1, le=100, description="Things a queue")] = 20,
) -> WorklistOut:
    """Return what waits for me, by light."""
    return WorklistOut(items=[QueueOut.of(one) for one in await worklists.of(actor, limit=limit)])
