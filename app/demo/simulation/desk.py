"""What the desk makes of a report before there is a case: when it gets to it, and how it ends."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random
from typing import Final, TypeVar

from app.demo.simulation.matters import Concern
from app.demo.simulation.rota import URGENT, Rota
from app.dispatch.catalogue import Catalogue
from app.dispatch.codes import Source, VerifyResult

Drawn = TypeVar("Drawn")


class Ending(StrEnum):
    """How a report leaves the desk."""

    FILED = "filed"
    REJECTED = "rejected"
    ANSWERED = "answered"
    FORWARDED = "forwarded"
    WITHDRAWN = "withdrawn"
    SELF_DISPOSED = "self_disposed"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskWork:
    """The desk's instants. `asked_at` and `verified_at` where an inspector looks before filing, with his `finding`.

    `accepted_at` is when the desk takes the report up, or ends it otherwise.
    """

    asked_at: datetime | None = None
    verified_at: datetime | None = None
    finding: VerifyResult = VerifyResult.TRUE
    accepted_at: datetime
    filed_at: datetime | None
    ending: Ending


_TRUSTED: Final = frozenset(
    {Source.INSPECTOR, Source.UNIT_SELF, Source.ENFORCEMENT, Source.VEHICLE, Source.SENSOR, Source.CENSUS}
)
_OF_TRUSTED: Final = ((Ending.FILED, 96), (Ending.REJECTED, 1), (Ending.SELF_DISPOSED, 3))
_OF_OTHERS: Final = (
    (Ending.FILED, 78),
    (Ending.REJECTED, 6),
    (Ending.ANSWERED, 9),
    (Ending.FORWARDED, 5),
    (Ending.WITHDRAWN, 2),
)
_OUTSIDE: Final = ((Ending.REJECTED, 4), (Ending.FORWARDED, 5), (Ending.ANSWERED, 1))
_VERIFIED: Final = 0.16
_FINDINGS: Final = ((VerifyResult.TRUE, 84), (VerifyResult.FALSE, 7), (VerifyResult.NOT_FOUND, 9))


@dataclass(frozen=True, slots=True)
class Desk:
    """The desk on duty."""

    rota: Rota
    catalogue: Catalogue

    def urgent(self, concern: Concern) -> bool:
        """Say whether a concern's limit runs day and night."""
        found = self.catalogue.find(concern.kind, concern.category)
        return found is not None and found.conditions[concern.condition].limit.unit in URGENT

    def handle(
        self, rng: Random, at: datetime, source: Source, concern: Concern, *, inside: bool, plain: bool = False
    ) -> DeskWork:
        """Draw what becomes of a report; `plain` is taken up and filed without ado."""
        trusted, urgent = source in _TRUSTED, self.urgent(concern)
        table = (_OF_TRUSTED if trusted else _OF_OTHERS) if inside else _OUTSIDE
        ending = Ending.FILED if plain else _draw(rng, table)
        if ending is Ending.SELF_DISPOSED and source is not Source.INSPECTOR:
            ending = Ending.FILED
        taken_at = self.rota.desk(rng, at, 6, urgent=urgent)
        asked = verified = None
        finding = VerifyResult.TRUE
        if ending is Ending.FILED and not trusted and not plain and rng.random() < _VERIFIED:
            asked, finding = taken_at, _draw(rng, _FINDINGS)
            verified = self.rota.field(rng, asked, 55)
            taken_at = self.rota.desk(rng, verified, 8)
            ending = ending if finding is VerifyResult.TRUE else Ending.REJECTED
        filed = self.rota.desk(rng, taken_at + timedelta(minutes=1), 7, urgent=urgent)
        return DeskWork(
            asked_at=asked,
            verified_at=verified,
            finding=finding,
            accepted_at=taken_at,
            filed_at=filed if ending is Ending.FILED else None,
            ending=ending,
        )


def _draw(rng: Random, table: tuple[tuple[Drawn, int], ...]) -> Drawn:
    return rng.choices([one for one, _ in table], [weight for _, weight in table])[0]
