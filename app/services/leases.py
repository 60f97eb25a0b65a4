"""Taking things from a queue for a while, and letting go of them: nothing of a report or case moves by it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app.dispatch.access import Actor, Thing, permit, sight
from app.dispatch.codes import Post
from app.dispatch.errors import Conflict, GridcaseError, NotVisible
from app.dispatch.leases import CLAIM, RELEASE, Claimed, Lease, by_subject, claiming_post, in_the_way, may_release
from app.models.cases import Case
from app.models.reports import Report
from app.repositories.leases import LeaseRepository
from app.services import idempotency, standings
from app.services.frame import Frame, Meta, Outcome, Possible
from app.services.idempotency import KeyUse, Replay
from app.services.transaction import reading, writing

_DONE: Final = 200
_Keys = Callable[[UUID], KeyUse | None]
_Found = Lease | Replay | GridcaseError
"""What became of one thing: the lease that was taken or ended, what the same request led to before, or a refusal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Locked:
    """A thing locked so that it cannot move on while it is claimed, and the claims there are."""

    id: UUID
    version: int
    claimed: Claimed
    leases: Sequence[Lease]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leases:
    """Claims on reports and cases; who acts on them is held to the claims by the frame."""

    frame: Frame

    async def claim(self, thing: Thing, subject_id: UUID, actor: Actor, meta: Meta) -> None:
        """Claim one thing, or prolong one's claim. Raises NotVisible, NotPermitted, Stale, Conflict."""
        _raise(await self._each(thing, [subject_id], actor, meta, lambda _: meta.key, release=False))

    async def release(self, thing: Thing, subject_id: UUID, actor: Actor, meta: Meta) -> None:
        """Let go of one thing. Raises as `claim` does; Conflict where nobody has claimed it."""
        _raise(await self._each(thing, [subject_id], actor, meta, lambda _: meta.key, release=True))

    async def claim_many(self, thing: Thing, ids: Sequence[UUID], actor: Actor, meta: Meta) -> list[Outcome]:
        """Claim many things; one that is refused stops none of the others."""
        return await self._many(thing, ids, actor, meta, release=False)

    async def release_many(self, thing: Thing, ids: Sequence[UUID], actor: Actor, meta: Meta) -> list[Outcome]:
        """Let go of many things; as `claim_many`."""
        return await self._many(thing, ids, actor, meta, release=True)

    async def of(self, subject_id: UUID) -> list[Lease]:
        """Return who has claimed a thing, post by post."""
        async with reading(self.frame.sessions) as session:
            return await LeaseRepository(session).alive([subject_id], self.frame.now())

    async def openings(
        self, thing: Thing, subject_id: UUID, actor: Actor, possible: Possible
    ) -> tuple[Possible, list[str]]:
        """Return what of the possible actions no colleague has claimed, and which of claiming and releasing is open."""
        book, now = self.frame.sittings.books.current, self.frame.now()
        async with reading(self.frame.sessions) as session:
            found = await self._stand(session, thing, subject_id, now)
        if found is None:
            raise NotVisible
        standing, me, leases = found.claimed.standing, actor.account_id, found.leases
        left = []
        for action in possible.actions:
            post = permit(actor, action, standing, book.units_below)
            if in_the_way(leases, action, post, me, now) is None:
                left.append(action)
        opened = [CLAIM] if self._claims(found, actor) else []
        if any(may_release(actor, one, standing, book.units_below) for one in leases):
            opened.append(RELEASE)
        return replace(possible, actions=left), opened

    def _claims(self, found: _Locked, actor: Actor) -> bool:
        try:
            self._to_claim(found, actor, Meta())
        except GridcaseError:
            return False
        return True

    async def _many(
        self, thing: Thing, ids: Sequence[UUID], actor: Actor, meta: Meta, *, release: bool
    ) -> list[Outcome]:
        await idempotency.begin_batch(self.frame.sessions, meta.key, now=self.frame.now())
        return await self._each(thing, ids, actor, meta, lambda one: meta.for_item(one).key, release=release)

    async def _each(
        self, thing: Thing, ids: Sequence[UUID], actor: Actor, meta: Meta, keys: _Keys, *, release: bool
    ) -> list[Outcome]:
        """Judge each thing behind its lock, then write all that was granted by one statement."""
        now = self.frame.now()
        async with writing(self.frame.sessions) as session:
            locked = await self._lock(session, thing, ids, now)
            uses = {one: use for one in ids if (use := keys(one)) is not None}
            used = await idempotency.take(session, {use: one for one, use in uses.items()}, status=_DONE, now=now)
            judged: dict[UUID, _Found] = {}
            for one in ids:
                before = used.get(uses[one]) if one in uses else None
                judged[one] = before or self._judged(thing, locked.get(one), actor, meta, release=release)
            refused = [use for one, use in uses.items() if use not in used and isinstance(judged[one], GridcaseError)]
            await idempotency.forget(session, *refused)
            repository, granted = LeaseRepository(session), [one for one in judged.values() if isinstance(one, Lease)]
            if release:
                await repository.end(granted)
                await self._record_taken_away(repository, thing, granted, actor, now)
            else:
                await repository.take(rows_of(thing, granted, now))
        return [_outcome(one, found) for one, found in judged.items()]

    def _judged(
        self, thing: Thing, locked: _Locked | None, actor: Actor, meta: Meta, *, release: bool
    ) -> Lease | GridcaseError:
        try:
            if locked is None or not self._sees(thing, locked, actor):
                raise NotVisible
            judge = self._to_release if release else self._to_claim
            return judge(locked, actor, meta)
        except GridcaseError as error:
            return error

    def _to_claim(self, locked: _Locked, actor: Actor, meta: Meta) -> Lease:
        book, now = self.frame.sittings.books.current, self.frame.now()
        try:
            post = claiming_post(actor, locked.claimed, book.units_below, as_post=meta.as_post)
            for lease in locked.leases:
                if lease.post is post and lease.account_id != actor.account_id:
                    raise lease.refusal()
        except Conflict:
            meta.check(locked.version)
            raise
        meta.check(locked.version)
        until = now + book.city_policies(now, self.frame.sittings.policies).claim_lease
        return Lease(subject_id=locked.id, post=post, account_id=actor.account_id, name=actor.name, until=until)

    def _to_release(self, locked: _Locked, actor: Actor, meta: Meta) -> Lease:
        """Return the lease to end: one's own before another's."""
        units_below = self.frame.sittings.books.current.units_below
        named = [one for one in locked.leases if meta.as_post in {None, one.post}]
        named.sort(key=lambda one: one.account_id != actor.account_id)
        meta.check(locked.version)
        if not named:
            raise Conflict("没有人认领这一项", code="not_claimed", fields={"state": locked.claimed.state})
        if not may_release(actor, named[0], locked.claimed.standing, units_below):
            raise named[0].refusal()
        return named[0]

    def _sees(self, thing: Thing, locked: _Locked, actor: Actor) -> bool:
        units_below = self.frame.sittings.books.current.units_below
        return sight(actor, thing, units_below).covers(locked.claimed.standing)

    async def _lock(
        self, session: AsyncSession, thing: Thing, ids: Sequence[UUID], now: datetime
    ) -> Mapping[UUID, _Locked]:
        repository = LeaseRepository(session)
        rows = await (repository.lock_cases(ids) if thing is Thing.CASE else repository.lock_reports(ids))
        pending = await repository.pending(rows.keys() if thing is Thing.CASE else ())
        leases = by_subject(await repository.alive(rows.keys(), now))
        return {one: _stands(thing, row, pending.get(one, ()), leases.get(one, ())) for one, row in rows.items()}

    async def _stand(self, session: AsyncSession, thing: Thing, subject_id: UUID, now: datetime) -> _Locked | None:
        """Return how one thing stands, without locking it."""
        repository = LeaseRepository(session)
        row = await session.get(Case, subject_id) if thing is Thing.CASE else await session.get(Report, subject_id)
        if row is None:
            return None
        pending = await repository.pending([subject_id] if thing is Thing.CASE else ())
        return _stands(thing, row, pending.get(subject_id, ()), await repository.alive([subject_id], now))

    async def _record_taken_away(
        self, repository: LeaseRepository, thing: Thing, granted: Sequence[Lease], actor: Actor, now: datetime
    ) -> None:
        """Record what was taken away from colleagues, one row a colleague; who lets go of his own leaves no trace."""
        for holder in dict.fromkeys(one.account_id for one in granted if one.account_id != actor.account_id):
            lost = [handed(thing, one, moved=False) for one in granted if one.account_id == holder]
            row = {"id": uuid7(), "at": now, "from_account": holder, "by_account": actor.account_id}
            await repository.hand_over({**row, "to_account": None, "leases": lost}, None)


def _stands(thing: Thing, row: Case | Report, pending: Collection[Post], leases: Sequence[Lease]) -> _Locked:
    standing = standings.of_case(row) if isinstance(row, Case) else standings.of_report(row)
    claimed = Claimed(thing=thing, state=row.state, standing=standing, pending=pending)
    return _Locked(id=row.id, version=row.version, claimed=claimed, leases=leases)


def rows_of(thing: Thing, leases: Sequence[Lease], now: datetime, taking: UUID | None = None) -> list[dict[str, Any]]:
    """Return leases as rows, taken together under one id."""
    together = taking or uuid7()
    return [
        {
            "subject_id": one.subject_id,
            "post": one.post,
            "subject": thing,
            "account_id": one.account_id,
            "taken_at": now,
            "until": one.until,
            "taking": together,
        }
        for one in leases
    ]


def handed(thing: Thing, lease: Lease, *, moved: bool) -> dict[str, Any]:
    """Return a lease as a handover records it."""
    return {"subject": thing, "subject_id": str(lease.subject_id), "post": lease.post, "moved": moved}


def _outcome(subject_id: UUID, found: _Found) -> Outcome:
    error = found if isinstance(found, GridcaseError) else None
    return Outcome(id=subject_id, error=error, again=isinstance(found, Replay))


def _raise(outcomes: Sequence[Outcome]) -> None:
    for one in outcomes:
        if one.error is not None:
            raise one.error
