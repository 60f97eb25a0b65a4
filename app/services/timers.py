"""Fire what is due: signing and resuming by policy, orders that nobody answered; forget what has had its time."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Protocol
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.case_projection import AUTO_SIGN, RESUME
from app.dispatch.codes import Post
from app.dispatch.commands import Command, HandOver, Resume, Sign
from app.dispatch.errors import BadInput, Conflict, NotVisible, Unavailable
from app.dispatch.follow_ups import AUTO_ACCEPT
from app.dispatch.task import UNTAKEN
from app.models.work import Timer
from app.repositories.leases import LeaseRepository
from app.repositories.step_reading import StepReading
from app.repositories.work import WorkRepository
from app.services.acts import Act, Done
from app.services.automatic import accepting
from app.services.ledger import Acting, Subject
from app.services.order_ledger import ORDER_DUE
from app.services.transaction import Sessions, concerns_one, sqlstate, writing

log = structlog.get_logger()

LEASE: Final = timedelta(seconds=60)
AT_ONCE: Final = 50
CLEARED_AT_ONCE: Final = 100_000
KEPT: Final = timedelta(days=7)
"""How long used keys and inbox ids are remembered: partners retry for three days."""
_COMMANDS: Final[Mapping[str, Command]] = {AUTO_SIGN: Sign(), RESUME: Resume(), UNTAKEN: HandOver(untaken=True)}
_NAMED: Final = frozenset({AUTO_SIGN, RESUME, AUTO_ACCEPT})
"""Timers whose step names them as its policy; of the others the decision says which policy acted."""


class Plays(Protocol):
    """Who takes trusted steps."""

    async def play(self, acts: Sequence[Act], *, within: AsyncSession | None = None) -> list[Done]:
        """Take steps within an open transaction; say of each what became of it."""
        ...


class Misses(Protocol):
    """Who notices that orders were not answered in time."""

    async def lock(self, session: AsyncSession, order_ids: Collection[UUID]) -> None:
        """Lock orders before their timers are finished."""
        ...

    async def miss(self, session: AsyncSession, order_id: UUID, now: datetime) -> bool:
        """Say that an order was missed; False where that is not so any more. Raise NotVisible for none."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A timer that is leased to us, under the attempt that fences it; `case_id` is the order's for `order_due`."""

    id: UUID
    attempt: int
    kind: str
    subject: Subject
    subject_id: UUID
    leg: int | None
    payload: Mapping[str, Any] = field(default_factory=dict)


class Timers:
    """Every timer takes effect once, however many workers look: the fence and the step share a transaction."""

    def __init__(
        self, sessions: Sessions, acts: Plays, now: Callable[[], datetime], orders: Misses | None = None
    ) -> None:
        """Take who acts on cases, our clock, and who looks after orders; without, those are left to others."""
        self._sessions = sessions
        self._acts = acts
        self._now = now
        self._orders = orders

    async def fire_due(self) -> int:
        """Fire up to `AT_ONCE` timers together; return how many were looked at. One that fails is left to a later try.

        Where one of them keeps the others from firing, each is fired alone.
        """
        async with writing(self._sessions) as session:
            due = [_due(one) for one in await WorkRepository(session).lease_timers(self._now(), LEASE, AT_ONCE)]
        known = [one for one in due if self._knows(one)]
        for one in due:
            if not self._knows(one):
                log.warning("timer_unknown", kind=one.kind)
        if not await self._fired(known) and len(known) > 1:
            for one in known:
                await self._fired([one])
        return len(due)

    async def forget(self) -> None:
        """Remove idempotency keys and inbox ids that have had their time, and claims that ended by themselves."""
        async with writing(self._sessions) as session:
            await WorkRepository(session).drop_keys(self._now() - KEPT)
        async with writing(self._sessions) as session:
            await LeaseRepository(session).clear(self._now(), CLEARED_AT_ONCE)

    def _knows(self, due: Due) -> bool:
        return due.kind in {*_COMMANDS, AUTO_ACCEPT} or (due.kind == ORDER_DUE and self._orders is not None)

    async def _fired(self, due: Sequence[Due]) -> bool:
        """Fire timers in one transaction; False where that failed, and nothing was done."""
        try:
            await self._fire(due)
        except Unavailable as error:
            if not concerns_one(error):
                raise
            log.warning("timer_failed", timers=len(due), error=type(error).__name__)
            return False
        except Exception as error:  # noqa: BLE001  # one that cannot be fired must not keep the others waiting
            log.warning("timer_failed", timers=len(due), error=type(error).__name__, sqlstate=sqlstate(error))
            return False
        return True

    async def _fire(self, due: Sequence[Due]) -> None:
        """Lock what they are about first, orders last, and the timers behind it, as every step does; then act."""
        if not due:
            return
        async with writing(self._sessions) as session:
            await _lock(session, [one for one in due if one.kind != ORDER_DUE])
            if self._orders is not None:
                await self._orders.lock(session, {one.subject_id for one in due if one.kind == ORDER_DUE})
            now = self._now()
            ours = await WorkRepository(session).finish_timers({one.id: one.attempt for one in due}, now)
            fired = [one for one in due if one.id in ours and one.kind != ORDER_DUE]
            taken = await self._acts.play([_act(one, now) for one in fired], within=session)
            for one, done in zip(fired, taken, strict=True):
                _lapse(one, done)
            await self._miss(session, [one.subject_id for one in due if one.id in ours and one.kind == ORDER_DUE], now)

    async def _miss(self, session: AsyncSession, order_ids: Sequence[UUID], now: datetime) -> None:
        for order_id in order_ids:
            if self._orders is None or not await self._orders.miss(session, order_id, now):
                log.info("timer_lapsed", kind=ORDER_DUE, reason="answered")


async def _lock(session: AsyncSession, due: Sequence[Due]) -> None:
    """Lock cases, then reports."""
    steps = StepReading(session)
    await steps.lock_cases({one.subject_id for one in due if one.subject == "case"})
    await steps.lock_reports({one.subject_id for one in due if one.subject == "report"})


def _due(timer: Timer) -> Due:
    return Due(
        id=timer.id,
        attempt=timer.attempt,
        kind=timer.kind,
        subject=timer.payload.get("subject", "case"),
        subject_id=timer.subject_id,
        leg=timer.payload.get("leg"),
        payload=timer.payload,
    )


def _act(due: Due, now: datetime) -> Act:
    acting = Acting(now=now, post=Post.POLICY)
    return Act(
        subject=due.subject,
        subject_id=due.subject_id,
        command=_command(due),
        acting=acting,
        policy=due.kind if due.kind in _NAMED else None,
        leg=due.leg,
    )


def _command(due: Due) -> Command:
    if due.kind == AUTO_ACCEPT:
        return accepting(due.payload)
    return Sign(leg=due.leg) if due.kind == AUTO_SIGN else _COMMANDS[due.kind]


def _lapse(due: Due, done: Done) -> None:
    """Let a timer go that came too late; raise what it was refused with for any other reason.

    What cannot be accepted any more as it came in, under a new catalogue, is left to a person.
    """
    outdated = due.kind == AUTO_ACCEPT and isinstance(done.error, BadInput)
    if isinstance(done.error, Conflict | NotVisible) or (outdated and done.error is not None):
        log.info("timer_lapsed", kind=due.kind, reason=done.error.code)
    elif done.error is not None:
        raise done.error
