"""Receive reports, many at once: locate, classify, decide, store. What was acknowledged is never lost."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.adapters.query_codes import QueryCodes
from app.dispatch.arrival import Arrival
from app.dispatch.errors import ClientIdTaken
from app.dispatch.policies import Policies
from app.dispatch.report_life import fold, report_facts
from app.models.reports import Report
from app.repositories.arrivals import ArrivalRepository
from app.services.arrival_rows import first_step, personal_values, point_wkb, report_row, routing_json
from app.services.arrivals import Found, Incoming, Received, look
from app.services.automatic import automatic
from app.services.books import Books
from app.services.idempotency import KeyUse
from app.services.ledger import Ledger, Thread
from app.services.singles import Singles
from app.services.transaction import Sessions, writing
from app.services.vault import Vault

__all__ = ["Incoming", "Intake", "Received", "point_wkb", "routing_json"]


class Intake:
    """The one way in for reports of every channel."""

    def __init__(self, sessions: Sessions, books: Books, vault: Vault, codes: QueryCodes, policies: Policies) -> None:
        """Take what a report needs on its way in."""
        self._sessions = sessions
        self._codes = codes
        self._books = books
        self._vault = vault
        self._policies = policies
        self._singles = Singles(sessions, self._receive)

    async def receive(self, incoming: Sequence[Incoming], *, within: AsyncSession | None = None) -> list[Received]:
        """Store arrivals in one transaction, in their order; `within` joins a transaction that is already open.

        A client_id that is known gives the first report to its maker and ClientIdTaken to anyone else.
        """
        if within is not None:
            return _all_taken(await self._receive(within, incoming))
        async with writing(self._sessions) as session:
            return _all_taken(await self._receive(session, incoming))

    async def receive_one(self, one: Incoming, use: KeyUse | None) -> Received:
        """Store one arrival under an idempotency key, in a common transaction with those that come at the same time."""
        return await self._singles.receive(one, use)

    async def drain(self) -> None:
        """Wait until what has come in is stored."""
        await self._singles.drain()

    async def _receive(self, session: AsyncSession, incoming: Sequence[Incoming]) -> list[Received | ClientIdTaken]:
        if not incoming:
            return []
        arrivals = ArrivalRepository(session)
        book = await self._books.agreed(session)
        found = await look(session, _first_of_each(incoming), book, self._policies)
        rows = {one.arrival.id: report_row(one, self._codes) for one in found}
        added = await arrivals.add(list(rows.values()))
        await self._keep(session, arrivals, [one for one in found if one.arrival.id in added])
        kept_out = {one.arrival.client_id for one in incoming if one.arrival.id not in added}
        known = await arrivals.by_client_id(client_id for client_id in kept_out if client_id is not None)
        return [
            Received(report_id=arrival.id, created=True, row=rows[arrival.id], media=sorted(set(arrival.media)))
            if (arrival := one.arrival).id in added
            else _known(arrival, known)
            for one in incoming
        ]

    async def _keep(self, session: AsyncSession, arrivals: ArrivalRepository, found: Sequence[Found]) -> None:
        """Store what goes with the rows of new reports."""
        ledger, facts = Ledger(clean=str), []
        for one in found:
            entry = ledger.add(Thread("report", one.arrival.id), first_step(one), one.acting)
            facts.append(report_facts(one.arrival.id, fold([entry])))
        sealed = [item for one in found for item in self._vault.seal(one.arrival.id, personal_values(one.arrival))]
        uses = [(medium, one.arrival.id, one.arrival.account_id) for one in found for medium in one.arrival.media]
        await arrivals.add_history(ledger.rows)
        await self._vault.store(session, sealed)
        await arrivals.add_facts(facts)
        await arrivals.use_media(uses)
        await arrivals.set_timers([timer for one in found if (timer := automatic(one, self._policies)) is not None])


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


def _known(arrival: Arrival, known: Mapping[UUID, Report]) -> Received | ClientIdTaken:
    assert arrival.client_id is not None  # noqa: S101  # only a known client_id keeps an arrival out
    first = known[arrival.client_id]
    same_maker = first.account_id == arrival.account_id and first.partner_id == arrival.partner_id
    if not same_maker or (arrival.account_id is None and first.body_digest != arrival.body_digest):
        return ClientIdTaken("client_id 已被使用", fields={"client_id": str(arrival.client_id)})
    return Received(report_id=first.id, created=False)


def _all_taken(answers: Sequence[Received | ClientIdTaken]) -> list[Received]:
    """Return the answers; raise the first that is none."""
    for one in answers:
        if isinstance(one, ClientIdTaken):
            raise one
    return [one for one in answers if isinstance(one, Received)]
