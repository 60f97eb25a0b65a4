"""Rates from given counts, and a check of published ones: nothing is stored, nothing is read."""

from fastapi import APIRouter

from app.api.deps import CurrentActor
from app.api.problems import problems, taking
from app.api.schemas.appraisal import (
    DefinitionOut,
    DefinitionsOut,
    EvaluatedOut,
    EvaluatedRowOut,
    EvaluateIn,
    VerifiedOut,
    VerifiedRowOut,
    VerifyIn,
)
from app.dispatch import appraisal, verification
from app.dispatch.definitions import definitions

router = APIRouter(prefix="/api/v1", tags=["appraisal"])

# Plain functions, not coroutines: they only compute, for up to a second, and run beside the event loop.


@router.get("/appraisal/definitions", operation_id="list_definitions", responses=problems())
def list_definitions(_actor: CurrentActor) -> DefinitionsOut:
    """List every definition of every rate, with its version and source."""
    return DefinitionsOut(items=[DefinitionOut.model_validate(definition) for definition in definitions()])


@router.post("/appraisal/evaluate", operation_id="evaluate_rates", responses=taking())
def evaluate_rates(body: EvaluateIn, _actor: CurrentActor) -> EvaluatedOut:
    """Compute rates from given counts."""
    rows = appraisal.evaluate(body.counts_rows(), body.definitions())
    return EvaluatedOut(rows=[EvaluatedRowOut.of(row) for row in rows])


@router.post("/appraisal/verify", operation_id="verify_rates", responses=taking())
def verify_rates(body: VerifyIn, _actor: CurrentActor) -> VerifiedOut:
    """Find for published rates every definition and every pair of the given counts that prints the same."""
    rows = verification.verify(body.published_rows())
    return VerifiedOut(rows=[VerifiedRowOut.of(row) for row in rows])
