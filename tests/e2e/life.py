"""A demo city with some days of life in it, made once a run as a template and copied by the modules that look at it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from app.adapters.keys import load_keys
from app.adapters.passwords import Passwords
from app.demo.city import build
from app.demo.first_start import BEFORE
from app.demo.seed import fill
from app.demo.simulation.month import simulate
from app.demo.simulation.plan import Plan, Summary
from app.main import wire
from app.repositories.engine import open_engine, open_sessions
from tests.conftest import CHEAP
from tests.towns import Town

DAYS: Final = 10
CASES: Final = 300
UNTIL: Final = datetime(2026, 3, 12, 9, tzinfo=UTC)
"""17:00 in the city, a Thursday of a month without holidays."""


async def live(town: Town, keys_dir: Path, home: Path, plan: Plan) -> Summary:
    """Fill a migrated town and play a plan in it."""
    engine, keys = open_engine(town.app_url), load_keys(keys_dir)
    try:
        sessions, city = open_sessions(engine), build()
        await fill(sessions, city, keys, passwords=Passwords(CHEAP), since=plan.since - BEFORE)
        wired = wire(town.settings(home), sessions, keys, now=lambda: plan.until)
        return await simulate(wired, city, plan, tell=lambda _: None)
    finally:
        await engine.dispose()


def plan(*, days: int = DAYS, cases: int = CASES, seed: int = 7, until: datetime = UNTIL) -> Plan:
    return Plan(days=days, cases=cases, seed=seed, until=until)
