"""Claiming and releasing reports and cases: one concrete route each, single and for many."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import create_model

from app.api.acting import Ids, action_list, batch_item, meta_of
from app.api.cases import Queries as CaseReads
from app.api.deps import CurrentActor, IdempotencyKey, IfMatch, etag, taken
from app.api.problems import taking
from app.api.reports import Queries as ReportReads
from app.api.schemas.actions import ActionIn, ActionInfo, ActionList, BatchOut
from app.api.schemas.cases import CaseOut
from app.api.schemas.claims import ClaimIn, ClaimOut, ReleaseIn
from app.api.schemas.reports import ReportOut
from app.dispatch.access import Thing
from app.dispatch.leases import CLAIM, Lease
from app.services.frame import Possible
from app.services.leases import Leases

router = APIRouter(prefix="/api/v1", tags=["desk"])

LeaseService = Annotated[Leases, Depends(taken(lambda wired: Leases(frame=wired.cases.frame)))]
_BODIES: Final = (ClaimIn, ReleaseIn)


def _of_case(model: type[ClaimIn | ReleaseIn]) -> None:
    async def act(
        case_id: UUID,
        body: model,  # type: ignore[valid-type]  # one route a model
        request: Request,
        response: Response,
        actor: CurrentActor,
        leases: LeaseService,
        queries: CaseReads,
        if_match: IfMatch,
        key: IdempotencyKey,
    ) -> CaseOut:
        meta = await meta_of(request, body, actor, action=model.action, if_match=if_match, key=key)
        await _one(leases, model)(Thing.CASE, case_id, actor, meta)
        view = await queries.acted(case_id, actor)
        response.headers["ETag"] = etag(view.case.version)
        return CaseOut.of(view).model_copy(update={"claims": _claims(await leases.of(case_id))})

    _open(f"/cases/{{case_id}}/actions/{model.action}", f"{model.action}_case", model, act)


def _of_report(model: type[ClaimIn | ReleaseIn]) -> None:
    async def act(
        report_id: UUID,
        body: model,  # type: ignore[valid-type]  # as above
        request: Request,
        response: Response,
        actor: CurrentActor,
        leases: LeaseService,
        queries: ReportReads,
        if_match: IfMatch,
        key: IdempotencyKey,
    ) -> ReportOut:
        meta = await meta_of(request, body, actor, action=model.action, if_match=if_match, key=key)
        await _one(leases, model)(Thing.REPORT, report_id, actor, meta)
        view = await queries.acted(report_id, actor)
        response.headers["ETag"] = etag(view.report.version)
        return ReportOut.of(view).model_copy(update={"claims": _claims(await leases.of(report_id))})

    _open(f"/reports/{{report_id}}/actions/{model.action}", f"{model.action}_report", model, act)


def _of_many(thing: Thing, model: type[ActionIn], action: str) -> None:
    batch = create_model(f"{model.__name__.removesuffix('In')}ManyIn", __base__=model, ids=(Ids, ...))

    async def act(
        body: batch,
        request: Request,
        actor: CurrentActor,
        leases: LeaseService,
        key: IdempotencyKey,
    ) -> BatchOut:
        meta = await meta_of(request, body, actor, action=f"{action}_{thing}", if_match=None, key=key)
        do = leases.claim_many if action == CLAIM else leases.release_many
        outcomes = await do(thing, list(dict.fromkeys(body.ids)), actor, meta)  # type: ignore[attr-defined]  # `Ids`, above
        return BatchOut(items=[batch_item(request, one) for one in outcomes])

    router.post(
        f"/{thing}s/actions/{action}",
        operation_id=f"{action}_{thing}s",
        summary=f"{model.__doc__} Many.",
        responses=taking(),
    )(act)


def _open(path: str, operation: str, model: type[ClaimIn | ReleaseIn], act: Callable[..., Awaitable[Any]]) -> None:
    router.post(path, operation_id=operation, summary=model.__doc__, responses=taking(403, 404, 409, 412))(act)


def _one(leases: Leases, model: type[ClaimIn | ReleaseIn]) -> Callable[..., Awaitable[None]]:
    return leases.claim if model is ClaimIn else leases.release


def with_claims(bodies: Iterable[type[ActionIn]], possible: Possible, opened: Sequence[str]) -> ActionList:
    """Return the possible actions, claiming and releasing with them, each with the JSON schema of its body."""
    listed = action_list(bodies, possible).items
    own = [ActionInfo(action=body.action, fields=body.model_json_schema()) for body in _BODIES if body.action in opened]
    return ActionList(items=[*listed, *own])


def _claims(leases: Sequence[Lease]) -> list[ClaimOut]:
    return [ClaimOut.model_validate(one) for one in leases]


for _model in _BODIES:
    _of_many(Thing.CASE, _model, _model.action)
    _of_many(Thing.REPORT, _model, _model.action)
    _of_case(_model)
    _of_report(_model)
