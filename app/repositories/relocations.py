"""All SQL about locating open cases anew: how far it has come, and which cases come next."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.case_life import Spot
from app.dispatch.codes import CaseState
from app.models.activations import Relocation
from app.models.cases import Case


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An open case with its point, and the codes it lies under."""

    id: UUID
    lon: float
    lat: float
    spot: Spot


class RelocationRepository:
    """Relocations within one session."""

    def __init__(self, session: AsyncSession) -> None:
        """Work within one session."""
        self._session = session

    async def newest(self) -> Relocation | None:
        """Return the relocation of the last new ground: those before it need not be finished."""
        return await self._session.scalar(select(Relocation).order_by(Relocation.number.desc()).limit(1))

    async def open_cases(self, behind: UUID | None, limit: int, *, until: UUID | None = None) -> list[Standing]:
        """Return open cases that have a point, in the order of their ids, which grow with time."""
        query = (
            select(
                *(Case.id, func.ST_X(Case.geom).label("lon"), func.ST_Y(Case.geom).label("lat"), Case.zones),
                *(Case.cell_code, Case.beat_code, Case.community, Case.street, Case.district),
            )
            .where(Case.state.not_in([CaseState.CLOSED, CaseState.VOIDED]), Case.geom.is_not(None))
            .order_by(Case.id)
            .limit(limit)
        )
        if behind is not None:
            query = query.where(Case.id > behind)
        if until is not None:
            query = query.where(Case.id < until)
        return [_standing(row._asdict()) for row in await self._session.execute(query)]

    async def advance(
        self,
        number: int,
        *,
        before: UUID | None,
        reached: UUID | None,
        looked: int,
        moved: int,
        passed_at: datetime | None,
    ) -> bool:
        """Note how far a relocation has come; False where another worker was faster."""
        done = await self._session.execute(
            update(Relocation)
            .where(Relocation.number == number, Relocation.reached.is_not_distinct_from(before))
            .values(
                reached=reached,
                looked=Relocation.looked + looked,
                moved=Relocation.moved + moved,
                passed_at=func.coalesce(Relocation.passed_at, passed_at),
            )
            .returning(Relocation.number)
        )
        return done.first() is not None


def _standing(row: dict[str, object]) -> Standing:
    codes = ("cell_code", "beat_code", "community", "street", "district", "zones")
    values = dict(row)
    spot = Spot(**{name: values.pop(name) for name in codes})  # type: ignore[arg-type]  # columns by their names
    return Standing(**values, spot=spot)  # type: ignore[arg-type]  # columns by their names
