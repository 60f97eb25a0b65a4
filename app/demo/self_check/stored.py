"""The due times that lists and figures read, against those that follow from the steps."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from app.demo.self_check.due_times import DueTimes
from app.demo.self_check.findings import Part, Verdict
from app.models.cases import Case, LegFacts
from app.models.facts import RoundFactsRow
from app.repositories.audit import AuditRepository
from app.services.transaction import Sessions, reading

_CHUNK = 500


async def check_facts(sessions: Sessions, dues: Mapping[UUID, DueTimes], verdict: Verdict) -> None:
    """Compare the due times that figures read: in `round_facts` and `legs`."""
    async for repository, ids in _stretches(sessions, dues):
        for row in await repository.stored(RoundFactsRow, "case_id", ids):
            _round(row, dues[row["case_id"]], verdict)
        for row in await repository.stored(LegFacts, "case_id", ids):
            where = f"legs {row['case_id']} {row['round']} {row['number']} due_at"
            expected = dues[row["case_id"]].legs.get((row["round"], row["number"]))
            _compare(verdict, where, expected, row["due_at"])


async def check_cases(sessions: Sessions, dues: Mapping[UUID, DueTimes], verdict: Verdict) -> None:
    """Compare the due times that lists read: in `cases`."""
    async for repository, ids in _stretches(sessions, dues):
        for row in await repository.stored(Case, "id", ids):
            _case(row, dues[row["id"]], verdict)


async def _stretches(
    sessions: Sessions, dues: Mapping[UUID, DueTimes]
) -> AsyncIterator[tuple[AuditRepository, list[UUID]]]:
    ids = list(dues)
    for first in range(0, len(ids), _CHUNK):
        async with reading(sessions) as session:
            yield AuditRepository(session), ids[first : first + _CHUNK]


def _round(row: Mapping[str, Any], told: DueTimes, verdict: Verdict) -> None:
    where, number = f"round_facts {row['case_id']} {row['round']}", row["round"]
    _compare(verdict, f"{where} case_due_at", told.case.get(number), row["case_due_at"])
    _compare(verdict, f"{where} leg_due_at", _of_leg(told, number), row["leg_due_at"])


def _case(row: Mapping[str, Any], told: DueTimes, verdict: Verdict) -> None:
    _compare(verdict, f"cases {row['case_no']} case_due_at", told.case.get(told.round), row["case_due_at"])
    _compare(verdict, f"cases {row['case_no']} leg_due_at", _of_leg(told, told.round), row["leg_due_at"])


def _of_leg(told: DueTimes, number: int) -> datetime | None:
    leg = told.accountable.get(number)
    return told.legs.get((number, leg)) if leg is not None else None


def _compare(verdict: Verdict, where: str, expected: datetime | None, got: datetime | None) -> None:
    verdict.dues += 1
    verdict.compare(Part.DUE, where, expected, got)
