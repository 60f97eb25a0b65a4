"""All SQL about wrong tries at receipts; kept in the database, so that several workers do not multiply them."""

import hashlib
from datetime import datetime

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.work import ReceiptTry


class ReceiptRepository:
    """Wrong tries, by a digest of the receipt that was asked for."""

    def __init__(self, session: AsyncSession) -> None:
        """Work within one session."""
        self._session = session

    async def wrong_tries(self, receipt_no: str, *, since: datetime) -> int:
        """Return how often this receipt was asked for with a wrong code."""
        counted = await self._session.scalar(
            select(func.count()).where(ReceiptTry.digest == _digest(receipt_no), ReceiptTry.at >= since)
        )
        return counted or 0

    async def count_wrong_try(self, receipt_no: str, at: datetime) -> None:
        """Count one."""
        await self._session.execute(insert(ReceiptTry), [{"digest": _digest(receipt_no), "at": at}])

    async def forget(self, before: datetime) -> None:
        """Drop tries that count no more."""
        await self._session.execute(delete(ReceiptTry).where(ReceiptTry.at < before))


def _digest(receipt_no: str) -> bytes:
    return hashlib.sha256(receipt_no.strip().upper().encode("utf-8", "replace")).digest()
