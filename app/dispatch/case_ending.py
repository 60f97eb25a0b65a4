"""Disposal, checks, closing, voiding, and what may be said along the way. Source: domain design §2."""

from collections.abc import Mapping
from typing import Any, Final

from app.dispatch.case_life import CaseLife
from app.dispatch.case_requests import rework_times, unanswered
from app.dispatch.codes import Action, CaseState, CheckResult, DisposalResult, EndKind, FailCode
from app.dispatch.commands import (
    CallBack,
    Check,
    Close,
    DeskCheck,
    Dispose,
    Note,
    SendCheck,
    Supplement,
    Tag,
    Urge,
    Void,
)
from app.dispatch.deciding import Scene, draw
from app.dispatch.errors import BadInput
from app.dispatch.history import Draft
from app.dispatch.workflow import refuse

_ENDS: Final[Mapping[DisposalResult, EndKind]] = {
    DisposalResult.SOLVED: EndKind.SOLVED,
    DisposalResult.GONE: EndKind.GONE,
    DisposalResult.EXPLAINED: EndKind.EXPLAINED,
}


def dispose(life: CaseLife, wanted: Dispose, scene: Scene) -> Draft:
    """Take the unit's word that it is done; a pending request falls away."""
    leg = life.leg
    if leg is None:
        raise refuse(life.state, Action.DISPOSE, "案件没有在办单位")
    if wanted.result not in _ENDS:
        raise BadInput.at(["body", "result"], "处置结果须为 solved、gone 或 explained", code="result_unknown")
    payload: dict[str, Any] = {
        "leg": leg.number,
        "result": wanted.result.value,
        "media": [str(one) for one in wanted.media],
        **unanswered(life, scene),
    }
    texts = {"public_answer": wanted.public_answer, "internal_note": wanted.internal_note}
    policy = "auto_sign" if leg.signed_at is None and scene.policies.auto_sign_after is not None else None
    return Draft(
        action=Action.DISPOSE,
        target=CaseState.DISPOSED,
        payload=payload,
        texts={field: text for field, text in texts.items() if text},
        policy=policy,
    )


def send_check(life: CaseLife, wanted: SendCheck, scene: Scene) -> Draft:
    """Send an inspector; drawn among those in reach, another than the one who reported (`other_if_near`)."""
    inspector_id = wanted.inspector_id
    if inspector_id is not None and inspector_id not in scene.inspectors:
        raise BadInput.at(["body", "inspector"], "这位采集员不能核查此案件", code="unknown_inspector")
    by_policy = inspector_id is None
    inspector_id = inspector_id or draw(scene.inspectors, avoid=life.author_id, seed=f"{life.case_no}:{life.number}")
    if inspector_id is None:
        raise refuse(life.state, Action.SEND_CHECK, "此处没有可派的采集员")
    return Draft(
        action=Action.SEND_CHECK,
        target=CaseState.CHECKING,
        payload={"inspector_id": str(inspector_id)},
        policy="other_if_near" if by_policy else None,
    )


def check(life: CaseLife, wanted: Check, scene: Scene) -> Draft:
    """Take what the inspector found; `no_access` offers the check to another, `not_found` is a pass if it is gone."""
    payload: dict[str, Any] = {
        "result": wanted.result.value,
        "code": wanted.code.value if wanted.code else None,
        "media": [str(one) for one in wanted.media],
    }
    match wanted.result:
        case CheckResult.PASS:
            target = CaseState.CHECKED
        case CheckResult.FAIL:
            target = CaseState.DISPATCHED
            payload |= rework_times(life, scene, fail_code=_fail_code(wanted.code))
        case CheckResult.NO_ACCESS:
            target = CaseState.CHECKING
            again = draw(scene.inspectors, avoid=scene.actor_id, seed=f"{life.case_no}:{life.number}")
            payload["inspector_id"] = str(again) if again else None
        case CheckResult.NOT_FOUND:
            standing = life.round.standing
            gone = standing is not None and standing.result is DisposalResult.GONE
            target = CaseState.CHECKED if gone else CaseState.DISPOSED
    return Draft(action=Action.CHECK, target=target, payload=payload)


def desk_check(life: CaseLife, wanted: DeskCheck, scene: Scene) -> Draft:
    """Compare the photos at the desk, where policy allows it."""
    if not scene.policies.desk_check:
        raise refuse(life.state, Action.DESK_CHECK, "本市未启用台内核查（策略 desk_check）")
    if wanted.result not in {CheckResult.PASS, CheckResult.FAIL}:
        raise BadInput.at(["body", "result"], "台内核查只有 pass 或 fail", code="result_unknown")
    payload: dict[str, Any] = {"result": wanted.result.value, "code": wanted.code.value if wanted.code else None}
    if wanted.result is CheckResult.PASS:
        return Draft(action=Action.DESK_CHECK, target=CaseState.CHECKED, payload=payload, policy="desk_check")
    payload |= rework_times(life, scene, fail_code=_fail_code(wanted.code))
    return Draft(action=Action.DESK_CHECK, target=CaseState.DISPATCHED, payload=payload, policy="desk_check")


def close(life: CaseLife, wanted: Close, scene: Scene) -> Draft:  # noqa: ARG001  # every decision takes the same three
    """End the round as the disposal said, unless another end is named."""
    standing = life.round.standing
    end_kind = wanted.end_kind or (_ENDS.get(standing.result) if standing else None)
    if end_kind is EndKind.MERGED:
        raise BadInput.at(["body", "end_kind"], "并案须使用并案操作，不能直接以 merged 结案", code="end_kind_unknown")
    if end_kind is None:
        raise BadInput.at(["body", "end_kind"], "没有处置结果，请指明结案方式", code="end_kind_required")
    return Draft(action=Action.CLOSE, target=CaseState.CLOSED, payload={"end_kind": end_kind.value})


def void(life: CaseLife, wanted: Void, scene: Scene) -> Draft:
    """End a case that should not have been; an overdue one needs a second person, not the same."""
    due_at, standing = life.round.clock.due_at, life.round.standing
    overdue = due_at is not None and (standing.at if standing else scene.now) > due_at
    if overdue and (wanted.second_person is None or wanted.second_person == scene.actor_id):
        where = ["body", "second_person"]
        raise BadInput.at(where, "超期案件作废须另一人复核", code="second_person_required")
    second = str(wanted.second_person) if wanted.second_person else None
    payload = {"reason_code": wanted.reason_code, "second_person": second}
    return Draft(action=Action.VOID, target=CaseState.VOIDED, payload=payload)


def call_back(life: CaseLife, wanted: CallBack, scene: Scene) -> Draft:  # noqa: ARG001  # the same three
    """Record what the reporter said."""
    payload = {
        "report_id": str(wanted.report_id),
        "reached": wanted.reached,
        "solved": wanted.solved,
        "satisfaction": wanted.satisfaction,
    }
    texts = {"opinion": wanted.opinion} if wanted.opinion else {}
    return Draft(action=Action.CALL_BACK, target=life.state, payload=payload, texts=texts)


def urge(life: CaseLife, _: Urge, scene: Scene) -> Draft:  # noqa: ARG001  # the same three
    """Remind the unit; counted."""
    return Draft(action=Action.URGE, target=life.state)


def note(life: CaseLife, wanted: Note, scene: Scene) -> Draft:  # noqa: ARG001  # the same three
    """Keep a note."""
    return Draft(action=Action.NOTE, target=life.state, texts={"text": wanted.text})


def tag(life: CaseLife, wanted: Tag, scene: Scene) -> Draft:  # noqa: ARG001  # the same three
    """Add and remove tags."""
    payload = {"add": list(wanted.add), "remove": list(wanted.remove)}
    return Draft(action=Action.TAG, target=life.state, payload=payload)


def supplement(life: CaseLife, wanted: Supplement, scene: Scene) -> Draft:  # noqa: ARG001  # the same three
    """Raise what the reporter or the partner sent since."""
    texts = {"text": wanted.text} if wanted.text else {}
    return Draft(action=Action.SUPPLEMENT, target=life.state, payload={"attention": wanted.attention}, texts=texts)


def _fail_code(code: FailCode | None) -> str:
    if code is None:
        raise BadInput.at(["body", "code"], "核查不通过须给出原因代码", code="fail_code_required")
    if code is FailCode.RELAPSED:
        raise BadInput.at(
            ["body", "code"], "“relapsed”属于通过后复发，请以 pass 结束并另行上报", code="fail_code_unknown"
        )
    return code.value
