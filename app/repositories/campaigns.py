"""All SQL about campaigns."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.orders import Campaign
from app.models.reports import Report


class CampaignRepository:
    """Campaigns within one session."""

    def __init__(self, session: AsyncSession) -> None:
        """Work within one session."""
        self._session = session

    async def add(self, values: Mapping[str, Any]) -> bool:
        """Store a campaign; False where the code is taken."""
        put = insert(Campaign).values(**values).on_conflict_do_nothing(index_elements=["code"])
        return await self._session.scalar(put.returning(Campaign.code)) is not None

    async def one(self, code: str, *, lock: bool = False) -> Campaign | None:
        """Return a campaign as it stands now."""
        query = select(Campaign).where(Campaign.code == code).execution_options(populate_existing=True)
        found: Campaign | None = await self._session.scalar(query.with_for_update() if lock else query)
        return found

    async def change(self, code: str, values: Mapping[str, Any]) -> None:
        """Set what is to be different."""
        await self._session.execute(update(Campaign).where(Campaign.code == code).values(**values))

    async def page(
        self, *, running_at: datetime | None, behind: str | None, limit: int
    ) -> tuple[Sequence[Campaign], str | None]:
        """Return campaigns by code, and the code to go on behind."""
        query = select(Campaign).order_by(Campaign.code).limit(limit + 1)
        if running_at is not None:
            query = query.where(Campaign.starts_at <= running_at, Campaign.ends_at > running_at)
        if behind is not None:
            query = query.where(Campaign.code > behind)
        found = (await self._session.scalars(query)).all()
        return found[:limit], found[limit - 1].code if len(found) > limit else None

    async def whole(self) -> Sequence[Campaign]:
        """Return all campaigns, by code."""
        return (await self._session.scalars(select(Campaign).order_by(Campaign.code))).all()

    async def spans(self, codes: Collection[str]) -> dict[str, tuple[datetime, datetime]]:
        """Return from when to when campaigns run; those that are not there are left out."""
        if not codes:
            return {}
        query = select(Campaign.code, Campaign.starts_at, Campaign.ends_at).where(Campaign.code.in_(sorted(codes)))
        return {row.code: (row.starts_at, row.ends_at) for row in await self._session.execute(query)}

    async def changes(self) -> tuple[int, datetime | None]:
        """Return how often campaigns were laid down or changed, and when last."""
        row = (await self._session.execute(select(func.sum(Campaign.version), func.max(Campaign.updated_at)))).one()
        return int(row[0] or 0), row[1]

    async def brought_before(self, client_id: object) -> bool:
        """Tell whether a report came in under this id before."""
        return bool(await self._session.scalar(select(exists().where(Report.client_id == client_id))))
