"""Versions of master data: what there is, and what comes into force when."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request

from app.api.deps import CurrentActor, IdempotencyKey, taken
from app.api.keys import key_use
from app.api.pages import Behind, PageSize
from app.api.problems import problems, taking
from app.api.schemas.sets import (
    ActivateIn,
    ActivationIn,
    ActivationOut,
    ActivationPage,
    ActivationRecord,
    SetHeadOut,
    SetOut,
    SetPage,
)
from app.dispatch.access import Actor, Office, office_holder
from app.dispatch.set_codes import SetKind, SetState
from app.repositories.paging import LIMIT
from app.services.sets import Sets

router = APIRouter(prefix="/api/v1/admin", tags=["administration"])


async def _administrator(actor: CurrentActor) -> Actor:
    office_holder(actor, Office.SETS)
    return actor


SetService = Annotated[Sets, Depends(taken(lambda wired: wired.sets))]
Administrator = Annotated[Actor, Depends(_administrator)]


@router.get("/sets", operation_id="list_sets", responses=problems())
async def list_sets(
    actor: CurrentActor,
    sets: SetService,
    kind: Annotated[SetKind | None, Query(description="Kind of master data")] = None,
    state: Annotated[SetState | None, Query(description="draft, scheduled, active or superseded")] = None,
    limit: PageSize = LIMIT,
    after: Behind = None,
) -> SetPage:
    """List sets, newest first; who does not administer them sees none."""
    found, following = await sets.page(actor, kind=kind, state=state, behind=after, limit=limit)
    return SetPage(items=[SetHeadOut.head(one) for one in found], next=following)


@router.get("/sets/{set_id}", operation_id="read_set", responses=problems(404))
async def read_set(set_id: UUID, actor: CurrentActor, sets: SetService) -> SetOut:
    """Return a set with what was found in it."""
    return SetOut.model_validate(await sets.one(set_id, actor))


@router.delete("/sets/{set_id}", operation_id="discard_set", responses=problems(403, 404, 409))
async def discard_set(set_id: UUID, actor: Administrator, sets: SetService) -> SetHeadOut:
    """Put a draft away; a scheduled set becomes a draft again. What was in force stays."""
    return SetHeadOut.head(await sets.discard(set_id, actor))


@router.post("/sets/{set_id}/activate", operation_id="activate_set", responses=taking(403, 404, 409))
async def activate_set(
    set_id: UUID, body: ActivateIn, request: Request, actor: Administrator, sets: SetService, key: IdempotencyKey
) -> ActivationOut:
    """Put a set in force, now or at an instant to come. 409 `activation_refused` names what forbids it."""
    use = await key_use(request, actor, key, f"activate_set:{set_id}")
    return ActivationOut.of(await sets.activate(body.wanted(set_id), actor, use))


@router.post("/activations", operation_id="activate_sets", responses=taking(403, 404, 409))
async def activate_sets(
    body: ActivationIn, request: Request, actor: Administrator, sets: SetService, key: IdempotencyKey
) -> ActivationOut:
    """Put several sets in force at one instant, checked together."""
    use = await key_use(request, actor, key, "activate_sets")
    return ActivationOut.of(await sets.activate(body.wanted(*body.sets), actor, use))


@router.get("/activations", operation_id="list_activations", responses=problems())
async def list_activations(
    actor: CurrentActor, sets: SetService, limit: PageSize = LIMIT, after: Behind = None
) -> ActivationPage:
    """List who put what in force, newest first; who does not administer sets sees none."""
    found, following = await sets.activations(actor, behind=after, limit=limit)
    return ActivationPage(items=[ActivationRecord.of(one) for one in found], next=following)
