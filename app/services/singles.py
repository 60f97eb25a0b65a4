"""Single reports that come at the same time: one transaction for all, an answer for each, every key used once."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.errors import ClientIdTaken, IdempotencyInProgress, IdempotencyMismatch, Unavailable
from app.repositories.work import WorkRepository
from app.services import idempotency
from app.services.arrivals import Incoming, Received
from app.services.grouping import Grouped
from app.services.idempotency import ANOTHER_BODY, IN_PROGRESS, LOCK_NOT_AVAILABLE, KeyUse, Replay, Taking
from app.services.transaction import Sessions, sqlstate, writing

CREATED, KNOWN = 201, 200
_CHOSEN: Final = frozenset({"40P01", "40001"})
"""SQLSTATEs by which the server chose a victim: the same again, in smaller parts, may succeed."""

WAIT_S, ASK_AGAIN_S = 5.0, 0.1
"""How long one waits for another process that is at the same key or client_id, and how often it asks."""

Receive = Callable[[AsyncSession, Sequence[Incoming]], Awaitable[Sequence[Received | ClientIdTaken]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Single:
    """One arrival on its own, perhaps under an idempotency key."""

    incoming: Incoming
    use: KeyUse | None

    @property
    def places(self) -> set[str]:
        """Where nobody else may be at work while it is stored."""
        client_id = self.incoming.arrival.client_id
        keys = {" ".join(("key", *self.use.place))} if self.use is not None else set()
        return keys | ({f"client_id {client_id}"} if client_id is not None else set())


class Singles:
    """Reports one by one in, groups of them stored."""

    def __init__(self, sessions: Sessions, receive: Receive) -> None:
        """Take what stores a group within a transaction."""
        self._sessions = sessions
        self._receive = receive
        self._grouped: Grouped[_Single, Received] = Grouped(self._together)

    async def receive(self, incoming: Incoming, use: KeyUse | None) -> Received:
        """Store one arrival with whatever comes at the same time; return after the common commit.

        Another process at the same key or client_id is waited for here, where nobody else waits along.
        """
        single, now = _Single(incoming=incoming, use=use), asyncio.get_running_loop().time
        until = now() + WAIT_S
        while True:
            try:
                return await self._grouped.ask(single)
            except IdempotencyInProgress:
                if now() >= until:
                    raise
            await asyncio.sleep(ASK_AGAIN_S)

    async def drain(self) -> None:
        """Wait until what has come in is stored."""
        await self._grouped.drain()

    async def _together(self, singles: Sequence[_Single]) -> list[Received | Exception]:
        """Store the first with each key by one commit; those that repeat it are answered by what became of it."""
        first, again = _first_of_each_key(singles)
        answers = dict(zip(first, await self._at_once([singles[place] for place in first]), strict=True))
        known = {one.use.place: place for place in first if (one := singles[place]).use is not None}
        left = []
        for place in again:
            before = known[singles[place].use.place]  # type: ignore[union-attr]  # a repeat has a key
            told = _repeated(singles[place], singles[before], answers[before])
            if told is None:
                left.append(place)  # the first was refused: the key is free for another body
            else:
                answers[place] = told
        if left:
            answers |= zip(left, await self._together([singles[place] for place in left]), strict=True)
        return [answers[place] for place in range(len(singles))]

    async def _at_once(self, singles: Sequence[_Single]) -> list[Received | Exception]:
        """Store what repeats no key by one commit; where one of it spoils that, by halves, in the end each alone."""
        try:
            async with writing(self._sessions) as session:
                return await self._free(session, singles)
        except Exception as error:  # noqa: BLE001  # told to whom it concerns
            if len(singles) == 1:
                return [_alone(error)]
            if not _is_of_one(error):
                return [error] * len(singles)
            half = len(singles) // 2
            return [*await self._at_once(singles[:half]), *await self._at_once(singles[half:])]

    async def _free(self, session: AsyncSession, singles: Sequence[_Single]) -> list[Received | Exception]:
        """Store those that nobody else is at; one that waits for another must not keep the others waiting."""
        places = [one.places for one in singles]
        free = await WorkRepository(session).reserve(set().union(*places))
        stored = await self._store(session, [one for one, own in zip(singles, places, strict=True) if own <= free])
        answers = iter(stored)
        return [next(answers) if own <= free else IdempotencyInProgress(IN_PROGRESS) for own in places]

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


def _repeated(one: _Single, first: _Single, answer: Received | Exception) -> Received | Exception | None:
    """Return what a repeat is told after the first with its key; None where that left the key to it."""
    if one.use == first.use or isinstance(answer, Unavailable):
        return replace(answer, row=None, media=()) if isinstance(answer, Received) else answer
    return IdempotencyMismatch(ANOTHER_BODY) if isinstance(answer, Received) else None


def _is_of_one(error: Exception) -> bool:
    """Tell whether a group may have failed for one of it, as against the database being away."""
    return not isinstance(error, Unavailable) or _state(error) in _CHOSEN


def _alone(error: Exception) -> Exception:
    if _state(error) == LOCK_NOT_AVAILABLE:
        return IdempotencyInProgress(IN_PROGRESS)
    return error


def _state(error: Exception) -> str | None:
    return sqlstate(error.__cause__ or error)
