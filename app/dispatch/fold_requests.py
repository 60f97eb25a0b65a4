"""Requests in the fold: asked, ruled step by step, and what a ruling does."""

from datetime import datetime
from uuid import UUID

from app.dispatch.approval import FIRST_RULERS
from app.dispatch.case_life import CaseLife, Request, Round, limit_of
from app.dispatch.changing import replace
from app.dispatch.codes import Action, EndKind, LegEnd, LegKind, Post, RequestKind, RequestState
from app.dispatch.fold_clocks import fixed, given_back, reclocked
from app.dispatch.fold_legs import rest_parts, with_legs
from app.dispatch.fold_turns import end_legs, in_round, of_accountable
from app.dispatch.history import Entry, instant_of
from app.dispatch.spans import Span


def requested(life: CaseLife, entry: Entry) -> CaseLife:
    """Add a request that waits."""
    p = entry.payload
    kind = RequestKind(p["kind"])
    request = Request(
        id=UUID(p["request_id"]),
        kind=kind,
        state=RequestState.PENDING,
        leg=p["leg"],
        reason_code=p["reason_code"],
        asked_at=entry.recorded_at,
        in_time=p["in_time"],
        ruling_due_at=datetime.fromisoformat(p["ruling_due_at"]),
        proposed_unit=p.get("proposed_unit"),
        limit=limit_of(p["limit"]) if p.get("limit") else None,
        until=instant_of(p, "until"),
        claim=EndKind(p["claim"]) if p.get("claim") else None,
        chain=tuple(Post(one) for one in p["chain"]) if "chain" in p else (FIRST_RULERS[kind],),
        reserved=p.get("handle_under_reserve", False),
    )
    return in_round(life, lambda r: replace(r, requests=(*r.requests, request)))


def ruled(life: CaseLife, entry: Entry) -> CaseLife:
    """Grant or refuse, with what follows; a grant that is not the last of the chain only goes one step on."""
    p, at = entry.payload, entry.recorded_at
    request = _meant(life.round, entry)
    if not p.get("final", True):
        return in_round(life, lambda r: _with(r, replace(request, step=request.step + 1)))
    granted = entry.action is Action.GRANT
    known = _concluded(request, at, granted=granted)
    turn = reclocked(given_back(_with(life.round, known), p), p)
    if granted:
        turn = _granted(turn, known, entry)
    return in_round(life, lambda _: turn)


def arbitrated(life: CaseLife, entry: Entry) -> CaseLife:
    """Let the unit keep the case, or let another begin; whose it was not is not judged by it."""
    p, turn = entry.payload, life.round
    if "request_id" in p:
        granted = p["outcome"] == RequestState.GRANTED
        known = _concluded(_meant(turn, entry), entry.recorded_at, granted=granted)
        turn = _with(turn, known)
        turn = _disowned(turn, known, entry.recorded_at) if granted else reclocked(given_back(turn, p), p)
        if not granted:
            return in_round(life, lambda _: turn)
    if "leg" in p:
        turn = replace(with_legs(turn, entry), dispatcher_id=turn.dispatcher_id)  # whose dispatches went wrong before
    return in_round(replace(life, proposed_unit=p["unit_code"]), lambda _: turn)


def _meant(turn: Round, entry: Entry) -> Request:
    return next(r for r in turn.requests if str(r.id) == entry.payload["request_id"])


def _with(turn: Round, request: Request) -> Round:
    return replace(turn, requests=tuple(request if r.id == request.id else r for r in turn.requests))


def _concluded(request: Request, at: datetime, *, granted: bool) -> Request:
    if granted:
        return replace(request, state=RequestState.GRANTED, step=request.step + 1, ruled_at=at)
    return replace(request, state=RequestState.REFUSED, ruled_at=at)


def _granted(turn: Round, request: Request, entry: Entry) -> Round:
    at = instant_of(entry.payload, "since") or entry.recorded_at
    match request.kind:
        case RequestKind.RETURN:
            return end_legs(turn, LegEnd.RETURNED, at)
        case RequestKind.END:
            return _ended(turn, EndKind(entry.payload["end_kind"]), at)
        case RequestKind.EXTENSION if request.limit is not None:
            more = request.limit
            if "case" in entry.payload:
                turn = replace(turn, clock=replace(turn.clock, extensions=(*turn.clock.extensions, more)))
            return of_accountable(
                turn, lambda leg: replace(leg, clock=replace(leg.clock, extensions=(*leg.clock.extensions, more)))
            )
        case RequestKind.SUSPENSION:
            return replace(turn, suspended_since=at, suspended_until=request.until, suspensions=turn.suspensions + 1)
    return turn


def _ended(turn: Round, end_kind: EndKind, at: datetime) -> Round:
    """Close the round as it was claimed, without a disposal."""
    turn = replace(turn, closed_at=at, end_kind=end_kind, clock=fixed(turn.clock, at))
    turn = of_accountable(turn, lambda leg: replace(leg, clock=fixed(leg.clock, at)))
    return end_legs(turn, LegEnd.SUPERSEDED, at)


def _disowned(turn: Round, request: Request, at: datetime) -> Round:
    """Annul the turn of the unit that asked, also where it has said meanwhile that it is done."""
    end = LegEnd.RETURNED if request.kind is RequestKind.RETURN else LegEnd.OVERRULED
    turn = end_legs(turn, end, at)
    legs = tuple(
        replace(leg, end=end) if leg.kind is LegKind.MAIN and leg.number >= request.leg else leg for leg in turn.legs
    )
    return replace(turn, legs=legs)


def resumed(life: CaseLife, entry: Entry) -> CaseLife:
    """End a suspension; both clocks pause for what it took."""

    def awake(turn: Round) -> Round:
        assert turn.suspended_since is not None  # noqa: S101  # only a suspended round is resumed
        pause = Span(start=turn.suspended_since, end=entry.recorded_at)
        rested = replace(
            turn,
            suspended_since=None,
            suspended_until=None,
            clock=replace(turn.clock, pauses=(*turn.clock.pauses, pause)),
        )
        rested = of_accountable(
            rested, lambda leg: replace(leg, clock=replace(leg.clock, pauses=(*leg.clock.pauses, pause)))
        )
        return rest_parts(reclocked(rested, entry.payload), entry.payload, pause)

    return in_round(life, awake)
