"""All SQL about rosters: they are added, and ended; nothing else of them ever changes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.codes import Post
from app.models.people import Account, Appointment
from app.models.rosters import RosterRow
from app.repositories.paging import after, cursor, position

_NEWEST_FIRST: Final = "-recorded_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A roster with whose it is."""

    row: RosterRow
    username: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterFilter:
    """Which rosters are asked for; `desks` None: those of every desk."""

    desks: Collection[str] | None
    username: str | None = None
    valid_at: datetime | None = None


class RosterRepository:
    """Rosters within one session."""

    def __init__(self, session: AsyncSession) -> None:
        """Work within one session."""
        self._session = session

    async def inspector(self, username: str, desks: Collection[str] | None) -> UUID | None:
        """Return the account of an active inspector of one of the desks."""
        query = select(Account.id).where(Account.username == username, Account.active)
        return (await self._session.scalars(query.where(_serves(Account.id, desks)))).first()

    async def add(self, row: RosterRow) -> None:
        """Store a roster."""
        self._session.add(row)
        await self._session.flush()

    async def one(self, roster_id: UUID, desks: Collection[str] | None) -> Kept | None:
        """Return a roster of an inspector of one of the desks, as it stands now."""
        query = _kept().where(RosterRow.id == roster_id, _serves(RosterRow.account_id, desks))
        found = (await self._session.execute(query.execution_options(populate_existing=True))).first()
        return Kept(row=found[0], username=found[1]) if found else None

    async def end(self, roster_id: UUID, at: datetime, by: UUID) -> bool:
        """Say that a roster holds no longer; False where it has ended already. One that never began, never does."""
        ended = update(RosterRow).where(
            RosterRow.id == roster_id, or_(RosterRow.valid_to.is_(None), RosterRow.valid_to > at)
        )
        end = func.greatest(RosterRow.valid_from, at)
        done = await self._session.execute(ended.values(valid_to=end, ended_by=by).returning(RosterRow.id))
        return done.first() is not None

    async def page(self, wanted: RosterFilter, *, behind: str | None, limit: int) -> tuple[Sequence[Kept], str | None]:
        """Return rosters, the newest first, and the cursor of the next page."""
        columns = (RosterRow.recorded_at, RosterRow.id)
        query = _kept().where(_serves(RosterRow.account_id, wanted.desks))
        if wanted.username is not None:
            query = query.where(Account.username == wanted.username)
        if wanted.valid_at is not None:
            lasts = or_(RosterRow.valid_to.is_(None), RosterRow.valid_to > wanted.valid_at)
            query = query.where(and_(RosterRow.valid_from <= wanted.valid_at, lasts))
        if behind is not None:
            query = query.where(after(columns, position(behind, order=_NEWEST_FIRST), descending=True))
        rows = await self._session.execute(query.order_by(*(column.desc() for column in columns)).limit(limit + 1))
        found = [Kept(row=row, username=username) for row, username in rows]
        last = found[limit - 1].row if found[limit:] else None
        return found[:limit], cursor((_NEWEST_FIRST, last.recorded_at, last.id)) if last else None


def _kept() -> Select[RosterRow, str]:
    return select(RosterRow, Account.username).join(Account, Account.id == RosterRow.account_id)


def _serves(account_id: Any, desks: Collection[str] | None) -> Any:  # noqa: ANN401  # a mapped column, a condition
    """Return the condition that an account is an inspector's, of one of the desks."""
    held = select(Appointment.id).where(Appointment.account_id == account_id, Appointment.post == Post.INSPECTOR)
    return (held.where(Appointment.desk.in_(desks)) if desks is not None else held).exists()
