"""All SQL about media: what has come in, and who sees it by way of the reports and cases that use it."""

from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.access import Sight
from app.models.cases import Case
from app.models.orders import OrderRow
from app.models.reports import Media, MediaUse, Report
from app.repositories.reach import cases_in_sight, orders_in_sight, reports_in_sight


@dataclass(frozen=True, slots=True, kw_only=True)
class Medium:
    """A photo or film: `sha256` is of what was sent; `mime`, `size` (bytes), width and height are of what is served."""

    id: UUID
    object_key: str
    sha256: str
    mime: str
    size: int
    width: int | None
    height: int | None
    taken_at: datetime | None
    taken_lon: float | None
    taken_lat: float | None
    flags: tuple[str, ...]
    account_id: UUID | None
    created_at: datetime


class MediaRepository:
    """Media within one session."""

    def __init__(self, session: AsyncSession) -> None:
        """Work within `session`."""
        self._session = session

    async def add(self, medium: Medium) -> bool:
        """Store a medium; tell False when its id was there already."""
        put = insert(Media).values(asdict(medium)).on_conflict_do_nothing(index_elements=["id"]).returning(Media.id)
        return await self._session.scalar(put) is not None

    async def get(self, media_id: UUID) -> Medium | None:
        """Return a medium, whoever asks."""
        return _medium(await self._session.scalar(select(Media).where(Media.id == media_id)))

    async def seen(
        self, media_id: UUID, account_id: UUID, *, reports: Sight, cases: Sight, orders: Sight
    ) -> Medium | None:
        """Return a medium that the account brought in, or that a report, case or order in its sight uses.

        A use by another than its maker opens nothing: else who learns an id could hang it on a case of his own.
        """
        owned = MediaUse.account_id.is_not_distinct_from(Media.account_id)
        used = and_(MediaUse.media_id == Media.id, owned)
        of_report = exists().where(used, MediaUse.subject_id == Report.id, reports_in_sight(reports))
        of_case = exists().where(used, MediaUse.subject_id == Case.id, cases_in_sight(cases))
        of_order = exists().where(used, MediaUse.subject_id == OrderRow.id, orders_in_sight(orders))
        seen = or_(Media.account_id == account_id, of_report, of_case, of_order)
        return _medium(await self._session.scalar(select(Media).where(Media.id == media_id, seen)))

    async def is_known_content(self, sha256: str, *, besides: UUID) -> bool:
        """Tell whether the same bytes came in before under another id."""
        query = select(exists().where(Media.sha256 == sha256, Media.id != besides))
        return bool(await self._session.scalar(query))


def _medium(row: Media | None) -> Medium | None:
    if row is None:
        return None
    return Medium(
        id=row.id,
        object_key=row.object_key,
        sha256=row.sha256,
        mime=row.mime,
        size=row.size,
        width=row.width,
        height=row.height,
        taken_at=row.taken_at,
        taken_lon=row.taken_lon,
        taken_lat=row.taken_lat,
        flags=tuple(row.flags),
        account_id=row.account_id,
        created_at=row.created_at,
    )
