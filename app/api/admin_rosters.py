"""Rosters of inspectors: who is on shift when, on which beats."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request

from app.api.deps import CurrentActor, IdempotencyKey, taken
from app.api.keys import key_use
from app.api.pages import Behind, PageSize
from app.api.problems import problems, taking
from app.api.schemas.query import Code, Moment
from app.api.schemas.rosters import RosterIn, RosterOut, RosterPage
from app.dispatch.access import Actor
from app.repositories.paging import LIMIT
from app.services.rosters import Rosters, keeper

router = APIRouter(prefix="/api/v1/admin/rosters", tags=["administration"])


async def _keeper(actor: CurrentActor) -> Actor:
    keeper(actor)
    return actor


RosterService = Annotated[Rosters, Depends(taken(lambda wired: Rosters(wired.sessions, wired.books, wired.now)))]
Keeper = Annotated[Actor, Depends(_keeper)]


@router.get("", operation_id="list_rosters", responses=problems())
async def list_rosters(
    actor: CurrentActor,
    rosters: RosterService,
    username: Annotated[Code | None, Query(description="Only those of this inspector")] = None,
    valid_at: Annotated[Moment | None, Query(description="Only those that run then")] = None,
    limit: PageSize = LIMIT,
    after: Behind = None,
) -> RosterPage:
    """List rosters, newest first: administrators all, shift leads those of their own desk, others none."""
    found, following = await rosters.page(actor, username=username, valid_at=valid_at, behind=after, limit=limit)
    return RosterPage(items=[RosterOut.of(one) for one in found], next=following)


@router.post("", status_code=201, operation_id="create_roster", responses=taking(403))
async def create_roster(
    body: RosterIn, request: Request, actor: Keeper, rosters: RosterService, key: IdempotencyKey
) -> RosterOut:
    """Say when an inspector is on shift. Several rosters add up; without any he is on shift round the clock."""
    use = await key_use(request, actor, key, "create_roster")
    return RosterOut.of(await rosters.add(body.wanted(), actor, use))


@router.post("/{roster_id}/end", operation_id="end_roster", responses=problems(403, 404, 409))
async def end_roster(
    roster_id: UUID, request: Request, actor: Keeper, rosters: RosterService, key: IdempotencyKey
) -> RosterOut:
    """End a roster now."""
    use = await key_use(request, actor, key, f"end_roster:{roster_id}")
    return RosterOut.of(await rosters.end(roster_id, actor, use))
