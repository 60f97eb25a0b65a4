"""All SQL about partners: who they are, and what they sent us before."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import and_, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.codes import Post, RequestState, Source
from app.dispatch.hotline_plan import AskedOfPartner, LinkedCase, Standing
from app.models.cases import Case, CaseReport, CaseRequest
from app.models.people import Partner
from app.models.reports import Report
from app.models.work import InboxEvent

_ASKED_OF_PARTNER: Final = and_(CaseRequest.state == RequestState.PENDING, CaseRequest.ruler == Post.PARTNER)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPartner:
    """A partner as it stands; its secret is sealed."""

    id: UUID
    code: str
    source: Source
    dialect: str
    key_id: str
    secret: bytes = field(repr=False)
    callback_url: str | None = field(repr=False)
    active: bool
    demo: bool


class PartnerRepository:
    """Partners and their inbox."""

    def __init__(self, session: AsyncSession) -> None:
        """Work within one session."""
        self._session = session

    async def by_code(self, code: str) -> KnownPartner | None:
        """Return a partner by its code, active or not."""
        return _known(await self._session.scalar(select(Partner).where(Partner.code == code)))

    async def get(self, partner_id: UUID) -> KnownPartner | None:
        """Return a partner, active or not."""
        return _known(await self._session.get(Partner, partner_id, populate_existing=True))

    async def hold_order(self, partner_id: UUID, order_no: str) -> None:
        """Let one event of an order be worked on at a time, until this transaction ends."""
        name = func.concat(func.current_schema(), ".order.", str(partner_id), ":", order_no)
        await self._session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))

    async def standing(self, partner_id: UUID, order_no: str) -> Standing | None:
        """Return how the newest report of an order stands; as values, so that locking reads the rows anew."""
        found = await self._session.execute(
            select(Report.id, Report.state)
            .where(Report.partner_id == partner_id, Report.order_no == order_no)
            .order_by(Report.received_at.desc(), Report.id.desc())
            .limit(1)
        )
        newest = found.first()
        if newest is None:
            return None
        cases = await self._session.execute(
            select(Case.id, Case.state, CaseRequest.id, CaseRequest.kind)
            .join(CaseReport, CaseReport.case_id == Case.id)
            .outerjoin(CaseRequest, and_(CaseRequest.case_id == Case.id, _ASKED_OF_PARTNER))
            .where(CaseReport.report_id == newest.id, CaseReport.until.is_(None))
            .order_by(Case.id)
        )
        linked = tuple(
            LinkedCase(id=case_id, state=state, asked=AskedOfPartner(id=asked, kind=kind) if kind else None)
            for case_id, state, asked, kind in cases
        )
        return Standing(report_id=newest.id, state=newest.state, cases=linked)

    async def receipt_no(self, report_id: UUID) -> str:
        """Return the receipt of a report."""
        found = await self._session.scalars(select(Report.receipt_no).where(Report.id == report_id))
        return found.one()

    async def taken(self, partner_id: UUID, event_key: str) -> InboxEvent | None:
        """Return an event that was taken before."""
        return await self._session.get(InboxEvent, (partner_id, event_key))

    async def take(
        self,
        *,
        partner_id: UUID,
        event_key: str,
        action: str,
        body_digest: bytes,
        report_id: UUID,
        received_at: datetime,
    ) -> bool:
        """Note an event; False when another has, which is waited for if it is not committed yet."""
        put = upsert(InboxEvent).values(
            partner_id=partner_id,
            event_key=event_key,
            action=action,
            body_digest=body_digest,
            report_id=report_id,
            received_at=received_at,
        )
        noted = await self._session.execute(put.on_conflict_do_nothing().returning(InboxEvent.event_key))
        return noted.first() is not None

    async def answer(self, partner_id: UUID, event_key: str, report_id: UUID) -> None:
        """Set which report an event led to, where that came out otherwise than planned."""
        await self._session.execute(
            update(InboxEvent)
            .where(InboxEvent.partner_id == partner_id, InboxEvent.event_key == event_key)
            .values(report_id=report_id)
        )


def _known(row: Partner | None) -> KnownPartner | None:
    if row is None:
        return None
    return KnownPartner(
        id=row.id,
        code=row.code,
        source=Source(row.source),
        dialect=row.dialect,
        key_id=row.key_id,
        secret=row.secret,
        callback_url=row.callback_url,
        active=row.active,
        demo=row.demo,
    )
