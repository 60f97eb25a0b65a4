"""Receive reports, many at once: locate, classify, decide, store. What was acknowledged is never lost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.adapters.query_codes import QueryCodes
from app.dispatch.arrival import Arrival
from app.dispatch.errors import ClientIdTaken
from app.dispatch.policies import Policies
from app.dispatch.report_life import fold, report_facts
from app.models.reports import Report
from app.repositories.facts import FactsRepository
from app.repositories.reports import ReportRepository
from app.services import idempotency
from app.services.arrival_rows import DESK, first_step, personal_values, point_wkb, report_row, routing_json
from app.services.arrivals import Found, Incoming, look
from app.services.books import Books
from app.services.idempotency import KeyUse
from app.services.ledger import Ledger, Thread
from app.services.transaction import Sessions, writing
from app.services.vault import Vault

__all__ = ["DESK", "Incoming", "Intake", "Received", "point_wkb", "routing_json"]

CREATED: Final = 201


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What became of an arrival: the report, and whether it is new."""

    report_id: UUID
    created: bool


class Intake:
    """The one way in for reports of every channel."""

    def __init__(self, sessions: Sessions, books: Books, vault: Vault, codes: QueryCodes, policies: Policies) -> None:
        """Take what a report needs on its way in."""
        self._sessions = sessions
        self._codes = codes
        self._books = books
        self._vault = vault
        self._policies = policies

    async def receive(self, incoming: Sequence[Incoming], *, within: AsyncSession | None = None) -> list[Received]:
        """Store arrivals in one transaction, in their order; `within` joins a transaction that is already open.

        A client_id that is known gives the first report to its maker and ClientIdTaken to anyone else.
        """
        if within is not None:
            return await self._receive(within, incoming)
        async with writing(self._sessions) as session:
            return await self._receive(session, incoming)

    async def receive_one(self, one: Incoming, use: KeyUse | None) -> Received:
        """Store one arrival under an idempotency key."""
        async with writing(self._sessions) as session:
            first = await idempotency.begin(
                session, use, resource_id=one.arrival.id, status=CREATED, now=one.acting.now
            )
            if first is not None:
                return Received(report_id=first.resource_id, created=first.status == CREATED)
            received = (await self._receive(session, [one]))[0]
            if use is not None and not received.created:
                await idempotency.settle(session, use, resource_id=received.report_id, status=200)
            return received

    async def _receive(self, session: AsyncSession, incoming: Sequence[Incoming]) -> list[Received]:
        reports = ReportRepository(session)
        wanted = [one.arrival.client_id for one in incoming if one.arrival.client_id is not None]
        known = await reports.by_client_id(wanted)
        fresh = [one for one in _first_of_each(incoming) if one.arrival.client_id not in known]
        found = await look(session, fresh, await self._books.agreed(session), self._policies)
        added = await reports.add([report_row(one, self._codes) for one in found])
        if len(added) < len(found):
            known |= await reports.by_client_id(wanted)
        await self._keep(session, [one for one in found if one.arrival.id in added])
        return [_answer(one.arrival, added, known) for one in incoming]

    async def _keep(self, session: AsyncSession, found: Sequence[Found]) -> None:
        if not found:
            return
        ledger = Ledger(clean=str)
        facts = []
        for one in found:
            entry = ledger.add(Thread("report", one.arrival.id), first_step(one), one.acting)
            facts.append(report_facts(one.arrival.id, fold([entry])))
        sealed = [item for one in found for item in self._vault.seal(one.arrival.id, personal_values(one.arrival))]
        await ledger.store(session)
        await self._vault.store(session, sealed)
        await FactsRepository(session).put_reports(facts)
        uses = [(medium, one.arrival.id, 1, one.arrival.account_id) for one in found for medium in one.arrival.media]
        await ReportRepository(session).use_media(uses)


def _first_of_each(incoming: Sequence[Incoming]) -> list[Incoming]:
    """Drop arrivals whose client_id came earlier in the same batch."""
    seen: set[UUID] = set()
    kept = []
    for one in incoming:
        client_id = one.arrival.client_id
        if client_id is None or client_id not in seen:
            kept.append(one)
        if client_id is not None:
            seen.add(client_id)
    return kept


def _answer(arrival: Arrival, added: set[UUID], known: Mapping[UUID, Report]) -> Received:
    if arrival.id in added:
        return Received(report_id=arrival.id, created=True)
    assert arrival.client_id is not None  # noqa: S101  # only a known client_id keeps an arrival out
    first = known[arrival.client_id]
    same_maker = first.account_id == arrival.account_id and first.partner_id == arrival.partner_id
    if not same_maker or (arrival.account_id is None and first.body_digest != arrival.body_digest):
        raise ClientIdTaken("client_id 已被使用", fields={"client_id": str(arrival.client_id)})
    return Received(report_id=first.id, created=False)
