"""All SQL that looks up what steps need: for any number of reports and cases at once, one statement a question."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import shapely
from shapely import Point as Shape
from sqlalchemy import ARRAY, ColumnElement, Row, Uuid, and_, any_, func, literal, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.access import Appointment as Held
from app.dispatch.codes import CaseState, Kind
from app.dispatch.history import Entry
from app.models.cases import Case, CaseReport
from app.models.history import HistoryRow, HistoryText
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
         AND c.end_kind IS DISTINCT FROM 'merged'
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
    component_code: str | None
    routing: Mapping[str, Any]
    flags: Sequence[str]
    public_answer: str | None
    shape: Shape | None


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
    asks_call: bool
    condition: int | None
    tells: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedReport:
    """A report that a case carries, as far as telling its reporter needs it; `tells` as above."""

    report_id: UUID
    receipt_no: str
    order_no: str | None
    tells: UUID | None
    asks_call: bool = False
    called_at: datetime | None = None


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
    *(Case.component_code, Case.routing, Case.flags),
)
_OF_REPORT: Final = (
    *(Report.id, Report.version, Report.receipt_no, Report.description, Report.address, Report.component_code),
    *(Report.tags, Report.raw_lon, Report.raw_lat, Report.datum, Report.accuracy_m, Report.located_from),
    *(Report.district, Report.street, Report.community, Report.account_id, Report.verifier_id, Report.public_answer),
    *(Report.desk, Report.order_no, Report.asks_call, Report.condition),
)


_OF_LINK: Final = (
    *(CaseReport.case_id, Report.id, Report.receipt_no, Report.order_no, Report.asks_call),
    Report.called_back_at.label("called_at"),
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
        columns = (*_OF_CASE, func.ST_AsBinary(Case.geom).label("wkb"))
        query = select(*columns).where(_among(Case.id, ids)).order_by(Case.id).with_for_update(key_share=True)
        return {row.id: LockedCase(**_shaped(row)) for row in await self._all(query, ids)}

    async def lock_reports(self, ids: Collection[UUID]) -> dict[UUID, LockedReport]:
        """Lock reports in the order of their ids; those that are not there are left out."""
        query = (
            select(*_OF_REPORT, func.ST_AsBinary(Report.geom).label("wkb"), Partner.id.label("tells"))
            .outerjoin(Partner, _ADDRESSED)
            .where(_among(Report.id, ids))
            .order_by(Report.id)
            .with_for_update(of=Report, key_share=True)
        )
        return {row.id: LockedReport(**_shaped(row)) for row in await self._all(query, ids)}

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
            select(*_OF_LINK, Partner.id.label("tells"))
            .join(Report, Report.id == CaseReport.report_id)
            .outerjoin(Partner, _ADDRESSED)
            .where(_among(CaseReport.case_id, case_ids), CaseReport.until.is_(None))
            .order_by(CaseReport.case_id, CaseReport.since, Report.id)
        )
        found: dict[UUID, list[LinkedReport]] = {one: [] for one in case_ids}
        for row in await self._all(query, case_ids):
            found[row.case_id].append(
                LinkedReport(
                    report_id=row.id,
                    receipt_no=row.receipt_no,
                    order_no=row.order_no,
                    tells=row.tells,
                    asks_call=row.asks_call,
                    called_at=row.called_at,
                )
            )
        return found

    async def texts(self, steps: Collection[tuple[UUID, int]], name: str) -> dict[UUID, str]:
        """Return a text of one step of each subject; what has none is left out."""
        query = select(HistoryText.subject_id, HistoryText.body).where(
            tuple_(HistoryText.subject_id, HistoryText.number).in_(steps), HistoryText.field == name
        )
        found = (await self._session.execute(query)).all() if steps else ()
        return {subject_id: body for subject_id, body in found}  # noqa: C416  # rows are not tuples to the type checker

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

    async def appointments(self, account_ids: Collection[UUID]) -> dict[UUID, list[Held]]:
        """Return what active accounts are appointed to."""
        query = (
            select(Appointment)
            .join(Account, Account.id == Appointment.account_id)
            .where(_among(Account.id, account_ids), Account.active)
        )
        found: dict[UUID, list[Held]] = {one: [] for one in account_ids}
        for (row,) in await self._all(query, account_ids):
            held = Held(post=row.post, desk=row.desk, region_code=row.region_code, unit_code=row.unit_code)
            found[row.account_id].append(held)
        return found

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


def _among(column: Any, ids: Collection[UUID]) -> ColumnElement[bool]:  # noqa: ANN401  # a mapped column of ids
    """Return the condition that a column holds one of the ids; one parameter, so that the statement stays the same."""
    among: ColumnElement[bool] = column == any_(literal(list(ids), ARRAY(Uuid())))
    return among


def _shaped(row: Row[Any]) -> dict[str, Any]:
    """Return the columns of a row with its point as a shape."""
    fields = dict(row._mapping)  # noqa: SLF001  # its public name
    wkb = fields.pop("wkb")
    shape = shapely.from_wkb(bytes(wkb)) if wkb is not None else None
    return {**fields, "shape": shape if isinstance(shape, Shape) else None}
