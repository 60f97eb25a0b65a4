"""Campaigns (专项行动): laid down, changed, listed; clients read them under `/ref/campaigns`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from app.api.deps import CurrentActor, IdempotencyKey, IfMatch, etag, taken
from app.api.keys import key_use
from app.api.pages import PageSize
from app.api.problems import problems, taking
from app.api.schemas.campaigns import CampaignChangeIn, CampaignIn, CampaignOut, CampaignPage
from app.api.schemas.query import Code, Moment
from app.dispatch.access import Actor, Office, office_holder
from app.repositories.paging import LIMIT
from app.services.campaigns import Campaigns

router = APIRouter(prefix="/api/v1/admin/campaigns", tags=["administration"])


async def _administrator(actor: CurrentActor) -> Actor:
    office_holder(actor, Office.CAMPAIGNS)
    return actor


CampaignService = Annotated[Campaigns, Depends(taken(lambda wired: Campaigns(wired.sessions, wired.books, wired.now)))]
Administrator = Annotated[Actor, Depends(_administrator)]


@router.get("", operation_id="list_campaigns", responses=problems())
async def list_campaigns(
    actor: CurrentActor,
    campaigns: CampaignService,
    running_at: Annotated[Moment | None, Query(description="Only those that run then")] = None,
    limit: PageSize = LIMIT,
    after: Annotated[Code | None, Query(description="`next` of the page before")] = None,
) -> CampaignPage:
    """List campaigns by code; who does not administer them sees none here."""
    found, following = await campaigns.page(actor, running_at=running_at, behind=after, limit=limit)
    return CampaignPage(items=[CampaignOut.of(row) for row in found], next=following)


@router.post("", status_code=201, operation_id="create_campaign", responses=taking(403, 409))
async def create_campaign(
    body: CampaignIn,
    request: Request,
    response: Response,
    actor: Administrator,
    campaigns: CampaignService,
    key: IdempotencyKey,
) -> CampaignOut:
    """Lay a campaign down; reports may name it while it runs."""
    use = await key_use(request, actor, key, "create_campaign")
    row = await campaigns.add(body.wanted(body.code), actor, use)
    response.headers["ETag"] = etag(row.version)
    return CampaignOut.of(row)


@router.put("/{code}", operation_id="change_campaign", responses=taking(403, 404, 412))
async def change_campaign(
    code: Annotated[Code, Path(description="Its code, which stays")],
    body: CampaignChangeIn,
    request: Request,
    response: Response,
    actor: Administrator,
    campaigns: CampaignService,
    if_match: IfMatch,
    key: IdempotencyKey,
) -> CampaignOut:
    """Describe a campaign anew; end it early by an earlier `to`. What was reported under it stays under it."""
    use = await key_use(request, actor, key, f"change_campaign:{code}")
    row = await campaigns.change(body.wanted(code), actor, use, if_match=if_match)
    response.headers["ETag"] = etag(row.version)
    return CampaignOut.of(row)
