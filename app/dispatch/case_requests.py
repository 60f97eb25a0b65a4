"""What a unit may ask for: to give a case back, more time, a rest, an arbitration. Source: domain design §2, §3."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import NAMESPACE_OID, uuid5

from app.dispatch.approval import ENGINEERING, Asked, Chain, chain_of, days_of
from app.dispatch.case_life import CaseLife, Leg, Request, limit_json
from app.dispatch.clock import due
from app.dispatch.codes import Action, LimitUnit, Post, RequestKind, RequestState
from app.dispatch.commands import RequestArbitration, RequestExtension, RequestReturn, RequestSuspension
from app.dispatch.deciding import Scene, reclock
from app.dispatch.errors import BadInput, EvidenceRequired
from app.dispatch.extending import extension_until
from app.dispatch.history import Draft
from app.dispatch.limits import Limit
from app.dispatch.workflow import refuse

_CONTINUOUS: Final = (LimitUnit.MINUTE, LimitUnit.CONTINUOUS_HOUR, LimitUnit.CONTINUOUS_DAY)
_SECONDS_A_DAY: Final = 86_400


def request_return(life: CaseLife, wanted: RequestReturn, scene: Scene) -> Draft:
    """Ask to give the case back as another's: once a unit and round, within the window."""
    leg = _holding(life, Action.REQUEST_RETURN)
    if _asked_by(life, RequestKind.RETURN, leg):
        raise refuse(life.state, Action.REQUEST_RETURN, "本单位在本轮已申请过退件")
    if scene.now > return_window_end(leg, scene):
        raise refuse(life.state, Action.REQUEST_RETURN, "已过退件时间窗口")
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
    """Ask for more time: before due, at most twice; beyond the original limit only for works with a dated plan."""
    leg = _holding(life, Action.REQUEST_EXTENSION)
    _before_due(life, leg, Action.REQUEST_EXTENSION, scene)
    if len(leg.clock.extensions) >= scene.policies.extensions_at_most:
        raise refuse(life.state, Action.REQUEST_EXTENSION, f"延期最多{scene.policies.extensions_at_most}次")
    limit = _more_time(leg, wanted, scene)
    reclock(leg.clock, scene.calendar, more=limit)  # what cannot be counted is refused here, not when it is granted
    extra: dict[str, Any] = {"limit": limit_json(limit)}
    if wanted.until is not None:
        extra["until"] = wanted.until.isoformat()
    days = days_of(limit)
    return _ask(life, leg, Action.REQUEST_EXTENSION, RequestKind.EXTENSION, wanted.reason_code, extra, scene, days)


def request_suspension(life: CaseLife, wanted: RequestSuspension, scene: Scene) -> Draft:
    """Ask to pause the clocks until an instant: before due, once a round, for at most a year."""
    leg = _holding(life, Action.REQUEST_SUSPENSION)
    _before_due(life, leg, Action.REQUEST_SUSPENSION, scene)
    if life.round.suspensions >= scene.policies.suspensions_a_round:
        raise refuse(life.state, Action.REQUEST_SUSPENSION, "本轮已缓办过")
    extra = {"until": wanted.until.isoformat()}
    days_long = (wanted.until - scene.now).total_seconds() / _SECONDS_A_DAY
    action, kind = Action.REQUEST_SUSPENSION, RequestKind.SUSPENSION
    return _ask(life, leg, action, kind, wanted.reason_code, extra, scene, days_long)


def request_arbitration(life: CaseLife, wanted: RequestArbitration, scene: Scene) -> Draft:
    """Ask the coordinator whose it is, with evidence: once a unit and round, after the desk has refused the return."""
    leg = _holding(life, Action.REQUEST_ARBITRATION)
    if _asked_by(life, RequestKind.ARBITRATION, leg):
        raise refuse(life.state, Action.REQUEST_ARBITRATION, "本单位在本轮已申请过裁定")
    returns = _asked_by(life, RequestKind.RETURN, leg)
    refused = next((one for one in returns if one.state is RequestState.REFUSED), None)
    if refused is None:
        raise refuse(life.state, Action.REQUEST_ARBITRATION, "须先申请退件，被拒后方可申请裁定")
    extra = {
        "proposed_unit": refused.proposed_unit,
        "media": [str(one) for one in wanted.media],
        "handle_under_reserve": wanted.handle_under_reserve,
    }
    action, kind = Action.REQUEST_ARBITRATION, RequestKind.ARBITRATION
    draft = _ask(life, leg, action, kind, refused.reason_code, extra, scene)
    return Draft(action=draft.action, target=draft.target, payload=draft.payload, texts={"text": wanted.text})


def check_evidence(_: CaseLife, wanted: RequestArbitration, __: Scene) -> None:
    """Raise EvidenceRequired for a quarrel without any."""
    if not wanted.media:
        message = "申请裁定须附证据（照片或文件）"
        raise EvidenceRequired(message, fields={"errors": [{"where": ["body", "media"], "message": message}]})


def request_payload(
    life: CaseLife, leg: Leg, kind: RequestKind, reason_code: str, scene: Scene, days: float = 0.0
) -> dict[str, Any]:
    """Return what every step records that asks the desk for something, whatever its action.

    `days`: how long it is, where that may lengthen the chain of those who rule.
    """
    chain = _chain(life, kind, reason_code, scene, days)
    limit = _ruling_limit(leg, chain, scene)
    return {
        "request_id": str(uuid5(NAMESPACE_OID, f"{life.case_no}:{life.number + 1}")),
        "kind": kind.value,
        "leg": leg.number,
        "reason_code": reason_code,
        "chain": [post.value for post in chain],
        "in_time": leg.clock.due_at is not None and scene.now <= leg.clock.due_at,
        "ruling_due_at": due(scene.now, limit, scene.calendar).at.isoformat(),
    }


def _ask(
    life: CaseLife,
    leg: Leg,
    action: Action,
    kind: RequestKind,
    reason_code: str,
    extra: Mapping[str, Any],
    scene: Scene,
    days: float = 0.0,
) -> Draft:
    if life.round.pending is not None:
        raise refuse(life.state, action, "已有一项申请待审批")
    payload = {**request_payload(life, leg, kind, reason_code, scene, days), **extra}
    return Draft(action=action, target=life.state, payload=payload)


def _chain(life: CaseLife, kind: RequestKind, reason_code: str, scene: Scene, days: float) -> Chain:
    granted = sum(one.kind is kind and one.state is RequestState.GRANTED for one in life.round.requests)
    asked = Asked(kind=kind, nth=granted + 1, days=days, reason_code=reason_code, source=life.source)
    return chain_of(scene.policies.approval_chains, asked)


def _ruling_limit(leg: Leg, chain: Chain, scene: Scene) -> Limit:
    """Return how long the whole chain may take: the coordinator's limit where he has a word, else the desk's."""
    if Post.COORDINATOR in chain:
        return scene.policies.arbitration_limit
    continuous = leg.clock.limit.unit in _CONTINUOUS
    return scene.policies.ruling_limit_continuous if continuous else scene.policies.ruling_limit


def _more_time(leg: Leg, wanted: RequestExtension, scene: Scene) -> Limit:
    """Return the extension that is meant; raise BadInput where it is longer than it may be."""
    original = leg.clock.limit
    if wanted.limit is not None and wanted.limit.unit is not original.unit:
        raise BadInput.at(["body", "limit"], "延期的单位须与原时限相同", code="extension_too_long")
    if wanted.reason_code == ENGINEERING:
        return extension_until(leg.clock, wanted, scene)
    if wanted.until is not None:
        where = ["body", "until"]
        raise BadInput.at(where, "只有工程延期（reason_code 为 engineering）才按计划日期", code="until_unexpected")
    limit = wanted.limit or original
    if limit.value > original.value:
        raise BadInput.at(["body", "limit"], "延期不能超过原时限", code="extension_too_long")
    return limit


def _holding(life: CaseLife, action: Action) -> Leg:
    if life.leg is None:
        raise refuse(life.state, action, "案件没有在办单位")
    return life.leg


def _before_due(life: CaseLife, leg: Leg, action: Action, scene: Scene) -> None:
    if leg.clock.due_at is not None and scene.now > leg.clock.due_at:
        raise refuse(life.state, action, "已超过时限，不能再申请")


def _asked_by(life: CaseLife, kind: RequestKind, leg: Leg) -> list[Request]:
    """Return what the leg's unit has asked for of a kind in this round."""
    units = {one.number: one.unit_code for one in life.round.legs}
    return [one for one in life.round.requests if one.kind is kind and units[one.leg] == leg.unit_code]
