"""What people do to cases, one or many at once, and what they may do next."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch import commands
from app.dispatch.access import Actor, Thing, own_units, permitted, sight
from app.dispatch.beats import beats_of
from app.dispatch.book import Book
from app.dispatch.case_fold import fold
from app.dispatch.case_life import CaseLife
from app.dispatch.case_openings import openings
from app.dispatch.codes import Post
from app.dispatch.deciding import Scene
from app.dispatch.drawing import Candidate, candidates
from app.dispatch.errors import NotVisible
from app.dispatch.policy_about import about_case
from app.models.cases import Case
from app.repositories.inspectors import InspectorReading
from app.repositories.step_reading import StepReading
from app.services import idempotency, standings
from app.services.acts import Act, Acts
from app.services.case_steps import uncalled
from app.services.frame import Frame, Meta, Outcome, Possible, Wish
from app.services.ledger import Acting
from app.services.transaction import reading

__all__ = ["Cases", "Meta", "Outcome"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cases:
    """Actions on cases: of people by the frame, of timers and partners by the acts."""

    frame: Frame
    acts: Acts

    async def act(self, case_id: UUID, command: commands.Command, actor: Actor, meta: Meta) -> bool:
        """Do what a person wants done; False when the same key did it before. Raises as `Frame.act` does."""
        return await self.frame.act(Wish(subject="case", id=case_id, command=command, actor=actor, meta=meta))

    async def act_on_many(
        self, case_ids: Sequence[UUID], command: commands.Command, actor: Actor, meta: Meta
    ) -> list[Outcome]:
        """Do the same to many cases; one that is refused stops none of the others."""
        await idempotency.begin_batch(self.frame.sessions, meta.key, now=self.frame.now())
        return await self.frame.act_on_many(
            [Wish(subject="case", id=one, command=command, actor=actor, meta=meta.for_item(one)) for one in case_ids]
        )

    async def act_within(
        self,
        session: AsyncSession,
        case_id: UUID,
        command: commands.Command,
        *,
        policy: str,
        leg: int | None = None,
        post: Post = Post.POLICY,
    ) -> None:
        """Do what a partner asks for, inside a transaction that is already open.

        Raises ActionNotAllowed when it is not possible any more, also when `leg` is not at work any more.
        """
        acting = Acting(now=self.frame.now(), post=post)
        act = Act(subject="case", subject_id=case_id, command=command, acting=acting, policy=policy, leg=leg)
        await self.acts.play_one(act, within=session)

    async def possible(self, case_id: UUID, actor: Actor) -> Possible:
        """Return what the caller may do to a case in its present state."""
        book, steps = self.frame.sittings.books.current, self.frame.sittings
        async with reading(self.frame.sessions) as session:
            case, read = await session.get(Case, case_id), StepReading(session)
            standing = standings.of_case(case) if case is not None else None
            if standing is None or not sight(actor, Thing.CASE, book.units_below).covers(standing):
                raise NotVisible
            life = fold(entry for entry, _ in (await read.histories([case_id]))[case_id])
            scene = Scene(
                now=self.frame.now(),
                post=Post.POLICY,
                actor_id=actor.account_id,
                calendar=book.calendar,
                policies=book.policies.of(about_case(life, book), self.frame.now(), steps.policies),
                units=book.units,
                own_units=own_units(actor, book.units_below) if Post.UNIT in actor.posts else None,
                inspectors=await self._within_reach(session, life, book),
                uncalled=uncalled(life, (await read.linked_reports([case_id]))[case_id]),
            )
        granted = permitted(actor, standing, book.units_below)
        open_now = [action for action in openings(life, scene, actor.posts) if action in granted]
        return Possible(actions=open_now, policies=scene.policies)

    async def _within_reach(self, session: AsyncSession, life: CaseLife, book: Book) -> tuple[Candidate, ...]:
        """Return the inspectors as they stand to a case now."""
        now = self.frame.now()
        known = await InspectorReading(session).all(now)
        return candidates(known, life.spot, life.desk, now, beats_of(book.cells).away_m)
