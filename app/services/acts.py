"""Take trusted steps: many of them, of many subjects, in one transaction; for timers, partners, the simulation."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.errors import GridcaseError, Unavailable
from app.dispatch.policies import Policies
from app.services.books import Books
from app.services.following import foresee
from app.services.intents import Intent
from app.services.rulings import record_ruled
from app.services.sitting import Sitting
from app.services.steps import Act, Steps
from app.services.transaction import Sessions, alone, concerns_one, writing
from app.services.vault import Vault

__all__ = ["Act", "Acts", "Done", "Sittings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What became of an act: refused with an error, or taken, with the cases that it opened."""

    subject_id: UUID
    error: GridcaseError | None = None
    opened: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sittings:
    """Open sittings within transactions."""

    books: Books
    vault: Vault
    policies: Policies

    async def open(self, session: AsyncSession, intents: Sequence[Intent]) -> Sitting:
        """Hold what the intents need, under the book in force."""
        book = await self.books.agreed(session)
        sitting = Sitting(session=session, book=book, vault=self.vault, policies=self.policies)
        await sitting.hold([*intents, *foresee(intents, book, self.policies)])
        return sitting


@dataclass(frozen=True, slots=True, kw_only=True)
class Acts:
    """Steps without a check of access."""

    sessions: Sessions
    sittings: Sittings
    steps: Steps

    async def play(self, acts: Sequence[Act], *, within: AsyncSession | None = None) -> list[Done]:
        """Take steps in the given order in one transaction; a refused one stops none of the others.

        A batch that the database refuses is taken again act by act, except `within` a transaction of the caller's,
        whose end it is. Raises Unavailable when the database is away.
        """
        if within is not None:
            return await self._play(within, acts)
        try:
            async with writing(self.sessions) as session:
                return await self._play(session, acts)
        except (DBAPIError, Unavailable) as error:
            if len(acts) == 1 or not concerns_one(error):
                raise
        return [await alone(self._single(act), partial(_refused, act)) for act in acts]

    async def play_one(self, act: Act, *, within: AsyncSession | None = None) -> Done:
        """Take one step; raise what it is refused with."""
        (done,) = await self.play([act], within=within)
        if done.error is not None:
            raise done.error
        return done

    async def _single(self, act: Act) -> Done:
        async with writing(self.sessions) as session:
            return (await self._play(session, [act]))[0]

    async def _play(self, session: AsyncSession, acts: Sequence[Act]) -> list[Done]:
        if not acts:
            return []
        sitting = await self.sittings.open(session, [_intent(act) for act in acts])
        done = [self._take(sitting, act) for act in acts]
        await sitting.store()
        await record_ruled(session, sitting.effects.rulings, lambda: max(act.acting.now for act in acts))
        return done

    def _take(self, sitting: Sitting, act: Act) -> Done:
        try:
            return Done(subject_id=act.subject_id, opened=self.steps.take(sitting, act))
        except GridcaseError as error:
            return _refused(act, error)


def _refused(act: Act, error: GridcaseError) -> Done:
    return Done(subject_id=act.subject_id, error=error)


def _intent(act: Act) -> Intent:
    return Intent(
        subject=act.subject,
        subject_id=act.subject_id,
        command=act.command,
        now=act.acting.now,
        on_behalf_of=act.acting.on_behalf_of,
    )
