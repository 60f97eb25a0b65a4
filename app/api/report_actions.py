"""Actions on reports: one concrete route each, single and for many; what is possible now."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import Field, create_model

from app.api.acting import batch_answer, meta_of
from app.api.deps import CurrentActor, IdempotencyKey, IfMatch, ReportService, etag
from app.api.problems import problems, taking
from app.api.reports import Queries
from app.api.schemas.actions import ActionIn, ActionInfo, ActionList, BatchOut
from app.api.schemas.report_actions import REPORT_ACTIONS
from app.api.schemas.reports import ReportOut

BATCH_AT_MOST = 200
Ids = Annotated[list[UUID], Field(min_length=1, max_length=BATCH_AT_MOST, description="Reports, each answered apart")]

router = APIRouter(prefix="/api/v1/reports", tags=["report actions"])


@router.get("/{report_id}/actions", operation_id="list_report_actions", responses=problems(404))
async def list_report_actions(report_id: UUID, actor: CurrentActor, reports: ReportService) -> ActionList:
    """Say what the caller may do to a report now, with the JSON schema of each action's body."""
    bodies = {body.command.action: body for body in REPORT_ACTIONS}
    possible = await reports.possible(report_id, actor)
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
        report_id: UUID,
        body: model,  # type: ignore[valid-type]  # one route a model
        request: Request,
        response: Response,
        actor: CurrentActor,
        reports: ReportService,
        queries: Queries,
        if_match: IfMatch,
        key: IdempotencyKey,
    ) -> ReportOut:
        meta = await meta_of(request, body, actor, action=action, if_match=if_match, key=key)
        await reports.act(report_id, body.to_command(), actor, meta)  # type: ignore[attr-defined]  # as above
        view = await queries.acted(report_id, actor)
        response.headers["ETag"] = etag(view.report.version)
        return ReportOut.of(view)

    router.post(
        f"/{{report_id}}/actions/{action}",
        operation_id=f"{action}_report",
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
        reports: ReportService,
        key: IdempotencyKey,
    ) -> BatchOut:
        meta = await meta_of(request, body, actor, action=action, if_match=None, key=key)
        outcomes = await reports.act_on_many(body.ids, body.to_command(), actor, meta)  # type: ignore[attr-defined]  # as above
        return batch_answer(request, outcomes)

    router.post(
        f"/actions/{action}", operation_id=f"{action}_reports", summary=f"{model.__doc__} Many.", responses=taking()
    )(act)


for _model in REPORT_ACTIONS:
    _many(_model)
    _single(_model)
