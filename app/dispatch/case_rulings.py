"""How a request is ruled on, one post of its chain after the other. Source: domain design §2, "Requests", and §3."""

from typing import Any

from app.dispatch.case_appeals import reviewer
from app.dispatch.case_legs import rested_parts
from app.dispatch.case_life import CaseLife, Request
from app.dispatch.codes import Action, CaseState, Post, RequestKind, RequestState
from app.dispatch.commands import Arbitrate, Command, GrantRequest, RefuseRequest, Resume, ReviewAppeal
from app.dispatch.deciding import Scene
from app.dispatch.errors import NotPermitted
from app.dispatch.history import Draft
from app.dispatch.ruling_times import moved_times, rest_from, ruled_late
from app.dispatch.spans import Span
from app.dispatch.workflow import refuse


def ruler(life: CaseLife, command: Command) -> Post | None:
    """Return the post that rules now on the request a command is about; None for other commands."""
    if isinstance(command, Arbitrate):
        return Post.COORDINATOR
    if isinstance(command, ReviewAppeal):
        return reviewer(life, command)
    if not isinstance(command, GrantRequest | RefuseRequest):
        return None
    found = next((one for one in life.round.requests if one.id == command.request_id), None)
    return None if found is None else found.ruler or found.last_ruler


def grant(life: CaseLife, wanted: GrantRequest, scene: Scene) -> Draft:
    """Say yes; what follows depends on what was asked, and waits for the last post of the chain."""
    request = _pending(life, wanted, scene)
    if request.arbitrated:
        raise refuse(life.state, Action.GRANT, "这项申请须以 arbitrate 指定处置单位，或予以驳回")
    if not request.at_last_step:
        payload = {**_about(request), "final": False}
        return Draft(action=Action.GRANT, target=life.state, payload=payload, texts=_texts(wanted.text))
    payload = ruling_payload(life, request, scene)
    target = CaseState.DISPATCHED
    match request.kind:
        case RequestKind.RETURN:
            target = CaseState.FILED
        case RequestKind.END:
            target = CaseState.CLOSED
            payload |= _ended(life, request, payload, scene)
        case RequestKind.EXTENSION:
            payload |= moved_times(life, payload, scene, more=request.limit, case=scene.policies.extension_moves_case)
        case RequestKind.SUSPENSION if request.until is not None:
            target = CaseState.SUSPENDED
            since = rest_from(life, request, scene)
            rest = Span(start=since, end=max(request.until, since))
            payload |= moved_times(life, payload, scene, pause=rest, case=True)
            payload |= {"since": since.isoformat(), "until": request.until.isoformat()}
    return Draft(action=Action.GRANT, target=target, payload=payload, texts=_texts(wanted.text))


def refuse_request(life: CaseLife, wanted: RefuseRequest, scene: Scene) -> Draft:
    """Say no, at whatever step of the chain; ruling time beyond the desk's limit is given back to the leg."""
    request = _pending(life, wanted, scene)
    payload = refusal(life, request, scene)
    return Draft(action=Action.REFUSE, target=life.state, payload=payload, texts=_texts(wanted.text))


def resume(life: CaseLife, _: Resume, scene: Scene) -> Draft:
    """End the suspension; both clocks get back what was really paused."""
    since = life.round.suspended_since
    if since is None:
        raise refuse(life.state, Action.RESUME, "案件没有缓办")
    pause = Span(start=since, end=scene.now)
    payload = moved_times(life, {}, scene, pause=pause, case=True)
    payload |= rested_parts(life, pause, scene, payload)
    return Draft(action=Action.RESUME, target=CaseState.DISPATCHED, payload=payload)


def refusal(life: CaseLife, request: Request, scene: Scene) -> dict[str, Any]:
    """Return what a refusal records."""
    payload = ruling_payload(life, request, scene)
    return payload | moved_times(life, payload, scene, case=False) if "given_back_from" in payload else payload


def ruling_payload(life: CaseLife, request: Request, scene: Scene) -> dict[str, Any]:
    """Return what every ruling that ends a request records, with the wait that is given back."""
    return {**_about(request), **ruled_late(life, request, scene)}


def _about(request: Request) -> dict[str, Any]:
    """Return what every step of a chain records; the history says under which post it was taken."""
    return {
        "request_id": str(request.id),
        "kind": request.kind.value,
        "leg": request.leg,
        "reason_code": request.reason_code,
        "step": request.step + 1,
    }


def _ended(life: CaseLife, request: Request, payload: dict[str, Any], scene: Scene) -> dict[str, Any]:
    """Return what ends the round as it was claimed; the leg's due time says what a late ruling gave back."""
    assert request.claim is not None  # noqa: S101  # no end is asked for without saying which
    times = moved_times(life, payload, scene, case=False) if "given_back_from" in payload else {}
    return {**times, "end_kind": request.claim.value}


def _pending(life: CaseLife, wanted: GrantRequest | RefuseRequest, scene: Scene) -> Request:
    request = next(one for one in life.round.requests if one.id == wanted.request_id)  # its contents were looked at
    if request.state is not RequestState.PENDING:
        raise refuse(life.state, wanted.action, "这项申请已有结论")
    if request.ruler is not scene.post:
        raise NotPermitted("这项申请现由其他岗位审批")
    return request


def _texts(text: str | None) -> dict[str, str]:
    return {"text": text} if text else {}
