"""Campaigns: laid down and changed by administrators, named by reports while they run."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from app.dispatch.access import Actor, Office, office_holder
from app.dispatch.campaigns import CampaignWanted, check, runs
from app.dispatch.errors import BadInput, Conflict, NotPermitted, NotVisible, Stale
from app.dispatch.scrub import scrub
from app.models.orders import Campaign
from app.repositories.campaigns import CampaignRepository
from app.services import idempotency
from app.services.books import Books
from app.services.idempotency import KeyUse
from app.services.transaction import Sessions, reading, writing


class Campaigns:
    """What runs when."""

    def __init__(self, sessions: Sessions, books: Books, now: Callable[[], datetime]) -> None:
        """Take where campaigns are, the book they must fit, and our clock."""
        self._sessions = sessions
        self._books = books
        self._now = now

    async def add(self, wanted: CampaignWanted, actor: Actor, use: KeyUse | None) -> Campaign:
        """Lay a campaign down; the same key gives the first one again.

        Raises BadInput for one that is about what there is not, Conflict where the code is taken.
        """
        office_holder(actor, Office.CAMPAIGNS)
        async with writing(self._sessions) as session:
            campaigns, now = CampaignRepository(session), self._now()
            if await idempotency.begin(session, use, resource_id=uuid7(), status=201, now=now) is None:
                check(wanted, self._books.current.catalogue, self._books.current.areas)
                made = {"code": wanted.code, "created_at": now, "created_by": actor.account_id, "version": 1}
                if not await campaigns.add({**_values(wanted, now), **made}):
                    raise Conflict(f"专项行动编码已被使用：{wanted.code}", code="campaign_taken")
            return await _known(campaigns, wanted.code)

    async def change(
        self, wanted: CampaignWanted, actor: Actor, use: KeyUse | None, *, if_match: int | None
    ) -> Campaign:
        """Put another description in the place of a campaign's; its code stays. Raises NotVisible, BadInput, Stale."""
        office_holder(actor, Office.CAMPAIGNS)
        async with writing(self._sessions) as session:
            campaigns, now = CampaignRepository(session), self._now()
            one = await campaigns.one(wanted.code, lock=True)
            if one is None:
                raise NotVisible
            if await idempotency.begin(session, use, resource_id=uuid7(), status=200, now=now) is None:
                check(wanted, self._books.current.catalogue, self._books.current.areas)
                if if_match is not None and if_match != one.version:
                    raise Stale("已被他人更新，请刷新后重试", fields={"version": one.version})
                await campaigns.change(wanted.code, {**_values(wanted, now), "version": one.version + 1})
            return await _known(campaigns, wanted.code)

    async def page(
        self, actor: Actor, *, running_at: datetime | None, behind: str | None, limit: int
    ) -> tuple[Sequence[Campaign], str | None]:
        """Return campaigns by code; who does not administer them sees none here, and all under `/ref`."""
        try:
            office_holder(actor, Office.CAMPAIGNS)
        except NotPermitted:
            return [], None
        async with reading(self._sessions) as session:
            return await CampaignRepository(session).page(running_at=running_at, behind=behind, limit=limit)

    async def must_run(self, code: str, at: datetime, *, use: KeyUse | None, client_id: UUID | None) -> None:
        """Raise BadInput for a campaign that does not run; what came in before is let through to its first answer."""
        async with reading(self._sessions) as session:
            campaigns = CampaignRepository(session)
            if runs((await campaigns.spans([code])).get(code), at):
                return
            if await idempotency.was_used(session, use):
                return
            if client_id is not None and await campaigns.brought_before(client_id):
                return
        where = ["body", "campaign"]
        raise BadInput.at(where, "没有正在进行的专项行动，可选的见 /ref/campaigns", code="unknown_campaign")


def _values(wanted: CampaignWanted, now: datetime) -> dict[str, Any]:
    return {
        "name": scrub(wanted.name).text,
        "starts_at": wanted.starts_at,
        "ends_at": wanted.ends_at,
        "categories": [{"kind": kind.value, "category": code} for kind, code in wanted.categories],
        "areas": list(wanted.areas),
        "updated_at": now,
    }


async def _known(campaigns: CampaignRepository, code: str) -> Campaign:
    one = await campaigns.one(code)
    if one is None:
        raise NotVisible
    return one
