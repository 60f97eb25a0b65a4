"""Take a partner's event: verified, once, and never refused for what is in it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final, Protocol
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app.adapters.crs import to_canonical_point
from app.adapters.dialects import DIALECTS, refused
from app.dispatch.codes import Attention, LocationFrom, Post
from app.dispatch.commands import Command
from app.dispatch.errors import BadInput, Conflict, NotPermitted
from app.dispatch.hotline import GivenPoint, Order, read_order
from app.dispatch.hotline_plan import NO_TEXT, Plan, Standing, arrival_of, instead, plan, reopening
from app.dispatch.points import Point
from app.repositories.partners import KnownPartner, PartnerRepository
from app.services.arrivals import Incoming
from app.services.intake import Received
from app.services.ledger import Acting
from app.services.partner_secrets import PartnerSecrets
from app.services.transaction import Sessions, reading, writing
from app.services.vault import Personal, Vault

log = structlog.get_logger()

BY_PARTNER: Final = "partner_event"
"""What the history of a case names where a partner's event acted."""

SUPERVISION: Final = "热线督办"
"""Title of the orders that a partner's supervision makes."""


class Receives(Protocol):
    """The way in for new reports."""

    async def receive(self, incoming: Sequence[Incoming], *, within: AsyncSession | None = None) -> list[Received]:
        """Store arrivals within an open transaction."""
        ...


class ActsOnReports(Protocol):
    """Who takes steps of reports."""

    async def act_within(self, session: AsyncSession, report_id: UUID, command: Command, *, post: Post) -> None:
        """Act within an open transaction; raise Conflict or BadInput where it is not possible."""
        ...


class ActsOnCases(Protocol):
    """Who takes steps of cases."""

    async def act_within(
        self, session: AsyncSession, case_id: UUID, command: Command, *, policy: str, post: Post = Post.POLICY
    ) -> None:
        """Act within an open transaction; raise Conflict or BadInput where it is not possible."""
        ...


class OrdersUnits(Protocol):
    """Who issues orders to units."""

    async def supervise_within(
        self,
        session: AsyncSession,
        case_ids: Sequence[UUID],
        *,
        title: str,
        text: str,
        document_no: str,
        due_at: datetime | None,
        acting: Acting,
    ) -> list[UUID]:
        """Issue supervision orders within an open transaction, one a unit at work."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What the partner is answered."""

    receipt_no: str
    report_id: UUID
    duplicate: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Hotline:
    """The entry of partners. `demo` lets the demo partner in."""

    sessions: Sessions
    intake: Receives
    reports: ActsOnReports
    cases: ActsOnCases
    orders: OrdersUnits
    vault: Vault
    secrets: PartnerSecrets
    now: Callable[[], datetime]
    demo: bool

    async def take(self, partner_code: str, headers: Mapping[str, str], body: bytes) -> Taken:
        """Do what an event asks for, once.

        Raises Unauthenticated, Unreadable, or BadInput without `order_no` or `action`; nothing else is refused.
        """
        partner = await self._believed(partner_code, headers, body)
        order, digest = read_order(body), sha256(body).digest()
        return await self._take(partner, order, digest)

    async def _believed(self, code: str, headers: Mapping[str, str], body: bytes) -> KnownPartner:
        """Return the partner that signed the body. A stranger and a bad signature get the same answer."""
        async with reading(self.sessions) as session:
            partner = await PartnerRepository(session).by_code(code) if code.isprintable() else None
        if partner is None or not partner.active or (partner.demo and not self.demo):
            raise refused()
        DIALECTS[partner.dialect].verify(self.secrets.open(partner), headers, body, self.now())
        return partner

    async def _take(self, partner: KnownPartner, order: Order, digest: bytes) -> Taken:
        acting = Acting(now=self.now(), post=Post.PARTNER, on_behalf_of=partner.code)
        async with writing(self.sessions) as session:
            partners = PartnerRepository(session)
            await partners.hold_order(partner.id, order.order_no)
            standing = await partners.standing(partner.id, order.order_no)
            planned = standing.report_id if standing else uuid7()
            new = await partners.take(
                partner_id=partner.id,
                event_key=order.key,
                action=order.said,
                body_digest=digest,
                report_id=planned,
                received_at=acting.now,
            )
            if not new:
                return await self._again(partners, partner, order, digest)
            report_id = await self._act(session, partner, order, standing, acting)
            await partners.answer(partner.id, order.key, report_id)
            return Taken(receipt_no=await partners.receipt_no(report_id), report_id=report_id, duplicate=False)

    async def _again(self, partners: PartnerRepository, partner: KnownPartner, order: Order, digest: bytes) -> Taken:
        """Answer an event as it was answered the first time."""
        first = await partners.taken(partner.id, order.key)
        assert first is not None  # noqa: S101  # it kept ours out a moment ago, and old ones go only after days
        if first.body_digest != digest:
            log.warning("event_came_again_changed", partner=partner.code)
        receipt_no = await partners.receipt_no(first.report_id)
        return Taken(receipt_no=receipt_no, report_id=first.report_id, duplicate=True)

    async def _act(
        self, session: AsyncSession, partner: KnownPartner, order: Order, standing: Standing | None, acting: Acting
    ) -> UUID:
        planned = plan(order, standing)
        if standing is None or planned.new:
            return await self._receive(session, partner, order, acting)
        await self._keep(session, standing.report_id, order)
        if planned.reopen and not await self._reopen(session, order, planned):
            return await self._receive(session, partner, order, acting)
        await self._steps(session, order, standing.report_id, planned)
        if planned.supervised:
            await self._supervise(session, order, planned.supervised, acting)
        return standing.report_id

    async def _receive(self, session: AsyncSession, partner: KnownPartner, order: Order, acting: Acting) -> UUID:
        point, odd = _canonical(order.point)
        arrival = arrival_of(
            order,
            report_id=uuid7(),
            partner_id=partner.id,
            source=partner.source,
            point=point,
            attention=(Attention.UNKNOWN_VALUE,) if odd else (),
        )
        (received,) = await self.intake.receive([Incoming(arrival=arrival, acting=acting)], within=session)
        return received.report_id

    async def _keep(self, session: AsyncSession, report_id: UUID, order: Order) -> None:
        """Put what came into the vault first: later texts are cleaned of the names and numbers that stand there."""
        await self.vault.add(session, report_id, Personal.RAW_PAYLOAD, order.raw)
        said = {
            Personal.NAME: order.reporter.name,
            Personal.PHONE: order.reporter.phone,
            Personal.CALLBACK_PHONE: order.reporter.callback_phone,
        }
        known = (await self.vault.open(session, [report_id], list(said))).get(report_id, {})
        for name, value in said.items():
            if value and value not in known.get(name, ()):
                await self.vault.add(session, report_id, name, value)

    async def _reopen(self, session: AsyncSession, order: Order, planned: Plan) -> bool:
        """Start new rounds; False when none of the cases may be reopened any more."""
        done = [await self._on_case(session, case_id, reopening(order)) for case_id in planned.reopen]
        return any(done)

    async def _steps(self, session: AsyncSession, order: Order, report_id: UUID, planned: Plan) -> None:
        # cases before the report: closing a case locks in the same order
        for case_id, command in planned.on_cases:
            await self._on_case(session, case_id, command)
        ruled = [await self._on_case(session, case_id, command) for case_id, command in planned.rulings]
        late = (instead(order),) if planned.rulings and not any(ruled) else ()
        for command in (*late, *planned.on_report):
            step = self.reports.act_within(session, report_id, command, post=Post.PARTNER)
            if not await _possible(session, step):
                await self.reports.act_within(session, report_id, instead(order), post=Post.PARTNER)

    async def _supervise(self, session: AsyncSession, order: Order, cases: Sequence[UUID], acting: Acting) -> None:
        issuing = self.orders.supervise_within(
            session,
            cases,
            title=SUPERVISION,
            text=order.text or NO_TEXT,
            document_no=order.order_no,
            due_at=order.due_at,
            acting=acting,
        )
        await _possible(session, issuing)

    async def _on_case(self, session: AsyncSession, case_id: UUID, command: Command) -> bool:
        step = self.cases.act_within(session, case_id, command, policy=BY_PARTNER, post=Post.PARTNER)
        return await _possible(session, step)


async def _possible(session: AsyncSession, step: Awaitable[object]) -> bool:
    """Take a step; where it is not possible, leave no trace of it and say so."""
    try:
        async with session.begin_nested():
            await step
    except (Conflict, BadInput, NotPermitted):
        return False
    return True


def _canonical(given: GivenPoint | None) -> tuple[Point | None, bool]:
    """Return the point as it is stored, and whether what was given is no place."""
    if given is None:
        return None, False
    try:
        lon, lat = to_canonical_point(given.lon, given.lat, given.datum)
    except BadInput:
        return None, True
    point = Point(
        lon=lon,
        lat=lat,
        raw_lon=given.lon,
        raw_lat=given.lat,
        datum=given.datum,
        located_from=LocationFrom.PARTNER,
        accuracy_m=given.accuracy_m,
    )
    return point, False
