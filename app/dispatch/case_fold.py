"""From a case's history to its life: one function a kind of step, no calendar, no policy.

Due times are read where the step recorded them, so that folding tomorrow gives what was true yesterday.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from typing import Final
from uuid import UUID

from app.dispatch.case_life import CaseLife, Clocked, Round, Spot, limit_of
from app.dispatch.changing import replace
from app.dispatch.codes import Action, Attention, CaseState, Handling, Kind, Source
from app.dispatch.fold_amends import amended, merged, relocated
from app.dispatch.fold_appeals import appealed, reviewed
from app.dispatch.fold_clocks import let_due_pass
from app.dispatch.fold_ends import approved, checked, closed, disposed, sent_to_check, voided
from app.dispatch.fold_legs import assigned, dispatched, part_done, part_returned, recalled, reopened, signed
from app.dispatch.fold_requests import arbitrated, requested, resumed, ruled
from app.dispatch.fold_turns import end_idle_parts, in_round
from app.dispatch.history import Entry, id_of
from app.dispatch.report_life import dissatisfied
from app.dispatch.task import told as task_told

Change = Callable[[CaseLife, Entry], CaseLife]

_WITH_UNITS: Final = frozenset({CaseState.DISPATCHED, CaseState.SUSPENDED})
"""While a case is in these, units are at work on it."""


def fold(entries: Iterable[Entry], life: CaseLife | None = None) -> CaseLife:
    """Return the case that the entries tell of, from the first on or from `life` on; raises ValueError without any."""
    told = reduce(apply, entries, life)
    if told is None:
        raise ValueError("a case has at least the step that filed it")
    return told


def apply(life: CaseLife | None, entry: Entry) -> CaseLife:
    """Return the life after one more step."""
    if life is None:
        return _filed(entry)
    at, turn = entry.recorded_at, let_due_pass(life.round, entry.recorded_at)
    passed = life if turn is life.round else replace(life, rounds=(*life.rounds[:-1], turn))
    changed = _CHANGES[entry.action](passed, entry)
    left = end_idle_parts(changed.round, at, at_work=entry.target in _WITH_UNITS)
    rounds = (*changed.rounds[:-1], replace(left, updated_at=at))
    task = task_told(life.task, changed.inspector_id, entry)
    state = CaseState(entry.target)
    since = life.since if state is life.state else at
    return replace(changed, rounds=rounds, number=entry.number, state=state, task=task, since=since, updated_at=at)


def _filed(entry: Entry) -> CaseLife:
    p = entry.payload
    at = entry.recorded_at
    first = Round(number=1, started_at=at, updated_at=at, clock=Clocked(limit=limit_of(p["limit"])))
    return CaseLife(
        number=entry.number,
        state=CaseState(entry.target),
        case_no=p["case_no"],
        report_id=UUID(p["report_id"]),
        source=Source(p["source"]),
        handling=Handling(p["handling"]),
        kind=Kind(p["kind"]),
        category=p["category"],
        condition=p["condition"],
        catalogue=p["catalogue"],
        desk=p["desk"],
        spot=Spot(**p["spot"]),
        proposed_unit=p["unit_code"],
        author_id=id_of(p, "author_id"),
        operator_id=id_of(p, "operator_id"),
        campaign=p.get("campaign"),
        recurrent=p.get("recurrent", False),
        filed_at=entry.recorded_at,
        since=entry.recorded_at,
        updated_at=entry.recorded_at,
        rounds=(first,),
        attention=frozenset(p.get("attention", ())),
        tags=tuple(p.get("tags", ())),
    )


def _urged(life: CaseLife, _: Entry) -> CaseLife:
    return replace(life, urges=life.urges + 1)


def _tagged(life: CaseLife, entry: Entry) -> CaseLife:
    kept = [tag for tag in life.tags if tag not in entry.payload["remove"]]
    return replace(life, tags=tuple(dict.fromkeys((*kept, *entry.payload["add"]))))


def _supplemented(life: CaseLife, entry: Entry) -> CaseLife:
    raised = entry.payload["attention"]
    life = replace(life, attention=life.attention | {raised})
    if raised != Attention.DISSATISFIED:
        return life
    return in_round(life, lambda r: replace(r, dissatisfied_at=entry.recorded_at))


def _called_back(life: CaseLife, entry: Entry) -> CaseLife:
    """Mark the round with what the reporter was not content with, and bring the case to attention."""
    p, at = entry.payload, entry.recorded_at
    raised = p.get("attention")
    if raised is None:
        return life
    life = replace(life, attention=life.attention | {raised})
    grade = p.get("satisfaction")
    turn = life.round
    if grade is not None and dissatisfied(None, grade):
        turn = replace(turn, dissatisfied_at=at)
    if p.get("solved") is False:
        turn = replace(turn, unsolved_at=at)
    return in_round(life, lambda _: turn)


def _unchanged(life: CaseLife, _: Entry) -> CaseLife:
    return life


_CHANGES: Final[Mapping[Action, Change]] = {
    Action.DISPATCH: dispatched,
    Action.RECALL: recalled,
    Action.SIGN: signed,
    Action.ASSIGN_SUB: assigned,
    Action.RETURN_SUB: part_returned,
    Action.REPORT_UP: part_done,
    Action.CONTACT: _unchanged,
    Action.REQUEST_RETURN: requested,
    Action.REQUEST_EXTENSION: requested,
    Action.REQUEST_SUSPENSION: requested,
    Action.REQUEST_ARBITRATION: requested,
    Action.GRANT: ruled,
    Action.REFUSE: ruled,
    Action.ARBITRATE: arbitrated,
    Action.RESUME: resumed,
    Action.DISPOSE: disposed,
    Action.SEND_CHECK: sent_to_check,
    Action.TAKE_UP: _unchanged,
    Action.HAND_OVER: sent_to_check,
    Action.CHECK: checked,
    Action.DESK_CHECK: checked,
    Action.APPROVE_ANSWER: approved,
    Action.CALL_BACK: _called_back,
    Action.CLOSE: closed,
    Action.VOID: voided,
    Action.REOPEN: reopened,
    Action.URGE: _urged,
    Action.NOTE: _unchanged,
    Action.TAG: _tagged,
    Action.SUPPLEMENT: _supplemented,
    Action.RELOCATE: relocated,
    Action.AMEND: amended,
    Action.MERGE_CASE: merged,
    Action.APPEAL: appealed,
    Action.REVIEW_APPEAL: reviewed,
}
