"""A simulated month in a city of its own: fill it, play it, publish it, check it."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from app.adapters.keys import load_keys
from app.demo.bulletin import Bulletin, bulletin
from app.demo.city import build
from app.demo.first_start import BEFORE
from app.demo.seed import fill
from app.demo.self_check.check import Checked, self_check
from app.demo.self_check.findings import Verdict
from app.demo.simulation.month import processes_here, simulate
from app.demo.simulation.plan import Plan, Summary
from app.main import wire
from app.repositories.engine import open_engine, open_sessions
from app.settings import Settings

Shown = Callable[[str], AbstractContextManager[Callable[[int, int], None]]]
"""Shows how far the work of a title is, for as long as a block lasts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of it."""

    summary: Summary
    bulletin: Bulletin
    verdict: Verdict


async def trial(settings: Settings, plan: Plan, shown: Shown) -> Outcome:
    """Play a plan in the empty city that the settings name; nothing is thrown away here."""
    if settings.database_url is None:
        raise ValueError("no database address")
    city, keys, engine = (
        await asyncio.to_thread(build),
        load_keys(settings.keys_dir),
        open_engine(settings.database_url, durable=False),
    )
    try:
        sessions = open_sessions(engine)
        await fill(sessions, city, keys, since=plan.since - BEFORE)
        wired = wire(settings, sessions, keys, now=lambda: plan.until)
        await wired.books.refresh()
        with shown("演出 / playing") as played:
            summary = await simulate(
                wired,
                city,
                plan,
                tell=lambda at: played(min(at.done, at.total), at.total),
                processes=processes_here(),
            )
        published = await bulletin(sessions, wired.books.current, plan.since, plan.until)
        checked = Checked(sessions=sessions, book=wired.books.current, now=plan.until)
        with shown("自检 / self-check") as seen:
            verdict = await self_check(checked, seen)
        return Outcome(summary=summary, bulletin=published, verdict=verdict)
    finally:
        await engine.dispose()
