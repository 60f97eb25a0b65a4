"""Around every action of a person: what he sees, what he may do, what he knew, and that it happens once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch import commands
from app.dispatch.access import Actor, Office, Sight, Standing, Thing, office_holder, own_units, permit, sight
from app.dispatch.case_rulings import ruler
from app.dispatch.codes import Action, Post
from app.dispatch.errors import (
    BadInput,
    Conflict,
    GridcaseError,
    IdempotencyInProgress,
    IdempotencyMismatch,
    NotPermitted,
    NotVisible,
    Stale,
    Unavailable,
)
from app.dispatch.leases import LEASABLE, Lease, by_subject, ended_by, in_the_way
from app.dispatch.policies import Policies
from app.repositories.leases import LeaseRepository
from app.services import idempotency
from app.services.acts import Act, Sittings
from app.services.held import HeldCase, HeldReport
from app.services.idempotency import KeyUse, Replay
from app.services.intents import Intent
from app.services.ledger import Acting, Subject
from app.services.rulings import record_ruled
from app.services.sitting import Sitting
from app.services.steps import Steps
from app.services.transaction import Sessions, alone, concerns_one, writing

_THINGS: Final[Mapping[Subject, Thing]] = {"case": Thing.CASE, "report": Thing.REPORT}
_DONE: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Meta:
    """What comes with an action besides its fields."""

    as_post: Post | None = None
    on_behalf_of: str | None = None
    occurred_at: datetime | None = None
    if_match: int | None = None
    key: KeyUse | None = None

    def for_item(self, subject_id: UUID) -> "Meta":
        """Return what goes with one item of a batch."""
        return replace(self, key=self.key.for_item(subject_id)) if self.key else self

    def check(self, version: int) -> None:
        """Raise Stale where the caller knows another version."""
        if self.if_match is not None and self.if_match != version:
            raise Stale("已被他人更新，请刷新后重试", fields={"version": version})


@dataclass(frozen=True, slots=True, kw_only=True)
class Possible:
    """What a caller may do to one thing now, and what holds for it: policies may demand more of an action."""

    actions: Sequence[Action]
    policies: Policies


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one item of a batch; `again`: the same request was done before, and nothing was done now."""

    id: UUID
    error: GridcaseError | None = None
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a person wants done to one thing."""

    subject: Subject
    id: UUID
    command: commands.Command
    actor: Actor
    meta: Meta


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Let people act; `now` is our clock."""

    sessions: Sessions
    sittings: Sittings
    steps: Steps
    now: Callable[[], datetime]

    async def act(self, wish: Wish) -> bool:
        """Do what a person wants done; False when the same key did it before.

        Raises, in this order: NotVisible, NotPermitted, BadInput, Stale, Conflict.
        """
        async with writing(self.sessions) as session:
            (outcome,), ruled = await self._judge(session, [wish])
            if outcome.error is not None:
                raise outcome.error
        await self._follow(ruled=ruled)
        return not outcome.again

    async def act_on_many(self, wishes: Sequence[Wish]) -> list[Outcome]:
        """Do many things in one transaction, each judged apart; one that fails stops none of the others."""
        try:
            async with writing(self.sessions) as session:
                outcomes, ruled = await self._judge(session, wishes)
                refused = (wish.meta.key for wish, one in zip(wishes, outcomes, strict=True) if one.error is not None)
                await idempotency.forget(session, *{key for key in refused if key is not None})
        except IdempotencyInProgress:
            pass
        except (DBAPIError, Unavailable) as error:
            if not concerns_one(error):
                raise
        else:
            await self._follow(ruled=ruled)
            return outcomes
        return [await alone(self._single(wish), partial(_refused, wish)) for wish in wishes]

    async def _single(self, wish: Wish) -> Outcome:
        return Outcome(id=wish.id, again=not await self.act(wish))

    async def _follow(self, *, ruled: bool) -> None:
        """Let this process, and the others, know at once of rulings that have just been committed."""
        if ruled:
            await self.sittings.books.changed()

    async def _judge(self, session: AsyncSession, wishes: Sequence[Wish]) -> tuple[list[Outcome], bool]:
        """Hold everything, take the keys of what is seen, judge and take each in turn, store what was done.

        Return as well whether a ruling was made.
        """
        sitting = await self.sittings.open(session, [_intent(wish, self.now()) for wish in wishes])
        hearing = await self._hearing(sitting, wishes)
        outcomes = [self._outcome(hearing, wish) for wish in wishes]
        await sitting.store()
        return outcomes, await record_ruled(session, sitting.effects.rulings, self.now)

    async def _hearing(self, sitting: Sitting, wishes: Sequence[Wish]) -> "_Hearing":
        hearing = _Hearing(sitting=sitting, steps=self.steps, now=self.now())
        seen, unseen = {}, set()
        for wish in wishes:
            if wish.meta.key is None:
                continue
            if hearing.seen(wish) is not None:
                seen[wish.meta.key] = wish.id
            else:
                unseen.add(wish.meta.key)
        hearing.leases = await self._leases(sitting, hearing, wishes)
        hearing.used = await idempotency.take(sitting.session, seen, status=_DONE, now=hearing.now)
        hearing.done = await idempotency.done_before(sitting.session, unseen - seen.keys())
        return hearing

    async def _leases(
        self, sitting: Sitting, hearing: "_Hearing", wishes: Sequence[Wish]
    ) -> Mapping[UUID, Sequence[Lease]]:
        """Return who has claimed what is to be moved on; read behind the locks, as those who claim lock it too."""
        wanted = {wish.id for wish in wishes if wish.command.action in LEASABLE and hearing.seen(wish) is not None}
        return by_subject(await LeaseRepository(sitting.session).alive(wanted, hearing.now))

    def _outcome(self, hearing: "_Hearing", wish: Wish) -> Outcome:
        try:
            return Outcome(id=wish.id, again=hearing.hear(wish))
        except GridcaseError as error:
            return _refused(wish, error)


@dataclass(slots=True, kw_only=True)
class _Hearing:
    """One batch of wishes before a sitting that holds what they are about."""

    sitting: Sitting
    steps: Steps
    now: datetime
    leases: Mapping[UUID, Sequence[Lease]] = field(default_factory=dict)
    used: Mapping[KeyUse, Replay | IdempotencyMismatch] = field(default_factory=dict)
    done: set[KeyUse] = field(default_factory=set)
    sights: dict[tuple[UUID, Subject], Sight] = field(default_factory=dict)

    def seen(self, wish: Wish) -> HeldCase | HeldReport | None:
        """Return the thing as it stands now, if the caller sees it."""
        held = self.sitting.case(wish.id) if wish.subject == "case" else self.sitting.report(wish.id)
        sees = held is not None and self._sight(wish).covers(held.standing)
        return held if sees else None

    def hear(self, wish: Wish) -> bool:
        """Do what is wished; return whether the same request was done before, and nothing was to be done."""
        held, key = self.seen(wish), wish.meta.key
        if held is None:
            if key in self.done:
                return True  # what he did then took it out of his sight
            raise NotVisible
        first = self.used.get(key) if key is not None else None
        if isinstance(first, IdempotencyMismatch):
            raise first
        if key in self.done or first is not None:
            return True
        self._take(wish, held)
        if key is not None:
            self.done.add(key)
        return False

    def _take(self, wish: Wish, held: HeldCase | HeldReport) -> None:
        meta, version = wish.meta, held.version
        as_post = meta.as_post or (ruler(held.life, wish.command) if isinstance(held, HeldCase) else None)
        units_below = self.sitting.book.units_below
        post = permit(wish.actor, wish.command.action, held.standing, units_below, as_post=as_post)
        self._check_named(wish, held.standing)
        acting = Acting(
            now=self.now,
            post=post,
            actor_id=wish.actor.account_id,
            own_units=own_units(wish.actor, units_below) if post is Post.UNIT else None,
            on_behalf_of=meta.on_behalf_of,
            occurred_at=meta.occurred_at,
        )
        with self.sitting.attempt():
            try:
                act = Act(subject=wish.subject, subject_id=wish.id, command=wish.command, acting=acting)
                state = held.life.state
                self.steps.take(self.sitting, act)
                self._respect_leases(wish, post, moved=held.life.state is not state)
            except Conflict:
                meta.check(version)  # what was sent is judged first, then what the caller knew, then the state
                raise
            meta.check(version)

    def _respect_leases(self, wish: Wish, post: Post, *, moved: bool) -> None:
        """Refuse what a colleague of the same post has claimed; end the claims that this step makes pointless."""
        leases, action, who = self.leases.get(wish.id, ()), wish.command.action, wish.actor.account_id
        claimed = in_the_way(leases, action, post, who, self.now)
        if claimed is not None:
            raise claimed.refusal()
        self.sitting.effects.free(ended_by(leases, action, post, who, moved=moved))

    def _check_named(self, wish: Wish, standing: Standing) -> None:
        """Refuse a second person who may not void it, a target out of sight, a ruling beyond the caller's reach."""
        command = wish.command
        if isinstance(command, commands.Void) and command.second_person is not None:
            self._check_second(command.second_person, standing)
        elif isinstance(command, commands.Merge | commands.MergeCase):
            case = self.sitting.case(command.into_case)
            below = self.sitting.book.units_below
            if case is None or not sight(wish.actor, Thing.CASE, below).covers(case.standing):
                raise BadInput.at(["body", "into_case"], "没有这个案件", code="unknown_case")
        elif isinstance(command, commands.Arbitrate) and command.ruling is not None:
            _check_lasting(wish.actor)

    def _check_second(self, account_id: UUID, standing: Standing) -> None:
        held = self.sitting.appointments_of(account_id)
        second = Actor(account_id=account_id, username="", name="", appointments=held)
        try:
            permit(second, Action.VOID, standing, self.sitting.book.units_below)
        except NotPermitted:
            where, message = ["body", "second_person"], "复核人须是管辖此案件的在岗值班长"
            raise BadInput.at(where, message, code="second_person_unknown") from None

    def _sight(self, wish: Wish) -> Sight:
        """Return what the caller sees of such things; told once, however many things a batch is about."""
        key = wish.actor.account_id, wish.subject
        if key not in self.sights:
            self.sights[key] = sight(wish.actor, _THINGS[wish.subject], self.sitting.book.units_below)
        return self.sights[key]


def _check_lasting(actor: Actor) -> None:
    """Refuse a ruling for cases to come by who rules on some of the city's only: it would send other desks' cases."""
    try:
        office_holder(actor, Office.RULINGS)
    except NotPermitted:
        raise NotPermitted("可沿用的裁定（ruling）须由全市的权属裁定岗作出") from None


def _intent(wish: Wish, now: datetime) -> Intent:
    return Intent(
        subject=wish.subject,
        subject_id=wish.id,
        command=wish.command,
        now=now,
        on_behalf_of=wish.meta.on_behalf_of,
    )


def _refused(wish: Wish, error: GridcaseError) -> Outcome:
    return Outcome(id=wish.id, error=error)
