"""Play a month of the demo city through the services."""

from collections.abc import Callable

from app.api.deps import Wired
from app.demo.city import DemoCity
from app.demo.simulation.plan import Plan, Progress, Summary

__all__ = ["Plan", "Progress", "Summary", "simulate"]


async def simulate(wired: Wired, city: DemoCity, plan: Plan, *, tell: Callable[[Progress], None]) -> Summary:
    """Fill a seeded city with the life of `plan.days` days that end at `plan.until`; `tell` hears of each wave.

    The city must have been filled by `app.demo.seed.fill`: accounts, units and the partner are taken from it.
    """
    raise NotImplementedError((wired, city, plan, tell))  # the driver follows
