"""The audit: is the history what was recorded, and is everything that was stored beside it what the history tells?"""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final
from uuid import UUID

from app.dispatch import case_fold, case_projection, report_life
from app.dispatch.audit import ChainCheck, Difference, Finding, Flaw, Head, differences
from app.dispatch.case_facts import leg_facts, round_facts
from app.dispatch.case_life import CaseLife
from app.dispatch.chain import HASH
from app.dispatch.history import Entry
from app.dispatch.report_life import ReportLife, report_facts
from app.models.cases import Case, CaseRequest, LegFacts
from app.models.facts import ReportFactsRow, RoundFactsRow
from app.models.reports import Report
from app.repositories.audit import CASES, REPORTS, SUBJECTS, AuditRepository, Ids
from app.repositories.history import HistoryRepository
from app.services.ledger import CHAINED
from app.services.report_steps import present as report_present
from app.services.transaction import Sessions, reading

NAMED: Final = 20
"""How many things found are kept by name; the others are counted."""

Seen = Callable[[int], None]
"""Told of every so many rows or subjects that are done."""


@dataclass(slots=True)
class Found[T]:
    pass
