"""What the routes of all actions share: headers into `Meta`, the answers of a batch."""

import hashlib
from collections.abc import Sequence

from fastapi import Request

from app.api.problems import document, status_of
from app.api.schemas.actions import ActionIn, BatchItem, BatchOut
from app.dispatch.access import Actor
from app.dispatch.codes import Action
from app.services.cases import Meta, Outcome
from app.services.idempotency import KeyUse


async def meta_of(
    request: Request, body: ActionIn, actor: Actor, *, action: Action, if_match: int | None, key: str | None
) -> Meta:
    """Return what comes with an action besides its fields; a `client_id` serves as the key where none is given."""
    named = key or (str(body.client_id) if body.client_id else None)
    digest = hashlib.sha256(await request.body()).digest()
    route = f"{action}:{next(iter(request.path_params.values()), 'many')}"
    use = KeyUse(scope=str(actor.account_id), route=route, key=named, body_digest=digest) if named else None
    return Meta(
        as_post=body.as_post,
        on_behalf_of=body.on_behalf_of,
        occurred_at=body.occurred_at,
        if_match=if_match,
        key=use,
    )


def batch_answer(request: Request, outcomes: Sequence[Outcome]) -> BatchOut:
    """Return one item an id: the status that a single call would have had, and its problem."""
    return BatchOut(items=[_item(request, one) for one in outcomes])


def _item(request: Request, one: Outcome) -> BatchItem:
    if one.error is None:
        return BatchItem(id=one.id, status=200)
    return BatchItem(id=one.id, status=status_of(one.error), problem=document(request, one.error))
