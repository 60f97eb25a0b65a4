"""Prove that everything has exactly one responsible unit, and try drafts on what was filed."""

import asyncio
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from app.api.deps import CurrentActor, Wired, taken
from app.api.problems import problems, taking
from app.api.schemas.proofs import CoverageOut, RehearsalIn, RehearsalOut, wanted
from app.dispatch.policies import DEFAULTS
from app.services.coverage import CoverageProofs
from app.services.rehearsals import Rehearsals

router = APIRouter(prefix="/api/v1/dispatch", tags=["dispatch"])


def _rehearsals(wired: Wired) -> Rehearsals:
    return Rehearsals(wired.sessions, wired.replica, wired.books, DEFAULTS, wired.now)


ProofService = Annotated[
    CoverageProofs, Depends(taken(lambda wired: CoverageProofs(wired.sessions, wired.books, wired.now)))
]
RehearsalService = Annotated[Rehearsals, Depends(taken(_rehearsals))]


@router.get("/coverage", operation_id="prove_coverage", responses=problems(403))
async def prove_coverage(
    actor: CurrentActor,
    proofs: ProofService,
    rules: Annotated[UUID | None, Query(description="Set of rules; default the active one")] = None,
    cells: Annotated[UUID | None, Query(description="Set of cells; default the active one")] = None,
    zones: Annotated[UUID | None, Query(description="Set of zones; default the active one")] = None,
) -> CoverageOut:
    """Decide every filing condition in every part of the city, and tell where nobody or several are responsible."""
    proven = await proofs.prove(actor, wanted(rules, cells, zones))
    return await asyncio.to_thread(CoverageOut.of, proven)  # shapes of a whole city take a while to write


@router.post("/rehearsals", operation_id="rehearse", responses=taking(403))
async def rehearse(body: RehearsalIn, actor: CurrentActor, rehearsals: RehearsalService) -> RehearsalOut:
    """Replay the cases of a past period under drafts: who would gain and lose what, which cases change hands."""
    return RehearsalOut.of(await rehearsals.play(actor, body.wanted(), body.filed_from, body.filed_to))
