"""Actions on cases: one concrete route each, single and for many; what is possible now."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import Field, create_model

from app.api.acting import batch_answer, meta_of
from app.api.cases import Queries
from app.api.deps import CaseService, CurrentActor, IdempotencyKey, IfMatch, etag
from app.api.problems import problems, taking
from app.api.schemas.actions import ActionIn, ActionInfo, ActionList, BatchOut
from app.api.schemas.case_actions import CASE_ACTIONS
from app.api.schemas.cases import CaseOut

BATCH_AT_MOST = 200
Ids = Annotated[list[UUID], Field(min_length=1, max_length=BATCH_AT_MOST, description="Cases, each answered apart")]

router = APIRouter(prefix="/api/v1/cases", tags=["case actions"])


@router.get("/{case_id}/actions", operation_id="list_case_actions", responses=problems(404))
async def list_case_actions(case_id: UUID, actor: CurrentActor, cases: CaseService) -> ActionList:
    """Say what the caller may do to a case now, with the JSON schema of each action's body."""
    bodies = {body.command.action: body for body in CASE_ACTIONS}
    possible = await cases.possible(case_id, actor)
    return ActionList(
        items=[
            ActionInfo(action=action, fields=bodies[action].model_json_schema())
            for action in possible
            if action in bodies
        ]
    )


def _single(model: type[ActionIn]) -> None:
    action = model.command.action

    async def act(
        case_id: UUID,
        body: model,  # type: ignore[valid-type]  # one route a model
        request: Request,
        response: Response,
        actor: CurrentActor,
        cases: CaseService,
        queries: Queries,
        if_match: IfMatch,
        key: IdempotencyKey,
    ) -> CaseOut:
        meta = await meta_of(request, body, actor, action=action, if_match=if_match, key=key)
        await cases.act(case_id, body.to_command(), actor, meta)  # type: ignore[attr-defined]  # as above
        view = await queries.acted(case_id, actor)
        response.headers["ETag"] = etag(view.case.version)
        return CaseOut.of(view)

    router.post(
        f"/{{case_id}}/actions/{action}",
        operation_id=f"{action}_case",
        summary=model.__doc__,
        responses=taking(403, 404, 409, 412),
    )(act)


def _many(model: type[ActionIn]) -> None:
    action = model.command.action
    batch = create_model(f"{model.__name__.removesuffix('In')}ManyIn", __base__=model, ids=(Ids, ...))

    async def act(
        body: batch,
        request: Request,
        actor: CurrentActor,
        cases: CaseService,
        key: IdempotencyKey,
    ) -> BatchOut:
        meta = await meta_of(request, body, actor, action=action, if_match=None, key=key)
        outcomes = await cases.act_on_many(body.ids, body.to_command(), actor, meta)  # type: ignore[attr-defined]  # as above
        return batch_answer(request, outcomes)

    router.post(
        f"/actions/{action}", operation_id=f"{action}_cases", summary=f"{model.__doc__} Many.", responses=taking()
    )(act)


for _model in CASE_ACTIONS:
    _many(_model)
    _single(_model)
