"""What a partner is told of a step: codes, names, instants and the public answer. Nothing of the vault, ever."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from app.dispatch.calendar import LOCAL_ZONE
from app.dispatch.codes import Action, CaseState, EndKind, Kind
from app.dispatch.history import Entry

REPORT_STEPS: Final[Mapping[Action, str]] = {
    Action.ACCEPT: "report.accepted",
    Action.REJECT: "report.rejected",
    Action.ANSWER: "report.answered",
    Action.MERGE: "report.merged",
}
CLOSED: Final = "case.closed"
CASE_STEPS: Final[Mapping[Action, str]] = {
    Action.FILE: "case.filed",
    Action.DISPATCH: "case.dispatched",
    Action.REOPEN: "case.dispatched",
    Action.DISPOSE: "case.disposed",
    Action.CLOSE: CLOSED,
}
"""A new round is told as what it begins with: the dispatch."""

_ANSWERED: Final = frozenset({Action.REJECT, Action.ANSWER, Action.DISPOSE, Action.CLOSE})
KIND_NAMES: Final[Mapping[Kind, str]] = {Kind.COMPONENT: "部件", Kind.EVENT: "事件"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """What it is about, with the names that go with the codes."""

    kind: Kind | None
    category: str | None
    category_name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFace:
    """As much of a case as the public may know."""

    case_no: str
    round: int
    unit_name: str | None
    due_at: datetime | None
    end_kind: EndKind | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One message: its type and its data, still without the order it is about."""

    kind: str
    data: Mapping[str, Any]


def of_report(entry: Entry, matter: Matter, public_answer: str | None) -> Told | None:
    """Return what a step of a report is told as; None where it is not told."""
    kind = REPORT_STEPS.get(entry.action)
    if kind is None:
        return None
    reason = {"reason_code": entry.payload["reason_code"]} if "reason_code" in entry.payload else {}
    return Told(kind=kind, data={**_common(entry, matter), **reason, **_answer(entry, public_answer)})


def of_case(entry: Entry, matter: Matter, face: CaseFace, public_answer: str | None) -> Told | None:
    """Return what a step of a case is told as; None where it is not told."""
    kind = case_kind(entry)
    if kind is None:
        return None
    data = {
        **_common(entry, matter),
        "case_no": face.case_no,
        "round": face.round,
        "unit_name": face.unit_name,
        "due_at": _local(face.due_at) if face.due_at else None,
        **({"end_kind": face.end_kind.value} if face.end_kind and entry.target == CaseState.CLOSED else {}),
        **({"reason_code": entry.payload.get("reason_code")} if entry.action is Action.VOID else {}),
        **_answer(entry, public_answer),
    }
    return Told(kind=kind, data=data)


def case_kind(entry: Entry) -> str | None:
    """Return as what a step of a case is told, if it is.

    A disposal is told once it is the last word: neither one that only makes safe, nor what a unit asks of the desk. A
    case that ends by a granted claim or is voided has closed for its reporter; one that joins another has not.
    """
    if entry.action is Action.DISPOSE and entry.target != CaseState.DISPOSED:
        return None
    if entry.action is Action.ARBITRATE:
        return CASE_STEPS[Action.DISPATCH] if "leg" in entry.payload else None
    closes = entry.action is Action.GRANT and entry.target == CaseState.CLOSED
    return CLOSED if closes or entry.action is Action.VOID else CASE_STEPS.get(entry.action)


def _common(entry: Entry, matter: Matter) -> dict[str, Any]:
    return {
        "state": entry.target,
        "kind": matter.kind.value if matter.kind else None,
        "kind_name": KIND_NAMES[matter.kind] if matter.kind else None,
        "category": matter.category,
        "category_name": matter.category_name,
        "at": _local(entry.recorded_at),
    }


def _answer(entry: Entry, public_answer: str | None) -> dict[str, Any]:
    ends = entry.action in _ANSWERED or entry.target == CaseState.CLOSED
    return {"public_answer": public_answer} if ends else {}


def _local(at: datetime) -> str:
    return at.astimezone(LOCAL_ZONE).isoformat()
