"""The queue of each post, in the order in which its stages fall due; and taking the next from it."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app.dispatch.access import Actor, Sight, acting_sight
from app.dispatch.book import Book
from app.dispatch.calendar import WorkCalendar
from app.dispatch.clock import due, yellow_at
from app.dispatch.codes import Light, Post
from app.dispatch.disclosure import light_of
from app.dispatch.errors import NotPermitted
from app.dispatch.leases import Lease
from app.dispatch.limits import Limit
from app.dispatch.worklist import Queue, queues_of
from app.repositories.leases import LeaseRepository
from app.repositories.worklists import Queued, WorklistRepository
from app.services import idempotency
from app.services.acts import Sittings
from app.services.idempotency import KeyUse
from app.services.leases import rows_of
from app.services.queue_cursor import START, At, Places, places_of, queue_cursor
from app.services.transaction import Sessions, reading, writing

_TRIES: Final = 3
"""How often the next are looked for when others took them at the same moment."""
_DONE: Final = 200
_YELLOW_FROM: Final = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class StageDue:
    """When a stage is due, and when its light turns yellow."""

    due_at: datetime | None
    yellow_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedThing:
    """One thing in a queue, with when its stage is due and who has claimed it."""

    queue: Queue
    waiting: Queued
    stage: StageDue
    light: Light | None
    mine: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Queues:
    """What waits for whom, and for whom next."""

    sessions: Sessions
    sittings: Sittings
    now: Callable[[], datetime]

    async def page(
        self, actor: Actor, posts: frozenset[Post], *, limit: int, behind: str | None
    ) -> tuple[list[QueuedThing], str | None]:
        """Return what waits for some of the actor's posts, due first, and the cursor behind it."""
        book, now = self.sittings.books.current, self.now()
        places = places_of(behind) if behind is not None else {}
        async with reading(self.sessions) as session:
            repository, streams = WorklistRepository(session), []
            for queue in _queues(posts & actor.posts):
                if behind is not None and queue.name not in places:
                    continue
                found = await repository.queued(
                    queue,
                    self._reach(queue, actor, book),
                    actor.account_id,
                    now,
                    limit=limit + 1,
                    behind=places.get(queue.name, START).place,
                )
                streams.append([self._thing(queue, one, actor, book, now) for one in found])
        merged = list(_merged(streams))
        shown = merged[:limit]
        return shown, _following(shown, streams, places) if len(merged) > limit else None

    async def first(self, actor: Actor, queues: Sequence[Queue], *, limit: int) -> list[QueuedThing]:
        """Return the first of some queues of the actor's posts, due first."""
        book, now, streams = self.sittings.books.current, self.now(), []
        async with reading(self.sessions) as session:
            repository = WorklistRepository(session)
            for queue in queues:
                reach = self._reach(queue, actor, book)
                found = await repository.queued(queue, reach, actor.account_id, now, limit=limit)
                streams.append([self._thing(queue, one, actor, book, now) for one in found])
        return list(_merged(streams))[:limit]

    async def take_next(self, actor: Actor, post: Post, count: int, key: KeyUse | None) -> list[QueuedThing]:
        """Claim the next free things of a post, never one that somebody else gets; fewer where fewer are free.

        Raises NotPermitted where the actor does not hold the post.
        """
        if post not in actor.posts:
            raise NotPermitted(f"您没有“{post}”岗位")
        now, taking = self.now(), uuid7()
        async with writing(self.sessions) as session:
            first = await idempotency.begin(session, key, resource_id=taking, status=_DONE, now=now)
            if first is not None:
                return await self._taken_before(session, actor, post, first.resource_id, now)
            taken: list[QueuedThing] = []
            for _ in range(_TRIES):
                offered = await self._offered(session, actor, post, count - len(taken), now)
                got = await self._take(session, actor, post, offered, now, taking)
                taken += got
                if len(taken) == count or len(got) == len(offered):
                    break
            return taken

    async def _offered(
        self, session: AsyncSession, actor: Actor, post: Post, count: int, now: datetime
    ) -> list[QueuedThing]:
        book, repository, streams = self.sittings.books.current, WorklistRepository(session), []
        for queue in queues_of(frozenset({post})):
            reach = self._reach(queue, actor, book)
            found = await repository.free(queue, reach, actor.account_id, now, limit=count)
            streams.append([self._thing(queue, one, actor, book, now) for one in found])
        return list(_merged(streams))[:count]

    async def _take(
        self,
        session: AsyncSession,
        actor: Actor,
        post: Post,
        offered: Sequence[QueuedThing],
        now: datetime,
        taking: UUID,
    ) -> list[QueuedThing]:
        """Claim what was offered; what a colleague claimed between two looks is his."""
        until = now + self.sittings.books.current.city_policies(now, self.sittings.policies).claim_lease
        rows = []
        for one in {one.waiting.id: one for one in offered}.values():
            lease = Lease(
                subject_id=one.waiting.id, post=post, account_id=actor.account_id, name=actor.name, until=until
            )
            rows += rows_of(one.queue.thing, [lease], now, taking)
        got = await LeaseRepository(session).take(rows)
        return [_claimed(one, actor, until) for one in offered if one.waiting.id in got]

    async def _taken_before(
        self, session: AsyncSession, actor: Actor, post: Post, taking: UUID, now: datetime
    ) -> list[QueuedThing]:
        """Return what the same request took and is still held, as it stands now."""
        held = {one.subject_id for one in await LeaseRepository(session).taken_with(taking, actor.account_id, now)}
        book, repository, streams = self.sittings.books.current, WorklistRepository(session), []
        for queue in queues_of(frozenset({post})):
            reach = self._reach(queue, actor, book)
            found = await repository.queued(queue, reach, actor.account_id, now, limit=len(held), among=held)
            streams.append([self._thing(queue, one, actor, book, now) for one in found])
        return list(_merged(streams))

    def _reach(self, queue: Queue, actor: Actor, book: Book) -> Sight:
        """Return how far the actor acts under the queue's post: what he only sees does not wait for him."""
        return acting_sight(actor, queue.post, queue.thing, book.units_below)

    def _thing(self, queue: Queue, waiting: Queued, actor: Actor, book: Book, now: datetime) -> QueuedThing:
        policies = book.city_policies(now, self.sittings.policies)
        limit = getattr(policies, queue.limit) if queue.limit else None
        stage = (
            _within(waiting.since, limit, book.calendar)
            if limit is not None
            else StageDue(due_at=waiting.key, yellow_at=waiting.yellow_at or _yellow(waiting))
        )
        return QueuedThing(
            queue=queue,
            waiting=waiting,
            stage=stage,
            light=light_of(stage.due_at, stage.yellow_at, now),
            mine=waiting.holder_id == actor.account_id,
        )


def _claimed(one: QueuedThing, actor: Actor, until: datetime) -> QueuedThing:
    waiting = replace(one.waiting, holder_id=actor.account_id, holder=actor.name, until=until)
    return replace(one, waiting=waiting, mine=True)


def _yellow(waiting: Queued) -> datetime | None:
    """Return when a ruling's light turns yellow: its due time is recorded, the share of it is by the wall clock."""
    return waiting.since + _YELLOW_FROM * (waiting.key - waiting.since) if waiting.key else None


def _within(since: datetime, limit: Limit, calendar: WorkCalendar) -> StageDue:
    when = due(since, limit, calendar)
    return StageDue(due_at=when.at, yellow_at=yellow_at(when))


def _queues(posts: frozenset[Post]) -> tuple[Queue, ...]:
    """Return the queues of posts; what a unit has to sign stands among what it has to put right."""
    return tuple(queue for queue in queues_of(posts) if not queue.unsigned)


def _merged(streams: Sequence[Sequence[QueuedThing]]) -> Iterator[QueuedThing]:
    """Yield from several queues whichever is due first; each queue keeps its own order."""
    heads = [0] * len(streams)
    while open_ones := [number for number, stream in enumerate(streams) if heads[number] < len(stream)]:
        first = min(open_ones, key=lambda number: _urgency(streams[number][heads[number]]))
        yield streams[first][heads[first]]
        heads[first] += 1


def _urgency(one: QueuedThing) -> tuple[datetime, UUID]:
    return one.stage.due_at or datetime.min.replace(tzinfo=UTC), one.waiting.id


def _following(shown: Sequence[QueuedThing], streams: Sequence[Sequence[QueuedThing]], before: Places) -> str:
    """Return the cursor behind what was shown: of each queue that goes on, the last of it that was."""
    last = {one.queue.name: one.waiting.place for one in shown}
    count = Counter(one.queue.name for one in shown)
    going_on = (stream[0].queue.name for stream in streams if stream and count[stream[0].queue.name] < len(stream))
    return queue_cursor({name: At(last[name]) if name in last else before.get(name, START) for name in going_on})
