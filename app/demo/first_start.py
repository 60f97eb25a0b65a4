"""The first start of a demo city: master data, then the days that have just passed, played through the services.

What was begun is marked in the same transaction as the master data, and finished when the last day is played. A start
that finds the mark open was preceded by one that was killed: nobody has been let in yet, so the city is emptied as its
owner and filled anew. History is never taken out of a city that somebody may have used.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from math import ceil
from typing import Final

from app.adapters.keys import load_keys
from app.demo.city import DemoCity, build
from app.demo.seed import LIFE, fill
from app.demo.simulation.month import processes_here, simulate
from app.demo.simulation.plan import Plan, Progress, Summary
from app.main import wire
from app.repositories.engine import open_engine, open_sessions
from app.repositories.seedings import SeedingRepository
from app.repositories.sets import SetRepository
from app.services.transaction import Sessions, reading, writing
from app.settings import Settings

CASES_A_DAY: Final = 55
CASES_A_SECOND: Final = 40
"""What two ordinary cores play at least; for the time that is announced."""
SEED: Final = 7
BEFORE: Final = timedelta(days=20)
"""So long before the first day the master data are in force: what came back since then has somewhere to come from."""


class Standing(StrEnum):
    """How far a city is."""

    EMPTY = "empty"
    HALF = "half"
    FILLED = "filled"
    OLDER = "older"


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """How people hear of it: sentences, and how many of how many reports have been played."""

    say: Callable[[str], None]
    played: Callable[[int, int], None]


async def first_start(settings: Settings, *, empty: Callable[[], Awaitable[None]], telling: Telling) -> Summary | None:
    """Fill the city that the settings name, unless it has been; return what was played.

    `empty` takes everything out of the city again, as its owner; it is called where a first start was killed half-way.
    """
    match await _standing(settings):
        case Standing.FILLED:
            return None
        case Standing.OLDER:
            await _leave_alone(settings)
            telling.say(
                "这座城市由早先的版本建立，原样保留；要看满一个月的案件：gridcase demo reset\n"
                "Filled by an earlier release and left as it is; for a living one: gridcase demo reset"
            )
            return None
        case Standing.HALF:
            telling.say("上次没有填完，重新开始 / the last first start was interrupted: starting afresh")
            await empty()
    return await _fill(settings, telling)


def planned(days: int, until: datetime) -> Plan:
    """Return what is played into a demo city."""
    return Plan(days=days, cases=days * CASES_A_DAY, seed=SEED, until=until)


async def _standing(settings: Settings) -> Standing:
    async with _Opened(settings) as sessions, reading(sessions) as session:
        finished = await SeedingRepository(session).is_finished(LIFE)
        filled = await SetRepository(session).book_number() > 0
    if finished is None:
        return Standing.OLDER if filled else Standing.EMPTY
    return Standing.FILLED if finished else Standing.HALF


async def _leave_alone(settings: Settings) -> None:
    now = datetime.now(UTC)
    async with _Opened(settings) as sessions, writing(sessions) as session:
        await SeedingRepository(session).begin(LIFE, now)
        await SeedingRepository(session).finish(LIFE, now)


async def _fill(settings: Settings, telling: Telling) -> Summary | None:
    telling.say("正在建立示范城市 / building the demo city")
    city, keys, days = await asyncio.to_thread(build), load_keys(settings.keys_dir), settings.demo_days
    async with _Opened(settings) as sessions:
        if days == 0:
            await fill(sessions, city, keys)
            return None
        plan = planned(days, datetime.now(UTC))
        await fill(sessions, city, keys, since=plan.since - BEFORE, life_follows=True)
        return await _play(settings, sessions, city, plan, telling)


async def _play(settings: Settings, sessions: Sessions, city: DemoCity, plan: Plan, telling: Telling) -> Summary:
    seconds = ceil(plan.cases / CASES_A_SECOND / 10) * 10
    telling.say(
        f"正在演出最近 {plan.days} 天（{plan.cases} 个案件，约 {seconds} 秒，仅首次启动）/ "
        f"playing the last {plan.days} days ({plan.cases} cases, about {seconds} s, on the first start only)"
    )
    wired = wire(settings, sessions, load_keys(settings.keys_dir))
    await wired.books.refresh()

    def tell(progress: Progress) -> None:
        telling.played(min(progress.done, progress.total), progress.total)  # a few come back unplanned

    summary = await simulate(wired, city, plan, tell=tell, processes=processes_here())
    async with writing(sessions) as session:
        await SeedingRepository(session).finish(LIFE, datetime.now(UTC))
    telling.say(
        f"已演出 {summary.reports} 个上报、{summary.cases} 个案件，用时 {summary.seconds:.0f} 秒 / "
        f"{summary.reports} reports and {summary.cases} cases played in {summary.seconds:.0f} s"
    )
    return summary


class _Opened:
    """Sessions over the database that the settings name, as the app; closed at the end of an `async with` block."""

    def __init__(self, settings: Settings) -> None:
        if settings.database_url is None:
            raise ValueError("no database address")
        self._engine = open_engine(settings.database_url, durable=False)

    async def __aenter__(self) -> Sessions:
        return open_sessions(self._engine)

    async def __aexit__(self, *_: object) -> None:
        await self._engine.dispose()
