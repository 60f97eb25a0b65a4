"""The decisions about a report. Opening the cases themselves is `case_filing`'s. Source: domain design §2."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from app.dispatch import commands, required, tasks
from app.dispatch.case_life import Spot
from app.dispatch.codes import Action, Attention, ReportState, VerifyResult
from app.dispatch.deciding import Scene
from app.dispatch.errors import BadInput
from app.dispatch.history import Draft
from app.dispatch.report_life import ReportLife, dissatisfied
from app.dispatch.workflow import targets

_ABOUT_CATEGORY: Final = frozenset(
    {Attention.NO_CATEGORY, Attention.UNKNOWN_CATEGORY, Attention.OLD_CATEGORY, Attention.NO_CONDITION}
)
_ABOUT_PLACE: Final = frozenset(
    {
        Attention.OUT_OF_COVERAGE,
        Attention.NO_LOCATION,
        Attention.SNAPPED,
        Attention.ON_BOUNDARY,
        Attention.NEAR_BOUNDARY,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Where an accepted report lies and who would get it, located and routed anew by the service."""

    spot: Spot
    unit_code: str | None
    attention: frozenset[str]


def decide(life: ReportLife, command: commands.Command, scene: Scene, placed: Placed | None = None) -> Draft:
    """Return the step that `command` makes of the report; `placed` goes with accepting.

    Raises ActionNotAllowed, BadInput or NotPermitted.
    """
    required.check(command, scene.post, scene.policies)
    possible = targets(life.state, command.action)
    draft = _DECISIONS[command.action](life, command, scene)
    if placed is not None:
        draft = replace(draft, payload={**draft.payload, **_placing(life, placed)})
    if draft.target not in possible:
        raise AssertionError(f"{command.action} decided {draft.target}, which the table does not know")
    if command.note:
        draft = replace(draft, texts={**draft.texts, "note": command.note})
    return draft


def _placing(life: ReportLife, placed: Placed) -> dict[str, Any]:
    kept = life.attention - _ABOUT_CATEGORY - _ABOUT_PLACE - {Attention.UNASSIGNED}
    return {
        "spot": {**asdict(placed.spot), "zones": dict(placed.spot.zones)},
        "unit_code": placed.unit_code,
        "attention": sorted(kept | placed.attention),
    }


def _request_verification(life: ReportLife, wanted: commands.RequestVerification, scene: Scene) -> Draft:
    payload, policy = tasks.send(tasks.of_report(life, scene), wanted.action, wanted.inspector_id, scene)
    return Draft(action=wanted.action, target=ReportState.VERIFYING, payload=payload, policy=policy)


def _verify(life: ReportLife, wanted: commands.Verify, scene: Scene) -> Draft:
    errand = tasks.of_report(life, scene)
    payload: dict[str, Any] = {"result": wanted.result.value, "media": [str(one) for one in wanted.media]}
    payload |= tasks.in_window(errand, scene.now)
    if wanted.result is not VerifyResult.NO_ACCESS:
        return Draft(action=wanted.action, target=ReportState.RECEIVED, payload=payload)
    payload |= tasks.offered_anew(errand, scene)
    return Draft(action=wanted.action, target=ReportState.VERIFYING, payload=payload)


def _take_up(life: ReportLife, wanted: commands.TakeUp, scene: Scene) -> Draft:
    return tasks.take_up(tasks.of_report(life, scene), wanted)


def _hand_over(life: ReportLife, wanted: commands.HandOver, scene: Scene) -> Draft:
    return tasks.hand_over(tasks.of_report(life, scene), wanted, scene)


def _accept(_: ReportLife, wanted: commands.Accept, __: Scene) -> Draft:
    payload = {"kind": wanted.kind.value, "category": wanted.category}
    return Draft(action=wanted.action, target=ReportState.ACCEPTED, payload=payload)


def _file(_: ReportLife, wanted: commands.File, __: Scene) -> Draft:
    return Draft(action=wanted.action, target=ReportState.FILED, payload={"cases": len(wanted.cases)})


def _end(state: ReportState) -> Callable[[ReportLife, commands.End, Scene], Draft]:
    def end(_: ReportLife, wanted: commands.End, __: Scene) -> Draft:
        if not wanted.reason_code.strip():
            raise BadInput.at(["body", "reason_code"], "须给出原因代码", code="reason_required")
        texts = {"public_answer": wanted.public_answer} if wanted.public_answer else {}
        return Draft(action=wanted.action, target=state, payload={"reason_code": wanted.reason_code}, texts=texts)

    return end


def _merge(_: ReportLife, wanted: commands.Merge, __: Scene) -> Draft:
    return Draft(action=wanted.action, target=ReportState.MERGED, payload={"case_id": str(wanted.into_case)})


def _unmerge(_: ReportLife, wanted: commands.Unmerge, __: Scene) -> Draft:
    return Draft(action=wanted.action, target=ReportState.ACCEPTED, payload={"reason_code": wanted.reason_code})


def _withdraw(life: ReportLife, wanted: commands.Withdraw, _: Scene) -> Draft:
    taken_up = life.state in {ReportState.FILED, ReportState.MERGED}
    target = life.state if taken_up else ReportState.WITHDRAWN
    return Draft(action=wanted.action, target=target, payload={"reason_code": wanted.reason_code})


def _self_dispose(_: ReportLife, wanted: commands.SelfDispose, __: Scene) -> Draft:
    media = [str(one) for one in wanted.media]
    return Draft(action=wanted.action, target=ReportState.SELF_DISPOSED, payload={"media": media})


def _supplement(life: ReportLife, wanted: commands.Supplement, _: Scene) -> Draft:
    texts = {"text": wanted.text} if wanted.text else {}
    return Draft(action=wanted.action, target=life.state, payload={"attention": wanted.attention}, texts=texts)


def _urge(life: ReportLife, wanted: commands.Urge, _: Scene) -> Draft:
    return Draft(action=wanted.action, target=life.state)


def _opinion(life: ReportLife, wanted: commands.CallBack | commands.Evaluate, _: Scene) -> Draft:
    payload: dict[str, Any] = {
        "reached": wanted.reached,
        "solved": wanted.solved,
        "satisfaction": wanted.satisfaction,
    }
    if dissatisfied(wanted.solved, wanted.satisfaction):
        payload["attention"] = Attention.DISSATISFIED.value
    texts = {"opinion": wanted.opinion} if wanted.opinion else {}
    return Draft(action=wanted.action, target=life.state, payload=payload, texts=texts)


def _reply(life: ReportLife, wanted: commands.Reply, _: Scene) -> Draft:
    payload = {"case_id": str(wanted.case_id), "end_kind": wanted.end_kind.value if wanted.end_kind else None}
    return Draft(action=wanted.action, target=life.state, payload=payload)


_DECISIONS: Final[Mapping[Action, Callable[[ReportLife, Any, Scene], Draft]]] = {
    Action.REQUEST_VERIFICATION: _request_verification,
    Action.VERIFY: _verify,
    Action.TAKE_UP: _take_up,
    Action.HAND_OVER: _hand_over,
    Action.ACCEPT: _accept,
    Action.FILE: _file,
    Action.REJECT: _end(ReportState.REJECTED),
    Action.ANSWER: _end(ReportState.ANSWERED),
    Action.FORWARD: _end(ReportState.FORWARDED),
    Action.MERGE: _merge,
    Action.UNMERGE: _unmerge,
    Action.WITHDRAW: _withdraw,
    Action.SELF_DISPOSE: _self_dispose,
    Action.SUPPLEMENT: _supplement,
    Action.URGE: _urge,
    Action.CALL_BACK: _opinion,
    Action.EVALUATE: _opinion,
    Action.REPLY: _reply,
}
