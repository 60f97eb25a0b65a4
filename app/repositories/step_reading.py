"""All SQL that looks up what steps need: for any number of reports and cases at once, one statement a question."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import shapely
from shapely import Point as Shape
from sqlalchemy import ARRAY, ColumnElement, Row, Uuid, and_, any_, func, literal, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.codes import CaseState, Kind, Post
from app.dispatch.history import Entry
from app.models.cases import Case, CaseReport
from app.models.history import HistoryRow
from app.models.people import Account, Appointment, Partner
from app.models.reports import Report
from app.repositories.history import entry_of

_NEW_CASES: Final = text(
    """
    SELECT asked.number, near.id, near.state, near.closed_at
    FROM unnest(CAST(:numbers AS int[]), CAST(:kinds AS text[]), CAST(:categories AS text[]),
                CAST(:lons AS float8[]), CAST(:lats AS float8[]), CAST(:since AS timestamptz[]))
         AS asked(number, kind, category, lon, lat, since)
    CROSS JOIN LATERAL (
      SELECT ST_SetSRID(ST_MakePoint(asked.lon, asked.lat), 4490)::geography AS geog
    ) AS place
    CROSS JOIN LATERAL (
      (SELECT c.id, c.state, c.closed_at FROM cases AS c
       WHERE c.kind = asked.kind AND c.category = asked.category AND c.state = 'closed' AND c.closed_at >= asked.since
         AND c.id <> ALL(CAST(:moving AS uuid[])) AND ST_DWithin(c.geog, place.geog, :radius_m)
       ORDER BY c.closed_at DESC LIMIT 1)
      UNION ALL
      SELECT c.id, c.state, c.closed_at FROM cases AS c
      WHERE c.id = ANY(CAST(:moving AS uuid[])) AND c.kind = asked.kind AND c.category = asked.category
        AND ST_DWithin(c.geog, place.geog, :radius_m)
    ) AS near
    UNION ALL
    SELECT NULL, NULL, CAST(nextval('case_numbers') AS text), NULL FROM generate_series(1, CAST(:cases AS int))
    """
)
"""Two questions that a filing always asks together: what lies near, and the numbers of the new cases."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedCase:
    """As much of a locked case as its history does not tell faster: for access, and the answer to the public."""

    id: UUID
    state: CaseState
    version: int
    district: str | None
    street: str | None
    community: str | None
    desk: str
    unit_code: str | None
    unit_codes: Sequence[str]
    leg_units: Sequence[str]
    author_id: UUID | None
    inspector_id: UUID | None
    public_answer: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedReport:
    """A locked report, as far as steps need it; `tells` is its partner, if that partner has an address to call."""

    id: UUID
    version: int
    receipt_no: str
    description: str
    address: str | None
    component_code: str | None
    tags: Sequence[str]
    shape: Shape | None
    raw_lon: float | None
    raw_lat: float | None
    datum: str | None
    accuracy_m: float | None
    located_from: str | None
    district: str | None
    street: str | None
    community: str | None
    desk: str
    account_id: UUID | None
    verifier_id: UUID | None
    public_answer: str | None
    order_no: str | None
    tells: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedReport:
    """A report that a case carries, as far as telling its reporter needs it; `tells` as above."""

    report_id: UUID
    receipt_no: str
    order_no: str | None
    tells: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spotted:
    """What a new case would be, and where: asked for the same thing closed hereabouts since."""

    kind: Kind
    category: str
    lon: float
    lat: float
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NearCase:
    """A case of the same category within reach: the one closed last, or one that is moving."""

    id: UUID
    state: CaseState
    closed_at: datetime | None


_ADDRESSED: Final = and_(Partner.id == Report.partner_id, Partner.callback_url.is_not(None))
_OF_CASE: Final = (
    *(Case.id, Case.state, Case.version, Case.district, Case.street, Case.community, Case.unit_code, Case.unit_codes),
    *(Case.desk, Case.leg_units, Case.author_id, Case.inspector_id, Case.public_answer),
)
_OF_REPORT: Final = (
    *(Report.id, Report.version, Report.receipt_no, Report.description, Report.address, Report.component_code),
    *(Report.tags, Report.raw_lon, Report.raw_lat, Report.datum, Report.accuracy_m, Report.located_from),
    *(Report.district, Report.street, Report.community, Report.account_id, Report.verifier_id, Report.public_answer),
    *(Report.desk, Report.order_no),
)


class StepReading:
    """What is looked up before steps are taken, within one session.

    Everything of one kind is locked in the order of ids, cases before reports: whoever keeps to it never deadlocks.
    Locks let others point at the rows: what comes into the vault of a report waits for no step of it, nor that for it.
    """

    def __init__(self, session: AsyncSession) -> None:
        """Work within one session."""
        self._session = session

    async def lock_cases(self, ids: Collection[UUID]) -> dict[UUID, LockedCase]:
        """Lock cases in the order of their ids; those that are not there are left out."""
        query = select(*_OF_CASE).where(_among(Case.id, ids)).order_by(Case.id).with_for_update(key_share=True)
        return {row.id: LockedCase(**row._mapping) for row in await self._all(query, ids)}  # noqa: SLF001  # its public name

    async def lock_reports(self, ids: Collection[UUID]) -> dict[UUID, LockedReport]:
        """Lock reports in the order of their ids; those that are not there are left out."""
        query = (
            select(*_OF_REPORT, func.ST_AsBinary(Report.geom).label("wkb"), Partner.id.label("tells"))
            .outerjoin(Partner, _ADDRESSED)
            .where(_among(Report.id, ids))
            .order_by(Report.id)
            .with_for_update(of=Report, key_share=True)
        )
        return {row.id: _report(row) for row in await self._all(query, ids)}

    async def histories(self, ids: Collection[UUID]) -> dict[UUID, list[tuple[Entry, str]]]:
        """Return the steps of many subjects, each in order and with its hash."""
        columns = [column for column in HistoryRow.__table__.columns if column.name != "subject"]
        query = select(*columns).where(_among(HistoryRow.subject_id, ids))
        query = query.order_by(HistoryRow.subject_id, HistoryRow.number)
        found: dict[UUID, list[tuple[Entry, str]]] = {one: [] for one in ids}
        for row in await self._all(query, ids):
            found[row.subject_id].append((entry_of(row), row.hash))
        return found

    async def linked_reports(self, case_ids: Collection[UUID]) -> dict[UUID, list[LinkedReport]]:
        """Return the reports that each case carries now, first ones first."""
        query = (
            select(CaseReport.case_id, Report.id, Report.receipt_no, Report.order_no, Partner.id.label("tells"))
            .join(Report, Report.id == CaseReport.report_id)
            .outerjoin(Partner, _ADDRESSED)
            .where(_among(CaseReport.case_id, case_ids), CaseReport.until.is_(None))
            .order_by(CaseReport.case_id, CaseReport.since, Report.id)
        )
        found: dict[UUID, list[LinkedReport]] = {one: [] for one in case_ids}
        for row in await self._all(query, case_ids):
            one = LinkedReport(report_id=row.id, receipt_no=row.receipt_no, order_no=row.order_no, tells=row.tells)
            found[row.case_id].append(one)
        return found

    async def cases_of(self, report_ids: Collection[UUID]) -> dict[UUID, dict[UUID, CaseState]]:
        """Return the cases that each report belongs to now, with the states they are in."""
        query = (
            select(CaseReport.report_id, Case.id, Case.state)
            .join(Case, Case.id == CaseReport.case_id)
            .where(_among(CaseReport.report_id, report_ids), CaseReport.until.is_(None))
        )
        found: dict[UUID, dict[UUID, CaseState]] = {one: {} for one in report_ids}
        for row in await self._all(query, report_ids):
            found[row.report_id][row.id] = row.state
        return found

    async def inspectors(self) -> list[tuple[UUID, str | None]]:
        """Return every active inspector with the region of each appointment, None for the whole city."""
        query = (
            select(Account.id, Appointment.region_code)
            .join(Appointment, Appointment.account_id == Account.id)
            .where(Account.active, Appointment.post == Post.INSPECTOR)
            .order_by(Account.id)
        )
        return [(account_id, region) for account_id, region in await self._session.execute(query)]

    async def holders(self, account_ids: Collection[UUID], post: Post) -> set[UUID]:
        """Return those accounts that are active and hold a post."""
        query = (
            select(Account.id)
            .join(Appointment, Appointment.account_id == Account.id)
            .where(_among(Account.id, account_ids), Account.active, Appointment.post == post)
        )
        return {row.id for row in await self._all(query, account_ids)}

    async def new_cases(
        self, asked: Sequence[Spotted], *, radius_m: float, moving: Iterable[UUID], cases: int
    ) -> tuple[list[list[NearCase]], list[int]]:
        """Return, for each question, the case near that was closed last since then, and those near that are `moving`.

        And `cases` new numbers, the least first.
        """
        found = await self._session.execute(
            _NEW_CASES,
            {
                "numbers": list(range(len(asked))),
                "kinds": [one.kind for one in asked],
                "categories": [one.category for one in asked],
                "lons": [one.lon for one in asked],
                "lats": [one.lat for one in asked],
                "since": [one.since for one in asked],
                "moving": list(moving),
                "radius_m": radius_m,
                "cases": cases,
            },
        )
        near: list[list[NearCase]] = [[] for _ in asked]
        numbers = []
        for number, case_id, state, closed_at in found:
            if case_id is None:
                numbers.append(int(state))
            else:
                near[number].append(NearCase(id=case_id, state=CaseState(state), closed_at=closed_at))
        return near, sorted(numbers)

    async def _all(self, query: Any, ids: Collection[UUID]) -> Sequence[Row[Any]]:  # noqa: ANN401  # selects of any columns
        """Return the rows; nothing is asked about nobody."""
        return (await self._session.execute(query)).all() if ids else ()


def inspectors_over(inspectors: Iterable[tuple[UUID, str | None]], regions: Collection[str]) -> list[UUID]:
    """Return those whose reach covers a place, in the order of their ids."""
    reaching = {account_id for account_id, region in inspectors if region is None or region in regions}
    return sorted(reaching)


def _among(column: Any, ids: Collection[UUID]) -> ColumnElement[bool]:  # noqa: ANN401  # a mapped column of ids
    """Return the condition that a column holds one of the ids; one parameter, so that the statement stays the same."""
    among: ColumnElement[bool] = column == any_(literal(list(ids), ARRAY(Uuid())))
    return among


def _report(row: Row[Any]) -> LockedReport:
    fields = dict(row._mapping)  # noqa: SLF001  # its public name
    wkb = fields.pop("wkb")
    shape = shapely.from_wkb(bytes(wkb)) if wkb is not None else None
    return LockedReport(**fields, shape=shape if isinstance(shape, Shape) else None)
