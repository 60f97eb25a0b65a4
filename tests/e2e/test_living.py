"""A city with some days of life in it: every list has something, every unit its own, and every figure is right."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Final
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import select, update

from app.adapters.keys import Keys, load_keys
from app.demo.self_check.answers import Answers
from app.demo.self_check.check import Checked, check_steps, counted, self_check
from app.demo.self_check.findings import Part, Verdict
from app.demo.self_check.rows import load
from app.demo.self_check.table import Wanted
from app.dispatch import case_facts
from app.dispatch.case_fold import fold
from app.dispatch.case_life import CaseLife
from app.dispatch.codes import CaseState, Light
from app.dispatch.facts import RoundFacts
from app.models.cases import Case
from app.models.facts import RoundFactsRow
from app.repositories.history import HistoryRepository
from app.runtime.cluster import Cluster
from app.services.transaction import writing
from tests.e2e.life import CASES, UNTIL, live, plan
from tests.e2e.served import Served, report, served
from tests.towns import Town, copied, template, worker_name

PERIOD: Final = {"from": (UNTIL - timedelta(days=30)).isoformat(), "to": (UNTIL + timedelta(days=1)).isoformat()}


@pytest.fixture(scope="session")
def living_template(cluster: Cluster, base: Path, empty_template: str) -> str:
    """Return the template of a city with life in it."""

    async def fill(town: Town) -> None:
        await live(town, base / "living.keys", base / "living.home", plan())

    return template(cluster, base, "template_living", fill, of=empty_template)


@pytest.fixture(scope="session")
def living_keys(living_template: str, base: Path) -> Keys:  # noqa: ARG001  # made while the template was filled
    return load_keys(base / "living.keys")


@pytest.fixture(scope="module")
def town(cluster: Cluster, living_template: str) -> Iterator[Town]:
    with copied(cluster, living_template, f"living_{worker_name()}") as town:
        yield town


@pytest.fixture(scope="module")
async def city(town: Town, living_keys: Keys, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with served(town, living_keys, tmp_path_factory.mktemp("home")) as running:
        running.clock.at = UNTIL + timedelta(minutes=1)
        yield running


@pytest.fixture
async def broken(cluster: Cluster, living_template: str, living_keys: Keys, tmp_path: Path) -> AsyncIterator[Served]:
    """Serve a copy in which things may be broken."""
    lent = copied(cluster, living_template, f"broken_{worker_name()}")
    town = await asyncio.to_thread(lent.__enter__)  # it runs a loop of its own
    try:
        async with served(town, living_keys, tmp_path) as running:
            running.clock.at = UNTIL + timedelta(minutes=1)
            yield running
    finally:
        await asyncio.to_thread(lent.__exit__, None, None, None)


@pytest.mark.parametrize("state", CaseState)
async def test_there_are_cases_in_every_state(city: Served, state: CaseState) -> None:
    answer = await city.get("/cases", "supervisor01", params={"state": state.value})
    assert answer.json()["items"], state


@pytest.mark.parametrize("light", Light)
async def test_there_are_cases_of_every_light(city: Served, light: Light) -> None:
    answer = await city.get("/cases", "supervisor01", params={"light": light.value})
    assert answer.json()["items"], light


async def test_units_see_their_own_and_the_figures_differ(city: Served) -> None:
    answer = await city.get("/stats/closure", "supervisor01", params={**PERIOD, "group_by": "unit"})
    told = answer.json()
    assert told["total"]["counts"]["to_close"] >= CASES / 2
    rates = {row["rates"]["on_time_closure_rate"]["value"] for row in told["rows"]}
    assert len(rates) > 5
    held = Counter({row["group"]["code"]: row["counts"]["dispatched"] for row in told["rows"] if row["group"]})
    for unit, number in held.most_common(3):
        seen = await city.get("/cases", city.accounts[unit])
        assert len(seen.json()["items"]) >= min(number, 20)


async def test_steps_and_a_table_of_figures_are_what_the_history_says(city: Served) -> None:
    verdict = Verdict()
    await check_steps(checked(city), await load(city.sessions), verdict)
    await count(city, verdict)
    assert verdict.findings == []
    assert verdict.dues > CASES


@pytest.mark.slow
async def test_every_figure_is_what_the_history_says(city: Served) -> None:
    verdict = await self_check(checked(city), lambda *_: None)
    assert verdict.findings == []
    assert verdict.wrong == 0
    assert verdict.figures > 10_000
    assert verdict.dues > CASES


NAMED: Final = {
    "closed": "(SELECT id FROM cases WHERE state = 'closed' ORDER BY id LIMIT 1)",
    "disposal": "(SELECT subject_id, number FROM history WHERE action = 'dispose' ORDER BY subject_id LIMIT 1)",
    "closing": (
        "(SELECT subject_id, number FROM history JOIN cases ON id = subject_id AND version = number"
        " WHERE action = 'close' ORDER BY id LIMIT 1)"
    ),
    "another": """to_jsonb('2026-03-20T01:00:00+00:00'::text)""",
}
DROP: Final = "DELETE FROM history WHERE (subject_id, number) = {disposal}"
CUT: Final = "DELETE FROM history WHERE (subject_id, number) = {closing}"
FACTS: Final = "UPDATE round_facts SET case_due_at = case_due_at + interval '1 microsecond' WHERE case_id = {closed}"
LEG: Final = "UPDATE legs SET due_at = due_at + interval '1 hour' WHERE case_id = {closed} AND number = 1 AND round = 1"
LIST: Final = "UPDATE cases SET leg_due_at = leg_due_at - interval '1 second' WHERE id = {closed}"
STEP: Final = """
UPDATE history SET payload = jsonb_set(payload, ARRAY['case', 'due_at'], {another})
WHERE action = 'dispatch' AND subject_id = {closed} AND payload ? 'case'
"""
FAULTS: Final = {
    "a row of the history dropped": (DROP, {Part.CHAIN, Part.HISTORY}),
    "a due time of the figures edited": (FACTS, {Part.DUE}),
    "a due time of a leg edited": (LEG, {Part.DUE}),
    "a due time of a list edited": (LIST, {Part.DUE}),
    "a due time of the history edited": (STEP, {Part.CHAIN, Part.DUE}),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_what_was_done_to_the_rows_is_found(broken: Served, fault: str) -> None:
    statement, parts = FAULTS[fault]
    assert await _as_superuser(broken.town, statement) > 0
    verdict = Verdict()
    await check_steps(checked(broken), await load(broken.sessions), verdict)
    assert {one.part for one in verdict.findings} >= parts


async def test_a_closing_taken_back_without_a_trace_shows_in_the_figures(broken: Served) -> None:
    """A tail that was cut together with the version breaks no chain; the stored figures still count the closing."""
    assert await _as_superuser(broken.town, CUT) == 1
    verdict = Verdict()
    await count(broken, verdict)
    assert {(one.part, one.where.rpartition(" ")[2]) for one in verdict.findings} >= {(Part.COUNT, "closed")}


FLIPS: Final = {
    "counted": ("counted = not voided and", "counted = voided and"),
    "on time": ("done_at <= clock.due_at", "done_at < clock.due_at"),
    "accurate": ("and not any(one.annulled", "and any(one.annulled"),
    "recurrent": ("life.recurrent and turn.number == 1", "turn.number == 1"),
    "dispatched": ("and not suspended_now", "and suspended_now"),
}


@pytest.mark.parametrize("flip", FLIPS)
async def test_a_flag_decided_otherwise_is_found(broken: Served, flip: str) -> None:
    """The facts are written anew by a copy of the code in which one condition was turned."""
    await dispose_exactly_when_due(broken)
    verdict = Verdict()
    await count(broken, verdict)
    assert verdict.findings == []
    old, new = FLIPS[flip]
    await write_facts(broken, altered(old, new))
    await count(broken, verdict)
    assert {one.part for one in verdict.findings} >= {Part.COUNT}


def checked(city: Served) -> Checked:
    return Checked(sessions=city.sessions, book=city.book, now=city.clock.at)


async def count(city: Served, verdict: Verdict) -> None:
    """Hold one table of figures against the count by hand."""
    parents = {code: unit.parent_code for code, unit in city.book.units.items()}
    subjects, now = await load(city.sessions), city.clock.at
    ticks = list(counted(subjects, parents, "case", now, verdict))
    wanted = Wanted(start=now - timedelta(days=60), end=now + timedelta(days=1), as_of=now, group_by="unit")
    await Answers(city.sessions, city.book, verdict).table(ticks, wanted)


def altered(old: str, new: str) -> Callable[[UUID, CaseLife], Sequence[RoundFacts]]:
    """Return `round_facts` from a copy of its module in which one text is another."""
    source = Path(str(case_facts.__file__)).read_text(encoding="utf-8")
    assert source.count(old) == 1
    module = ModuleType("altered")
    exec(source.replace(old, new), module.__dict__)  # noqa: S102  # our own module, one word of it changed
    decide: Callable[[UUID, CaseLife], Sequence[RoundFacts]] = module.round_facts
    return decide


async def write_facts(city: Served, decide: Callable[[UUID, CaseLife], Sequence[RoundFacts]]) -> None:
    async with writing(city.sessions) as session:
        ids = list(await session.scalars(select(Case.id)))
        for case_id, entries in (await HistoryRepository(session).entries(ids)).items():
            for facts in decide(case_id, fold(entries)):
                key = (RoundFactsRow.case_id == case_id, RoundFactsRow.round == facts.round)
                await session.execute(update(RoundFactsRow).where(*key).values(asdict(facts)))


async def dispose_exactly_when_due(city: Served) -> None:
    """Lead a case through every post, disposed at the very microsecond at which it is due."""
    city.clock.at = UNTIL + timedelta(hours=16)
    answer = await city.post("/reports", "inspector01", report(city.place()))
    report_id = answer.json()["id"]
    await city.act("reports", report_id, "accept", "operator01", kind="event", category="0110")
    filed = await city.act("reports", report_id, "file", "lead01", cases=[{"condition": 1}])
    case = await city.act("cases", filed["cases"][0]["id"], "dispatch", "dispatcher01")
    city.clock.at = datetime.fromisoformat(case["case_due_at"])
    await city.act("cases", case["id"], "dispose", city.accounts[case["unit_code"]], result="solved")
    inspector = (await city.get("/me", "inspector02")).json()["account"]["id"]
    await city.act("cases", case["id"], "send_check", "operator01", inspector=inspector)
    await city.act("cases", case["id"], "check", "inspector02", result="pass")
    await city.act("cases", case["id"], "close", "lead01")
    city.clock.at += timedelta(minutes=1)


async def _as_superuser(town: Town, statement: str) -> int:
    """Do what the guards let neither app nor owner do; return how many rows it touched."""
    connection = await asyncpg.connect(town.admin_dsn)
    try:
        await connection.execute("SET search_path = test, public; SET session_replication_role = replica")
        done: str = await connection.execute(statement.format(**NAMED))
    finally:
        await connection.close()
    return int(done.rpartition(" ")[2])
