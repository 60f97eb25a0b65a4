"""All SQL about wrong tries at receipts and reminders by them; counted in the database, once for all workers."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.codes import Action, Post
from app.models.history import HistoryRow
from app.models.work import ReceiptTry

_ONE_AT_A_TIME: Final = text(
    "SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || ' urge ' || :report_id, 0))"
)


class ReceiptRepository:
    """Wrong tries, by a digest of the receipt that was asked for; reminders, by the report."""

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

    async def urged(self, report_id: UUID, *, since: datetime) -> Sequence[datetime]:
        """Return when the reporter reminded the desk, first times first; who asks next waits until we have ended."""
        await self._session.execute(_ONE_AT_A_TIME, {"report_id": str(report_id)})
        by_citizen = (HistoryRow.action == Action.URGE) & (HistoryRow.post == Post.CITIZEN)
        query = select(HistoryRow.recorded_at).where(HistoryRow.subject_id == report_id, by_citizen)
        return (await self._session.scalars(query.where(HistoryRow.recorded_at > since).order_by("recorded_at"))).all()

    async def forget(self, before: datetime) -> None:
        """Drop tries that count no more."""
        await self._session.execute(delete(ReceiptTry).where(ReceiptTry.at < before))


def _digest(receipt_no: str) -> bytes:
    return hashlib.sha256(receipt_no.strip().upper().encode("utf-8", "replace")).digest()
