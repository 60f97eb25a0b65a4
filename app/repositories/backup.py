"""All SQL of saving a city: what one snapshot holds, read while the service goes on writing."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import func, select, text, union
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.base import Base
from app.models.cases import Case
from app.models.history import HistoryRow
from app.models.people import Partner
from app.models.reports import Media, Report, VaultItem

_BATCH: Final = 2000
_ENDLESS: Final = text(
    "SELECT set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true)"
)
_TABLE_BYTES: Final = text(
    "SELECT coalesce(sum(pg_table_size(c.oid)), 0)::bigint FROM pg_class c "
    "WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'm')"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How much a city holds; sizes in bytes."""

    reports: int
    cases: int
    steps: int
    media: int
    media_bytes: int
    table_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The end of one chain of the history."""

    subject_id: UUID
    number: int
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lying:
    """A medium by the key of the object that is served; `size` is that object's, in bytes."""

    id: UUID
    object_key: str
    mime: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A sealed value, by where it stands."""

    key_id: str
    report_id: UUID
    field: str


class BackupRepository:
    """What is read to save a city, and to see afterwards that it is all there."""

    def __init__(self, session: AsyncSession) -> None:
        """Work within one session."""
        self._session = session

    async def hold_snapshot(self) -> str:
        """See everything as of now until the session ends, however long; return the name by which others share it."""
        settings = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        await self._session.connection(execution_options=settings)
        await self._session.execute(_ENDLESS)
        return str(await self._session.scalar(select(func.pg_export_snapshot())))

    async def server_major(self) -> int:
        """Return the major of the server."""
        version = await self._session.scalar(text("SELECT current_setting('server_version_num')::int / 10000"))
        return int(version or 0)

    async def revision(self) -> str:
        """Return how far the city was migrated."""
        return str(await self._session.scalar(text("SELECT version_num FROM alembic_version")))

    async def counts(self) -> Counts:
        """Count what there is."""
        return Counts(
            reports=await self._count(Report),
            cases=await self._count(Case),
            steps=await self._count(HistoryRow),
            media=await self._count(Media),
            media_bytes=int(await self._session.scalar(select(func.coalesce(func.sum(Media.size), 0))) or 0),
            table_bytes=int(await self._session.scalar(_TABLE_BYTES) or 0),
        )

    async def key_ids(self) -> list[str]:
        """Return the ids of all keys that rows are sealed by."""
        query = union(select(VaultItem.key_id), select(Partner.key_id)).subquery()
        return list(await self._session.scalars(select(query.c.key_id).order_by(query.c.key_id)))

    async def heads(self) -> AsyncIterator[Head]:
        """Yield the last step of every chain in a fixed order, from a cursor of the server."""
        query = (
            select(HistoryRow.subject_id, HistoryRow.number, HistoryRow.hash)
            .ext(distinct_on(HistoryRow.subject_id))
            .order_by(HistoryRow.subject_id.desc(), HistoryRow.number.desc())  # as the primary key is read backwards
            .execution_options(yield_per=_BATCH)
        )
        async for row in await self._session.stream(query):
            yield Head(subject_id=row.subject_id, number=row.number, hash=row.hash)

    async def media(self) -> AsyncIterator[Lying]:
        """Yield all media, the oldest first, from a cursor of the server."""
        query = (
            select(Media.id, Media.object_key, Media.mime, Media.size)
            .order_by(Media.id)
            .execution_options(yield_per=_BATCH)
        )
        async for row in await self._session.stream(query):
            yield Lying(id=row.id, object_key=row.object_key, mime=row.mime, size=row.size)

    async def sealed_samples(self) -> list[Sample]:
        """Return for every key the newest report that has a value sealed by it, and the field."""
        query = (
            select(VaultItem.key_id, VaultItem.report_id, VaultItem.field)
            .ext(distinct_on(VaultItem.key_id))
            .order_by(VaultItem.key_id, VaultItem.report_id.desc())
        )
        found = await self._session.execute(query)
        return [Sample(key_id=row.key_id, report_id=row.report_id, field=row.field) for row in found]

    async def _count(self, table: type[Base]) -> int:
        return await self._session.scalar(select(func.count()).select_from(table)) or 0
