"""Writing the facts that figures read: one statement a table, whatever the number of rows."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.facts import LegFacts as LegFactsValue
from app.dispatch.facts import ReportFacts, RoundFacts
from app.models.cases import CaseRequest, LegFacts
from app.models.facts import ReportFactsRow, RoundFactsRow


class FactsRepository:
    """Facts of rounds, legs, requests and reports."""

    def __init__(self, session: AsyncSession) -> None:
        """Work within one session."""
        self._session = session

    async def put_rounds(self, facts: Iterable[RoundFacts]) -> None:
        """Write the facts of rounds, over what was there."""
        await self._put(RoundFactsRow, [asdict(one) for one in facts], ("case_id", "round"))

    async def put_legs(self, facts: Iterable[LegFactsValue]) -> None:
        """Write the facts of legs, over what was there."""
        await self._put(LegFacts, [asdict(one) for one in facts], ("case_id", "round", "number"))

    async def put_requests(self, rows: Sequence[dict[str, Any]]) -> None:
        """Write requests, over what was there."""
        await self._put(CaseRequest, rows, ("id",))

    async def put_reports(self, facts: Iterable[ReportFacts]) -> None:
        """Write the facts of reports, over what was there."""
        await self._put(ReportFactsRow, [asdict(one) for one in facts], ("report_id",))

    async def _put(self, table: Any, rows: Sequence[dict[str, Any]], key: tuple[str, ...]) -> None:  # noqa: ANN401  # a mapped class
        if not rows:
            return
        put = upsert(table)
        changed = {name: put.excluded[name] for name in rows[0] if name not in key}
        await self._session.execute(put.on_conflict_do_update(index_elements=list(key), set_=changed), list(rows))
