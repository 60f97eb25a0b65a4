"""From a case's history to its life: one function a kind of step, no calendar, no policy.

Due times are read where the step recorded them, so that folding tomorrow gives what was true yesterday.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import reduce
from typing import Final
from uuid import UUID

from app.dispatch.case_life import (
    CaseLife,
    Clocked,
    Deadline,
    Disposal,
    Leg,
    Request,
    Round,
    Spot,
    limit_of,
)
from app.dispatch.changing import replace
from app.dispatch.codes import (
    Action,
    CaseState,
    DisposalResult,
    EndKind,
    Handling,
    Kind,
    LegEnd,
    LegKind,
    RequestKind,
    RequestState,
    Source,
)
from app.dispatch.history import Entry, instant_of
from app.dispatch.spans import Span

Change = Callable[[CaseLife, Entry], CaseLife]


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
    at, turn = entry.recorded_at, _let_due_pass(life.round, entry.recorded_at)
    passed = life if turn is life.round else replace(life, rounds=(*life.rounds[:-1], turn))
    changed = _CHANGES[entry.action](passed, entry)
    rounds = (*changed.rounds[:-1], replace(changed.round, updated_at=at))
    return replace(changed, rounds=rounds, number=entry.number, state=CaseState(entry.target), updated_at=at)


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
        author_id=_uuid(p.get("author_id")),
        operator_id=_uuid(p.get("operator_id")),
        campaign=p.get("campaign"),
        recurrent=p.get("recurrent", False),
        filed_at=entry.recorded_at,
        updated_at=entry.recorded_at,
        rounds=(first,),
        attention=frozenset(p.get("attention", ())),
        tags=tuple(p.get("tags", ())),
    )


def _dispatched(life: CaseLife, entry: Entry) -> CaseLife:
    return _in_round(replace(life, inspector_id=None), lambda r: _with_legs(r, entry))


def _with_legs(turn: Round, entry: Entry) -> Round:
    p, at = entry.payload, entry.recorded_at
    clock = turn.clock
    if "case" in p:
        clock = replace(clock, start=clock.start or at, deadline=_deadline(p["case"]))
    legs = tuple(
        Leg(
            number=number,
            kind=LegKind.MAIN if number == p["leg"] else LegKind.ASSIST,
            unit_code=unit_code,
            dispatched_at=at,
            clock=Clocked(start=at, limit=turn.clock.limit, deadline=_deadline(p["leg_clock"])),
        )
        for number, unit_code in enumerate((p["unit_code"], *p.get("co_units", ())), start=p["leg"])
    )
    return replace(turn, clock=clock, legs=(*turn.legs, *legs), dispatcher_id=entry.actor_id)


def _recalled(life: CaseLife, entry: Entry) -> CaseLife:
    return _in_round(
        life, lambda r: _end_legs(_withdraw_pending(r, entry.recorded_at), LegEnd.RECALLED, entry.recorded_at)
    )


def _signed(life: CaseLife, entry: Entry) -> CaseLife:
    return _in_leg(life, lambda leg: replace(leg, signed_at=leg.signed_at or entry.recorded_at))


def _requested(life: CaseLife, entry: Entry) -> CaseLife:
    p = entry.payload
    request = Request(
        id=UUID(p["request_id"]),
        kind=RequestKind(p["kind"]),
        state=RequestState.PENDING,
        leg=p["leg"],
        reason_code=p["reason_code"],
        asked_at=entry.recorded_at,
        in_time=p["in_time"],
        ruling_due_at=datetime.fromisoformat(p["ruling_due_at"]),
        proposed_unit=p.get("proposed_unit"),
        limit=limit_of(p["limit"]) if p.get("limit") else None,
        until=instant_of(p, "until"),
    )
    return _in_round(life, lambda r: replace(r, requests=(*r.requests, request)))


def _ruled(life: CaseLife, entry: Entry) -> CaseLife:
    p, at = entry.payload, entry.recorded_at
    request = next(r for r in life.round.requests if str(r.id) == p["request_id"])
    state = RequestState.GRANTED if entry.action is Action.GRANT else RequestState.REFUSED
    ruled = replace(request, state=state, ruled_at=at)
    turn = replace(life.round, requests=tuple(ruled if r.id == request.id else r for r in life.round.requests))
    turn = _reclocked(_given_back(turn, p), p)
    if state is RequestState.GRANTED:
        turn = _granted(turn, ruled, instant_of(p, "since") or at, moves_case="case" in p)
    return _in_round(life, lambda _: turn)


def _granted(turn: Round, request: Request, at: datetime, *, moves_case: bool) -> Round:
    match request.kind:
        case RequestKind.RETURN:
            return _end_legs(turn, LegEnd.RETURNED, at)
        case RequestKind.EXTENSION if request.limit is not None:
            more = request.limit
            if moves_case:
                turn = replace(turn, clock=replace(turn.clock, extensions=(*turn.clock.extensions, more)))
            return _last_leg(
                turn, lambda leg: replace(leg, clock=replace(leg.clock, extensions=(*leg.clock.extensions, more)))
            )
        case RequestKind.SUSPENSION:
            return replace(turn, suspended_since=at, suspended_until=request.until, suspensions=turn.suspensions + 1)
    return turn


def _resumed(life: CaseLife, entry: Entry) -> CaseLife:
    def awake(turn: Round) -> Round:
        assert turn.suspended_since is not None  # noqa: S101  # only a suspended round is resumed
        pause = Span(start=turn.suspended_since, end=entry.recorded_at)
        rested = replace(
            turn,
            suspended_since=None,
            suspended_until=None,
            clock=replace(turn.clock, pauses=(*turn.clock.pauses, pause)),
        )
        rested = _last_leg(
            rested, lambda leg: replace(leg, clock=replace(leg.clock, pauses=(*leg.clock.pauses, pause)))
        )
        return _reclocked(rested, entry.payload)

    return _in_round(life, awake)


def _disposed(life: CaseLife, entry: Entry) -> CaseLife:
    p, at = entry.payload, entry.recorded_at

    def done(turn: Round) -> Round:
        disposal = Disposal(at=at, leg=p["leg"], result=DisposalResult(p["result"]))
        turn = _withdraw_pending(_reclocked(_given_back(turn, p), p), at)
        turn = replace(turn, disposals=(*turn.disposals, disposal), clock=_fixed(turn.clock, at))
        return _last_leg(
            turn,
            lambda leg: replace(
                leg, signed_at=leg.signed_at or at, ended_at=at, end=LegEnd.DISPOSED, clock=_fixed(leg.clock, at)
            ),
        )

    return _in_round(life, done)


def _sent_to_check(life: CaseLife, entry: Entry) -> CaseLife:
    return replace(life, inspector_id=_uuid(entry.payload.get("inspector_id")))


def _checked(life: CaseLife, entry: Entry) -> CaseLife:
    if entry.target == CaseState.CHECKING:
        return replace(life, inspector_id=_uuid(entry.payload.get("inspector_id")) or life.inspector_id)
    life = replace(life, inspector_id=None)
    return _in_round(life, lambda r: _reworked(r, entry)) if entry.target == CaseState.DISPATCHED else life


def _reworked(turn: Round, entry: Entry) -> Round:
    turn = replace(
        turn,
        reworks=turn.reworks + 1,
        failed_code=entry.payload.get("code"),
        disposals=tuple(replace(d, stands=False) for d in turn.disposals),
    )
    turn = _last_leg(turn, lambda leg: replace(leg, ended_at=None, end=None, clock=_afresh(leg.clock, entry.payload)))
    return _reclocked(_given_back(turn, entry.payload), entry.payload)


def _closed(life: CaseLife, entry: Entry) -> CaseLife:
    at = entry.recorded_at

    def ended(turn: Round) -> Round:
        turn = replace(turn, closed_at=at, end_kind=EndKind(entry.payload["end_kind"]), clock=_fixed(turn.clock, at))
        return _last_leg(turn, lambda leg: replace(leg, clock=_fixed(leg.clock, at)))

    return replace(_in_round(life, ended), inspector_id=None)


def _voided(life: CaseLife, entry: Entry) -> CaseLife:
    ended = _in_round(life, lambda r: _withdraw_pending(r, entry.recorded_at))
    return replace(ended, voided_at=entry.recorded_at, inspector_id=None)


def _reopened(life: CaseLife, entry: Entry) -> CaseLife:
    p, at = entry.payload, entry.recorded_at
    fresh = Round(number=p["round"], started_at=at, updated_at=at, clock=Clocked(limit=limit_of(p["limit"])))
    return replace(life, rounds=(*life.rounds, _with_legs(fresh, entry)))


def _urged(life: CaseLife, _: Entry) -> CaseLife:
    return replace(life, urges=life.urges + 1)


def _tagged(life: CaseLife, entry: Entry) -> CaseLife:
    kept = [tag for tag in life.tags if tag not in entry.payload["remove"]]
    return replace(life, tags=tuple(dict.fromkeys((*kept, *entry.payload["add"]))))


def _supplemented(life: CaseLife, entry: Entry) -> CaseLife:
    return replace(life, attention=life.attention | {entry.payload["attention"]})


def _relocated(life: CaseLife, entry: Entry) -> CaseLife:
    """Move the present round; those before keep the codes under which they were counted."""
    before = tuple(replace(turn, spot=turn.spot or life.spot) for turn in life.rounds[:-1])
    return replace(life, spot=Spot(**entry.payload["spot"]), rounds=(*before, life.round))


def _unchanged(life: CaseLife, _: Entry) -> CaseLife:
    return life


_CHANGES: Final[Mapping[Action, Change]] = {
    Action.DISPATCH: _dispatched,
    Action.RECALL: _recalled,
    Action.SIGN: _signed,
    Action.CONTACT: _unchanged,
    Action.REQUEST_RETURN: _requested,
    Action.REQUEST_EXTENSION: _requested,
    Action.REQUEST_SUSPENSION: _requested,
    Action.GRANT: _ruled,
    Action.REFUSE: _ruled,
    Action.RESUME: _resumed,
    Action.DISPOSE: _disposed,
    Action.SEND_CHECK: _sent_to_check,
    Action.CHECK: _checked,
    Action.DESK_CHECK: _checked,
    Action.CALL_BACK: _unchanged,
    Action.CLOSE: _closed,
    Action.VOID: _voided,
    Action.REOPEN: _reopened,
    Action.URGE: _urged,
    Action.NOTE: _unchanged,
    Action.TAG: _tagged,
    Action.SUPPLEMENT: _supplemented,
    Action.RELOCATE: _relocated,
}


def _let_due_pass(turn: Round, at: datetime) -> Round:
    """Fix `to_close_at` where a due time has passed, unless a suspension or a request asked in time holds it open."""
    held_open = turn.suspended_since is not None or (turn.pending is not None and turn.pending.in_time)
    if turn.closed_at is not None or held_open:
        return turn
    clock, leg = _overrun(turn.clock, at), turn.accountable
    turn = turn if clock is turn.clock else replace(turn, clock=clock)
    if leg is None or _overrun(leg.clock, at) is leg.clock:
        return turn
    return _last_leg(turn, lambda leg: replace(leg, clock=_overrun(leg.clock, at)))


def _overrun(clock: Clocked, at: datetime) -> Clocked:
    if clock.fixed_at is None and clock.due_at is not None and clock.due_at < at:
        return replace(clock, fixed_at=clock.due_at)
    return clock


def _fixed(clock: Clocked, at: datetime) -> Clocked:
    """Fix `to_close_at` at an act, or at the due time if that came first."""
    if clock.fixed_at is not None:
        return clock
    return replace(clock, fixed_at=min(at, clock.due_at) if clock.due_at else at)


def _afresh(clock: Clocked, payload: Mapping[str, str | None]) -> Clocked:
    """Start a leg's clock anew where a step says so (policy `rework_clock` = `fresh`); `to_close_at` stays."""
    start = instant_of(payload, "leg_start")
    return clock if start is None else replace(clock, start=start, extensions=(), pauses=())


def _given_back(turn: Round, payload: Mapping[str, str | None]) -> Round:
    """Add the pause of the leg that a step names: time in which the unit did not hold the case."""
    start, end = instant_of(payload, "given_back_from"), instant_of(payload, "given_back_to")
    if start is None or end is None:
        return turn
    pause = Span(start=start, end=end)
    return _last_leg(turn, lambda leg: replace(leg, clock=replace(leg.clock, pauses=(*leg.clock.pauses, pause))))


def _reclocked(turn: Round, payload: Mapping[str, Mapping[str, str]]) -> Round:
    """Take over the due times that a step recorded."""
    if "case" in payload:
        turn = replace(turn, clock=replace(turn.clock, deadline=_deadline(payload["case"])))
    if "leg_clock" in payload:
        deadline = _deadline(payload["leg_clock"])
        turn = _last_leg(turn, lambda leg: replace(leg, clock=replace(leg.clock, deadline=deadline)))
    return turn


def _end_legs(turn: Round, end: LegEnd, at: datetime) -> Round:
    legs = tuple(replace(leg, ended_at=at, end=end) if leg.ended_at is None else leg for leg in turn.legs)
    return replace(turn, legs=legs)


def _withdraw_pending(turn: Round, at: datetime) -> Round:
    if turn.pending is None:
        return turn
    requests = tuple(
        replace(r, state=RequestState.WITHDRAWN, ruled_at=at) if r.state is RequestState.PENDING else r
        for r in turn.requests
    )
    return replace(turn, requests=requests)


def _in_round(life: CaseLife, change: Callable[[Round], Round]) -> CaseLife:
    return replace(life, rounds=(*life.rounds[:-1], change(life.round)))


def _in_leg(life: CaseLife, change: Callable[[Leg], Leg]) -> CaseLife:
    return _in_round(life, lambda r: _last_leg(r, change))


def _last_leg(turn: Round, change: Callable[[Leg], Leg]) -> Round:
    leg = turn.accountable
    if leg is None:
        return turn
    return replace(turn, legs=tuple(change(leg) if one.number == leg.number else one for one in turn.legs))


def _deadline(value: Mapping[str, str]) -> Deadline:
    return Deadline(
        due_at=datetime.fromisoformat(value["due_at"]),
        yellow_at=datetime.fromisoformat(value["yellow_at"]),
        provisional=bool(value["provisional"]),
    )


def _uuid(value: str | None) -> UUID | None:
    return UUID(value) if value else None
