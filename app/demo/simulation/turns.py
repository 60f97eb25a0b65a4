"""What a life hands to the driver, and what it hears back."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias, TypeVar
from uuid import UUID

from app.services.acts import Act
from app.services.arrivals import Incoming


class Asks(StrEnum):
    """What a life must know of a step before it can go on."""

    OPENED = "opened"
    """Which cases came of it, and whose they are by routing."""
    STANDING = "standing"
    """Who was sent to look, and which request waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a life asked for. `units` by case; `request_id` that waits; `person_id` who was sent to look."""

    opened: tuple[UUID, ...] = ()
    units: Mapping[UUID, str | None] = field(default_factory=dict)
    request_id: UUID | None = None
    person_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One step: a report coming in, or an act on a report or case."""

    step: Incoming | Act
    asks: Asks | None = None

    @property
    def at(self) -> datetime:
        """When it happens."""
        return self.step.acting.now


@dataclass(frozen=True, slots=True)
class Begin:
    """Another life that this one sets going."""

    life: "Life"


Told = TypeVar("Told")
Part: TypeAlias = Generator[Turn | Begin, Heard | None, Told]
"""A stretch of a life that ends with something to go on by."""
Life: TypeAlias = Part[None]


def ask(turn: Turn) -> Part[Heard]:
    """Take a step and wait for what it led to."""
    heard = yield turn
    if heard is None:
        raise RuntimeError("the driver went on without an answer")
    return heard
