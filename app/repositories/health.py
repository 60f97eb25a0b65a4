"""What readiness asks the database."""

from datetime import datetime

from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.set_codes import SetKind, SetState
from app.models.seedings import Seeding
from app.models.sets import DataSet


class HealthRepository:
    """Cheap questions within one session."""

    def __init__(self, session: AsyncSession) -> None:
        """Work within `session`."""
        self._session = session

    async def seeded(self) -> bool:
        """Tell whether a set of cells is active, and nothing that a first start has begun is unfinished."""
        active = exists().where(DataSet.kind == SetKind.CELLS, DataSet.state == SetState.ACTIVE)
        unfinished = exists().where(Seeding.finished_at.is_(None))
        return bool((await self._session.execute(select(active & ~unfinished))).scalar_one())

    async def clock(self) -> datetime:
        """Return the database's clock, now and not when the transaction began."""
        clock: datetime = (await self._session.execute(select(func.clock_timestamp()))).scalar_one()
        return clock
