"""All SQL about what is in force when: the book's number, intervals of sets, schedules, activations."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.editions import Edition, SetHead, editions, instants, intervals
from app.dispatch.policy_book import PolicyRow
from app.dispatch.responsibility import Ruling
from app.dispatch.set_codes import SetKind, SetState
from app.models.activations import Activation, BookChange, Relocation, RulingRow
from app.models.policies import PolicyRecord
from app.models.sets import BookVersion, DataSet
from app.repositories.paging import after, cursor, position
from app.repositories.set_values import policy_of, ruling_of

LIVE: Final = (SetState.ACTIVE, SetState.SCHEDULED)
CHANNEL: Final = "_book"
"""Behind the name of the city's schema: the channel of hints."""
GROUND: Final = frozenset({SetKind.CELLS, SetKind.AREAS, SetKind.ZONES, SetKind.BEATS})
"""Sets that say where a point lies: when one of them begins, open cases are located anew."""

_TICK: Final = timedelta(microseconds=1)
_HEAD: Final = (
    *(DataSet.id, DataSet.kind, DataSet.name, DataSet.version, DataSet.state),
    *(DataSet.active_from, DataSet.active_to),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The one row that every writing transaction reads: what is in force, and when that changes by itself."""

    number: int = 0
    revision: int = 0
    next_at: datetime | None = None
    changed_at: datetime | None = None

    def after(self, now: datetime) -> datetime:
        """Return now, or the first instant after the last change: what comes later in the plan is later in time."""
        return max(now, self.changed_at + _TICK) if self.changed_at else now


class PlanRepository:
    """What is in force and what is planned, within one session."""

    def __init__(self, session: AsyncSession) -> None:
        """Work within one session."""
        self._session = session

    async def plan(self, *, lock: bool = False) -> Plan:
        """Return the plan; `lock` makes everybody else who would change it wait."""
        query = select(BookVersion.number, BookVersion.revision, BookVersion.next_at, BookVersion.changed_at)
        row = (await self._session.execute(query.with_for_update() if lock else query)).first()
        if row is None:
            return Plan()
        return Plan(number=row.number, revision=row.revision, next_at=row.next_at, changed_at=row.changed_at)

    async def editions(self) -> tuple[Plan, list[Edition]]:
        """Return the plan, and what is in force and scheduled by it; the first edition may be incomplete.

        Whoever changes the plan meanwhile is waited out, so that a number never names another's sets.
        """
        plan = await self.plan()
        while True:
            since = select(BookChange.effective_from).where(BookChange.number == plan.number)
            planned = editions(
                await self.live(),
                number=plan.number,
                since=await self._session.scalar(since),
                rulings=await self.rulings(),
                policies=await self.policies(),
            )
            before, plan = plan, await self.plan()
            if plan == before:
                return plan, planned

    async def edition_at(self, at: datetime) -> Edition | None:
        """Return what was in force at a past instant, with the rulings known then; None before there was anything."""
        change = await self._session.execute(
            select(BookChange.number, BookChange.effective_from)
            .where(BookChange.effective_from <= at)
            .order_by(BookChange.effective_from.desc(), BookChange.number.desc())
            .limit(1)
        )
        found = change.first()
        if found is None:
            return None
        query = (
            select(*_HEAD)
            .where(DataSet.active_from <= at, or_(DataSet.active_to.is_(None), DataSet.active_to > at))
            .order_by(DataSet.active_from)
        )
        heads = {row.kind: SetHead(**row._mapping) for row in await self._session.execute(query)}  # noqa: SLF001  # public name
        rulings = await self.rulings(known_at=found.effective_from)
        policies = await self.policies(known_at=found.effective_from)
        since = found.effective_from
        return Edition(number=found.number, since=since, sets=heads, rulings=rulings, policies=policies)

    async def changes(self) -> list[datetime]:
        """Return every instant at which another book came, or will come, into force, ascending."""
        past = select(BookChange.effective_from).order_by(BookChange.effective_from)
        planned = select(DataSet.active_from).where(DataSet.state == SetState.SCHEDULED)
        found = [*await self._session.scalars(past), *await self._session.scalars(planned)]
        return sorted(at for at in found if at is not None)

    async def live(self) -> list[SetHead]:
        """Return the active and the scheduled sets."""
        rows = await self._session.execute(select(*_HEAD).where(DataSet.state.in_(LIVE)))
        return [SetHead(**row._mapping) for row in rows]  # noqa: SLF001  # public name

    async def rulings(self, *, known_at: datetime | None = None) -> tuple[Ruling, ...]:
        """Return the rulings recorded so far, or by an instant; ended ones too: they say why they lose."""
        query = select(RulingRow).order_by(RulingRow.id)
        if known_at is not None:
            query = query.where(RulingRow.recorded_at <= known_at)
        return tuple(ruling_of(row, known_at=known_at) for row in await self._session.scalars(query))

    async def policies(self, *, known_at: datetime | None = None) -> tuple[PolicyRow, ...]:
        """Return the rows of policies recorded so far, or by an instant; ended ones too: they held before."""
        query = select(PolicyRecord).order_by(PolicyRecord.id)
        if known_at is not None:
            query = query.where(PolicyRecord.recorded_at <= known_at)
        known = (policy_of(row, known_at=known_at) for row in await self._session.scalars(query))
        return tuple(one for one in known if one is not None)

    async def activate(self, ids: Iterable[UUID], at: datetime) -> int:
        """Make sets the active ones of their kinds at one instant; return the new number of the book."""
        wanted = list(ids)
        kinds = set(await self._session.scalars(select(DataSet.kind).where(DataSet.id.in_(wanted))))
        plan = await self.plan(lock=True)
        await self._begin(wanted, kinds, at)
        return await self.advance(plan, at, ground=not kinds.isdisjoint(GROUND), recorded_at=at)

    async def schedule(self, ids: Iterable[UUID], at: datetime) -> None:
        """Let sets begin at an instant to come; one that was scheduled otherwise is moved."""
        plan = await self.plan(lock=True)
        chosen = update(DataSet).where(DataSet.id.in_(list(ids)))
        await self._session.execute(chosen.values(state=SetState.SCHEDULED, active_from=at, active_to=None))
        await self._told_anew(plan.number, plan.revision + 1, plan.changed_at or at)

    async def unschedule(self, set_id: UUID, now: datetime) -> None:
        """Make a scheduled set a draft again."""
        plan = await self.plan(lock=True)
        chosen = update(DataSet).where(DataSet.id == set_id, DataSet.state == SetState.SCHEDULED)
        await self._session.execute(chosen.values(state=SetState.DRAFT, active_from=None, active_to=None))
        await self._told_anew(plan.number, plan.revision + 1, plan.changed_at or now)

    async def settled(self, now: Callable[[], datetime]) -> tuple[Plan, datetime]:
        """Lock the plan with all that has begun recorded in it; return it, and the instant by the clock `now`.

        The clock is read behind the lock: while somebody waits for it a schedule may fall due, and what comes after
        that in the plan must come after it in time.
        """
        await self.plan(lock=True)
        instant = now()
        await self.begin_due(instant)
        return await self.plan(), instant

    async def begin_due(self, now: datetime) -> int:
        """Record that scheduled sets whose instant has come are active, each from its own instant; return how many.

        Nothing is decided here: every process knows from the schedule what is in force.
        """
        plan = await self.plan()
        if plan.next_at is None or plan.next_at > now:
            return 0
        plan, begun = await self.plan(lock=True), 0
        heads = await self.live()
        for at in instants(heads):
            if at > now:
                break
            due = [one for one in heads if one.state is SetState.SCHEDULED and one.active_from == at]
            kinds = {one.kind for one in due}
            await self._begin([one.id for one in due], kinds, at)
            await self.advance(plan, at, ground=not kinds.isdisjoint(GROUND), recorded_at=now)
            plan, begun = await self.plan(), begun + len(due)
        return begun

    async def advance(self, plan: Plan, at: datetime, *, ground: bool = False, recorded_at: datetime) -> int:
        """Take the next number for what holds from `at` on; `ground` asks for open cases to be located anew."""
        number = plan.number + 1
        await self._told_anew(number, plan.revision + 1, at)
        change = {"number": number, "effective_from": at, "recorded_at": recorded_at}
        await self._session.execute(insert(BookChange), [change])
        if ground:
            asked = {"number": number, "asked_at": recorded_at, "looked": 0, "moved": 0}
            await self._session.execute(insert(Relocation), [asked])
        return number

    async def _begin(self, ids: Sequence[UUID], kinds: Iterable[SetKind], at: datetime) -> None:
        ending = update(DataSet).where(DataSet.kind.in_(list(kinds)), DataSet.state == SetState.ACTIVE)
        await self._session.execute(ending.values(state=SetState.SUPERSEDED, active_to=at))
        beginning = update(DataSet).where(DataSet.id.in_(list(ids)))
        await self._session.execute(beginning.values(state=SetState.ACTIVE, active_from=at))

    async def _told_anew(self, number: int, revision: int, changed_at: datetime) -> None:
        """Write the plan's row and until when each live set holds."""
        heads = await self.live()
        known = {one.id: one.active_to for one in heads}
        for set_id, end in intervals(heads).items():
            if known[set_id] != end:
                await self._session.execute(update(DataSet).where(DataSet.id == set_id).values(active_to=end))
        waiting = instants(heads)
        told = {
            "number": number,
            "revision": revision,
            "changed_at": changed_at,
            "next_at": waiting[0] if waiting else None,
        }
        put = upsert(BookVersion).values(id=1, **told)
        await self._session.execute(put.on_conflict_do_update(index_elements=["id"], set_=told))

    async def add_activation(self, one: Activation) -> None:
        """Record who activated what, and what was found."""
        self._session.add(one)
        await self._session.flush()

    async def activation(self, activation_id: UUID) -> Activation | None:
        """Return one recorded activation."""
        return await self._session.get(Activation, activation_id)

    async def activations(self, *, behind: str | None, limit: int) -> tuple[Sequence[Activation], str | None]:
        """Return recorded activations, the newest first, and the cursor of the next page."""
        query = select(Activation).order_by(Activation.decided_at.desc(), Activation.id.desc()).limit(limit + 1)
        columns = (Activation.decided_at, Activation.id)
        if behind is not None:
            query = query.where(after(columns, position(behind, order="-decided_at"), descending=True))
        found = (await self._session.scalars(query)).all()
        following = cursor(("-decided_at", found[limit - 1].decided_at, found[limit - 1].id)) if found[limit:] else None
        return found[:limit], following

    async def notify(self) -> None:
        """Hint at a change to whoever listens; a statement of its own, after the commit of what it hints at."""
        await self._session.execute(select(func.pg_notify(func.current_schema() + CHANNEL, "")))
