"""All SQL that reads cases: lists, one, streams, and what belongs to many of them at once."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.access import Sight
from app.dispatch.codes import RequestState, Source
from app.models.cases import Case, CaseReport, CaseRequest, LegFacts
from app.models.people import Account
from app.models.reports import MediaUse, Report
from app.repositories.case_filters import CaseFilter, CaseSort, due_column, narrowed
from app.repositories.paging import after, cursor, position
from app.repositories.reach import cases_in_sight, reports_in_sight

NO_DUE: Final = datetime.max.replace(tzinfo=UTC)
"""Stands in cursors for a case whose clock has not started: those come last."""

_CHUNK: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedReport:
    """A report that a case carries, for those who may see it."""

    case_id: UUID
    id: UUID
    receipt_no: str
    source: Source
    received_at: datetime
    asks_call: bool = False
    called_back_at: datetime | None = None
    opinions: Sequence[Mapping[str, Any]] = ()


_CARRIED: Final = (
    *(Report.id, Report.receipt_no, Report.source, Report.received_at, Report.asks_call),
    *(Report.called_back_at, Report.opinions),
)


class CaseRepository:
    """Cases as they stand, within one session."""

    def __init__(self, session: AsyncSession) -> None:
        """Work within `session`."""
        self._session = session

    async def get(self, case_id: UUID, sight: Sight) -> Case | None:
        """Return a case that the caller sees."""
        return await self._session.scalar(select(Case).where(Case.id == case_id, cases_in_sight(sight)))

    async def page(
        self, wanted: CaseFilter, sight: Sight, *, sort: CaseSort, limit: int, behind: str | None
    ) -> tuple[Sequence[Case], str | None]:
        """Return up to `limit` cases in order, and the cursor behind the last when there are more."""
        query = _seen(wanted, sight).limit(limit + 1)
        place = position(behind, order=sort) if behind is not None else None
        if sort is CaseSort.DUE:
            found = await self._by_due(query, wanted, place, limit + 1)
        else:
            key = (Case.filed_at if sort is CaseSort.FILED else Case.updated_at, Case.id)
            query = query.where(after(key, place, descending=True)) if place else query
            found = list(await self._session.scalars(query.order_by(key[0].desc(), key[1].desc())))
        shown = found[:limit]
        return shown, cursor((sort, *_key(shown[-1], sort, wanted))) if len(found) > limit else None

    async def _by_due(
        self, query: Select[Case], wanted: CaseFilter, place: tuple[datetime, UUID] | None, limit: int
    ) -> list[Case]:
        """Return the earliest due first, then what has no due time; in two steps, so that each walks an index."""
        due = due_column(wanted.clock)
        found: list[Case] = []
        if place is None or place[0] < NO_DUE:
            timed = query.where(due.is_not(None))
            timed = timed.where(after((due, Case.id.expression), place, descending=False)) if place else timed
            found = list(await self._session.scalars(timed.order_by(due, Case.id)))
        if len(found) < limit:
            untimed = query.where(due.is_(None)).order_by(Case.id).limit(limit - len(found))
            untimed = untimed.where(Case.id > place[1]) if place and place[0] >= NO_DUE else untimed
            found += await self._session.scalars(untimed)
        return found

    async def stream(self, wanted: CaseFilter, sight: Sight, *, sort: CaseSort) -> AsyncIterator[Sequence[Case]]:
        """Yield all cases in order, some at a time, from a cursor that the server holds."""
        order: dict[CaseSort, tuple[ColumnElement[Any], ...]] = {
            CaseSort.FILED: (Case.filed_at.desc(), Case.id.desc()),
            CaseSort.UPDATED: (Case.updated_at.desc(), Case.id.desc()),
            CaseSort.DUE: (due_column(wanted.clock).asc().nulls_last(), Case.id.asc()),
        }
        query = _seen(wanted, sight).order_by(*order[sort]).execution_options(yield_per=_CHUNK)
        found = await self._session.stream_scalars(query)
        async for some in found.partitions(_CHUNK):
            yield some
            self._session.expunge_all()

    async def legs(self, case_ids: Collection[UUID]) -> dict[UUID, list[LegFacts]]:
        """Return the legs of cases, first ones first."""
        found: dict[UUID, list[LegFacts]] = {}
        query = select(LegFacts).where(LegFacts.case_id.in_(case_ids)).order_by(LegFacts.round, LegFacts.number)
        for leg in await self._session.scalars(query):
            found.setdefault(leg.case_id, []).append(leg)
        return found

    async def pending(self, case_ids: Collection[UUID]) -> dict[UUID, list[CaseRequest]]:
        """Return the requests of cases that wait for a ruling."""
        found: dict[UUID, list[CaseRequest]] = {}
        query = (
            select(CaseRequest)
            .where(CaseRequest.case_id.in_(case_ids), CaseRequest.state == RequestState.PENDING)
            .order_by(CaseRequest.asked_at)
        )
        for request in await self._session.scalars(query):
            found.setdefault(request.case_id, []).append(request)
        return found

    async def reports(self, case_ids: Collection[UUID], sight: Sight) -> dict[UUID, list[CarriedReport]]:
        """Return the reports that cases carry now, as far as the caller sees reports at all."""
        found: dict[UUID, list[CarriedReport]] = {}
        query = (
            select(CaseReport.case_id, *_CARRIED)
            .join(Report, Report.id == CaseReport.report_id)
            .where(CaseReport.case_id.in_(case_ids), CaseReport.until.is_(None), reports_in_sight(sight))
            .order_by(CaseReport.since, Report.id)
        )
        for row in await self._session.execute(query):
            one = CarriedReport(**row._mapping)  # noqa: SLF001  # its public name
            found.setdefault(one.case_id, []).append(one)
        return found

    async def media(self, case_ids: Collection[UUID]) -> dict[UUID, list[UUID]]:
        """Return the media of cases, in the order of the steps that named them."""
        found: dict[UUID, list[UUID]] = {}
        query = (
            select(MediaUse.subject_id, MediaUse.media_id)
            .where(MediaUse.subject_id.in_(case_ids))
            .order_by(MediaUse.number, MediaUse.media_id)
        )
        for case_id, media_id in await self._session.execute(query):
            found.setdefault(case_id, []).append(media_id)
        return found

    async def names(self, account_ids: Collection[UUID]) -> dict[UUID, str]:
        """Return the names of accounts."""
        query = select(Account.id, Account.name).where(Account.id.in_(account_ids))
        found = await self._session.execute(query) if account_ids else ()
        return {account_id: name for account_id, name in found}  # noqa: C416  # rows are not tuples to the type checker


def _seen(wanted: CaseFilter, sight: Sight) -> Select[Case]:
    return select(Case).where(cases_in_sight(sight), narrowed(wanted))


def _key(case: Case, sort: CaseSort, wanted: CaseFilter) -> tuple[datetime, UUID]:
    match sort:
        case CaseSort.FILED:
            return case.filed_at, case.id
        case CaseSort.UPDATED:
            return case.updated_at, case.id
    due: datetime | None = getattr(case, due_column(wanted.clock).key or "case_due_at")
    return due or NO_DUE, case.id
