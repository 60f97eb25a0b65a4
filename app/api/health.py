"""Liveness, readiness, metrics: for machines that watch over us; nothing personal, no token."""

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from app.api.deps import wired
from app.api.schemas.health import LivenessOut, ReadinessOut
from app.services.readiness import readiness

router = APIRouter(tags=["operation"])


@router.get("/healthz", operation_id="check_liveness")
async def check_liveness() -> LivenessOut:
    """Say that the process answers."""
    return LivenessOut(status="ok")


@router.get("/readyz", operation_id="check_readiness", responses={503: {"model": ReadinessOut}})
async def check_readiness(request: Request, response: Response) -> ReadinessOut:
    """Say whether requests can be served: database, tables, book, first start, clock."""
    together = wired(request)
    found = await readiness(together.sessions, together.books, together.now)
    if not found.ready:
        response.status_code = 503
        response.headers["Retry-After"] = "2"
    return ReadinessOut.model_validate(found)


@router.get("/metrics", operation_id="read_metrics", response_class=Response)
async def read_metrics() -> Response:
    """Return the counters and timings of this process in Prometheus' text form."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
