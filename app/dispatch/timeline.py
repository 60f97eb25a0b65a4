"""What the public may know of a report: its steps in plain words, with reason codes and nothing internal."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.dispatch.codes import Action, CaseState, DisposalResult
from app.dispatch.history import Entry

_REPORT: Final[Mapping[Action, tuple[str, str]]] = {
    Action.RECEIVE: ("received", "已收到"),
    Action.REQUEST_VERIFICATION: ("verifying", "正在现场核实"),
    Action.ACCEPT: ("accepted", "已受理"),
    Action.REJECT: ("rejected", "不予受理"),
    Action.ANSWER: ("answered", "已直接答复"),
    Action.FORWARD: ("forwarded", "已转有关部门"),
    Action.MERGE: ("merged", "已并入同一事项的案件"),
    Action.WITHDRAW: ("withdrawn", "已撤回"),
    Action.SELF_DISPOSE: ("solved", "已当场处置"),
}
_CASE: Final[Mapping[Action, tuple[str, str]]] = {
    Action.FILE: ("filed", "已立案"),
    Action.DISPATCH: ("dispatched", "已派处置单位"),
    Action.REOPEN: ("dispatched", "已重新办理"),
    Action.DISPOSE: ("disposed", "已处置，等待核查"),
    Action.CLOSE: ("closed", "已结案"),
    Action.VOID: ("voided", "案件作废"),
    Action.RESUME: ("dispatched", "恢复办理"),
}
_WITH_REASON: Final = frozenset({Action.REJECT, Action.FORWARD, Action.ANSWER, Action.VOID})


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicStep:
    """One line of the public timeline."""

    at: datetime
    code: str
    text: str
    reason_code: str | None = None


def public_timeline(report: Iterable[Entry], cases: Iterable[Iterable[Entry]]) -> tuple[PublicStep, ...]:
    """Return what happened to a report and its cases, in order; who did it stays inside."""
    told = [step for entry in report if (step := _of_report(entry))]
    told += [step for entries in cases for entry in entries if (step := _of_case(entry))]
    return tuple(sorted(told, key=lambda step: step.at))


def _of_report(entry: Entry) -> PublicStep | None:
    return _step(entry, _REPORT.get(entry.action))


def _of_case(entry: Entry) -> PublicStep | None:
    if entry.action is Action.GRANT and entry.target == CaseState.SUSPENDED:
        reason = entry.payload.get("reason_code")
        return PublicStep(at=entry.recorded_at, code="suspended", text="暂缓办理", reason_code=reason)
    if entry.action in {Action.CHECK, Action.DESK_CHECK} and entry.target == CaseState.DISPATCHED:
        return PublicStep(at=entry.recorded_at, code="reworked", text="核查未通过，退回再处置")
    if entry.action is Action.DISPOSE and entry.target == CaseState.DISPATCHED:
        return _on_the_way(entry)
    if entry.action is Action.ARBITRATE:
        return _step(entry, _CASE[Action.DISPATCH]) if "leg" in entry.payload else None
    if entry.action is Action.GRANT and entry.target == CaseState.CLOSED:
        return _step(entry, _CASE[Action.CLOSE])
    return _step(entry, _CASE.get(entry.action))


def _on_the_way(entry: Entry) -> PublicStep | None:
    """Return that it was made safe; what a unit only asks of the desk stays inside."""
    if entry.payload["result"] != DisposalResult.TEMPORARY:
        return None
    return PublicStep(at=entry.recorded_at, code="made_safe", text="已临时处置，后续办理中")


def _step(entry: Entry, words: tuple[str, str] | None) -> PublicStep | None:
    if words is None:
        return None
    reason = entry.payload.get("reason_code") if entry.action in _WITH_REASON else None
    return PublicStep(at=entry.recorded_at, code=words[0], text=words[1], reason_code=reason)
