"""A report from the moment it comes in until it has an end or a case."""

from datetime import datetime, timedelta
from random import Random
from typing import Final
from uuid import UUID

from uuid_utils.compat import uuid7

from app.demo.simulation.case_life import case_life
from app.demo.simulation.course import Course
from app.demo.simulation.desk import Ending
from app.demo.simulation.receipts import PEOPLE, incoming, point_of
from app.demo.simulation.stories import Rest, Story
from app.demo.simulation.turns import Asks, Begin, Life, Turn, ask
from app.demo.simulation.world import World, act
from app.dispatch import commands
from app.dispatch.codes import Post

_ENDS: Final = {
    Ending.REJECTED: (
        commands.Reject,
        ("not_true", "not_urban_management", "unclear"),
        "经核实不予立案，感谢您的反映。",
    ),
    Ending.ANSWERED: (commands.AnswerDirectly, ("advice", "policy", "already_solved"), "您咨询的事项已电话答复。"),
    Ending.FORWARDED: (commands.Forward, ("other_authority", "other_city"), "已转相关部门处理。"),
}
_NO_PLACE: Final = 0.12
"""Of the vague reports of people: the share without a point."""
_URGED: Final = 0.04


def report_life(story: Story, world: World) -> Life:
    """Live a story: come in, be looked at, end or be filed, and go on as a case."""
    rng = Random(f"{world.plan.seed}:life:{story.number}")
    report_id, work, crew = uuid7(), story.desk, world.crew
    placeless = story.vague and story.source in PEOPLE and rng.random() < _NO_PLACE
    yield Turn(step=incoming(rng, story, world, report_id, placeless=placeless))
    if story.rests is Rest.RECEIVED:
        return
    if work.asked_at is not None:
        yield from _verification(story, world, report_id, work.asked_at)
        if story.rests is Rest.VERIFYING:
            return
    at = work.accepted_at
    if work.ending is Ending.SELF_DISPOSED:
        author = crew.inspector(story.site.community)
        soon = story.received_at + timedelta(minutes=rng.uniform(1, 9))
        yield act("report", report_id, commands.SelfDispose(), soon, Post.INSPECTOR, author)
    elif work.ending is Ending.WITHDRAWN:
        gone = commands.Withdraw(reason_code=rng.choice(("reporter_asked", "solved_itself")))
        yield act("report", report_id, gone, at, Post.OPERATOR, crew.operator(at))
    elif work.ending in _ENDS:
        make, reasons, answer = _ENDS[work.ending]
        end = make(reason_code=rng.choice(reasons), public_answer=answer)
        yield act("report", report_id, end, at, Post.OPERATOR, crew.operator(at))
    else:
        yield from _taken_up(rng, story, world, report_id, placeless=placeless)


def _verification(story: Story, world: World, report_id: UUID, asked_at: datetime) -> Life:
    crew, work = world.crew, story.desk
    asking = commands.RequestVerification()
    operator = crew.operator(asked_at)
    heard = yield from ask(act("report", report_id, asking, asked_at, Post.OPERATOR, operator, asks=Asks.STANDING))
    if work.verified_at is not None:
        found = commands.Verify(result=work.finding)
        yield act("report", report_id, found, work.verified_at, Post.INSPECTOR, heard.person_id)


def _taken_up(rng: Random, story: Story, world: World, report_id: UUID, *, placeless: bool) -> Life:
    crew, concern, at, filed_at = world.crew, story.concern, story.desk.accepted_at, story.desk.filed_at
    by_hand = point_of(story.site) if placeless else None
    accept = commands.Accept(kind=concern.kind, category=concern.category, point=by_hand)
    yield act("report", report_id, accept, at, Post.OPERATOR, crew.operator(at))
    if filed_at is None:
        return
    things = [one for one in (concern, story.second) if one is not None]
    wanted = tuple(commands.CaseWanted(condition=c.condition, kind=c.kind, category=c.category) for c in things)
    filing = commands.File(cases=wanted)
    lead = crew.lead(filed_at)
    heard = yield from ask(act("report", report_id, filing, filed_at, Post.SHIFT_LEAD, lead, asks=Asks.OPENED))
    if story.source in PEOPLE and rng.random() < _URGED:
        yield Begin(_urged(rng, report_id, filed_at))
    for number, (case_id, one) in enumerate(zip(heard.opened, things, strict=False)):
        course = Course(
            world=world,
            story=story,
            concern=one,
            rng=Random(f"{world.plan.seed}:case:{story.number}:{number}"),
            case_id=case_id,
            report_id=report_id,
            proposed=heard.units.get(case_id),
            at=filed_at,
        )
        yield Begin(case_life(course))


def _urged(rng: Random, report_id: UUID, filed_at: datetime) -> Life:
    at = filed_at + timedelta(hours=rng.uniform(2, 40))
    yield act("report", report_id, commands.Urge(), at, Post.CITIZEN, None)
