"""When to try a callback again, and when to give it up."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

DELAYS: Final = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=6),
)
"""After the first, second … failure in a row; the last one is repeated. Source: house rule, after common practice."""
GIVE_UP_AFTER: Final = timedelta(days=3)
JITTER: Final = 0.2
"""Share by which a delay is lengthened or shortened, so that lanes that failed together do not return together."""
_LONGEST_WISH: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """What follows a failed try: another at `at`, or, when `parked`, the event after it at `at`."""

    at: datetime
    parked: bool


def after_failure(
    *, failures: int, created_at: datetime, now: datetime, wish: timedelta | None, final: bool, chance: float
) -> Next:
    """Decide what follows the `failures`-th failure in a row (from 1); `chance` in [0, 1) spreads, `wish` is theirs.

    An event that is parked lets the next of its order go on, at the same pace: the partner is still failing.
    """
    delay = DELAYS[min(failures, len(DELAYS)) - 1] * (1 - JITTER + 2 * JITTER * chance)
    at = now + max(delay, min(wish, _LONGEST_WISH) if wish else delay)
    return Next(at=at, parked=final or now - created_at >= GIVE_UP_AFTER)
