"""Reports by inspectors and the desk: bring one in, list, read."""

import hashlib
from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from app.api.admin_campaigns import CampaignService
from app.api.deps import CurrentActor, IdempotencyKey, IntakeService, Now, etag, taken, wired
from app.api.problems import problems, taking
from app.api.schemas.query import Code, Moment
from app.api.schemas.reports import ReportIn, ReportOut, ReportPage
from app.dispatch.access import appointment_for
from app.dispatch.codes import Kind, Post, ReportState, Source
from app.dispatch.errors import NotPermitted
from app.dispatch.report_life import RECEIVING_POSTS
from app.dispatch.tags import normal_tags
from app.repositories.paging import LIMIT, LIMIT_AT_MOST
from app.repositories.reports import ReportFilter
from app.services.arrivals import Incoming
from app.services.idempotency import KeyUse
from app.services.ledger import Acting
from app.services.report_queries import ReportQueries

router = APIRouter(prefix="/api/v1/reports", tags=["reports"])

Queries = Annotated[
    ReportQueries, Depends(taken(lambda wired: ReportQueries(wired.sessions, wired.books, wired.vault, wired.now)))
]


@router.post("", status_code=201, operation_id="create_report", responses=taking(403, 409))
async def create_report(
    body: ReportIn,
    request: Request,
    response: Response,
    actor: CurrentActor,
    now: Now,
    intake: IntakeService,
    campaigns: CampaignService,
    queries: Queries,
    key: IdempotencyKey,
) -> ReportOut:
    """Bring in a report. A known `client_id` answers 200 with the first report; `campaign` must be one that runs."""
    held = appointment_for(actor, RECEIVING_POSTS)
    if held is None:
        raise NotPermitted("您的岗位不能上报")
    digest = hashlib.sha256(await request.body()).digest()
    use = KeyUse(scope=str(actor.account_id), route="create_report", key=key, body_digest=digest) if key else None
    in_the_field = held.post is Post.INSPECTOR
    said = body.to_arrival(account_id=actor.account_id, body_digest=digest, in_the_field=in_the_field)
    normal_tags(said.tags, where=["body", "tags"])
    if said.campaign is not None:
        await campaigns.must_run(said.campaign, now, use=use, client_id=said.client_id)
    arrival = replace(said, desk=held.desk)
    acting = Acting(now=now, post=held.post, actor_id=actor.account_id)
    received = await intake.receive_one(Incoming(arrival=arrival, acting=acting), use)
    view = await queries.received(received)
    response.status_code = 201 if received.created else 200
    response.headers["Location"] = f"{router.prefix}/{received.report_id}"
    response.headers["ETag"] = etag(view.report.version)
    return ReportOut.of(view, query_code=wired(request).query_codes.code_of(received.report_id))


@router.get("", operation_id="list_reports", responses=problems())
async def list_reports(
    actor: CurrentActor,
    queries: Queries,
    state: Annotated[tuple[ReportState, ...], Query(description="Any of these states")] = (),
    attention: Annotated[Code | None, Query(description="Raised for this reason")] = None,
    source: Annotated[tuple[Source, ...], Query(description="Any of these channels")] = (),
    kind: Annotated[Kind | None, Query(description="component or event")] = None,
    category: Annotated[Code | None, Query(description="Major + minor code")] = None,
    district: Annotated[Code | None, Query(description="District code")] = None,
    street: Annotated[Code | None, Query(description="Street code")] = None,
    community: Annotated[Code | None, Query(description="Community code")] = None,
    desk: Annotated[tuple[Code, ...], Query(description="Desk that the report came to; any of these")] = (),
    received_from: Annotated[Moment | None, Query(description="Inclusive; a bare date is local midnight")] = None,
    received_to: Annotated[Moment | None, Query(description="Exclusive")] = None,
    mine: Annotated[bool, Query(description="Only those the caller brought in")] = False,  # noqa: FBT002  # a query parameter
    limit: Annotated[int, Query(ge=1, le=LIMIT_AT_MOST, description="Items a page")] = LIMIT,
    after: Annotated[str | None, Query(max_length=500, description="`next` of the page before")] = None,
) -> ReportPage:
    """List the reports that the caller sees, newest first; a unit sees none."""
    wanted = ReportFilter(
        state=state,
        attention=attention,
        source=source,
        kind=kind,
        category=category,
        district=district,
        street=street,
        community=community,
        desk=desk,
        received_from=received_from,
        received_to=received_to,
        account_id=actor.account_id if mine else None,
        limit=limit,
        after=after,
    )
    views, following = await queries.page(wanted, actor)
    return ReportPage(items=[ReportOut.of(view) for view in views], next=following)


@router.get("/{report_id}", operation_id="read_report", responses=problems(404))
async def read_report(report_id: UUID, actor: CurrentActor, queries: Queries, response: Response) -> ReportOut:
    """Return one report; its `ETag` is its version."""
    view = await queries.get(report_id, actor)
    response.headers["ETag"] = etag(view.report.version)
    return ReportOut.of(view)
