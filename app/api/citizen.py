"""Citizens: report without an account, look by receipt and code, urge, evaluate."""

import hashlib
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from app.api.deps import IdempotencyKey, taken, wired
from app.api.flood import LIMITED
from app.api.problems import problems, taking
from app.api.reports import Queries
from app.api.schemas.citizen import EvaluationIn, PublicReportOut
from app.api.schemas.reports import CitizenReportIn, ReportOut
from app.dispatch.commands import Urge
from app.dispatch.errors import BadInput
from app.services.citizens import Citizens, Key
from app.services.idempotency import KeyUse

router = APIRouter(prefix="/api/v1/citizen/reports", tags=["citizen"])

CitizenService = Annotated[Citizens, Depends(taken(lambda wired: wired.citizens))]


async def _code(
    code: Annotated[str | None, Query(max_length=40, description="Query code")] = None,
    x_query_code: Annotated[str | None, Header(max_length=40, description="Query code")] = None,
) -> str:
    given = x_query_code or code
    if not given:
        raise BadInput.at(["header", "X-Query-Code"], "须给出查询码", code="query_code_required")
    return given


QueryCode = Annotated[str, Depends(_code)]


@router.post(
    "", status_code=201, operation_id="create_citizen_report", dependencies=LIMITED, responses=taking(409, 429)
)
async def create_citizen_report(
    body: CitizenReportIn,
    request: Request,
    response: Response,
    citizens: CitizenService,
    queries: Queries,
    key: IdempotencyKey,
) -> ReportOut:
    """Bring in a report without an account; receipt number and query code are the way back to it."""
    digest = hashlib.sha256(await request.body()).digest()
    scope = f"citizen:{body.client_id or digest.hex()}"  # nobody else's key, although nobody says who he is
    use = KeyUse(scope=scope, route="create_citizen_report", key=key, body_digest=digest) if key else None
    received = await citizens.report(body.to_arrival(body_digest=digest), use)
    view = await queries.received(received)
    response.status_code = 201 if received.created else 200
    response.headers["Location"] = f"{router.prefix}/{view.report.receipt_no}"
    return ReportOut.of(view, query_code=wired(request).query_codes.code_of(received.report_id)).for_citizens()


@router.get("/{receipt_no}", operation_id="read_citizen_report", dependencies=LIMITED, responses=problems(404, 429))
async def read_citizen_report(receipt_no: str, code: QueryCode, citizens: CitizenService) -> PublicReportOut:
    """Return the public timeline; a wrong receipt and a wrong code cannot be told apart."""
    return PublicReportOut.of(await citizens.look(receipt_no, code))


@router.post(
    "/{receipt_no}/urge", operation_id="urge_citizen_report", dependencies=LIMITED, responses=problems(404, 409, 429)
)
async def urge_citizen_report(
    receipt_no: str, code: QueryCode, request: Request, citizens: CitizenService, key: IdempotencyKey
) -> PublicReportOut:
    """Remind the desk."""
    await citizens.act(receipt_no, code, Urge(), await _kept(request, key))
    return PublicReportOut.of(await citizens.look(receipt_no, code))


@router.post(
    "/{receipt_no}/evaluation",
    operation_id="evaluate_citizen_report",
    dependencies=LIMITED,
    responses=taking(404, 409, 429),
)
async def evaluate_citizen_report(
    receipt_no: str,
    body: EvaluationIn,
    code: QueryCode,
    request: Request,
    citizens: CitizenService,
    key: IdempotencyKey,
) -> PublicReportOut:
    """Say what came of it."""
    await citizens.act(receipt_no, code, body.to_command(), await _kept(request, key))
    return PublicReportOut.of(await citizens.look(receipt_no, code))


async def _kept(request: Request, key: str | None) -> Key | None:
    return Key(key=key, body_digest=hashlib.sha256(await request.body()).digest()) if key else None
