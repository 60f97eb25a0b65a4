"""Which policies hold for a case, and by which row."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from app.api.deps import CurrentActor, taken
from app.api.problems import problems
from app.api.schemas.policies import HeldPolicies
from app.api.schemas.query import Moment
from app.dispatch.policies import DEFAULTS
from app.services.case_policies import CasePolicies

router = APIRouter(prefix="/api/v1/cases", tags=["cases"])

PoliciesOfCases = Annotated[
    CasePolicies,
    Depends(
        taken(lambda wired: CasePolicies(sessions=wired.sessions, books=wired.books, base=DEFAULTS, now=wired.now))
    ),
]


@router.get("/{case_id}/policies", operation_id="read_case_policies", responses=problems(404))
async def read_case_policies(
    case_id: UUID,
    actor: CurrentActor,
    policies: PoliciesOfCases,
    at: Annotated[Moment | None, Query(description="As it was at that instant; default: now")] = None,
) -> HeldPolicies:
    """Say which policies hold for a case as it is, or held at an instant as it was then, and by which row."""
    return HeldPolicies.of(await policies.of(case_id, actor, at))
