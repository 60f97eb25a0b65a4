"""How a round ends in the fold: disposed, checked, closed, voided."""

from datetime import datetime

from app.dispatch.case_disposal import TO_APPROVE
from app.dispatch.case_life import CaseLife, Disposal, Leg, Round
from app.dispatch.changing import replace
from app.dispatch.codes import CaseState, DisposalResult, EndKind, LegEnd, LegKind
from app.dispatch.fold_clocks import afresh, begun, fixed, given_back, let_due_pass, reclocked
from app.dispatch.fold_requests import requested
from app.dispatch.fold_turns import in_round, of_accountable, withdraw_pending, withdraw_unreserved
from app.dispatch.history import Entry, id_of


def disposed(life: CaseLife, entry: Entry) -> CaseLife:
    """Let a disposal stand and end the leg; one that is not the last word begins another leg, or a request."""
    match DisposalResult(entry.payload["result"]):
        case DisposalResult.TEMPORARY:
            return in_round(life, lambda r: _made_safe(r, entry))
        case DisposalResult.CANNOT:
            return _claimed(life, entry)
    return in_round(life, lambda r: _done(r, entry))


def _done(turn: Round, entry: Entry) -> Round:
    at = entry.recorded_at
    turn = withdraw_unreserved(reclocked(given_back(turn, entry.payload), entry.payload), at)
    turn = replace(turn, disposals=(*turn.disposals, _disposal(entry)), clock=fixed(turn.clock, at))
    return of_accountable(turn, lambda leg: _ended(leg, at))


def _made_safe(turn: Round, entry: Entry) -> Round:
    """End the leg and begin the one that follows it; the case clock starts anew where the step says so.

    `to_close_at` is not fixed by it, but stays where an earlier disposal or a passed due time has fixed it.
    """
    p, at = entry.payload, entry.recorded_at
    ended = {"leg_clock": p["ended_clock"]} if "ended_clock" in p else {}
    turn = let_due_pass(withdraw_unreserved(reclocked(given_back(turn, p), ended), at), at)
    leg = turn.accountable
    assert leg is not None  # noqa: S101  # somebody has disposed
    late = leg.late or (leg.clock.due_at is not None and leg.clock.due_at < at)
    follow_up = Leg(
        number=p["next_leg"],
        kind=LegKind.MAIN,
        unit_code=leg.unit_code,
        dispatched_at=at,
        signed_at=at,
        follows=leg.number,
        late=late,
        clock=begun(leg.clock, at, p["limit"], p["leg_clock"]),
    )
    clock = begun(turn.clock, at, p["limit"], p["case"]) if "case" in p else turn.clock
    turn = of_accountable(turn, lambda one: _ended(one, at))
    disposals = (*turn.disposals, replace(_disposal(entry), stands=False))
    return replace(turn, disposals=disposals, clock=clock, legs=(*turn.legs, follow_up))


def _claimed(life: CaseLife, entry: Entry) -> CaseLife:
    """Let a request for an end take the place of the one that waits; who asks has seen the case."""
    p, at = entry.payload, entry.recorded_at
    turn = withdraw_pending(reclocked(given_back(life.round, p), p), at)
    turn = of_accountable(turn, lambda leg: replace(leg, signed_at=leg.signed_at or at))
    return requested(in_round(life, lambda _: turn), entry)


def _disposal(entry: Entry) -> Disposal:
    p = entry.payload
    result = DisposalResult(p["result"])
    return Disposal(at=entry.recorded_at, leg=p["leg"], result=result, to_approve=p.get("answer") == TO_APPROVE)


def _ended(leg: Leg, at: datetime) -> Leg:
    clock = fixed(leg.clock, at)
    return replace(leg, signed_at=leg.signed_at or at, ended_at=at, end=LegEnd.DISPOSED, clock=clock)


def approved(life: CaseLife, _: Entry) -> CaseLife:
    """Let the answer of the standing disposal go out."""

    def read(turn: Round) -> Round:
        return replace(turn, disposals=tuple(replace(d, to_approve=False) if d.stands else d for d in turn.disposals))

    return in_round(life, read)


def sent_to_check(life: CaseLife, entry: Entry) -> CaseLife:
    """Name the inspector."""
    return replace(life, inspector_id=id_of(entry.payload, "inspector_id"))


def checked(life: CaseLife, entry: Entry) -> CaseLife:
    """Offer the check anew, or take its result."""
    if entry.target == CaseState.CHECKING:
        return replace(life, inspector_id=id_of(entry.payload, "inspector_id") or life.inspector_id)
    life = replace(life, inspector_id=None)
    failed = entry.target in {CaseState.DISPATCHED, CaseState.FILED}
    return in_round(life, lambda r: _reworked(r, entry)) if failed else life


def _reworked(turn: Round, entry: Entry) -> Round:
    turn = replace(
        turn,
        reworks=turn.reworks + 1,
        reworked_at=entry.recorded_at,
        failed_code=entry.payload.get("code"),
        disposals=tuple(replace(d, stands=False) for d in turn.disposals),
    )
    turn = of_accountable(
        turn, lambda leg: replace(leg, ended_at=None, end=None, clock=afresh(leg.clock, entry.payload))
    )
    return reclocked(given_back(turn, entry.payload), entry.payload)


def closed(life: CaseLife, entry: Entry) -> CaseLife:
    """End the round."""
    at = entry.recorded_at

    def ended(turn: Round) -> Round:
        turn = replace(turn, closed_at=at, end_kind=EndKind(entry.payload["end_kind"]), clock=fixed(turn.clock, at))
        return of_accountable(turn, lambda leg: replace(leg, clock=fixed(leg.clock, at)))

    return replace(in_round(life, ended), inspector_id=None)


def voided(life: CaseLife, entry: Entry) -> CaseLife:
    """End the case as one that should not have been."""
    ended = in_round(life, lambda r: withdraw_pending(r, entry.recorded_at))
    return replace(ended, voided_at=entry.recorded_at, inspector_id=None)
