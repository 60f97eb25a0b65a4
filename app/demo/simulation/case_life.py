"""A case from its filing until it is closed: the desk's part, and what checks and reporters make of it."""

from itertools import count
from typing import Final
from uuid import UUID

from app.demo.simulation.course import Course
from app.demo.simulation.receipts import PEOPLE, echo
from app.demo.simulation.stories import Rest
from app.demo.simulation.turns import Asks, Begin, Life, Part, ask
from app.demo.simulation.unit_work import reworked, worked
from app.demo.simulation.words import note, opinion
from app.demo.simulation.world import act
from app.dispatch import commands
from app.dispatch.codes import CheckResult, DisposalResult, EndKind, FailCode, Post, Source
from app.dispatch.policies import DEFAULTS

_VOIDED, _RECALLED, _ECHOED, _NOTED = 0.012, 0.01, 0.06, 0.03
_NO_ACCESS, _MISSED, _BANKED, _DRAWN = 0.02, 0.008, 0.3, 0.2
_CALLED, _REACHED, _SAYS_WHY, _REOPENED, _EVALUATES = 0.6, 0.88, 0.5, 0.6, 0.12
"""Shares of what comes about at each place; house estimates."""
_FAILS: Final = (FailCode.NOT_DONE, FailCode.INCOMPLETE, FailCode.INCOMPLETE, FailCode.WRONG_PLACE)
_LIKED: Final = (2, 4, 9, 41, 44)
"""How often each satisfaction from one to five is heard."""
_UNHAPPY: Final = 2
_LAST_ROUND: Final = 2
_BANKS: Final = (EndKind.PROBLEM_BANK, EndKind.OUT_OF_SCOPE, EndKind.TRANSFERRED_TO_ENFORCEMENT)
_TAGS: Final = ("民生实事", "重点路段", "反复点位", "台风应急")


def case_life(course: Course) -> Life:
    """Live until the case is closed or voided, or rests for good."""
    if course.chance(_VOIDED):
        course.wait_for_desk(30)
        yield course.by_lead(commands.Void(reason_code=course.rng.choice(("duplicate", "not_true", "by_mistake"))))
        return
    if course.rests is Rest.FILED:
        return
    yield from _sent_out(course)
    if course.chance(_ECHOED):
        soon = course.at + (course.world.rota.run(course.at, course.limit, 0.3) - course.at) * course.rng.random()
        yield Begin(echo(course.story, course.world, course.case_id, soon))
    disposed = yield from worked(course, course.limit)
    if disposed is not None:
        yield from _wound_up(course, disposed, turn=1)


def _sent_out(course: Course) -> Life:
    """Dispatch: by routing, or by hand to the unit the story names; now and then to a wrong one first."""
    course.wait_for_desk(8)
    atlas = course.world.atlas
    unit = course.story.sent_to or course.proposed or atlas.street_office(course.story.site.community)
    if course.chance(_RECALLED):
        yield course.dispatched(next(code for code in atlas.fallbacks.values() if code not in {unit, course.proposed}))
        course.wait(2, 11)
        yield course.by_dispatcher(commands.Recall(reason_code="wrong_unit"))
        course.wait(1, 5)
    yield course.dispatched(unit)
    if course.chance(_NOTED):
        yield course.by_dispatcher(commands.Note(text=note(course.rng)))
    if course.chance(_NOTED):
        yield course.by_lead(commands.Tag(add=(course.rng.choice(_TAGS),)))


def _wound_up(course: Course, disposed: DisposalResult, *, turn: int) -> Life:
    """Check, close, ask the reporter; a dissatisfied one may start another round."""
    passed = yield from _checked(course, disposed)
    if not passed or course.rests is Rest.CHECKED:
        return
    yield from _closed(course, disposed)
    unhappy = yield from _called_back(course)
    if not unhappy or turn == _LAST_ROUND or not course.chance(_REOPENED):
        return
    course.wait(40, 1500)
    course.wait_for_desk(5)
    yield course.by_operator(commands.Reopen(reason_code=course.rng.choice(("dissatisfied", "not_solved"))))
    course.leg = 1
    redone = yield from worked(course, DEFAULTS.redo_limit, plain=True)
    if redone is not None:
        yield from _wound_up(course, redone, turn=turn + 1)


def _checked(course: Course, disposed: DisposalResult) -> Part[bool]:
    """Send inspectors until one finds it done; False where it rests before that."""
    for tries in count():
        course.wait_for_desk(12)
        if course.rests is Rest.DISPOSED:
            return False
        inspector = yield from _sent_to_check(course)
        if course.rests is Rest.CHECKING:
            return False
        course.wait_for_inspector(45)
        if course.chance(_NO_ACCESS):
            locked = commands.Check(result=CheckResult.NO_ACCESS)
            heard = yield from ask(course.step(locked, Post.INSPECTOR, inspector, Asks.STANDING))
            inspector = heard.person_id
            course.wait_for_inspector(180)
        found = _finding(course, disposed, tries)
        yield course.step(found, Post.INSPECTOR, inspector)
        if found.result is CheckResult.FAIL:
            disposed = yield from reworked(course, course.limit)
        elif found.result is CheckResult.PASS or disposed is DisposalResult.GONE:
            return True
    raise AssertionError("counting has no end")


def _sent_to_check(course: Course) -> Part[UUID | None]:
    """Send the inspector of a beat nearby, or let the policy draw one; return who goes."""
    if course.rng.random() >= _DRAWN:
        named = course.world.crew.other_inspector(course.story.site.community)
        yield course.by_lead(commands.SendCheck(inspector_id=named))
        return named
    heard = yield from ask(course.by_lead(commands.SendCheck(), Asks.STANDING))
    return heard.person_id


def _finding(course: Course, disposed: DisposalResult, tries: int) -> commands.Check:
    if disposed is DisposalResult.GONE:
        return commands.Check(result=CheckResult.NOT_FOUND)
    if course.chance(_MISSED):
        return commands.Check(result=CheckResult.NOT_FOUND)
    if course.chance(course.temper.sloppy / 2**tries):
        return commands.Check(result=CheckResult.FAIL, code=course.rng.choice(_FAILS))
    return commands.Check(result=CheckResult.PASS)


def _closed(course: Course, disposed: DisposalResult) -> Life:
    course.wait_for_desk(25)
    banked = disposed is DisposalResult.EXPLAINED and course.chance(_BANKED)
    yield course.by_lead(commands.Close(end_kind=course.rng.choice(_BANKS) if banked else None))


def _evaluated(course: Course) -> Life:
    """Let a citizen say by himself what came of it."""
    course.wait(30, 900)
    liked = course.rng.choices(range(1, len(_LIKED) + 1), _LIKED)[0]
    said = commands.Evaluate(solved=liked > _UNHAPPY, satisfaction=liked, opinion=opinion(course.rng, liked))
    yield act("report", course.report_id, said, course.at, Post.CITIZEN, None)


def _called_back(course: Course) -> Part[bool]:
    """Ask the reporter, where somebody waits for an answer; True when he is not content."""
    if course.story.source is Source.CITIZEN and course.chance(_EVALUATES):
        yield from _evaluated(course)
    if course.story.source not in PEOPLE or not course.chance(_CALLED):
        return False
    course.wait(20, 1200)
    course.wait_for_desk(15)
    rng = course.rng
    if rng.random() >= _REACHED:
        yield course.by_operator(commands.CallBack(report_id=course.report_id, reached=False))
        return False
    liked = rng.choices(range(1, len(_LIKED) + 1), _LIKED)[0]
    said = opinion(rng, liked) if rng.random() < _SAYS_WHY else None
    solved = liked > _UNHAPPY
    yield course.by_operator(
        commands.CallBack(report_id=course.report_id, reached=True, solved=solved, satisfaction=liked, opinion=said)
    )
    return not solved
