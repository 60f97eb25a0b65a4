"""Requests in the fold: asked, ruled, and what a ruling does."""

from datetime import datetime
from uuid import UUID

from app.dispatch.case_life import CaseLife, Request, Round, limit_of
from app.dispatch.changing import replace
from app.dispatch.codes import Action, EndKind, LegEnd, RequestKind, RequestState
from app.dispatch.fold_clocks import given_back, reclocked
from app.dispatch.fold_turns import end_legs, in_round, of_accountable
from app.dispatch.history import Entry, instant_of
from app.dispatch.spans import Span


def requested(life: CaseLife, entry: Entry) -> CaseLife:
    """Add a request that waits."""
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
        claim=EndKind(p["claim"]) if p.get("claim") else None,
    )
    return in_round(life, lambda r: replace(r, requests=(*r.requests, request)))


def ruled(life: CaseLife, entry: Entry) -> CaseLife:
    """Grant or refuse, with what follows."""
    p, at = entry.payload, entry.recorded_at
    request = next(r for r in life.round.requests if str(r.id) == p["request_id"])
    state = RequestState.GRANTED if entry.action is Action.GRANT else RequestState.REFUSED
    ruled = replace(request, state=state, ruled_at=at)
    turn = replace(life.round, requests=tuple(ruled if r.id == request.id else r for r in life.round.requests))
    turn = reclocked(given_back(turn, p), p)
    if state is RequestState.GRANTED:
        turn = _granted(turn, ruled, instant_of(p, "since") or at, moves_case="case" in p)
    return in_round(life, lambda _: turn)


def _granted(turn: Round, request: Request, at: datetime, *, moves_case: bool) -> Round:
    match request.kind:
        case RequestKind.RETURN:
            return end_legs(turn, LegEnd.RETURNED, at)
        case RequestKind.EXTENSION if request.limit is not None:
            more = request.limit
            if moves_case:
                turn = replace(turn, clock=replace(turn.clock, extensions=(*turn.clock.extensions, more)))
            return of_accountable(
                turn, lambda leg: replace(leg, clock=replace(leg.clock, extensions=(*leg.clock.extensions, more)))
            )
        case RequestKind.SUSPENSION:
            return replace(turn, suspended_since=at, suspended_until=request.until, suspensions=turn.suspensions + 1)
    return turn


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
        return reclocked(rested, entry.payload)

    return in_round(life, awake)
