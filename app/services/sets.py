"""Versions of master data: what there is, what is in force, and putting several in force at one instant."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app.dispatch import activation
from app.dispatch.access import Actor, Office, office_holder
from app.dispatch.activation import Candidate, Finding
from app.dispatch.errors import BadInput, Conflict, GridcaseError, NotPermitted, NotVisible
from app.dispatch.scrub import scrub
from app.dispatch.set_codes import SetKind, SetState
from app.models.activations import Activation
from app.models.sets import DataSet
from app.repositories.plans import Plan, PlanRepository
from app.repositories.sets import SetRepository
from app.repositories.work import WorkRepository
from app.services import idempotency
from app.services.books import Books
from app.services.idempotency import KeyUse
from app.services.set_checks import Checked, SetChecks
from app.services.transaction import Sessions, reading, writing

_TRIES: Final = 3
"""How often a check is made again because somebody else changed the plan meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Sets to be put in force together; `since` None: now."""

    ids: tuple[UUID, ...]
    since: datetime | None = None
    force: bool = False
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Activated:
    """A recorded activation with its sets as they stand now."""

    activation: Activation
    sets: Sequence[DataSet]


class Sets:
    """Sets and their activation."""

    def __init__(self, sessions: Sessions, books: Books, now: Callable[[], datetime]) -> None:
        """Take where sets are, the books, and our clock."""
        self._sessions = sessions
        self._books = books
        self._checks = SetChecks(books)
        self._now = now

    async def page(
        self, actor: Actor, *, kind: SetKind | None, state: SetState | None, behind: str | None, limit: int
    ) -> tuple[Sequence[DataSet], str | None]:
        """Return sets, the newest first; who does not administer them sees none."""
        if not _may_see(actor):
            return [], None
        async with reading(self._sessions) as session:
            return await SetRepository(session).page(kind=kind, state=state, behind=behind, limit=limit)

    async def one(self, set_id: UUID, actor: Actor) -> DataSet:
        """Return a set; raises NotVisible."""
        if not _may_see(actor):
            raise NotVisible
        async with reading(self._sessions) as session:
            return (await _known(session, [set_id]))[0]

    async def discard(self, set_id: UUID, actor: Actor) -> DataSet:
        """Put a draft away; a scheduled set becomes a draft again. Raises Conflict for one that is or was in force."""
        office_holder(actor, Office.SETS)
        async with writing(self._sessions) as session:
            plans = PlanRepository(session)
            _, now = await plans.settled(self._now)
            one = (await _known(session, [set_id], lock=True))[0]
            if one.state is SetState.SCHEDULED:
                await plans.unschedule(set_id, now)
            elif one.state is SetState.DRAFT:
                await SetRepository(session).discard(set_id, now)
            else:
                raise Conflict(
                    "启用过的数据集要留作历史，不能废弃", code="set_in_use", fields={"state": one.state.value}
                )
            await session.refresh(one)
        await self._books.changed()
        return one

    async def activations(
        self, actor: Actor, *, behind: str | None, limit: int
    ) -> tuple[Sequence[Activation], str | None]:
        """Return who activated what, the newest first."""
        if not _may_see(actor):
            return [], None
        async with reading(self._sessions) as session:
            return await PlanRepository(session).activations(behind=behind, limit=limit)

    async def activate(self, wanted: Wanted, actor: Actor | None, use: KeyUse | None = None) -> Activated:
        """Put sets in force together, now or at an instant to come; record who did and what was found.

        `actor` None is the operator at the machine itself.
        Raises BadInput for a past instant or force without a reason, Conflict with findings where they forbid it.
        """
        if actor is not None:
            office_holder(actor, Office.SETS)
        if wanted.force and not (wanted.reason or "").strip():
            raise BadInput.at(["body", "reason"], "跳过覆盖证明须说明理由", code="reason_required")
        for _ in range(_TRIES):
            await self._books.begin_due()  # what has begun but is not recorded would count as a change of the plan
            try:
                checked = None if await self._was_done(use) else await self._checked(wanted)
            except GridcaseError:
                if not await self._was_done(use):
                    raise
                checked = None
            done = await self._put(wanted, checked, actor, use)
            if done is not None:
                await self._books.changed()
                return done
        raise Conflict("同时有其他启用操作，请重试", code="plan_changed")

    async def _was_done(self, use: KeyUse | None) -> bool:
        """Tell whether the key was used, for this body or another: what becomes of that is said where it is taken."""
        if use is None:
            return False
        async with reading(self._sessions) as session:
            return await WorkRepository(session).used_key(use.scope, use.route, use.key) is not None

    async def _checked(self, wanted: Wanted) -> Checked:
        """Check without a lock, because a proof takes its time; raises Conflict where the findings forbid it."""
        async with reading(self._sessions) as session:
            sets = await _known(session, wanted.ids)
            activation.refuse_unfit([_candidate(one) for one in sets])
            checked = await self._checks.of(session, sets, activation.instant_wanted(wanted.since, self._now()))
        if fatal := activation.forbidding(checked.findings, force=wanted.force):
            told = [one.told() for one in checked.findings]
            raise Conflict(_refusal(fatal), code="activation_refused", fields={"findings": told})
        return checked

    async def _put(
        self, wanted: Wanted, checked: Checked | None, actor: Actor | None, use: KeyUse | None
    ) -> Activated | None:
        """Do it under the plan's lock; None where the plan is not the one that was checked."""
        activation_id = uuid7()
        async with writing(self._sessions) as session:
            plans = PlanRepository(session)
            first = await idempotency.begin(session, use, resource_id=activation_id, status=200, now=self._now())
            if first is not None:
                return await _recorded(session, first.resource_id)
            plan, now = await plans.settled(self._now)
            if checked is None or plan.revision != checked.revision:
                await session.rollback()
                return None
            sets = await _known(session, wanted.ids, lock=True)
            activation.refuse_unfit([_candidate(one) for one in sets])
            at = await self._begin(session, sets, wanted.since, plan, now)
            one = _record(activation_id, wanted, checked.findings, sets, actor=actor, now=now, at=at)
            await plans.add_activation(one)
            for stored in sets:
                await session.refresh(stored)
            return Activated(activation=one, sets=sets)

    async def _begin(
        self, session: AsyncSession, sets: Sequence[DataSet], since: datetime | None, plan: Plan, now: datetime
    ) -> datetime:
        """Activate now or schedule; return from when they hold. What begins now begins after all that began before."""
        plans, ids = PlanRepository(session), [one.id for one in sets]
        if since is None:
            at = plan.after(now)
            await plans.activate(ids, at)
            return at
        at, kinds = activation.instant_wanted(since, now), {one.kind for one in sets}
        for head in await plans.live():
            if head.id not in ids and head.kind in kinds and head.active_from == at:
                where = {"kind": head.kind.value, "set_id": str(head.id)}
                raise Conflict("这一时刻已排定同类数据集，请另选时间", code="instant_taken", fields=where)
        await plans.schedule(ids, at)
        return at


def _may_see(actor: Actor) -> bool:
    try:
        office_holder(actor, Office.SETS)
    except NotPermitted:
        return False
    return True


async def _known(session: AsyncSession, ids: Sequence[UUID], *, lock: bool = False) -> list[DataSet]:
    """Return sets in the order asked for; raises NotVisible for one that is not there."""
    found = {one.id: one for one in await SetRepository(session).some(ids, lock=lock)}
    if len(found) < len(set(ids)):
        raise NotVisible
    return [found[one] for one in dict.fromkeys(ids)]


async def _recorded(session: AsyncSession, activation_id: UUID) -> Activated:
    one = await PlanRepository(session).activation(activation_id)
    if one is None:
        raise NotVisible
    return Activated(activation=one, sets=await _known(session, [UUID(told["id"]) for told in one.sets]))


def _candidate(one: DataSet) -> Candidate:
    return Candidate(kind=one.kind, state=one.state, valid=one.valid, name=one.name, findings=one.findings)


def _record(
    activation_id: UUID,
    wanted: Wanted,
    findings: Sequence[Finding],
    sets: Sequence[DataSet],
    *,
    actor: Actor | None,
    now: datetime,
    at: datetime,
) -> Activation:
    told = [one.told() for one in findings]
    named: list[Any] = [{"id": str(one.id), "kind": one.kind.value, "version": one.version} for one in sets]
    return Activation(
        id=activation_id,
        decided_at=now,
        decided_by=actor.account_id if actor else None,
        active_from=at,
        forced=wanted.force and bool(activation.forbidding(findings, force=False)),
        reason=scrub(wanted.reason).text if wanted.reason else None,
        sets=named,
        findings=told,
        digest=activation.digest(told),
    )


def _refusal(fatal: Sequence[Finding]) -> str:
    return f"不能启用：{fatal[0].message}" + (f"（另有 {len(fatal) - 1} 处）" if fatal[1:] else "")
