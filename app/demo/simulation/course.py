"""A case as it is being lived: how far it has come, with whom it is, and how its steps are put."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from app.demo.simulation.matters import Concern
from app.demo.simulation.rota import URGENT
from app.demo.simulation.stories import Rest, Story
from app.demo.simulation.temperaments import Temperament
from app.demo.simulation.turns import Asks, Turn
from app.demo.simulation.world import World, act
from app.dispatch.codes import Post
from app.dispatch.commands import Command, Dispatch
from app.dispatch.limits import Limit

_BY_HAND = ("local_knowledge", "unit_asked", "temporary_duty")


@dataclass(slots=True, kw_only=True)
class Course:
    """One case. `at` is how far it has come; `proposed` whose it is by routing; `leg` the number of the present leg."""

    world: World
    story: Story
    concern: Concern
    rng: Random
    case_id: UUID
    report_id: UUID
    proposed: str | None
    at: datetime
    leg: int = field(default=0)
    unit: str = field(default="")

    @property
    def rests(self) -> Rest | None:
        """Where the story stops for good."""
        return self.story.rests

    @property
    def limit(self) -> Limit:
        """How long the case may take."""
        return self.world.limit(self.concern)

    @property
    def urgent(self) -> bool:
        """Whether its limit runs day and night."""
        return self.limit.unit in URGENT

    @property
    def temper(self) -> Temperament:
        """How the unit works that has it."""
        return self.world.temper(self.unit)

    def chance(self, share: float) -> bool:
        """Draw; what rests for good takes no side roads."""
        return self.rng.random() < share and self.rests is None

    def wait_for_desk(self, minutes: float) -> None:
        """Go on to when the desk gets to it."""
        self.at = self.world.rota.desk(self.rng, self.at, minutes, urgent=self.urgent)

    def wait_for_inspector(self, minutes: float) -> None:
        """Go on to when an inspector gets there."""
        self.at = self.world.rota.field(self.rng, self.at, minutes)

    def wait(self, low: float, high: float) -> None:
        """Go on by some minutes."""
        self.at += timedelta(minutes=self.rng.uniform(low, high))

    def step(self, command: Command, post: Post, actor_id: UUID | None, asks: Asks | None = None) -> Turn:
        """Put a step of somebody, now."""
        return act("case", self.case_id, command, self.at, post, actor_id, asks=asks)

    def by_lead(self, command: Command, asks: Asks | None = None) -> Turn:
        """Put a step of the shift lead."""
        return self.step(command, Post.SHIFT_LEAD, self.world.crew.lead(self.at), asks)

    def by_dispatcher(self, command: Command) -> Turn:
        """Put a step of the dispatcher."""
        return self.step(command, Post.DISPATCHER, self.world.crew.dispatcher(self.at))

    def by_operator(self, command: Command) -> Turn:
        """Put a step of the operator."""
        return self.step(command, Post.OPERATOR, self.world.crew.operator(self.at))

    def by_unit(self, command: Command, asks: Asks | None = None) -> Turn:
        """Put a step of the unit that has it."""
        return self.step(command, Post.UNIT, self.world.crew.unit(self.unit), asks)

    def by_policy(self, command: Command, policy: str, *, leg: int | None = None) -> Turn:
        """Put what a timer does."""
        return act("case", self.case_id, command, self.at, Post.POLICY, None, policy=policy, leg=leg)

    def dispatched(self, unit: str, *, anew: bool = False) -> Turn:
        """Put the dispatch to a unit: by routing, or by hand with a reason; `anew` after it was given back."""
        by_hand = anew or unit != self.proposed
        self.leg, self.unit = self.leg + 1, unit
        return self.by_dispatcher(
            Dispatch(unit_code=unit, reason_code=self.rng.choice(_BY_HAND)) if by_hand else Dispatch()
        )
