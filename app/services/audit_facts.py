"""Fold the histories of some subjects again and compare what is stored of them, row by row."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final, TypeVar
from uuid import UUID

from app.dispatch import case_fold, case_projection, report_life, report_projection
from app.dispatch.audit import Difference, differences
from app.dispatch.case_facts import leg_facts, round_facts
from app.dispatch.case_life import CaseLife
from app.dispatch.history import Entry
from app.dispatch.report_life import ReportLife, report_facts
from app.models.base import Base
from app.models.cases import Case, CaseRequest, LegFacts
from app.models.facts import ReportFactsRow, RoundFactsRow
from app.models.reports import Report
from app.repositories.audit import AuditRepository

Life = TypeVar("Life")
Told = dict[type[Base], list[Mapping[str, Any]]]
Histories = Mapping[UUID, Sequence[Entry]]

_UNFOLDABLE: Final = (LookupError, ValueError, TypeError, AttributeError, StopIteration, AssertionError)
"""What folding raises over a history that no step of ours wrote."""


async def case_differences(repository: AuditRepository, histories: Histories) -> list[Difference]:
    """Compare cases, their rounds, legs and requests with what their histories tell."""
    told: Told = {Case: [], RoundFactsRow: [], LegFacts: [], CaseRequest: []}
    lives, lost = _fold("cases", case_fold.fold, histories)
    for one, life in lives.items():
        told[Case].append(_case(one, life))
        told[RoundFactsRow] += [asdict(facts) for facts in round_facts(one, life)]
        told[LegFacts] += [asdict(facts) for facts in leg_facts(one, life)]
        told[CaseRequest] += case_projection.requests(one, life, since=1)
    return lost + await _compared(repository, told, {Case: "id"}, "case_id", list(lives))


async def report_differences(repository: AuditRepository, histories: Histories) -> list[Difference]:
    """Compare reports and their facts with what their histories tell."""
    told: Told = {Report: [], ReportFactsRow: []}
    lives, lost = _fold("reports", report_life.fold, histories)
    for one, life in lives.items():
        told[Report].append(_report(one, life))
        told[ReportFactsRow].append(asdict(report_facts(one, life)))
    return lost + await _compared(repository, told, {Report: "id"}, "report_id", list(lives))


def _fold(
    table: str, fold: Callable[[Sequence[Entry]], Life], histories: Histories
) -> tuple[dict[UUID, Life], list[Difference]]:
    """Fold what can be folded; the others are named once and not compared."""
    lives: dict[UUID, Life] = {}
    lost = []
    for one, entries in histories.items():
        try:
            lives[one] = fold(entries)
        except _UNFOLDABLE:
            why = "a history that cannot be folded" if entries else "no history"
            lost.append(Difference(table=table, key=(one,), column=None, stored="a row", told=why))
    return lives, lost


async def _compared(
    repository: AuditRepository, told: Told, own: Mapping[type[Base], str], key: str, ids: Sequence[UUID]
) -> list[Difference]:
    found: list[Difference] = []
    for table, rows in told.items():
        stored = await repository.stored(table, own.get(table, key), ids)
        names = [column.name for column in table.__mapper__.primary_key]
        found += differences(table.__tablename__, names, rows, stored)
    return found


def _case(case_id: UUID, life: CaseLife) -> dict[str, Any]:
    """Return the columns of a case that its history tells: those it was opened with, and those that steps move."""
    opened = {
        "id": case_id,
        "case_no": life.case_no,
        "source": life.source,
        "catalogue": life.catalogue,
        "campaign": life.campaign,
        "desk": life.desk,
        "author_id": life.author_id,
        "filed_at": life.filed_at,
    }
    return opened | case_projection.present(life)


def _report(report_id: UUID, life: ReportLife) -> dict[str, Any]:
    received = {
        "id": report_id,
        "source": life.source,
        "campaign": life.campaign,
        "desk": life.desk,
        "account_id": life.author_id,
        "received_at": life.received_at,
        "answer_due_at": life.answer_due_at,
    }
    return received | report_projection.present(life)
