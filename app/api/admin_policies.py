"""Policies as data: what holds otherwise than the defaults, for which category, source, desk or unit."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request

from app.api.deps import CurrentActor, IdempotencyKey, taken
from app.api.keys import key_use
from app.api.pages import Behind, PageSize
from app.api.problems import problems, taking
from app.api.schemas.policies import PolicyEndIn, PolicyIn, PolicyOut, PolicyPage
from app.api.schemas.query import Code, Moment
from app.dispatch.access import Actor, Office, office_holder
from app.dispatch.codes import Kind, Source
from app.repositories.paging import LIMIT
from app.repositories.policies import PolicyFilter
from app.services.policies import PolicyService

router = APIRouter(prefix="/api/v1/admin/policies", tags=["administration"])


async def _administrator(actor: CurrentActor) -> Actor:
    office_holder(actor, Office.POLICIES)
    return actor


PolicyRows = Annotated[
    PolicyService, Depends(taken(lambda wired: PolicyService(wired.sessions, wired.books, wired.now)))
]
Administrator = Annotated[Actor, Depends(_administrator)]


@router.get("", operation_id="list_policies", responses=problems())
async def list_policies(
    actor: CurrentActor,
    policies: PolicyRows,
    policy: Annotated[Code | None, Query(description="Only rows of this policy")] = None,
    kind: Annotated[Kind | None, Query(description="Only rows that name this kind")] = None,
    major: Annotated[Code | None, Query(description="Only rows that name this major")] = None,
    minor: Annotated[Code | None, Query(description="Only rows that name this minor, in its own digits")] = None,
    source: Annotated[Source | None, Query(description="Only rows that name this source")] = None,
    desk: Annotated[Code | None, Query(description="Only rows that name this desk")] = None,
    unit: Annotated[Code | None, Query(description="Only rows that name this unit")] = None,
    valid_at: Annotated[Moment | None, Query(description="Only rows in force then")] = None,
    limit: PageSize = LIMIT,
    after: Behind = None,
) -> PolicyPage:
    """List rows, newest first; who does not administer policies sees none."""
    wanted = PolicyFilter(
        policy=policy,
        kind=kind,
        major=major,
        minor=minor,
        source=source,
        desk=desk,
        unit_code=unit,
        valid_at=valid_at,
    )
    found, following = await policies.page(actor, wanted, behind=after, limit=limit)
    return PolicyPage(items=[PolicyOut.of(row) for row in found], next=following)


@router.post("", status_code=201, operation_id="create_policy", responses=taking(403, 409))
async def create_policy(
    body: PolicyIn, request: Request, actor: Administrator, policies: PolicyRows, key: IdempotencyKey
) -> PolicyOut:
    """Lay down what holds for what is named. The most specific row wins; two that say otherwise are refused."""
    use = await key_use(request, actor, key, "create_policy")
    return PolicyOut.of(await policies.add(body.wanted(), actor, use))


@router.post("/{policy_id}/end", operation_id="end_policy", responses=taking(403, 404, 409))
async def end_policy(
    policy_id: UUID,
    request: Request,
    actor: Administrator,
    policies: PolicyRows,
    key: IdempotencyKey,
    body: PolicyEndIn | None = None,
) -> PolicyOut:
    """End a row now; what was decided by it stays decided."""
    use = await key_use(request, actor, key, f"end_policy:{policy_id}")
    return PolicyOut.of(await policies.end(policy_id, actor, body.reason if body else None, use))
