import asyncio
from collections import Counter
from datetime import UTC, datetime
from typing import Final

import pytest

from app.demo.simulation.driver import AT_ONCE, Driver
from app.demo.simulation.month import draw_stories
from app.demo.simulation.plan import Plan
from app.demo.simulation.report_life import report_life
from app.demo.simulation.shares import SharedGate
from app.dispatch.codes import Action, Post
from tests.demo.played import NotedStage, played, world

PLAN: Final = Plan(days=12, cases=260, seed=3, until=datetime(2026, 10, 14, 4, tzinfo=UTC))
"""Over the National Day holiday: a week in which work hours do not run."""


@pytest.fixture(scope="module")
async def stage() -> NotedStage:
    return (await played(PLAN))[0]


async def test_the_same_plan_plays_the_same_acts(stage: NotedStage) -> None:
    again, _ = await played(PLAN)
    assert again.told() == stage.told()


def test_no_subject_goes_back_in_time_and_nothing_happens_after_the_end(stage: NotedStage) -> None:
    came = {one.arrival.id: one.acting.now for one in stage.arrived}
    for subject_id, acts in stage.played.items():
        instants = [came.get(subject_id, PLAN.since), *(act.acting.now for act in acts)]
        assert instants == sorted(instants)
        assert instants[-1] <= PLAN.until


def test_no_first_report_comes_in_after_a_younger_case_was_filed(stage: NotedStage) -> None:
    """Else it would be told of possible duplicates that are not there yet."""
    again = {subject for subject, acts in stage.played.items() if acts[0].command.action is Action.MERGE}
    assert len(stage.filed) >= PLAN.cases * 0.95
    assert set(stage.overtaken) <= again


def test_waves_hold_many_steps_and_not_too_many(stage: NotedStage) -> None:
    assert max(stage.waves) <= AT_ONCE
    assert sum(stage.waves) / len(stage.waves) > 15


def test_every_step_is_taken_by_somebody_or_names_its_policy(stage: NotedStage) -> None:
    for acts in stage.played.values():
        for act in acts:
            by_itself = act.acting.post in {Post.POLICY, Post.CITIZEN}
            assert (act.acting.actor_id is None) == by_itself
            assert (act.policy is not None) == (act.acting.post is Post.POLICY)


def test_all_sides_of_a_citys_work_are_played(stage: NotedStage) -> None:
    seen = Counter(act.command.action for acts in stage.played.values() for act in acts)
    assert set(seen) >= {
        *(Action.ACCEPT, Action.FILE, Action.REJECT, Action.ANSWER, Action.FORWARD, Action.MERGE),
        *(Action.REQUEST_VERIFICATION, Action.VERIFY, Action.DISPATCH, Action.SIGN, Action.CONTACT, Action.DISPOSE),
        *(Action.REQUEST_RETURN, Action.REQUEST_EXTENSION, Action.REQUEST_SUSPENSION, Action.GRANT, Action.REFUSE),
        *(Action.SEND_CHECK, Action.CHECK, Action.CLOSE, Action.CALL_BACK, Action.VOID),
    }


async def test_a_life_ends_with_the_step_that_is_refused() -> None:
    stage, driver = await played(PLAN, refuses=Action.FILE)
    acted = {act.command.action for acts in stage.played.values() for act in acts}
    assert Action.ACCEPT in acted
    assert Action.DISPATCH not in acted
    assert set(driver.tally.refused) == {(Action.FILE, "action_not_allowed")}
    assert driver.tally.cases == 0


async def test_one_half_waits_for_the_other_and_gives_up_when_it_has_ended() -> None:
    marks = [0, 3]
    await SharedGate(marks, 0, lambda: True).reach(3)
    assert marks == [3, 3]
    with pytest.raises(RuntimeError, match="other half"):
        await SharedGate(marks, 0, lambda: False).reach(4)


async def test_halves_played_side_by_side_take_in_all_reports_of_a_stretch_first() -> None:
    surroundings = world(PLAN)
    stage, marks, stories = NotedStage(surroundings.crew), [0, 0], draw_stories(surroundings)
    halves = [Driver(stage, PLAN, SharedGate(marks, mine, lambda: True)) for mine in range(2)]
    for mine, half in enumerate(halves):
        for story in stories[mine::2]:
            half.begin(report_life(story, surroundings))
    await asyncio.gather(*(half.play(lambda _: None) for half in halves))
    again = {subject for subject, acts in stage.played.items() if acts[0].command.action is Action.MERGE}
    assert set(stage.overtaken) <= again
    assert sum(half.tally.cases for half in halves) == PLAN.cases
