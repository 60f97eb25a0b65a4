"""Fire what is due: signing and resuming by policy; and forget what only had to be remembered for a while."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Protocol
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.case_projection import AUTO_SIGN, RESUME
from app.dispatch.codes import Post
from app.dispatch.commands import Command, Resume, Sign
from app.dispatch.errors import Conflict, NotVisible, Unavailable
from app.models.work import Timer
from app.repositories.work import WorkRepository
from app.services.transaction import Sessions, sqlstate, writing

log = structlog.get_logger()

LEASE: Final = timedelta(seconds=60)
AT_ONCE: Final = 50
KEPT: Final = timedelta(days=7)
"""How long used keys and inbox ids are remembered: partners retry for three days."""
_COMMANDS: Final[Mapping[str, Command]] = {AUTO_SIGN: Sign(), RESUME: Resume()}


class ActsOnCases(Protocol):
    """Who takes steps of cases."""

    async def act_within(
        self,
        session: AsyncSession,
        case_id: UUID,
        command: Command,
        *,
        policy: str,
        leg: int | None = None,
        post: Post = Post.POLICY,
    ) -> None:
        """Act within an open transaction; raise Conflict or NotVisible where it is not possible any more."""
        ...


class Timers:
    """Every timer takes effect once, however many workers look: the fence and the step share a transaction."""

    def __init__(self, sessions: Sessions, cases: ActsOnCases, now: Callable[[], datetime]) -> None:
        """Take who acts, and our clock."""
        self._sessions = sessions
        self._cases = cases
        self._now = now

    async def fire_due(self) -> int:
        """Fire up to `AT_ONCE` timers; return how many were looked at. One that fails is left to a later try."""
        async with writing(self._sessions) as session:
            due = [_value(one) for one in await WorkRepository(session).lease_timers(self._now(), LEASE, AT_ONCE)]
        for one in due:
            try:
                await self._fire(*one)
            except Unavailable:
                raise
            except Exception as error:  # noqa: BLE001  # one that cannot be fired must not keep the others waiting
                log.warning("timer_failed", kind=one[2], error=type(error).__name__, sqlstate=sqlstate(error))
        return len(due)

    async def forget(self) -> None:
        """Remove idempotency keys and inbox ids that have had their time."""
        async with writing(self._sessions) as session:
            await WorkRepository(session).drop_keys(self._now() - KEPT)

    async def _fire(self, timer_id: UUID, attempt: int, kind: str, case_id: UUID, payload: Mapping[str, Any]) -> None:
        async with writing(self._sessions) as session:
            if not await WorkRepository(session).finish_timer(timer_id, attempt, self._now()):
                return
            try:
                async with session.begin_nested():
                    await self._cases.act_within(session, case_id, _COMMANDS[kind], policy=kind, leg=payload.get("leg"))
            except (Conflict, NotVisible) as lapsed:
                log.info("timer_lapsed", kind=kind, reason=lapsed.code)


def _value(timer: Timer) -> tuple[UUID, int, str, UUID, Mapping[str, Any]]:
    return timer.id, timer.attempt, timer.kind, timer.subject_id, timer.payload
