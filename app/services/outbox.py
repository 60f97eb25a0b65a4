"""Tell partners: the head of each lane leaves, signed; what fails is tried again, and delays nobody else."""

import asyncio
import json
import random
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog

from app.adapters.callbacks import Caller, Outcome
from app.adapters.dialects import DIALECTS
from app.dispatch.calendar import LOCAL_ZONE
from app.dispatch.retries import after_failure
from app.repositories.lanes import LaneRepository, Leased
from app.repositories.partners import KnownPartner, PartnerRepository
from app.services.partner_secrets import PartnerSecrets
from app.services.transaction import Sessions, reading, writing

log = structlog.get_logger()

LEASE: Final = timedelta(seconds=60)
"""Longer than any sending may take: a lane that is taken over belonged to a worker that is gone."""
LANES_AT_ONCE: Final = 4
"""Messages under way to one partner from one worker."""


class Outbox:
    """Send what waits. Every partner is served by tasks of its own, so that a slow one holds up itself alone."""

    def __init__(
        self,
        sessions: Sessions,
        caller: Caller,
        secrets: PartnerSecrets,
        now: Callable[[], datetime],
        *,
        demo: bool,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Take what sending needs; `demo` lets the demo partner be told."""
        self._sessions = sessions
        self._caller = caller
        self._secrets = secrets
        self._now = now
        self._demo = demo
        self._chance = chance
        self._serving: dict[str, asyncio.Task[int]] = {}
        self._closing = False

    async def look(self) -> None:
        """Start serving every partner that has something waiting and is not being served; do not wait for it."""
        self._collect()
        async with reading(self._sessions) as session:
            due = await LaneRepository(session).due_partners(self._now())
        for partner in due:
            if partner not in self._serving:
                self._serving[partner] = asyncio.create_task(self._serve(partner))

    async def send_due(self) -> int:
        """Send everything that is due now; return how many were tried."""
        await self.look()
        return sum(_results(await asyncio.gather(*self._give_up_tasks(), return_exceptions=True)))

    async def close(self, grace: timedelta = timedelta(seconds=8)) -> None:
        """Begin nothing new and finish what is under way; what is still under way after that is tried again later."""
        self._closing = True
        tasks = self._give_up_tasks()
        if tasks:
            await asyncio.wait(tasks, timeout=grace.total_seconds())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _give_up_tasks(self) -> list[asyncio.Task[int]]:
        tasks = list(self._serving.values())
        self._serving.clear()
        return tasks

    def _collect(self) -> None:
        """Forget the tasks that have ended; raise what ended one of them."""
        ended = {partner: task for partner, task in self._serving.items() if task.done()}
        for partner in ended:
            del self._serving[partner]
        _results([task.exception() or task.result() for task in ended.values()])

    async def _serve(self, partner: str) -> int:
        runs = await asyncio.gather(*(self._run(partner) for _ in range(LANES_AT_ONCE)), return_exceptions=True)
        return sum(_results(runs))

    async def _run(self, partner: str) -> int:
        count = 0
        while not self._closing and (leased := await self._lease(partner)) is not None:
            await self._deliver(leased)
            count += 1
        return count

    async def _lease(self, partner: str) -> Leased | None:
        async with writing(self._sessions) as session:
            return await LaneRepository(session).lease(partner, self._now(), LEASE)

    async def _deliver(self, leased: Leased) -> None:
        async with reading(self._sessions) as session:
            partner = await PartnerRepository(session).get(leased.partner_id)
        outcome = await self._send(partner, leased)
        settled = await self._settle(leased, outcome)
        log.info("callback", kind=leased.kind, delivered=outcome.delivered, error=outcome.error, settled=settled)

    async def _send(self, partner: KnownPartner | None, leased: Leased) -> Outcome:
        """Sign and send; the id stays over all tries, the signed time is that of this one."""
        if partner is None or partner.callback_url is None or not partner.active or (partner.demo and not self._demo):
            return Outcome(error="no_partner", final=True)
        body = message(leased)
        secret = self._secrets.open(partner)
        headers = DIALECTS[partner.dialect].sign(secret, str(leased.event_id), self._now(), body)
        return await self._caller.post(partner.callback_url, headers, body)

    async def _settle(self, leased: Leased, outcome: Outcome) -> bool:
        now = self._now()
        async with writing(self._sessions) as session:
            lanes = LaneRepository(session)
            if outcome.delivered:
                return await lanes.settle(leased, sent_at=now, parked_at=None, error=None, next_at=now)
            follows = after_failure(
                failures=leased.failures + 1,
                created_at=leased.created_at,
                now=now,
                wish=outcome.retry_after,
                final=outcome.final,
                chance=self._chance(),
            )
            parked_at = now if follows.parked else None
            return await lanes.settle(
                leased, sent_at=None, parked_at=parked_at, error=outcome.error, next_at=follows.at
            )


def _results(outcomes: Sequence[int | BaseException]) -> list[int]:
    """Return the results; raise the first error instead, after all have ended."""
    for one in outcomes:
        if isinstance(one, BaseException):
            raise one
    return [one for one in outcomes if isinstance(one, int)]


def message(leased: Leased) -> bytes:
    """Return the body: the same bytes at every try."""
    content: Mapping[str, object] = {
        "type": leased.kind,
        "id": str(leased.event_id),
        "timestamp": leased.created_at.astimezone(LOCAL_ZONE).isoformat(),
        "data": leased.payload,
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
