"""What the routes of all actions share: headers into `Meta`, what is possible now, the routes for many at once."""

import hashlib
from collections.abc import Iterable
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import Field, create_model

from app.api.demanding import with_demands
from app.api.deps import CurrentActor, IdempotencyKey
from app.api.offering import with_codes
from app.api.problems import document, status_of, taking
from app.api.schemas.actions import ActionIn, ActionInfo, ActionList, BatchItem, BatchOut
from app.dispatch.access import Actor
from app.services.cases import Meta, Outcome
from app.services.frame import Possible
from app.services.idempotency import KeyUse

BATCH_AT_MOST: Final = 200
Ids = Annotated[
    list[UUID],
    Field(min_length=1, max_length=BATCH_AT_MOST, description="Each answered once, also where it is named twice"),
]


def open_for_many(router: APIRouter, model: type[ActionIn], things: str, service: Any) -> None:  # noqa: ANN401  # an annotated dependency
    """Open `/actions/{action}` for up to 200 ids at once; `service` is the dependency that does it."""
    action = model.command.action
    batch = create_model(f"{model.__name__.removesuffix('In')}ManyIn", __base__=model, ids=(Ids, ...))

    async def act(body: batch, request: Request, actor: CurrentActor, acts: service, key: IdempotencyKey) -> BatchOut:
        meta = await meta_of(request, body, actor, action=action, if_match=None, key=key)
        outcomes = await acts.act_on_many(list(dict.fromkeys(body.ids)), body.to_command(), actor, meta)  # type: ignore[attr-defined]  # `Ids`, above
        return BatchOut(items=[batch_item(request, one) for one in outcomes])

    router.post(
        f"/actions/{action}", operation_id=f"{action}_{things}", summary=f"{model.__doc__} Many.", responses=taking()
    )(act)


def action_list(bodies: Iterable[type[ActionIn]], possible: Possible) -> ActionList:
    """Return the possible actions with the JSON schema of each body, as far as policies go into it."""
    known = {body.command.action: body for body in bodies}
    plain = ((one, known[one].model_json_schema()) for one in possible.actions if one in known)
    asked = ((one, with_codes(with_demands(schema, one, possible.policies), one)) for one, schema in plain)
    return ActionList(items=[ActionInfo(action=one, fields=fields) for one, fields in asked])


async def meta_of(
    request: Request, body: ActionIn, actor: Actor, *, action: str, if_match: int | None, key: str | None
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


def batch_item(request: Request, one: Outcome) -> BatchItem:
    """Return what became of one of a batch, as a single call would have answered."""
    if one.error is None:
        return BatchItem(id=one.id, status=200)
    return BatchItem(id=one.id, status=status_of(one.error), problem=document(request, one.error))
