"""The month played on the real services, over a copy of the seeded demo city."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest
from sqlalchemy import text

from app.adapters.keys import Keys, load_keys
from app.adapters.passwords import Passwords
from app.api.deps import Wired
from app.demo.city import DemoCity
from app.demo.simulation.month import simulate
from app.demo.simulation.plan import Plan, Progress, Summary
from app.dispatch.access import Actor, Appointment
from app.dispatch.codes import CaseState, Light, Post, ReportState
from app.dispatch.figure_codes import GroupBy
from app.main import wire
from app.repositories.engine import open_engine, open_sessions
from app.runtime.cluster import Cluster
from app.services.audit import Audit
from app.services.figure_asking import Asked
from app.services.figures import Closure, Figures
from app.services.refold import HistoryRefold
from tests.conftest import CHEAP
from tests.demo.played import demo_city
from tests.e2e.conftest import demo_keys, demo_template  # noqa: F401  # fixtures
from tests.towns import Town, copied, worker_name

SMALL: Final = Plan(days=10, cases=60, seed=7, until=datetime(2026, 11, 21, 14, tzinfo=UTC))
_LIGHTS: Final = text(
    """
    SELECT DISTINCT CASE WHEN case_due_at <= :now THEN 'red' WHEN case_yellow_at <= :now THEN 'yellow' ELSE 'green' END
    FROM cases WHERE state = 'dispatched'
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """What was simulated, and where it stands."""

    plan: Plan
    wired: Wired
    city: DemoCity
    summary: Summary
    told: list[Progress]

    async def ask(self, statement: str) -> list[tuple[object, ...]]:
        async with self.wired.sessions() as session:
            return [tuple(row) for row in await session.execute(text(statement), {"now": self.plan.until})]

    async def closure(self) -> Closure:
        figures = Figures(self.wired.sessions, HistoryRefold(self.wired.sessions))
        until = self.plan.until
        asked = Asked(start=until - timedelta(days=30), end=until, group_by=GroupBy.UNIT)
        sees_all = (Appointment(post=Post.SUPERVISOR, desk="city"),)
        actor = Actor(account_id=uuid4(), username="-", name="-", appointments=sees_all)
        return await figures.closure(asked, actor=actor, book=self.wired.books.current, now=until)


async def _simulated(town: Town, keys: Keys, home: Path, plan: Plan) -> AsyncIterator[Month]:
    engine = open_engine(town.app_url)
    city, told = demo_city()[0], list[Progress]()
    wired = wire(town.settings(home), open_sessions(engine), keys, passwords=Passwords(CHEAP))
    summary = await simulate(wired, city, plan, tell=told.append)
    yield Month(plan=plan, wired=wired, city=city, summary=summary, told=told)
    await engine.dispose()


@pytest.fixture(scope="module")
def town(cluster: Cluster, demo_template: str) -> Iterator[Town]:  # noqa: F811  # the fixture
    with copied(cluster, demo_template, f"month_{worker_name()}") as one:
        yield one


@pytest.fixture(scope="module")
async def month(
    town: Town,
    demo_keys: Keys,  # noqa: F811  # the fixture
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Month]:
    async for one in _simulated(town, demo_keys, tmp_path_factory.mktemp("home"), SMALL):
        yield one


@pytest.fixture
def other_town(cluster: Cluster, demo_template: str) -> Iterator[Town]:  # noqa: F811  # the fixture
    with copied(cluster, demo_template, f"whole_month_{worker_name()}") as one:
        yield one


@pytest.fixture
async def whole_month(
    other_town: Town,
    demo_keys: Keys,  # noqa: F811  # the fixture
    tmp_path: Path,
) -> AsyncIterator[Month]:
    async for one in _simulated(other_town, demo_keys, tmp_path, replace(SMALL, days=30, cases=1600)):
        yield one


async def test_as_many_cases_are_opened_as_wanted_and_no_step_is_refused(month: Month) -> None:
    assert month.summary.cases == SMALL.cases == sum(month.summary.case_states.values())
    assert month.summary.refused == {}
    assert month.summary.lives_ended > SMALL.cases / 2
    steps = await month.ask("SELECT count(*) FROM history WHERE action NOT IN ('receive', 'reply')")
    twice = await month.ask("SELECT count(*) FROM history WHERE action IN ('file', 'call_back') AND subject = 'case'")
    assert steps[0][0] == month.summary.acts + int(str(twice[0][0]))


async def test_progress_is_told_forward_to_the_end(month: Month) -> None:
    done = [one.done for one in month.told]
    assert done == sorted(done)
    assert month.told[-1].instant == SMALL.until
    assert done[-1] == month.summary.reports


async def test_something_lies_in_every_state_and_light_at_the_end(month: Month) -> None:
    assert {CaseState.FILED, *CaseState} - set(month.summary.case_states) <= {CaseState.VOIDED}
    waiting = {ReportState.RECEIVED, ReportState.VERIFYING, ReportState.ACCEPTED}
    assert set(month.summary.report_states) >= waiting | {ReportState.FILED}
    async with month.wired.sessions() as session:
        assert set(await session.scalars(_LIGHTS, {"now": SMALL.until})) == set(Light)
    asked = await month.ask("SELECT DISTINCT kind FROM requests WHERE state = 'pending'")
    assert set(asked) == {("return",), ("extension",)}


async def test_the_history_is_sound_and_all_that_follows_from_it_is_stored(month: Month) -> None:
    audit = Audit(month.wired.sessions)
    chains, facts = await audit.verify(lambda _: None), await audit.facts(lambda _: None)
    assert (chains.wrong, facts.wrong) == (0, 0)
    assert chains.chains == month.summary.reports + month.summary.cases
    assert facts.cases == month.summary.cases


async def test_everything_happened_within_the_span_and_timers_of_then_have_fired(month: Month) -> None:
    outside = await month.ask("SELECT count(*) FROM history WHERE recorded_at > :now")
    missed = await month.ask("SELECT count(*) FROM timers WHERE done_at IS NULL AND due_at <= :now")
    signed = await month.ask("SELECT count(*) FROM history WHERE policy = 'auto_sign' AND action = 'sign'")
    late = await month.ask(
        "SELECT count(*) FROM history h JOIN timers t ON t.subject_id = h.subject_id AND t.kind = 'auto_sign'"
        " WHERE h.policy = 'auto_sign' AND h.action = 'sign' AND t.due_at = h.recorded_at"
    )
    assert outside == missed == [(0,)]
    assert late == signed != [(0,)]


async def test_reports_that_came_again_are_merged_and_their_cases_closed_for_both(month: Month) -> None:
    merged = await month.ask("SELECT count(*) FROM reports WHERE state = 'merged'")
    links = await month.ask("SELECT count(*) FROM case_reports WHERE until IS NULL")
    assert links[0][0] == month.summary.cases + int(str(merged[0][0]))


@pytest.mark.slow
async def test_two_processes_play_the_same_month_together(other_town: Town, tmp_path: Path) -> None:
    settings, engine = other_town.settings(tmp_path), open_engine(other_town.app_url)
    wired = wire(settings, open_sessions(engine), load_keys(settings.keys_dir), passwords=Passwords(CHEAP))
    summary = await simulate(wired, demo_city()[0], SMALL, tell=lambda _: None, processes=2)
    facts = await Audit(wired.sessions).facts(lambda _: None)
    await engine.dispose()
    assert (summary.cases, summary.refused, facts.wrong) == (SMALL.cases, {}, 0)
    assert (facts.cases, facts.reports) == (summary.cases, summary.reports)


@pytest.mark.slow
async def test_a_whole_month_gives_every_unit_work_and_figures_of_its_own(whole_month: Month) -> None:
    month = whole_month
    assert month.summary.cases == month.plan.cases
    assert sum(month.summary.refused.values()) < 0.01 * month.summary.acts
    assert set(month.summary.case_states) == set(CaseState)
    assert month.summary.case_states[CaseState.DISPATCHED] >= 20
    seen = {row[0] for row in await month.ask("SELECT DISTINCT unnest(unit_codes) FROM cases")}
    below = month.wired.books.current.units_below
    assert [unit.code for unit in month.city.units if not seen & below(unit.code)] == []
    closure = await month.closure()
    rates = [row.rates["on_time_closure_rate"].value or 0 for row in closure.rows if row.counts["to_close"] > 5]
    assert closure.total.counts["to_close"] >= 1000
    assert 85 <= (closure.total.rates["on_time_closure_rate"].value or 0) <= 96
    assert min(rates) < 75
    assert max(rates) == 100
    facts = await Audit(month.wired.sessions).facts(lambda _: None)
    assert facts.wrong == 0
