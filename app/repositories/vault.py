"""All SQL about the vault: sealed values in, sealed values out."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from dataclasses import field as described
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.reports import VaultItem
from app.repositories.bulk import insert_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedItem:
    """A row of the vault."""

    report_id: UUID
    field: str
    number: int
    key_id: str
    sealed: bytes = described(repr=False)
    search_digest: bytes | None = None


class VaultRepository:
    """The vault within one session."""

    def __init__(self, session: AsyncSession) -> None:
        """Work within `session`."""
        self._session = session

    async def add(self, items: Sequence[SealedItem]) -> None:
        """Store values in one statement."""
        await insert_rows(self._session, VaultItem, [_row(item) for item in items])

    async def of(self, report_ids: Collection[UUID], fields: Collection[str]) -> list[SealedItem]:
        """Return the values of many reports in one statement, in a fixed order."""
        if not report_ids:
            return []
        found = await self._session.execute(
            select(VaultItem)
            .where(VaultItem.report_id.in_(report_ids), VaultItem.field.in_(fields))
            .order_by(VaultItem.report_id, VaultItem.field, VaultItem.number)
        )
        return [_item(row) for row in found.scalars()]

    async def next_number(self, report_id: UUID, name: str) -> int:
        """Return the number of the next value of a field: a supplement adds, it never replaces."""
        found = await self._session.execute(
            select(VaultItem.number)
            .where(VaultItem.report_id == report_id, VaultItem.field == name)
            .order_by(VaultItem.number.desc())
            .limit(1)
        )
        last = found.scalar_one_or_none()
        return 0 if last is None else last + 1

    async def with_digest(self, digest: bytes) -> list[UUID]:
        """Return the reports that have a value with this search digest."""
        found = await self._session.execute(
            select(VaultItem.report_id).where(VaultItem.search_digest == digest).distinct()
        )
        return list(found.scalars())


def _row(item: SealedItem) -> dict[str, object]:
    return {
        "report_id": item.report_id,
        "field": item.field,
        "number": item.number,
        "key_id": item.key_id,
        "sealed": item.sealed,
        "search_digest": item.search_digest,
    }


def _item(row: VaultItem) -> SealedItem:
    return SealedItem(
        report_id=row.report_id,
        field=row.field,
        number=row.number,
        key_id=row.key_id,
        sealed=row.sealed,
        search_digest=row.search_digest,
    )
