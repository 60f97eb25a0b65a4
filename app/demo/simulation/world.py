"""What every life draws on: people, places, the calendar, the catalogue; and how a step is put."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.demo.simulation.atlas import Atlas
from app.demo.simulation.crew import Crew
from app.demo.simulation.desk import Desk
from app.demo.simulation.matters import Concern
from app.demo.simulation.plan import Plan
from app.demo.simulation.rota import Rota
from app.demo.simulation.seasons import Season
from app.demo.simulation.temperaments import Temperament, temperament
from app.demo.simulation.turns import Asks, Turn
from app.dispatch.book import Book
from app.dispatch.codes import Post
from app.dispatch.commands import Command
from app.dispatch.limits import Limit
from app.services.acts import Act
from app.services.ledger import Acting, Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The surroundings of one simulation."""

    plan: Plan
    book: Book
    atlas: Atlas
    season: Season
    rota: Rota
    desk: Desk
    crew: Crew

    def temper(self, unit_code: str) -> Temperament:
        """Return how a unit works."""
        return temperament(self.plan.seed, unit_code)

    def limit(self, concern: Concern) -> Limit:
        """Return how long a concern may take."""
        found = self.book.catalogue.find(concern.kind, concern.category)
        if found is None:
            raise KeyError((concern.kind, concern.category))
        return found.conditions[concern.condition].limit


def act(
    subject: Subject,
    subject_id: UUID,
    command: Command,
    at: datetime,
    post: Post,
    actor_id: UUID | None,
    *,
    asks: Asks | None = None,
    policy: str | None = None,
    leg: int | None = None,
) -> Turn:
    """Put a step of somebody at an instant."""
    acting = Acting(now=at, post=post, actor_id=actor_id)
    step = Act(subject=subject, subject_id=subject_id, command=command, acting=acting, policy=policy, leg=leg)
    return Turn(step=step, asks=asks)
