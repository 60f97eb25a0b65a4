"""The end of a shift: what I hold, and giving all of it to a colleague or back to the queue in one go."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app.dispatch.access import Actor, Standing, Thing
from app.dispatch.errors import BadInput
from app.dispatch.leases import claimable_posts
from app.dispatch.scrub import scrub
from app.dispatch.worklist import queues_of
from app.repositories.accounts import AccountRepository
from app.repositories.leases import HandedOver, Held, LeaseRepository
from app.services import idempotency, standings
from app.services.acts import Sittings
from app.services.idempotency import KeyUse
from app.services.leases import handed
from app.services.queues import QueuedThing, Queues
from app.services.transaction import Sessions, reading, writing

LOOKED_BACK: Final = timedelta(hours=24)
"""How long a handover is shown to those it concerns: a colleague reads it at the beginning of the next shift."""
_MOST: Final = 50
_DONE: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class InHand:
    """What somebody has to hand over: claims, tasks given to him, requests that wait for his posts; and what came."""

    leases: Sequence[Held]
    tasks: Sequence[QueuedThing]
    requests: Sequence[QueuedThing]
    handovers: Sequence[HandedOver]


@dataclass(frozen=True, slots=True, kw_only=True)
class Handovers:
    """What is in hand at the end of a shift, and where it goes."""

    sessions: Sessions
    sittings: Sittings
    queues: Queues
    now: Callable[[], datetime]
    demo: bool

    async def in_hand(self, actor: Actor) -> InHand:
        """Return what the actor holds, and what was handed over lately, to him and by him."""
        now = self.now()
        async with reading(self.sessions) as session:
            repository = LeaseRepository(session)
            held = await repository.of_account(actor.account_id, now)
            handovers = await repository.handovers(actor.account_id, now - LOOKED_BACK, _MOST)
        queues = queues_of(actor.posts)
        return InHand(
            leases=held,
            tasks=await self.queues.first(actor, [one for one in queues if one.mine], limit=_MOST),
            requests=await self.queues.first(actor, [one for one in queues if one.ruling], limit=_MOST),
            handovers=handovers,
        )

    async def hand_over(self, actor: Actor, *, to: str | None, note: str | None, key: KeyUse | None) -> HandedOver:
        """Give everything claimed to a colleague, or back to the queue; what he may not do goes back as well.

        Raises BadInput for a colleague who is nobody, or works at none of the actor's desks.
        """
        now, handover_id = self.now(), uuid7()
        async with writing(self.sessions) as session:
            repository = LeaseRepository(session)
            first = await idempotency.begin(session, key, resource_id=handover_id, status=_DONE, now=now)
            if first is not None:
                return await repository.handover(first.resource_id)
            colleague = await self._colleague(session, actor, to) if to else None
            standing = await _standings(repository, await repository.of_account(actor.account_id, now))
            held = [
                one for one in await repository.of_account(actor.account_id, now) if one.lease.subject_id in standing
            ]
            moved = [one for one in held if colleague and self._takes(colleague, one, standing)]
            await self._move(repository, colleague, moved, now)
            await repository.end(one.lease for one in held if one not in moved)
            row = {
                "id": handover_id,
                "at": now,
                "from_account": actor.account_id,
                "by_account": actor.account_id,
                "to_account": colleague.account_id if colleague else None,
                "leases": [handed(one.thing, one.lease, moved=one in moved) for one in held],
            }
            await repository.hand_over(row, scrub(note, ()).text if note else None)
            return await repository.handover(handover_id)

    async def _move(
        self, repository: LeaseRepository, colleague: Actor | None, moved: Sequence[Held], now: datetime
    ) -> None:
        if colleague is None:
            return
        until = now + self.sittings.books.current.city_policies(now, self.sittings.policies).claim_lease
        leases = [one.lease for one in moved]
        await repository.move(leases, to_account=colleague.account_id, until=until, now=now, taking=uuid7())

    async def _colleague(self, session: AsyncSession, actor: Actor, named: str) -> Actor:
        """Return an active account that holds a post at one of the actor's desks; others are not told apart."""
        accounts = AccountRepository(session)
        login = await accounts.login(named)
        account_id = login.account_id if login else _id(named)
        found = await accounts.standing(account_id) if account_id else None
        desks = {one.desk for one in actor.appointments}
        if (
            found is None
            or not found.active
            or (found.demo and not self.demo)
            or found.actor.account_id == actor.account_id
            or not any(one.desk in desks for one in found.actor.appointments)
        ):
            raise BadInput.at(["body", "to"], "没有这位同事，或其不在您的平台任职", code="unknown_colleague")
        return found.actor

    def _takes(self, colleague: Actor, held: Held, standing: Mapping[UUID, Standing]) -> bool:
        """Tell whether a colleague may do what was claimed, under the same post."""
        units_below = self.sittings.books.current.units_below
        found = standing.get(held.lease.subject_id)
        return found is not None and held.lease.post in claimable_posts(colleague, held.thing, found, units_below)


def _id(named: str) -> UUID | None:
    try:
        return UUID(named)
    except ValueError:
        return None


async def _standings(repository: LeaseRepository, held: Sequence[Held]) -> dict[UUID, Standing]:
    """Lock what the leases are about, in the order in which steps do, and tell how it stands."""
    cases = await repository.lock_cases([one.lease.subject_id for one in held if one.thing is Thing.CASE])
    reports = await repository.lock_reports([one.lease.subject_id for one in held if one.thing is Thing.REPORT])
    found = {one: standings.of_case(row) for one, row in cases.items()}
    return found | {one: standings.of_report(row) for one, row in reports.items()}
