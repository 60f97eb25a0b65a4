"""A desk's day: the queue of each post, taking the next from it, and handing over at the end of the shift."""

import hashlib
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from app.api.deps import CurrentActor, IdempotencyKey, Wired, taken
from app.api.problems import problems, taking
from app.api.schemas.desk import HandoverIn, HandoverOut, InHandOut, NextIn, QueuedOut, QueuePageOut, TakenOut
from app.dispatch.access import Actor
from app.dispatch.codes import Post
from app.repositories.paging import LIMIT, LIMIT_AT_MOST
from app.services.handovers import Handovers
from app.services.idempotency import KeyUse
from app.services.queues import Queues
from app.settings import Mode

router = APIRouter(prefix="/api/v1/me", tags=["desk"])


def _queues(wired: Wired) -> Queues:
    return Queues(sessions=wired.sessions, sittings=wired.cases.frame.sittings, now=wired.now)


def _handovers(wired: Wired) -> Handovers:
    return Handovers(
        sessions=wired.sessions,
        sittings=wired.cases.frame.sittings,
        queues=_queues(wired),
        now=wired.now,
        demo=wired.settings.mode is Mode.DEMO,
    )


QueueService = Annotated[Queues, Depends(taken(_queues))]
HandoverService = Annotated[Handovers, Depends(taken(_handovers))]


@router.get("/queue", operation_id="read_queue", responses=problems())
async def read_queue(
    actor: CurrentActor,
    queues: QueueService,
    post: Annotated[Post | None, Query(description="Of which post; default: of all the caller's")] = None,
    limit: Annotated[int, Query(ge=1, le=LIMIT_AT_MOST, description="Items a page")] = LIMIT,
    after: Annotated[str | None, Query(max_length=2000, description="`next` of the page before")] = None,
) -> QueuePageOut:
    """List what waits for a post, in the order in which its stages fall due."""
    found, following = await queues.page(actor, frozenset({post} if post else Post), limit=limit, behind=after)
    return QueuePageOut(items=[QueuedOut.of(one) for one in found], next=following)


@router.post("/queue/next", operation_id="take_next", responses=taking(403, 409))
async def take_next(
    body: NextIn, request: Request, actor: CurrentActor, queues: QueueService, key: IdempotencyKey
) -> TakenOut:
    """Claim the next free things of a post's queue; two callers never get the same."""
    found = await queues.take_next(actor, body.post, body.count, await _use(request, actor, "take_next", key))
    return TakenOut(items=[QueuedOut.of(one) for one in found])


@router.get("/handover", operation_id="read_handover", responses=problems())
async def read_handover(actor: CurrentActor, handovers: HandoverService) -> InHandOut:
    """Return what I hold at the end of a shift, and what was handed over lately."""
    return InHandOut.of(await handovers.in_hand(actor))


@router.post("/handover", operation_id="hand_over_shift", responses=taking(409))
async def hand_over_shift(
    body: HandoverIn, request: Request, actor: CurrentActor, handovers: HandoverService, key: IdempotencyKey
) -> HandoverOut:
    """Give everything I have claimed to a colleague, or back to the queue; what he may not do goes back as well."""
    use = await _use(request, actor, "hand_over_shift", key)
    return HandoverOut.of(await handovers.hand_over(actor, to=body.to, note=body.note, key=use))


async def _use(request: Request, actor: Actor, route: str, key: str | None) -> KeyUse | None:
    if key is None:
        return None
    digest = hashlib.sha256(await request.body()).digest()
    return KeyUse(scope=str(actor.account_id), route=route, key=key, body_digest=digest)
