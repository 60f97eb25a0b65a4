"""Actions on cases: one concrete route each, single and for many; what is possible now."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from app.api.acting import meta_of, open_for_many
from app.api.cases import Queries
from app.api.claims import LeaseService, with_claims
from app.api.deps import CaseService, CurrentActor, IdempotencyKey, IfMatch, etag
from app.api.problems import problems, taking
from app.api.schemas.actions import ActionIn, ActionList
from app.api.schemas.case_actions import CASE_ACTIONS
from app.api.schemas.cases import CaseOut
from app.dispatch.access import Thing

router = APIRouter(prefix="/api/v1/cases", tags=["case actions"])


@router.get("/{case_id}/actions", operation_id="list_case_actions", responses=problems(404))
async def list_case_actions(case_id: UUID, actor: CurrentActor, cases: CaseService, leases: LeaseService) -> ActionList:
    """Say what the caller may do to a case now, with the JSON schema of each action's body."""
    possible = await cases.possible(case_id, actor)
    return with_claims(CASE_ACTIONS, *await leases.openings(Thing.CASE, case_id, actor, possible))


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


for _model in CASE_ACTIONS:
    open_for_many(router, _model, "cases", CaseService)
    _single(_model)
