"""Store drawn facts in the tables that figures read."""

from collections.abc import Iterable
from dataclasses import asdict
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.cases import Case
from app.models.cases import LegFacts as LegRow
from app.models.facts import ReportFactsRow, RoundFactsRow
from tests.dispatch.facts_drawn import NOON, Facts


async def store(session: AsyncSession, drawn: Facts) -> None:
    """Insert the facts, and the bare cases that legs refer to."""
    for table, rows in (
        (Case, [_case(case_id) for case_id in cases_of(drawn)]),
        (RoundFactsRow, [asdict(one) for one in drawn.rounds]),
        (LegRow, [asdict(one) for one in drawn.legs]),
        (ReportFactsRow, [asdict(one) for one in drawn.reports]),
    ):
        if rows:
            await session.execute(insert(table), rows)


def cases_of(drawn: Facts) -> Iterable[UUID]:
    """Return the cases that the facts speak of, each once."""
    return dict.fromkeys(one.case_id for one in drawn.rounds)


def case_no(case_id: UUID) -> str:
    """Return the number that a stored case was given."""
    return f"T{case_id.int}"


def _case(case_id: UUID) -> dict[str, object]:
    return {
        "id": case_id,
        "case_no": case_no(case_id),
        "state": "filed",
        "round": 1,
        "source": "inspector",
        "handling": "ordinary",
        "kind": "event",
        "category": "0101",
        "condition": 1,
        "catalogue": "test",
        "description": "",
        "tags": [],
        "attention": [],
        "flags": [],
        "zones": {},
        "routing": {},
        "desk": "city",
        "unit_codes": [],
        "filed_at": NOON,
        "provisional": False,
        "urges": 0,
        "updated_at": NOON,
        "version": 1,
    }
