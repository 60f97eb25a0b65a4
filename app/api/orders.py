"""Orders to units (交办, 督办): issue, list, read, answer and settle them."""

import hashlib
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from app.api.deps import CurrentActor, CurrentBook, IdempotencyKey, IfMatch, Now, etag, taken
from app.api.fresh import IfNoneMatch, unchanged
from app.api.pages import Behind, PageSize
from app.api.problems import problems, taking
from app.api.schemas.actions import ActionInfo, ActionList
from app.api.schemas.orders import ORDER_ACTIONS, OrderActionIn, OrderBody, OrderIn, OrderOut, OrdersOut, OrderStoryOut
from app.api.schemas.query import Code, Codes, Moment
from app.dispatch.access import Actor
from app.dispatch.order_access import issuing
from app.dispatch.order_codes import OrderKind, OrderState
from app.repositories.orders import OrderFilter
from app.repositories.paging import LIMIT
from app.services.frame import Meta
from app.services.idempotency import KeyUse
from app.services.order_queries import OrderQueries
from app.services.orders import Orders

router = APIRouter(prefix="/api/v1/orders", tags=["orders"])

OrderService = Annotated[Orders, Depends(taken(lambda wired: wired.orders))]
Queries = Annotated[OrderQueries, Depends(taken(lambda wired: OrderQueries(wired.sessions, wired.books, wired.now)))]
Lists = Annotated[OrderQueries, Depends(taken(lambda wired: OrderQueries(wired.replica, wired.books, wired.now)))]


async def _issuer(actor: CurrentActor) -> Actor:
    issuing(actor)
    return actor


IssuingActor = Annotated[Actor, Depends(_issuer)]


@router.post("", status_code=201, operation_id="issue_order", responses=taking(403))
async def issue_order(
    body: OrderIn,
    request: Request,
    response: Response,
    actor: IssuingActor,
    orders: OrderService,
    queries: Queries,
    key: IdempotencyKey,
) -> OrderStoryOut:
    """Issue an order to a unit; one of supervision marks its cases as `supervised`."""
    meta = await _meta(request, body, actor, route="issue_order", if_match=None, key=key)
    order_id = await orders.issue(body.wanted(), actor, meta)
    view = await queries.get(order_id, actor)
    response.headers["Location"] = f"{router.prefix}/{order_id}"
    response.headers["ETag"] = etag(view.row.version)
    return OrderStoryOut.of(view)


@router.get("", operation_id="list_orders", responses=problems())
async def list_orders(
    actor: CurrentActor,
    book: CurrentBook,
    now: Now,
    queries: Lists,
    state: Annotated[tuple[OrderState, ...], Query(description="Any of these states")] = (),
    kind: Annotated[tuple[OrderKind, ...], Query(description="assignment or supervision")] = (),
    unit: Annotated[Codes, Query(description="Unit that is to answer")] = (),
    unit_root: Annotated[Code | None, Query(description="A unit with everything below it")] = None,
    desk: Annotated[Codes, Query(description="Desk that issued it")] = (),
    case: Annotated[UUID | None, Query(description="Only orders about this case")] = None,
    overdue: Annotated[bool | None, Query(description="Answered, ended or still open later than due")] = None,
    due_from: Annotated[Moment | None, Query(description="Inclusive; a bare date is local midnight")] = None,
    due_to: Annotated[Moment | None, Query(description="Exclusive")] = None,
    limit: PageSize = LIMIT,
    after: Behind = None,
) -> OrdersOut:
    """List the orders that the caller sees, newest first; a unit sees its own and those below it."""
    wanted = OrderFilter(
        now=now,
        state=state,
        kind=kind,
        unit_code=unit,
        units_below=book.units_below(unit_root) if unit_root is not None else None,
        desk=desk,
        case_id=case,
        overdue=overdue,
        due_from=due_from,
        due_to=due_to,
    )
    found, following = await queries.page(wanted, actor, limit=limit, behind=after)
    return OrdersOut(items=[OrderOut.of(view) for view in found], next=following)


@router.get(
    "/{order_id}",
    operation_id="read_order",
    response_model=OrderStoryOut,
    responses={**problems(404), 304: {"model": None}},
)
async def read_order(
    order_id: UUID, actor: CurrentActor, queries: Queries, known: IfNoneMatch, response: Response
) -> OrderStoryOut | Response:
    """Return one order with its steps; its `ETag` is its version."""
    view = await queries.get(order_id, actor)
    tag = etag(view.row.version)
    if known.names(tag):
        return unchanged(tag)
    response.headers["ETag"] = tag
    return OrderStoryOut.of(view)


@router.get("/{order_id}/actions", operation_id="list_order_actions", responses=problems(404))
async def list_order_actions(order_id: UUID, actor: CurrentActor, queries: Queries) -> ActionList:
    """Say what the caller may do to an order now, with the JSON schema of each action's body."""
    schemas = {model.action: model for model in ORDER_ACTIONS}
    known = [one for one in await queries.possible(order_id, actor) if one in schemas]
    return ActionList(items=[ActionInfo(action=one, fields=schemas[one].model_json_schema()) for one in known])


def _open(model: type[OrderActionIn]) -> None:
    action = model.action

    async def act(
        order_id: UUID,
        body: model,  # type: ignore[valid-type]  # one route a model
        request: Request,
        response: Response,
        actor: CurrentActor,
        orders: OrderService,
        queries: Queries,
        if_match: IfMatch,
        key: IdempotencyKey,
    ) -> OrderStoryOut:
        route = f"{action}_order:{order_id}"
        meta = await _meta(request, body, actor, route=route, if_match=if_match, key=key)
        await orders.act(order_id, body.to_wish(), actor, meta)  # type: ignore[attr-defined]  # as above
        view = await queries.get(order_id, actor)
        response.headers["ETag"] = etag(view.row.version)
        return OrderStoryOut.of(view)

    router.post(
        f"/{{order_id}}/actions/{action}",
        operation_id=f"{action}_order",
        summary=model.__doc__,
        responses=taking(403, 404, 409, 412),
    )(act)


for _model in ORDER_ACTIONS:
    _open(_model)


async def _meta(
    request: Request, body: OrderBody, actor: Actor, *, route: str, if_match: int | None, key: str | None
) -> Meta:
    """Return what comes with a request besides its fields; a `client_id` serves as the key where none is given."""
    named = key or (str(body.client_id) if body.client_id else None)
    digest = hashlib.sha256(await request.body()).digest()
    use = KeyUse(scope=str(actor.account_id), route=route, key=named, body_digest=digest) if named else None
    return Meta(as_post=body.as_post, on_behalf_of=body.on_behalf_of, if_match=if_match, key=use)
