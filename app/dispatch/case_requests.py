"""What a unit may ask for and how the desk rules: returns, extensions, suspensions. Source: domain design §2, §3."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import NAMESPACE_OID, uuid5

from app.dispatch.case_life import CaseLife, Leg, Request, limit_json
from app.dispatch.clock import due
from app.dispatch.codes import (
    Action,
    CaseState,
    FailCode,
    LimitUnit,
    Post,
    RequestKind,
    RequestState,
    ReworkClock,
)
from app.dispatch.commands import (
    Command,
    GrantRequest,
    RefuseRequest,
    RequestExtension,
    RequestReturn,
    RequestSuspension,
    Resume,
)
from app.dispatch.deciding import Scene, clock_json, reclock
from app.dispatch.errors import BadInput, NotPermitted
from app.dispatch.history import Draft
from app.dispatch.limits import Limit
from app.dispatch.spans import Span
from app.dispatch.workflow import refuse

_CONTINUOUS: Final = (LimitUnit.MINUTE, LimitUnit.CONTINUOUS_HOUR, LimitUnit.CONTINUOUS_DAY)

RULERS: Final[Mapping[RequestKind, Post]] = {
    RequestKind.RETURN: Post.DISPATCHER,
    RequestKind.EXTENSION: Post.SHIFT_LEAD,
    RequestKind.SUSPENSION: Post.SHIFT_LEAD,
}
"""Who rules on what; one step."""


def ruler(life: CaseLife, command: Command) -> Post | None:
    """Return the post that rules on the request a command is about; None for other commands."""
    if not isinstance(command, GrantRequest | RefuseRequest):
        return None
    kinds = (request.kind for request in life.round.requests if request.id == command.request_id)
    return next((RULERS[kind] for kind in kinds), None)


def request_return(life: CaseLife, wanted: RequestReturn, scene: Scene) -> Draft:
    """Ask to give the case back as another's: once a unit and round, within the window."""
    leg = _holding(life, Action.REQUEST_RETURN)
    if _asked(life, RequestKind.RETURN, leg):
        raise refuse(life.state, Action.REQUEST_RETURN, "本单位在本轮已申请过退件")
    if scene.now > return_window_end(leg, scene):
        raise refuse(life.state, Action.REQUEST_RETURN, "已过退件时间窗口")
    if wanted.proposed_unit is not None and wanted.proposed_unit not in scene.units:
        raise BadInput.at(["body", "proposed_unit"], f"没有这个处置单位：{wanted.proposed_unit}", code="unknown_unit")
    extra = {"proposed_unit": wanted.proposed_unit}
    return _ask(life, leg, Action.REQUEST_RETURN, RequestKind.RETURN, wanted.reason_code, extra, scene)


def return_window_end(leg: Leg, scene: Scene) -> datetime:
    """Return until when a leg may be asked to be returned: 8 work hours or 25 % of the limit, at least 15 minutes."""
    policies = scene.policies
    whole = due(leg.dispatched_at, leg.clock.limit, scene.calendar)
    share = sum((s.length for s in whole.segments), start=leg.dispatched_at - leg.dispatched_at)
    left = share * policies.return_window_share
    end = whole.at
    for segment in whole.segments:
        if left <= segment.length:
            end = segment.start + left
            break
        left -= segment.length
    hours = due(leg.dispatched_at, policies.return_window, scene.calendar).at
    return max(min(end, hours), leg.dispatched_at + policies.return_window_least)


def request_extension(life: CaseLife, wanted: RequestExtension, scene: Scene) -> Draft:
    """Ask for more time: before due, at most the original limit, at most twice."""
    leg = _holding(life, Action.REQUEST_EXTENSION)
    _before_due(life, leg, Action.REQUEST_EXTENSION, scene)
    if len(leg.clock.extensions) >= scene.policies.extensions_at_most:
        raise refuse(life.state, Action.REQUEST_EXTENSION, f"延期最多{scene.policies.extensions_at_most}次")
    limit = wanted.limit or leg.clock.limit
    if limit.unit is not leg.clock.limit.unit or limit.value > leg.clock.limit.value:
        where = ["body", "limit"]
        raise BadInput.at(where, "延期的单位须与原时限相同，且不超过原时限", code="extension_too_long")
    reclock(leg.clock, scene.calendar, more=limit)  # what cannot be counted is refused here, not when it is granted
    extra = {"limit": limit_json(limit)}
    return _ask(life, leg, Action.REQUEST_EXTENSION, RequestKind.EXTENSION, wanted.reason_code, extra, scene)


def request_suspension(life: CaseLife, wanted: RequestSuspension, scene: Scene) -> Draft:
    """Ask to pause the clocks until an instant: before due, once a round, for at most a year."""
    leg = _holding(life, Action.REQUEST_SUSPENSION)
    _before_due(life, leg, Action.REQUEST_SUSPENSION, scene)
    if life.round.suspensions >= scene.policies.suspensions_a_round:
        raise refuse(life.state, Action.REQUEST_SUSPENSION, "本轮已缓办过")
    if not scene.now < wanted.until <= scene.now + scene.policies.suspension_at_most:
        days = scene.policies.suspension_at_most.days
        raise BadInput.at(["body", "until"], f"缓办的截止时间须在今后{days}天之内", code="until_out_of_range")
    extra = {"until": wanted.until.isoformat()}
    return _ask(life, leg, Action.REQUEST_SUSPENSION, RequestKind.SUSPENSION, wanted.reason_code, extra, scene)


def grant(life: CaseLife, wanted: GrantRequest, scene: Scene) -> Draft:
    """Say yes; what follows depends on what was asked."""
    request = _pending(life, wanted, scene)
    payload = _ruling(life, request, scene)
    target = CaseState.DISPATCHED
    match request.kind:
        case RequestKind.RETURN:
            target = CaseState.FILED
        case RequestKind.EXTENSION:
            payload |= _both(life, payload, scene, more=request.limit, case=scene.policies.extension_moves_case)
        case RequestKind.SUSPENSION if request.until is not None:
            target = CaseState.SUSPENDED
            since = _rest_from(life, request, scene)
            rest = Span(start=since, end=max(request.until, since))
            payload |= _both(life, payload, scene, pause=rest, case=True)
            payload |= {"since": since.isoformat(), "until": request.until.isoformat()}
    return Draft(action=Action.GRANT, target=target, payload=payload, texts=_texts(wanted.text))


def refuse_request(life: CaseLife, wanted: RefuseRequest, scene: Scene) -> Draft:
    """Say no; ruling time beyond the desk's limit is given back to the leg."""
    request = _pending(life, wanted, scene)
    payload = _ruling(life, request, scene)
    if "given_back_from" in payload:
        payload |= _both(life, payload, scene, case=False)
    return Draft(action=Action.REFUSE, target=CaseState.DISPATCHED, payload=payload, texts=_texts(wanted.text))


def resume(life: CaseLife, _: Resume, scene: Scene) -> Draft:
    """End the suspension; both clocks get back what was really paused."""
    since = life.round.suspended_since
    if since is None:
        raise refuse(life.state, Action.RESUME, "案件没有缓办")
    payload = _both(life, {}, scene, pause=Span(start=since, end=scene.now), case=True)
    return Draft(action=Action.RESUME, target=CaseState.DISPATCHED, payload=payload)


def _ask(
    life: CaseLife,
    leg: Leg,
    action: Action,
    kind: RequestKind,
    reason_code: str,
    extra: Mapping[str, Any],
    scene: Scene,
) -> Draft:
    if life.round.pending is not None:
        raise refuse(life.state, action, "已有一项申请待审批")
    payload = {**request_payload(life, leg, kind, reason_code, scene), **extra}
    return Draft(action=action, target=life.state, payload=payload)


def request_payload(life: CaseLife, leg: Leg, kind: RequestKind, reason_code: str, scene: Scene) -> dict[str, Any]:
    """Return what every step records that asks the desk for something, whatever its action."""
    continuous = leg.clock.limit.unit in _CONTINUOUS
    limit = scene.policies.ruling_limit_continuous if continuous else scene.policies.ruling_limit
    return {
        "request_id": str(uuid5(NAMESPACE_OID, f"{life.case_no}:{life.number + 1}")),
        "kind": kind.value,
        "leg": leg.number,
        "reason_code": reason_code,
        "in_time": leg.clock.due_at is not None and scene.now <= leg.clock.due_at,
        "ruling_due_at": due(scene.now, limit, scene.calendar).at.isoformat(),
    }


def _pending(life: CaseLife, wanted: GrantRequest | RefuseRequest, scene: Scene) -> Request:
    request = next((r for r in life.round.requests if r.id == wanted.request_id), None)
    if request is None:
        raise BadInput.at(["body", "request_id"], "本轮没有这项申请", code="unknown_request")
    if request.state is not RequestState.PENDING:
        raise refuse(life.state, wanted.action, "这项申请已有结论")
    if RULERS[request.kind] is not scene.post:
        raise NotPermitted("这项申请由其他岗位审批")
    return request


def _ruling(life: CaseLife, request: Request, scene: Scene) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "request_id": str(request.id),
        "kind": request.kind.value,
        "leg": request.leg,
        "reason_code": request.reason_code,
    }
    return payload | _ruled_late(life, request, scene)


def _ruled_late(life: CaseLife, request: Request, scene: Scene) -> dict[str, str]:
    """Return the wait that is given back: what went beyond the desk's limit.

    Where the leg would have run out within that limit, the whole wait: a late ruling never makes a unit overdue.
    """
    if not request.in_time or scene.now <= request.ruling_due_at or life.leg is None:
        return {}
    due_at = life.leg.clock.due_at
    ran_out = due_at is not None and due_at <= request.ruling_due_at
    since = request.asked_at if ran_out else request.ruling_due_at
    return {"given_back_from": since.isoformat(), "given_back_to": scene.now.isoformat()}


def unanswered(life: CaseLife, scene: Scene) -> dict[str, Any]:
    """Return what a disposal gives back to the leg whose request the desk has left lying beyond its limit."""
    pending = life.round.pending
    given = _ruled_late(life, pending, scene) if pending else {}
    return given | _both(life, given, scene, case=False) if given else {}


def _rest_from(life: CaseLife, request: Request, scene: Scene) -> datetime:
    """Return when a suspension begins: now, or when it was asked for where a clock has run out since."""
    clocks = (life.round.clock, life.leg.clock) if life.leg else (life.round.clock,)
    dues = (clock.due_at for clock in clocks if clock.due_at is not None)
    ran_out = any(request.asked_at <= due_at <= scene.now for due_at in dues)
    return request.asked_at if ran_out else scene.now


def _both(
    life: CaseLife,
    payload: Mapping[str, Any],
    scene: Scene,
    *,
    pause: Span | None = None,
    more: Limit | None = None,
    case: bool,
) -> dict[str, Any]:
    """Return the new due times of the leg, with what this ruling gives back, and of the case where it moves too."""
    leg = life.leg
    if leg is None:
        return {}
    clock = leg.clock
    if "given_back_from" in payload:
        given = Span(
            start=datetime.fromisoformat(payload["given_back_from"]),
            end=datetime.fromisoformat(payload["given_back_to"]),
        )
        clock = replace(clock, pauses=(*clock.pauses, given))
    times: dict[str, Any] = {"leg_clock": reclock(clock, scene.calendar, pause=pause, more=more)}
    if case:
        times["case"] = reclock(life.round.clock, scene.calendar, pause=pause, more=more)
    return times


def rework_times(life: CaseLife, scene: Scene, *, fail_code: str) -> dict[str, Any]:
    """Return what a failed check gives back to the leg: the time it was disposed and being checked.

    Nothing after `not_done`, nothing under the policy `deadline_kept`; under `fresh` the full limit starts anew.
    """
    standing, leg = life.round.standing, life.leg
    if leg is not None and scene.policies.rework_clock is ReworkClock.FRESH:
        anew = clock_json(scene.now, leg.clock.limit, scene.calendar)
        return {"leg_start": scene.now.isoformat(), "leg_clock": anew}
    keeps = scene.policies.rework_clock is ReworkClock.DEADLINE_KEPT
    if standing is None or keeps or fail_code == FailCode.NOT_DONE:
        return {}
    given = {"given_back_from": standing.at.isoformat(), "given_back_to": scene.now.isoformat()}
    return given | _both(life, given, scene, case=False)


def _holding(life: CaseLife, action: Action) -> Leg:
    if life.leg is None:
        raise refuse(life.state, action, "案件没有在办单位")
    return life.leg


def _before_due(life: CaseLife, leg: Leg, action: Action, scene: Scene) -> None:
    if leg.clock.due_at is not None and scene.now > leg.clock.due_at:
        raise refuse(life.state, action, "已超过时限，不能再申请")


def _asked(life: CaseLife, kind: RequestKind, leg: Leg) -> bool:
    units: Callable[[int], str] = {one.number: one.unit_code for one in life.round.legs}.__getitem__
    return any(r.kind is kind and units(r.leg) == leg.unit_code for r in life.round.requests)


def _texts(text: str | None) -> dict[str, str]:
    return {"text": text} if text else {}
