"""Play a month of the demo city through the services."""

import os
from collections.abc import Callable
from random import Random
from time import perf_counter, process_time
from typing import Final
from uuid import UUID

from app.api.deps import Wired
from app.demo.city import DemoCity
from app.demo.seed import PARTNER
from app.demo.simulation.atlas import Atlas
from app.demo.simulation.crew import Crew
from app.demo.simulation.desk import Desk
from app.demo.simulation.driver import Driver, Gate, OpenGate, Tally
from app.demo.simulation.plan import Plan, Progress, Summary
from app.demo.simulation.report_life import report_life
from app.demo.simulation.rota import Rota
from app.demo.simulation.seasons import season
from app.demo.simulation.shares import Share, helped
from app.demo.simulation.stage import ServiceStage
from app.demo.simulation.stories import Stories, Story
from app.demo.simulation.world import World
from app.dispatch.book import Book
from app.dispatch.codes import CaseState
from app.repositories.lives import LivesRepository
from app.repositories.partners import PartnerRepository
from app.services.transaction import reading

__all__ = ["Plan", "Progress", "Summary", "processes_here", "simulate"]

_MOST_PROCESSES: Final = 2


def processes_here() -> int:
    """Return by how many processes a month is played fastest on this machine."""
    return min(_MOST_PROCESSES, os.cpu_count() or 1)


async def simulate(
    wired: Wired, city: DemoCity, plan: Plan, *, tell: Callable[[Progress], None], processes: int = 1
) -> Summary:
    """Fill a seeded city with the life of `plan.days` days that end at `plan.until`; `tell` hears of each stretch.

    The city must have been filled by `app.demo.seed.fill`: accounts, units and the partner are taken from it. No worker
    may run meanwhile: its clock is the real one, and it would fire timers of the simulated past. With two `processes`
    the other one connects as `wired.settings` say and opens the keys in their folder.
    """
    began, cpu = perf_counter(), process_time()
    if processes == 1:
        tally = await _alone(wired, city, plan, tell)
    else:
        with helped(Share(settings=wired.settings, city=city, plan=plan)) as helper:
            tally = await play_half(wired, city, plan, helper.gate, part=0, tell=tell)
            tally.add(await helper.result())
    async with reading(wired.sessions) as session:
        lives = LivesRepository(session)
        case_states, report_states = await lives.case_states(), await lives.report_states()
    return Summary(
        reports=tally.reports,
        cases=tally.cases,
        acts=tally.acts,
        lives_ended=case_states.get(CaseState.CLOSED, 0) + case_states.get(CaseState.VOIDED, 0),
        seconds=perf_counter() - began,
        cpu_seconds=process_time() - cpu,
        case_states=case_states,
        report_states=report_states,
        refused=dict(tally.refused),
    )


async def _alone(wired: Wired, city: DemoCity, plan: Plan, tell: Callable[[Progress], None]) -> Tally:
    return await play_half(wired, city, plan, OpenGate(), part=0, parts=1, tell=tell)


async def play_half(
    wired: Wired,
    city: DemoCity,
    plan: Plan,
    gate: Gate,
    *,
    part: int = 1,
    parts: int = 2,
    tell: Callable[[Progress], None] = lambda _: None,
) -> Tally:
    """Play every `parts`-th story, and wait at the gate for those who play the others."""
    await wired.books.refresh()
    world = world_of(city, wired.books.current, plan, await _crew(wired, city))
    stories = draw_stories(world)
    driver = Driver(ServiceStage(wired), plan, gate)
    for story in stories[part::parts]:
        driver.begin(report_life(story, world))
    tally = driver.tally
    await driver.play(lambda at: tell(Progress(done=parts * tally.reports, total=len(stories), instant=at)))
    return tally


def world_of(city: DemoCity, book: Book, plan: Plan, crew: Crew) -> World:
    """Return the surroundings of a simulation."""
    rota = Rota(book.calendar)
    return World(
        plan=plan,
        book=book,
        atlas=Atlas(city, book, plan.until),
        season=season(plan, book.calendar, Random(f"{plan.seed}:season")),
        rota=rota,
        desk=Desk(rota, book.catalogue),
        crew=crew,
    )


def draw_stories(world: World) -> list[Story]:
    """Return what happens in the month, in the order in which it is reported."""
    return Stories(world.plan, world.atlas, world.season, world.desk).draw()


async def _crew(wired: Wired, city: DemoCity) -> Crew:
    async with reading(wired.sessions) as session:
        ids: dict[str, UUID] = await LivesRepository(session).account_ids()
        partner = await PartnerRepository(session).by_code(PARTNER)
    if partner is None:
        raise LookupError(f"the city has no partner {PARTNER}: fill it first")
    return Crew.of(city, ids, partner.id, partner.code)
