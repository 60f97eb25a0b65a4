"""What is to be simulated, how far it is, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.dispatch.codes import Action, CaseState, ReportState


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """So many days up to `until` (aware) with so many cases opened; the same plan gives the same month.

    Raises ValueError where there is nothing to simulate.
    """

    days: int
    cases: int
    seed: int
    until: datetime

    def __post_init__(self) -> None:
        """Refuse what cannot be simulated."""
        if self.days < 1 or self.cases < 1:
            raise ValueError("a simulation needs at least one day and one case")
        if self.until.tzinfo is None:
            raise ValueError("the end of a simulation must be an aware instant")
        object.__setattr__(self, "until", self.until.astimezone(UTC))

    @property
    def since(self) -> datetime:
        """The beginning of the simulated time, in UTC."""
        return self.until - timedelta(days=self.days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far it is: reports received of those planned, and the simulated instant."""

    done: int
    total: int
    instant: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What came of it. `lives_ended`: cases that were closed or voided within the simulated time.

    `acts` counts the steps taken, those of timers included, without the receipt of reports. `refused` counts steps
    that the rules did not let through, by action and error code. `seconds` is wall time, `cpu_seconds` this process's.
    """

    reports: int
    cases: int
    acts: int
    lives_ended: int
    seconds: float
    cpu_seconds: float
    case_states: Mapping[CaseState, int]
    report_states: Mapping[ReportState, int]
    refused: Mapping[tuple[Action, str], int]

    @property
    def lives_per_second(self) -> float:
        """Return whole case lives, from receipt to closing, a second of wall time."""
        return self.lives_ended / self.seconds if self.seconds else 0.0
