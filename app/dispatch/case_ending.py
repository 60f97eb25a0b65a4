"""Checks, closing and voiding. Source: domain design §2."""

from typing import Any

from app.dispatch.case_disposal import ENDS
from app.dispatch.case_life import CaseLife
from app.dispatch.case_tasks import looked
from app.dispatch.codes import Action, CaseState, CheckResult, DisposalResult, EndKind, FailCode
from app.dispatch.commands import Check, Close, DeskCheck, Void
from app.dispatch.deciding import Scene
from app.dispatch.errors import ActionNotAllowed, BadInput
from app.dispatch.history import Draft
from app.dispatch.ruling_times import rework_times
from app.dispatch.workflow import refuse


def check(life: CaseLife, wanted: Check, scene: Scene) -> Draft:
    """Take what the inspector found; `no_access` offers the check to another, `not_found` is a pass if it is gone."""
    payload: dict[str, Any] = {**_found(wanted), "media": [str(one) for one in wanted.media]}
    match wanted.result:
        case CheckResult.PASS:
            target = CaseState.CHECKED
        case CheckResult.FAIL:
            target, times = _failed(life, wanted.code, scene)
            payload |= times
        case CheckResult.NO_ACCESS:
            target = CaseState.CHECKING
        case CheckResult.NOT_FOUND:
            standing = life.round.standing
            gone = standing is not None and standing.result is DisposalResult.GONE
            target = CaseState.CHECKED if gone else CaseState.DISPOSED
    return looked(life, Draft(action=Action.CHECK, target=target, payload=payload), scene)


def check_code(_: CaseLife, wanted: Check | DeskCheck, __: Scene) -> None:
    """Raise BadInput for a failed check that does not say why."""
    if wanted.result is CheckResult.FAIL and wanted.code is None:
        raise BadInput.at(["body", "code"], "核查不通过须给出原因代码", code="fail_code_required")


def desk_check(life: CaseLife, wanted: DeskCheck, scene: Scene) -> Draft:
    """Compare the photos at the desk, where policy allows it."""
    if not scene.policies.desk_check:
        raise refuse(life.state, Action.DESK_CHECK, "本市未启用台内核查（策略 desk_check）")
    target, times = CaseState.CHECKED, dict[str, Any]()
    if wanted.result is CheckResult.FAIL:
        target, times = _failed(life, wanted.code, scene)
    payload = {**_found(wanted), **times}
    return Draft(action=Action.DESK_CHECK, target=target, payload=payload, policy="desk_check")


def check_desk_result(life: CaseLife, wanted: DeskCheck, scene: Scene) -> None:
    """Raise BadInput for a result that nobody finds at the desk, or a failure that does not say why."""
    if wanted.result not in {CheckResult.PASS, CheckResult.FAIL}:
        raise BadInput.at(["body", "result"], "台内核查只有 pass 或 fail", code="result_unknown")
    check_code(life, wanted, scene)


def relapsed(wanted: object) -> bool:
    """Tell whether a check says that it was solved and came back: the case passes, and a new one begins."""
    return isinstance(wanted, Check | DeskCheck) and (wanted.result, wanted.code) == (
        CheckResult.FAIL,
        FailCode.RELAPSED,
    )


def close(life: CaseLife, wanted: Close, scene: Scene) -> Draft:
    """End the round as the disposal said, unless another end is named."""
    standing = life.round.standing
    end_kind = wanted.end_kind or (ENDS.get(standing.result) if standing else None)
    if end_kind is None:
        raise BadInput.at(["body", "end_kind"], "没有处置结果，请指明结案方式", code="end_kind_required")
    if standing is not None and standing.to_approve:
        raise lacking(life, Action.APPROVE_ANSWER, "公开答复尚未审核，不能结案")
    if scene.policies.call_back_before_closing and scene.uncalled:
        waiting = [str(one) for one in scene.uncalled]
        raise lacking(life, Action.CALL_BACK, "尚有要求回访的反映人未回访，不能结案", reports=waiting)
    return Draft(action=Action.CLOSE, target=CaseState.CLOSED, payload={"end_kind": end_kind.value})


def check_end_kind(_: CaseLife, wanted: Close, __: Scene) -> None:
    """Raise BadInput for an end that only merging leads to."""
    if wanted.end_kind is EndKind.MERGED:
        raise BadInput.at(["body", "end_kind"], "并案须使用并案操作，不能直接以 merged 结案", code="end_kind_unknown")


def lacking(life: CaseLife, missing: Action, detail: str, **more: object) -> ActionNotAllowed:
    """Return the refusal of a closing that comes too early; `missing` names the action that must come first."""
    error = refuse(life.state, Action.CLOSE, detail)
    error.fields |= {"missing": [missing.value], **more}
    return error


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


def _found(wanted: Check | DeskCheck) -> dict[str, Any]:
    return {"result": wanted.result.value, "code": wanted.code.value if wanted.code else None}


def _failed(life: CaseLife, code: FailCode | None, scene: Scene) -> tuple[CaseState, dict[str, Any]]:
    """Return where a failed check leads to, and what it gives back; what only came back has passed."""
    assert code is not None  # noqa: S101  # `check_code` has asked for it
    if code is FailCode.RELAPSED:
        return CaseState.CHECKED, {}
    if life.leg is None:
        return CaseState.FILED, {}  # the coordinator took it from the unit meanwhile: another has to be sent
    return CaseState.DISPATCHED, rework_times(life, scene, fail_code=code)
