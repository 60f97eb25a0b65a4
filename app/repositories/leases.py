"""All SQL about leases, and about what was handed over."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Uuid, any_, insert, literal, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.dispatch.access import Thing
from app.dispatch.codes import Post, RequestState
from app.dispatch.leases import Lease
from app.models.cases import Case, CaseRequest
from app.models.leases import Handover, HandoverNote, LeaseRow
from app.models.people import Account
from app.models.reports import Report
from app.repositories.bulk import insert_rows, rows_json

_TAKE: Final = (
    "ON CONFLICT (subject_id, post) DO UPDATE SET account_id = excluded.account_id, until = excluded.until,"
    " taking = excluded.taking, taken_at = CASE WHEN leases.account_id = excluded.account_id"
    " AND leases.until > excluded.taken_at THEN leases.taken_at ELSE excluded.taken_at END"
    " WHERE leases.until <= excluded.taken_at OR leases.account_id = excluded.account_id"
)
"""A colleague's living lease stays; one's own is prolonged; a dead one is anybody's."""

_END: Final = text(
    """
    DELETE FROM leases AS l USING json_populate_recordset(CAST(NULL AS leases), CAST(:ended AS json)) AS r
    WHERE l.subject_id = r.subject_id AND l.post = r.post AND l.account_id = r.account_id
    """
)
_MOVE: Final = text(
    """
    UPDATE leases AS l SET account_id = :to_account, until = :until, taken_at = :now, taking = :taking
    FROM json_populate_recordset(CAST(NULL AS leases), CAST(:moved AS json)) AS r
    WHERE l.subject_id = r.subject_id AND l.post = r.post AND l.account_id = r.account_id
    """
)
_CLEAR: Final = text(
    """
    DELETE FROM leases WHERE (subject_id, post) IN (
      SELECT subject_id, post FROM leases WHERE until < :before ORDER BY until LIMIT :most FOR UPDATE SKIP LOCKED
    )
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A lease with the thing it is about, as much as a list tells of it."""

    lease: Lease
    thing: Thing
    number: str
    state: str
    taken_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver:
    """What was handed over, by whom and to whom."""

    id: UUID
    at: datetime
    from_account: UUID
    from_name: str
    by_account: UUID
    to_account: UUID | None
    to_name: str | None
    leases: Sequence[Mapping[str, Any]]
    note: str | None


_To = aliased(Account)
_HANDOVERS: Final = (
    select(Handover, Account.name, _To.name, HandoverNote.body)
    .join(Account, Account.id == Handover.from_account)
    .outerjoin(_To, _To.id == Handover.to_account)
    .outerjoin(HandoverNote, HandoverNote.handover_id == Handover.id)
)


class LeaseRepository:
    """Leases within one session. Who writes any has locked the thing before, in the order in which steps lock."""

    def __init__(self, session: AsyncSession) -> None:
        """Work within one session."""
        self._session = session

    async def alive(self, subject_ids: Collection[UUID], now: datetime) -> list[Lease]:
        """Return the living leases of some things; nothing is asked about nothing."""
        if not subject_ids:
            return []
        among = LeaseRow.subject_id == any_(literal(list(subject_ids), ARRAY(Uuid())))
        return await self._leases(among, now)

    async def taken_with(self, taking: UUID, account_id: UUID, now: datetime) -> list[Lease]:
        """Return what somebody took at once and still holds."""
        return await self._leases((LeaseRow.taking == taking) & (LeaseRow.account_id == account_id), now)

    async def of_account(self, account_id: UUID, now: datetime) -> list[Held]:
        """Return what somebody holds, what ends first at the front."""
        query = (
            select(
                LeaseRow,
                Account.name,
                Report.receipt_no,
                Report.state.label("report_state"),
                Case.case_no,
                Case.state.label("case_state"),
            )
            .join(Account, Account.id == LeaseRow.account_id)
            .outerjoin(Report, (Report.id == LeaseRow.subject_id) & (LeaseRow.subject == Thing.REPORT))
            .outerjoin(Case, (Case.id == LeaseRow.subject_id) & (LeaseRow.subject == Thing.CASE))
            .where(LeaseRow.account_id == account_id, LeaseRow.until > now)
            .order_by(LeaseRow.until, LeaseRow.subject_id)
        )
        return [
            Held(
                lease=_lease(row, name),
                thing=Thing(row.subject),
                number=receipt_no or case_no,
                state=str(report_state or case_state),
                taken_at=row.taken_at,
            )
            for row, name, receipt_no, report_state, case_no, case_state in await self._session.execute(query)
        ]

    async def lock_cases(self, ids: Collection[UUID]) -> dict[UUID, Case]:
        """Lock cases in the order of their ids."""
        found = await self._session.scalars(
            select(Case)
            .where(Case.id == any_(literal(list(ids), ARRAY(Uuid()))))
            .order_by(Case.id)
            .with_for_update(key_share=True)
        )
        return {one.id: one for one in found}

    async def lock_reports(self, ids: Collection[UUID]) -> dict[UUID, Report]:
        """Lock reports in the order of their ids."""
        found = await self._session.scalars(
            select(Report)
            .where(Report.id == any_(literal(list(ids), ARRAY(Uuid()))))
            .order_by(Report.id)
            .with_for_update(key_share=True)
        )
        return {one.id: one for one in found}

    async def pending(self, case_ids: Collection[UUID]) -> dict[UUID, set[Post]]:
        """Return the posts on whose ruling requests of cases wait."""
        query = select(CaseRequest.case_id, CaseRequest.ruler).where(
            CaseRequest.case_id == any_(literal(list(case_ids), ARRAY(Uuid()))),
            CaseRequest.state == RequestState.PENDING,
        )
        found: dict[UUID, set[Post]] = {}
        for case_id, ruler in await self._session.execute(query) if case_ids else ():
            if ruler is not None:
                found.setdefault(case_id, set()).add(ruler)
        return found

    async def take(self, rows: Sequence[Mapping[str, Any]]) -> set[UUID]:
        """Take leases, or prolong one's own; return the things that are the taker's now."""
        ordered = sorted(rows, key=lambda row: (str(row["subject_id"]), str(row["post"])))
        taken = await insert_rows(self._session, LeaseRow, ordered, conflict=_TAKE, returning=("subject_id",))
        return {one.subject_id for one in taken} if taken is not None else set()

    async def end(self, leases: Iterable[Lease]) -> None:
        """End leases, unless they have changed hands meanwhile."""
        rows = [ended(one) for one in leases]
        if rows:
            await self._session.execute(_END, {"ended": rows_json(rows)})

    async def move(
        self, leases: Iterable[Lease], *, to_account: UUID, until: datetime, now: datetime, taking: UUID
    ) -> None:
        """Give leases to a colleague, for a full time."""
        rows = [ended(one) for one in leases]
        if rows:
            given = {"moved": rows_json(rows), "to_account": to_account, "until": until, "now": now, "taking": taking}
            await self._session.execute(_MOVE, given)

    async def clear(self, before: datetime, most: int) -> None:
        """Remove leases that ended long ago."""
        await self._session.execute(_CLEAR, {"before": before, "most": most})

    async def hand_over(self, row: Mapping[str, Any], note: str | None) -> None:
        """Record a handover, its words apart."""
        await self._session.execute(insert(Handover).values(**row))
        if note:
            await self._session.execute(insert(HandoverNote).values(handover_id=row["id"], body=note))

    async def handovers(self, account_id: UUID, since: datetime, limit: int) -> list[HandedOver]:
        """Return what was lately handed over to or by somebody, or taken away from him; newest first."""
        query = (
            _HANDOVERS.where(
                or_(Handover.to_account == account_id, Handover.from_account == account_id), Handover.at >= since
            )
            .order_by(Handover.at.desc(), Handover.id)
            .limit(limit)
        )
        return [_handed(*one) for one in await self._session.execute(query)]

    async def handover(self, handover_id: UUID) -> HandedOver:
        """Return one handover."""
        return _handed(*(await self._session.execute(_HANDOVERS.where(Handover.id == handover_id))).one())

    async def _leases(self, which: ColumnElement[bool], now: datetime) -> list[Lease]:
        query = select(LeaseRow, Account.name).join(Account, Account.id == LeaseRow.account_id)
        found = await self._session.execute(query.where(which, LeaseRow.until > now))
        return [_lease(row, name) for row, name in found]


def ended(lease: Lease) -> dict[str, Any]:
    """Return the columns by which a lease of one holder is found."""
    return {"subject_id": lease.subject_id, "post": lease.post, "account_id": lease.account_id}


def _lease(row: LeaseRow, name: str) -> Lease:
    return Lease(subject_id=row.subject_id, post=row.post, account_id=row.account_id, name=name, until=row.until)


def _handed(row: Handover, from_name: str, to_name: str | None, note: str | None) -> HandedOver:
    return HandedOver(
        id=row.id,
        at=row.at,
        from_account=row.from_account,
        from_name=from_name,
        by_account=row.by_account,
        to_account=row.to_account,
        to_name=to_name,
        leases=row.leases,
        note=note,
    )
