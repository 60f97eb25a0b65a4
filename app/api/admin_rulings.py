"""Rulings of coordinators: which unit takes what, where, until another is made."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request

from app.api.deps import CurrentActor, IdempotencyKey, taken
from app.api.keys import key_use
from app.api.pages import Behind, PageSize
from app.api.problems import problems, taking
from app.api.schemas.query import Code, Moment
from app.api.schemas.rulings import RulingIn, RulingOut, RulingPage
from app.dispatch.access import Actor, Office, office_holder
from app.repositories.paging import LIMIT
from app.services.rulings import Rulings

router = APIRouter(prefix="/api/v1/admin/rulings", tags=["administration"])


async def _coordinator(actor: CurrentActor) -> Actor:
    office_holder(actor, Office.RULINGS)
    return actor


RulingService = Annotated[Rulings, Depends(taken(lambda wired: wired.rulings))]
Coordinator = Annotated[Actor, Depends(_coordinator)]


@router.get("", operation_id="list_rulings", responses=problems())
async def list_rulings(
    actor: CurrentActor,
    rulings: RulingService,
    valid_at: Annotated[Moment | None, Query(description="Only those in force then")] = None,
    unit: Annotated[Code | None, Query(description="Only those that name this unit")] = None,
    limit: PageSize = LIMIT,
    after: Behind = None,
) -> RulingPage:
    """List rulings, newest first; who does not rule sees none."""
    found, following = await rulings.page(actor, valid_at=valid_at, unit_code=unit, behind=after, limit=limit)
    return RulingPage(items=[RulingOut.of(row) for row in found], next=following)


@router.post("", status_code=201, operation_id="create_ruling", responses=taking(403))
async def create_ruling(
    body: RulingIn, request: Request, actor: Coordinator, rulings: RulingService, key: IdempotencyKey
) -> RulingOut:
    """Rule who is responsible. A newer ruling goes before an older one of the same reach."""
    use = await key_use(request, actor, key, "create_ruling")
    return RulingOut.of(await rulings.add(body.wanted(), actor, use))


@router.post("/{ruling_id}/end", operation_id="end_ruling", responses=problems(403, 404, 409))
async def end_ruling(
    ruling_id: UUID, request: Request, actor: Coordinator, rulings: RulingService, key: IdempotencyKey
) -> RulingOut:
    """End a ruling now; what it decided before stays decided."""
    use = await key_use(request, actor, key, f"end_ruling:{ruling_id}")
    return RulingOut.of(await rulings.end(ruling_id, actor, use))
