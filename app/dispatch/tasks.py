"""Sending inspectors to look, before filing or before closing: to whom, by when, and what he may do with his task."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from app.dispatch.case_life import CaseLife
from app.dispatch.clock import due
from app.dispatch.codes import Action, CaseState, CheckResult, ReportState, VerifyResult
from app.dispatch.commands import Check, Command, HandOver, TakeUp, Verify
from app.dispatch.deciding import Scene
from app.dispatch.drawing import Candidate, Drawn, Terms, draw, goes_on, may_look
from app.dispatch.errors import ActionNotAllowed, BadInput
from app.dispatch.history import Draft
from app.dispatch.limits import Limit
from app.dispatch.report_life import ReportLife
from app.dispatch.task import Task
from app.dispatch.task_codes import SentBecause
from app.dispatch.workflow import refuse

DREW: Final = "who_may_check"
RECHECK: Final = "recheck_share"
LET_LIE: Final = "take_up_within"
_SENDING: Final = frozenset({Action.SEND_CHECK, Action.REQUEST_VERIFICATION, Action.HAND_OVER})
_PASSES: Final = frozenset({CheckResult.PASS, CheckResult.NOT_FOUND})


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What a decision about a task looks at, of a report and of a case alike; `window` is how long it may take."""

    state: CaseState | ReportState
    holder_id: UUID | None
    task: Task | None
    terms: Terms
    window: Limit


def of_case(life: CaseLife, scene: Scene) -> Errand:
    """Return the check of a case."""
    window = scene.policies.check_window or scene.policies.check_limit
    terms = _terms(life.author_id, f"{life.case_no}:{life.number}", scene)
    return Errand(state=life.state, holder_id=life.inspector_id, task=life.task, terms=terms, window=window)


def of_report(life: ReportLife, scene: Scene) -> Errand:
    """Return the verification of a report."""
    terms = _terms(life.author_id, f"{life.received_at.isoformat()}:{life.number}", scene)
    limit = scene.policies.verify_limit
    return Errand(state=life.state, holder_id=life.verifier_id, task=life.task, terms=terms, window=limit)


def may_send(command: Command, reporter_id: UUID | None, holder_id: UUID | None) -> bool:
    """Tell whether a command may send somebody; who passes what he reported himself may be looked over."""
    if isinstance(command, Check):
        own = reporter_id is not None and reporter_id == holder_id
        return command.result is CheckResult.NO_ACCESS or (own and command.result in _PASSES)
    if isinstance(command, Verify):
        return command.result is VerifyResult.NO_ACCESS
    return command.action in _SENDING


def send(errand: Errand, action: Action, inspector_id: UUID | None, scene: Scene) -> tuple[dict[str, Any], str | None]:
    """Return what sending records, and the policy that drew; a named inspector is sent as named, within the policy.

    Raises BadInput where he may not look at it, ActionNotAllowed where nobody can be drawn.
    """
    if inspector_id is not None:
        return _sent(_named(errand, inspector_id, scene), errand, scene), None
    drawn = draw(scene.inspectors, errand.terms)
    if drawn is None:
        raise refuse(errand.state, action, _nobody(scene))
    return _sent(drawn, errand, scene), DREW


def check_named(errand: Errand, inspector_id: UUID, scene: Scene) -> None:
    """Raise BadInput for a named inspector who may not look at it."""
    _named(errand, inspector_id, scene)


def offered_anew(errand: Errand, scene: Scene) -> dict[str, Any]:
    """Return what it records that nobody was in: another goes, one who did not try yet if there is one.

    With nobody else there, the same looks again.
    """
    drawn = _another(errand, scene, scene.actor_id or errand.holder_id)
    return _sent(drawn, errand, scene) if drawn else {"inspector_id": None}


def looked_over(errand: Errand, scene: Scene) -> dict[str, Any] | None:
    """Return whom a pass goes on to: by lot, where the one who passes it is the one who reported it; else None."""
    checker_id = scene.actor_id or errand.holder_id
    own = checker_id is not None and checker_id == errand.terms.reporter_id
    if not own or not goes_on(errand.terms.seed, scene.policies.recheck_share):
        return None
    drawn = draw(scene.inspectors, errand.terms, avoid=[checker_id] if checker_id else ())
    return {**_sent(drawn, errand, scene), "looked_over": True} if drawn else None


def in_window(errand: Errand, now: datetime) -> dict[str, bool]:
    """Return whether a look was taken in time; nothing where no window was told."""
    return {"in_window": now <= errand.task.due_at} if errand.task else {}


def take_up(errand: Errand, wanted: TakeUp) -> Draft:
    """Say that the inspector goes there; once."""
    if errand.task is not None and errand.task.taken_up_at is not None:
        raise refuse(errand.state, wanted.action, "任务已经领取")
    return Draft(action=wanted.action, target=errand.state)


def hand_over(errand: Errand, wanted: HandOver, scene: Scene) -> Draft:
    """Give the task to another: the one who is named, else whoever is drawn; a timer only what was not taken up."""
    if wanted.untaken:
        return _let_lie(errand, wanted, scene)
    if wanted.inspector_id is not None:
        if wanted.inspector_id == errand.holder_id:
            raise BadInput.at(["body", "inspector"], "任务已在这位采集员手中", code="same_inspector")
        payload = _sent(_named(errand, wanted.inspector_id, scene), errand, scene)
        return Draft(action=wanted.action, target=errand.state, payload=payload)
    drawn = _another(errand, scene, errand.holder_id)
    if drawn is None:
        raise _no_other(errand, wanted)
    payload = _sent(drawn, errand, scene)
    return Draft(action=wanted.action, target=errand.state, payload=payload, policy=DREW)


def _let_lie(errand: Errand, wanted: HandOver, scene: Scene) -> Draft:
    """Draw the next for a task that was not taken up, of those on shift who did not let it lie; else it stays."""
    task = errand.task
    if task is None or not task.waits or task.take_up_by is None or scene.now < task.take_up_by:
        raise refuse(errand.state, wanted.action, "任务已领取或未到转派时间")
    there = [one for one in scene.inspectors if one.on_shift]
    drawn = draw(there, errand.terms, avoid=(task.inspector_id,), had=task.passed_by)
    if drawn is None:
        raise _no_other(errand, wanted)
    payload = _sent(drawn, errand, scene)
    return Draft(action=wanted.action, target=errand.state, payload=payload, policy=LET_LIE)


def _another(errand: Errand, scene: Scene, present: UUID | None) -> Drawn | None:
    """Draw another than who has it, one who did not have it yet if there is one."""
    now_his: Collection[UUID] = [present] if present else ()
    before = errand.task.passed_by if errand.task else ()
    fresh = draw(scene.inspectors, errand.terms, avoid=now_his, had=before)
    return fresh or draw(scene.inspectors, errand.terms, avoid=now_his)


def _named(errand: Errand, inspector_id: UUID, scene: Scene) -> Drawn:
    found = next((one for one in scene.inspectors if one.account_id == inspector_id), None)
    if found is None:
        raise BadInput.at(["body", "inspector"], "这位采集员不在此处的辖区内，不能派给他", code="unknown_inspector")
    if not may_look(inspector_id, errand.terms):
        text = "须由上报人以外的采集员查看（策略 who_may_check）"
        raise BadInput.at(["body", "inspector"], text, code="reporter_may_not_look")
    return Drawn(candidate=found, because=SentBecause.NAMED)


def _sent(drawn: Drawn, errand: Errand, scene: Scene) -> dict[str, Any]:
    """Return what is recorded of a sending; its times run from when the inspector is on shift."""
    start = _begins(drawn.candidate, scene.now)
    within = scene.policies.take_up_within
    return {
        "inspector_id": str(drawn.candidate.account_id),
        "because": drawn.because.value,
        "task_due_at": due(start, errand.window, scene.calendar).at.isoformat(),
        "take_up_by": (start + within).isoformat() if within is not None else None,
    }


def _begins(sent: Candidate, now: datetime) -> datetime:
    return max(sent.on_from, now) if sent.on_from is not None else now


def _terms(reporter_id: UUID | None, step: str, scene: Scene) -> Terms:
    policies = scene.policies
    return Terms(
        reporter_id=reporter_id,
        who=policies.who_may_check,
        near_m=policies.near_within_m,
        seed=f"{step}:{scene.now.isoformat()}",
    )


def _nobody(scene: Scene) -> str:
    if scene.inspectors:
        return "此处除上报人外没有可派的采集员（策略 who_may_check 要求另派他人）"
    return "此处没有可派的采集员"


def _no_other(errand: Errand, wanted: HandOver) -> ActionNotAllowed:
    return refuse(errand.state, wanted.action, "没有其他可派的采集员，任务仍由原采集员承担")
