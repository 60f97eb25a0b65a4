"""What a unit does with a case: sign, ask for what it lacks, dispose, mend what a check found; each in its own way."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.demo.simulation.course import Course
from app.demo.simulation.receipts import PARTNERED
from app.demo.simulation.stories import Rest
from app.demo.simulation.turns import Asks, Heard, Life, Part, ask
from app.demo.simulation.words import internal_note, public_answer
from app.dispatch import commands
from app.dispatch.calendar import Span
from app.dispatch.case_projection import AUTO_SIGN, RESUME
from app.dispatch.codes import DisposalResult
from app.dispatch.limits import Limit
from app.dispatch.policies import DEFAULTS

_GONE, _VOIDED_LATE, _CONTACTED, _REACHED = 0.035, 0.03, 0.3, 0.9
_RETURNED, _EXTENDED, _SUSPENDED, _RESUMED_EARLY = 0.5, 0.8, 0.8, 0.2
_NEVER: Final = 1.0
_STOPS_SIGNED: Final = frozenset({Rest.YELLOW, Rest.RED})
_LEAST: Final = timedelta(minutes=2)
_RETURNS: Final = ("not_ours", "wrong_place", "private_ground", "wrong_category")
_EXTENDS: Final = ("large_work", "material", "weather", "coordination")
_SUSPENDS: Final = ("construction", "budget", "season", "legal_procedure")


@dataclass(slots=True, kw_only=True)
class Job:
    """One leg as its unit sees it: when it began, how long it may take, when it will be done. `plain`: no requests."""

    start: datetime
    limit: Limit
    done_at: datetime
    late: bool
    share: float
    plain: bool = False


def worked(course: Course, limit: Limit, *, plain: bool = False) -> Part[DisposalResult | None]:
    """Work a dispatched case until it is disposed; None where it rests for good or was voided.

    A returned one goes to another unit, which has the full limit.
    """
    while True:
        job = _job(course, limit, plain=plain)
        returned = _may_ask(course, job, Rest.RETURN_ASKED, course.temper.returns)
        yield from _signed(course, job, at_once=returned)
        if course.rests in _STOPS_SIGNED:
            return None
        gone = (yield from _return(course, job)) if returned else None
        if gone:
            continue
        if gone is False:
            return None
        if not (yield from _more_time(course, job)):
            return None
        if job.late and course.chance(_VOIDED_LATE):
            yield from _voided_late(course, job)
            return None
        return (yield from _disposed(course, job))


def reworked(course: Course, limit: Limit) -> Part[DisposalResult]:
    """Mend what a check found."""
    course.at = course.world.rota.run(course.at, limit, course.rng.uniform(0.06, 0.4))
    yield course.by_unit(_word(course, DisposalResult.SOLVED))
    return DisposalResult.SOLVED


def _job(course: Course, limit: Limit, *, plain: bool) -> Job:
    temper, rng = course.temper, course.rng
    late = rng.random() < temper.late
    share = rng.uniform(1.03, 1.9) if late else min(0.97, max(0.04, rng.gauss(temper.pace, 0.16)))
    done_at = course.world.rota.run(course.at, limit, share)
    return Job(start=course.at, limit=limit, done_at=done_at, late=late, share=share, plain=plain)


def _may_ask(course: Course, job: Job, rest: Rest, share: float) -> bool:
    return not job.plain and (course.rests is rest or course.chance(share))


def _signed(course: Course, job: Job, *, at_once: bool) -> Life:
    """Sign, or let the timer sign; what is done before that need not be signed."""
    rng, auto_after = course.rng, DEFAULTS.auto_sign_after
    soon = job.start + min((job.done_at - job.start) * rng.uniform(0.03, 0.25), timedelta(minutes=rng.uniform(3, 100)))
    looks = course.world.rota.unit_looks(soon, urgent=course.urgent)
    if at_once:
        course.at = min(soon, job.start + timedelta(minutes=6))
        yield course.by_unit(commands.Sign())
    elif auto_after is None or (looks < job.start + auto_after and rng.random() >= course.temper.unsigned):
        course.at = min(looks, job.done_at)
        yield course.by_unit(commands.Sign())
    elif job.done_at > job.start + auto_after:
        course.at = job.start + auto_after
        yield course.by_policy(commands.Sign(), AUTO_SIGN, leg=course.leg)


def _return(course: Course, job: Job) -> Part[bool | None]:
    """Ask to give it back: True when it is with another unit, False when that rests, None when it stays."""
    run, rng = course.world.rota.run, course.rng
    latest = min(run(job.start, job.limit, 0.24), run(job.start, DEFAULTS.return_window, 0.95))
    asked_at = max(run(job.start, job.limit, rng.uniform(0.03, 0.2)), course.at + timedelta(minutes=1))
    if asked_at > max(latest, job.start + DEFAULTS.return_window_least):
        return None
    course.at = asked_at
    asked = commands.RequestReturn(reason_code=rng.choice(_RETURNS))
    heard = yield from ask(course.by_unit(asked, Asks.STANDING))
    if course.rests is Rest.RETURN_ASKED:
        return False
    course.wait_for_desk(9)
    if not course.chance(_RETURNED):
        yield course.by_dispatcher(_no(heard, "经核实属贵单位职责，请继续处置。"))
        job.done_at = max(job.done_at, course.at + _LEAST)
        return None
    yield course.by_dispatcher(_yes(heard))
    course.wait(2, 12)
    others = [code for code in course.world.atlas.fallbacks.values() if code != course.unit]
    yield course.dispatched(rng.choice(others), anew=True)
    return True


def _more_time(course: Course, job: Job) -> Part[bool]:
    """Ask for an extension or a suspension where the unit does; False when it rests with that."""
    if _may_ask(course, job, Rest.EXTENSION_ASKED, course.temper.extends):
        return (yield from _extended(course, job))
    if _may_ask(course, job, Rest.SUSPENDED, course.temper.suspends):
        return (yield from _suspended(course, job))
    return True


def _extended(course: Course, job: Job) -> Part[bool]:
    run, rng = course.world.rota.run, course.rng
    early = course.rests is not None
    course.at = max(run(job.start, job.limit, 0.1 if early else rng.uniform(0.35, 0.8)), course.at + _LEAST)
    asked = commands.RequestExtension(reason_code=rng.choice(_EXTENDS))
    heard = yield from ask(course.by_unit(asked, Asks.STANDING))
    if early:
        return False
    course.wait_for_desk(20)
    if course.chance(_EXTENDED):
        yield course.by_lead(_yes(heard))
        job.limit = job.limit.extended(job.limit)
        job.done_at = run(job.start, job.limit, job.share if job.late else rng.uniform(0.5, 0.95))
    else:
        yield course.by_lead(_no(heard, "理由不充分，请按期完成。"))
    job.done_at = max(job.done_at, course.at + _LEAST)
    return True


def _suspended(course: Course, job: Job) -> Part[bool]:
    run, rng = course.world.rota.run, course.rng
    early = course.rests is not None
    course.at = max(run(job.start, job.limit, 0.05 if early else rng.uniform(0.1, 0.5)), course.at + _LEAST)
    until = course.at + timedelta(days=rng.uniform(4, 9) if early else rng.uniform(2, 9))
    asked = commands.RequestSuspension(reason_code=rng.choice(_SUSPENDS), until=until)
    heard = yield from ask(course.by_unit(asked, Asks.STANDING))
    course.wait_for_desk(20)
    if not early and not course.chance(_SUSPENDED):
        yield course.by_lead(_no(heard, "具备处置条件，请抓紧办理。"))
        job.done_at = max(job.done_at, course.at + _LEAST)
        return True
    yield course.by_lead(_yes(heard))
    if early:
        return False
    since = course.at
    if course.chance(_RESUMED_EARLY):
        course.at += (until - since) * rng.uniform(0.4, 0.9)
        yield course.by_lead(commands.Resume())
    else:
        course.at = until
        yield course.by_policy(commands.Resume(), RESUME)
    job.done_at = max(run(job.start, job.limit, job.share, (Span(start=since, end=course.at),)), course.at + _LEAST)
    return True


def _voided_late(course: Course, job: Job) -> Life:
    course.at = job.done_at
    course.wait_for_desk(30)
    lead_off = course.world.crew.other_lead(course.at)
    yield course.by_lead(commands.Void(reason_code="by_mistake", second_person=lead_off))


def _disposed(course: Course, job: Job) -> Part[DisposalResult]:
    rng = course.rng
    if course.story.source is PARTNERED and course.chance(_CONTACTED):
        called_at = course.at + max((job.done_at - course.at) * rng.uniform(0.1, 0.8), timedelta())
        course.at = called_at
        reached = rng.random() < _REACHED
        yield course.by_unit(commands.MakeContact(reached=reached, at=called_at, method="phone"))
    course.at = max(job.done_at, course.at + timedelta(minutes=1))
    result = DisposalResult.SOLVED
    if course.chance(course.temper.explains):
        result = DisposalResult.EXPLAINED
    elif course.chance(_GONE):
        result = DisposalResult.GONE
    yield course.by_unit(_word(course, result))
    return result


def _word(course: Course, result: DisposalResult) -> commands.Dispose:
    answer = public_answer(course.rng, result)
    return commands.Dispose(result=result, public_answer=answer, internal_note=internal_note(course.rng))


def _yes(heard: Heard) -> commands.GrantRequest:
    if heard.request_id is None:
        raise RuntimeError("no request waits for a ruling")
    return commands.GrantRequest(request_id=heard.request_id)


def _no(heard: Heard, text: str) -> commands.RefuseRequest:
    if heard.request_id is None:
        raise RuntimeError("no request waits for a ruling")
    return commands.RefuseRequest(request_id=heard.request_id, text=text)
