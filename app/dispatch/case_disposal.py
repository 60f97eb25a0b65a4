"""What a unit says it did: put right, made safe for now, or not to be done. Source: domain design §2."""

from collections.abc import Mapping
from typing import Any, Final

from app.dispatch.case_legs import leave_nothing_given_on
from app.dispatch.case_life import CaseLife, Leg, limit_json
from app.dispatch.case_requests import request_payload
from app.dispatch.codes import Action, CaseState, DisposalResult, EndKind, RequestKind
from app.dispatch.commands import Dispose
from app.dispatch.deciding import Scene, clock_json
from app.dispatch.errors import BadInput
from app.dispatch.history import Draft
from app.dispatch.ruling_times import unanswered
from app.dispatch.workflow import refuse

ENDS: Final[Mapping[DisposalResult, EndKind]] = {
    DisposalResult.SOLVED: EndKind.SOLVED,
    DisposalResult.GONE: EndKind.GONE,
    DisposalResult.EXPLAINED: EndKind.EXPLAINED,
}
"""How a round ends after what the disposal said."""

CLAIMS: Final = (
    *(EndKind.TRANSFERRED_TO_ENFORCEMENT, EndKind.PROBLEM_BANK, EndKind.OUT_OF_SCOPE),
    *(EndKind.EXPLAINED, EndKind.WITHDRAWN),
)
"""What may be claimed with `cannot`: solved and gone are results of their own, merged comes from merging only."""

TO_APPROVE: Final = "to_approve"
"""Stands in a disposal whose public answer somebody must read before it goes out."""


def dispose(life: CaseLife, wanted: Dispose, scene: Scene) -> Draft:
    """Take the unit's word; a pending request falls away."""
    leg = life.leg
    if leg is None:
        raise refuse(life.state, Action.DISPOSE, "案件没有在办单位")
    leave_nothing_given_on(life, Action.DISPOSE)
    match wanted.result:
        case DisposalResult.TEMPORARY:
            return _made_safe(life, leg, wanted, scene)
        case DisposalResult.CANNOT:
            return _claimed(life, leg, wanted, scene)
    payload = {**_said(leg, wanted, scene), **unanswered(life, scene)}
    policy = "auto_sign" if leg.signed_at is None and scene.policies.auto_sign_after is not None else None
    return _draft(CaseState.DISPOSED, payload, wanted, policy)


def check_result(_: CaseLife, wanted: Dispose, __: Scene) -> None:
    """Raise BadInput where result and claim do not go together."""
    where = ["body", "claim"]
    if wanted.result is not DisposalResult.CANNOT:
        if wanted.claim is not None:
            raise BadInput.at(where, "只有结果为 cannot 时才能申请以某种方式结案", code="claim_unexpected")
        return
    if wanted.claim is None:
        raise BadInput.at(where, f"无法处置时须写明申请的结案方式：{_claims()}", code="claim_required")
    if wanted.claim not in CLAIMS:
        raise BadInput.at(where, f"无法处置时可申请的结案方式只有：{_claims()}", code="claim_unknown")


def is_published(payload: Mapping[str, Any]) -> bool:
    """Tell whether the answer that goes with a disposal is for the public at once.

    Not while it waits to be approved, and not where it only explains what is asked of the desk.
    """
    return payload.get("answer") != TO_APPROVE and payload.get("result") != DisposalResult.CANNOT


def _made_safe(life: CaseLife, leg: Leg, wanted: Dispose, scene: Scene) -> Draft:
    """End the leg and begin the one that makes it lasting; in time, the case clock starts anew with it."""
    if any(one.result is DisposalResult.TEMPORARY for one in life.round.disposals):
        raise refuse(life.state, Action.DISPOSE, "本轮已有临时处置，后续环节须彻底处置")
    limit = scene.policies.follow_up_limit
    given, due_at = unanswered(life, scene), life.round.clock.due_at
    follow_up = clock_json(scene.now, limit, scene.calendar)
    payload: dict[str, Any] = {
        **_said(leg, wanted, scene),
        **{name: value for name, value in given.items() if name != "leg_clock"},
        "unit_code": leg.unit_code,
        "next_leg": len(life.round.legs) + 1,
        "limit": limit_json(limit),
        "limit_source": "policy follow_up_limit",
        "leg_clock": follow_up,
    }
    if "leg_clock" in given:
        payload["ended_clock"] = given["leg_clock"]
    if due_at is None or scene.now <= due_at:
        payload["case"] = follow_up
    return _draft(CaseState.DISPATCHED, payload, wanted, "follow_up_limit")


def _claimed(life: CaseLife, leg: Leg, wanted: Dispose, scene: Scene) -> Draft:
    """Ask the desk to end the round as it is claimed; the clocks run on."""
    pending = life.round.pending
    if pending is not None and (pending.kind is RequestKind.END or pending.reserved):
        raise refuse(life.state, Action.DISPOSE, "已有一项结案申请或裁定待审批")
    assert wanted.claim is not None  # noqa: S101  # `check_result` has asked for it
    payload = {
        **_said(leg, wanted, scene),
        **request_payload(life, leg, RequestKind.END, wanted.claim.value, scene),
        **unanswered(life, scene),
        "claim": wanted.claim.value,
    }
    return _draft(CaseState.DISPATCHED, payload, wanted, None)


def _said(leg: Leg, wanted: Dispose, scene: Scene) -> dict[str, Any]:
    media = [str(one) for one in wanted.media]
    held = {"answer": TO_APPROVE} if wanted.public_answer and scene.policies.answer_approval else {}
    return {"leg": leg.number, "result": wanted.result.value, "media": media, **held}


def _draft(target: CaseState, payload: Mapping[str, Any], wanted: Dispose, policy: str | None) -> Draft:
    texts = {"public_answer": wanted.public_answer, "internal_note": wanted.internal_note}
    kept = {field: text for field, text in texts.items() if text}
    return Draft(action=Action.DISPOSE, target=target, payload=payload, texts=kept, policy=policy)


def _claims() -> str:
    return "、".join(one.value for one in CLAIMS)
