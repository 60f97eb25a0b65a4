"""Where the lives are played: on the services of a city."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from app.api.deps import Wired
from app.repositories.lives import CaseStanding, LivesRepository
from app.services.acts import Act, Done
from app.services.arrivals import Incoming
from app.services.transaction import reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Standings:
    """How cases stand, and who was sent to verify reports."""

    cases: Mapping[UUID, CaseStanding]
    verifiers: Mapping[UUID, UUID | None]


class Stage(Protocol):
    """What lives act upon."""

    async def receive(self, incoming: Sequence[Incoming]) -> None:
        """Take reports in."""
        ...

    async def play(self, acts: Sequence[Act]) -> Sequence[Done]:
        """Take steps in the order given; a refused one stops none of the others."""
        ...

    async def look(self, cases: Collection[UUID], reports: Collection[UUID]) -> Standings:
        """Return how things stand."""
        ...


@dataclass(frozen=True, slots=True)
class ServiceStage:
    """The real services: every step is decided, recorded and stored as a person's would be."""

    wired: Wired

    async def receive(self, incoming: Sequence[Incoming]) -> None:
        """Take reports in by one transaction."""
        await self.wired.intake.receive(incoming)

    async def play(self, acts: Sequence[Act]) -> Sequence[Done]:
        """Take steps by one transaction."""
        return await self.wired.acts.play(acts)

    async def look(self, cases: Collection[UUID], reports: Collection[UUID]) -> Standings:
        """Read how things stand."""
        async with reading(self.wired.sessions) as session:
            lives = LivesRepository(session)
            return Standings(cases=await lives.of_cases(cases), verifiers=await lives.verifiers(reports))
