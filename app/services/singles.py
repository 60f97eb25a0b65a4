"""Single reports that come at the same time: one transaction for all, an answer for each, every key used once."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.errors import ClientIdTaken, IdempotencyInProgress, Unavailable
from app.services import idempotency
from app.services.arrivals import Incoming, Received
from app.services.grouping import Grouped
from app.services.idempotency import LOCK_NOT_AVAILABLE, KeyUse, Replay, Taking
from app.services.transaction import Sessions, sqlstate, writing

CREATED, KNOWN = 201, 200
_CHOSEN: Final = frozenset({"40P01", "40001"})
"""SQLSTATEs by which the server chose a victim: the same again, in smaller parts, may succeed."""

Receive = Callable[[AsyncSession, Sequence[Incoming]], Awaitable[Sequence[Received | ClientIdTaken]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Single:
    """One arrival on its own, perhaps under an idempotency key."""

    incoming: Incoming
    use: KeyUse | None


class Singles:
    """Reports one by one in, groups of them stored."""

    def __init__(self, sessions: Sessions, receive: Receive) -> None:
        """Take what stores a group within a transaction."""
        self._sessions = sessions
        self._receive = receive
        self._grouped: Grouped[_Single, Received] = Grouped(self._together)

    async def receive(self, incoming: Incoming, use: KeyUse | None) -> Received:
        """Store one arrival with whatever comes at the same time; return after the common commit."""
        return await self._grouped.ask(_Single(incoming=incoming, use=use))

    async def drain(self) -> None:
        """Wait until what has come in is stored."""
        await self._grouped.drain()

    async def _together(self, singles: Sequence[_Single]) -> list[Received | Exception]:
        """Store a group by one commit; where one of it spoils that, by halves, in the end each alone."""
        first, again = _first_of_each_key(singles)
        if again:  # what a key led to is known when its first request is done
            answers = dict(zip(first, await self._together([singles[place] for place in first]), strict=True))
            answers |= zip(again, await self._together([singles[place] for place in again]), strict=True)
            return [answers[place] for place in range(len(singles))]
        try:
            async with writing(self._sessions) as session:
                return await self._store(session, singles)
        except Exception as error:  # noqa: BLE001  # told to whom it concerns
            if len(singles) == 1:
                return [_alone(error)]
            if not _is_of_one(error):
                return [error] * len(singles)
            half = len(singles) // 2
            return [*await self._together(singles[:half]), *await self._together(singles[half:])]

    async def _store(self, session: AsyncSession, singles: Sequence[_Single]) -> list[Received | Exception]:
        used = await idempotency.begin_many(session, [taking for one in singles if (taking := _taking(one))])
        fresh = [one for one in singles if one.use not in used]
        received = iter(await self._receive(session, [one.incoming for one in fresh]))
        answers: list[Received | Exception] = []
        for one in singles:
            first = used.get(one.use) if one.use else None
            answer = next(received) if first is None else _replayed(first)
            if one.use is not None and first is None:
                await self._settle(session, one.use, answer)
            answers.append(answer)
        return answers

    async def _settle(self, session: AsyncSession, use: KeyUse, answer: Received | Exception) -> None:
        """Say what a key led to, where it is not what was expected."""
        if isinstance(answer, Exception):
            await idempotency.forget(session, use)
        elif not answer.created:
            await idempotency.settle(session, use, resource_id=answer.report_id, status=KNOWN)


def _first_of_each_key(singles: Sequence[_Single]) -> tuple[list[int], list[int]]:
    """Return the places of those that are the first with their key, or have none, and of those that are not."""
    seen: set[tuple[str, str, str]] = set()
    places: tuple[list[int], list[int]] = ([], [])
    for place, one in enumerate(singles):
        came_before = one.use is not None and one.use.place in seen
        places[came_before].append(place)
        if one.use is not None:
            seen.add(one.use.place)
    return places


def _taking(one: _Single) -> Taking | None:
    if one.use is None:
        return None
    return Taking(use=one.use, resource_id=one.incoming.arrival.id, status=CREATED, now=one.incoming.acting.now)


def _replayed(first: Replay | Exception) -> Received | Exception:
    if isinstance(first, Exception):
        return first
    return Received(report_id=first.resource_id, created=first.status == CREATED)


def _is_of_one(error: Exception) -> bool:
    """Tell whether a group may have failed for one of it, as against the database being away."""
    return not isinstance(error, Unavailable) or _state(error) in _CHOSEN


def _alone(error: Exception) -> Exception:
    if _state(error) == LOCK_NOT_AVAILABLE:
        return IdempotencyInProgress("同一 Idempotency-Key 的请求正在处理")
    return error


def _state(error: Exception) -> str | None:
    return sqlstate(error.__cause__ or error)
