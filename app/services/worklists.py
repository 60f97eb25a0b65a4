"""What waits for the caller, post by post."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.dispatch.access import Actor, acting_sight
from app.dispatch.disclosure import judging_clock
from app.dispatch.worklist import Queue, queues_of
from app.repositories.worklists import Waiting, WorklistRepository
from app.services.books import Books
from app.services.transaction import Sessions, reading


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingQueue:
    """A queue with how many wait by light, and the first of them."""

    queue: Queue
    lights: Mapping[str, int]
    first: Sequence[Waiting]


class Worklists:
    """Everything that tells people what to do next."""

    def __init__(self, sessions: Sessions, books: Books, now: Callable[[], datetime]) -> None:
        """Take where to read from."""
        self._sessions = sessions
        self._books = books
        self._now = now

    async def of(self, actor: Actor, *, limit: int) -> list[WaitingQueue]:
        """Return the queues of the actor's posts, with up to `limit` things each."""
        units_below, clock, now = self._books.current.units_below, judging_clock(actor), self._now()
        found = []
        async with reading(self._sessions) as session:
            repository = WorklistRepository(session)
            for queue in queues_of(actor.posts):
                seen = acting_sight(actor, queue.post, queue.thing, units_below)
                lights = await repository.lights(queue, seen, actor.account_id, clock, now)
                first = await repository.first(queue, seen, actor.account_id, clock, limit) if lights else []
                found.append(WaitingQueue(queue=queue, lights=lights, first=first))
        return found
