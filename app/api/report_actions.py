"""Actions on reports: one concrete route each, single and for many; what is possible now."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from app.api.acting import meta_of, open_for_many
from app.api.claims import LeaseService, with_claims
from app.api.deps import CurrentActor, IdempotencyKey, IfMatch, ReportService, etag
from app.api.problems import problems, taking
from app.api.reports import Queries
from app.api.schemas.actions import ActionIn, ActionList
from app.api.schemas.report_actions import REPORT_ACTIONS
from app.api.schemas.reports import ReportOut
from app.dispatch.access import Thing

router = APIRouter(prefix="/api/v1/reports", tags=["report actions"])


@router.get("/{report_id}/actions", operation_id="list_report_actions", responses=problems(404))
async def list_report_actions(
    report_id: UUID, actor: CurrentActor, reports: ReportService, leases: LeaseService
) -> ActionList:
    """Say what the caller may do to a report now, with the JSON schema of each action's body."""
    possible = await reports.possible(report_id, actor)
    return with_claims(REPORT_ACTIONS, *await leases.openings(Thing.REPORT, report_id, actor, possible))


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


for _model in REPORT_ACTIONS:
    open_for_many(router, _model, "reports", ReportService)
    _single(_model)
