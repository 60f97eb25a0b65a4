"""A stage without a database: it notes what is played and answers as the services would."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from uuid import UUID, uuid4

from app.demo.city import DemoCity, build
from app.demo.simulation.crew import Crew
from app.demo.simulation.driver import Driver
from app.demo.simulation.month import draw_stories, world_of
from app.demo.simulation.plan import Plan
from app.demo.simulation.report_life import report_life
from app.demo.simulation.stage import Standings
from app.demo.simulation.world import World
from app.dispatch import commands
from app.dispatch.book import Book
from app.dispatch.codes import Action
from app.dispatch.errors import ActionNotAllowed
from app.repositories.lives import CaseStanding
from app.services.acts import Act, Done
from app.services.arrivals import Incoming
from tests.demo_book import book_of


@cache
def demo_city() -> tuple[DemoCity, Book]:
    """Return the demo city and its book, made once a process."""
    city = build()
    return city, book_of(city)


def world(plan: Plan) -> World:
    """Return the surroundings of a plan, with ids drawn for this call."""
    city, book = demo_city()
    crew = Crew.of(city, {one.username: uuid4() for one in city.accounts}, uuid4(), "partner")
    return world_of(city, book, plan, crew)


@dataclass(slots=True)
class NotedStage:
    """What was played, by subject and in order; `refuses` one kind of step."""

    crew: Crew
    refuses: Action | None = None
    arrived: list[Incoming] = field(default_factory=list)
    played: dict[UUID, list[Act]] = field(default_factory=dict)
    waves: list[int] = field(default_factory=list)
    filed: list[datetime] = field(default_factory=list)
    overtaken: list[UUID] = field(default_factory=list)
    """Reports that came in after a case was filed that is younger than they are."""

    async def receive(self, incoming: Sequence[Incoming]) -> None:
        last = max(self.filed, default=datetime.min.replace(tzinfo=UTC))
        self.overtaken += [one.arrival.id for one in incoming if one.acting.now < last]
        self.arrived += incoming

    async def play(self, acts: Sequence[Act]) -> Sequence[Done]:
        self.waves.append(len(acts))
        return [self._one(act) for act in acts]

    async def look(self, cases: Collection[UUID], reports: Collection[UUID]) -> Standings:
        somebody = self.crew.ids["inspector01"]
        standing = CaseStanding(unit_code="2102", inspector_id=somebody, request_id=uuid4())
        return Standings(cases=dict.fromkeys(cases, standing), verifiers=dict.fromkeys(reports, somebody))

    def _one(self, act: Act) -> Done:
        if act.command.action is self.refuses:
            return Done(subject_id=act.subject_id, error=ActionNotAllowed(act.command.action, "received", []))
        self.played.setdefault(act.subject_id, []).append(act)
        if isinstance(act.command, commands.File):
            self.filed.append(act.acting.now)
        wanted = act.command.cases if isinstance(act.command, commands.File) else ()
        return Done(subject_id=act.subject_id, opened=tuple(uuid4() for _ in wanted))

    def told(self) -> list[tuple[datetime, str, str]]:
        """Return everything that happened without ids, in order."""
        came = [(one.acting.now, str(one.arrival.source), one.arrival.description) for one in self.arrived]
        done = [
            (a.acting.now, str(a.command.action), str(a.acting.post)) for acts in self.played.values() for a in acts
        ]
        return sorted(came + done)


async def played(plan: Plan, *, refuses: Action | None = None) -> tuple[NotedStage, Driver]:
    """Play a plan on a noted stage."""
    surroundings = world(plan)
    stage = NotedStage(surroundings.crew, refuses=refuses)
    driver = Driver(stage, plan)
    for story in draw_stories(surroundings):
        driver.begin(report_life(story, surroundings))
    await driver.play(lambda _: None)
    return stage, driver
