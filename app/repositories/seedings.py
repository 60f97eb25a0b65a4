"""What was begun once in a city's life, and whether it was finished."""

from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.seedings import Seeding


class SeedingRepository:
    """All SQL about the marks."""

    def __init__(self, session: AsyncSession) -> None:
        """Work within one session."""
        self._session = session

    async def is_finished(self, name: str) -> bool | None:
        """Tell whether work was finished; None where it was never begun."""
        query = select(Seeding.finished_at).where(Seeding.name == name)
        row = (await self._session.execute(query)).first()
        return None if row is None else row[0] is not None

    async def begin(self, name: str, at: datetime) -> None:
        """Note that work begins."""
        await self._session.execute(insert(Seeding).values(name=name, began_at=at, finished_at=None))

    async def finish(self, name: str, at: datetime) -> None:
        """Note that work is done."""
        await self._session.execute(update(Seeding).where(Seeding.name == name).values(finished_at=at))
