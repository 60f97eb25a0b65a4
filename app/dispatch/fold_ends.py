"""How a round ends in the fold: disposed, checked, closed, voided."""

from app.dispatch.case_life import CaseLife, Disposal, Round
from app.dispatch.changing import replace
from app.dispatch.codes import CaseState, DisposalResult, EndKind, LegEnd
from app.dispatch.fold_clocks import afresh, fixed, given_back, reclocked
from app.dispatch.fold_turns import in_round, of_accountable, withdraw_pending
from app.dispatch.history import Entry, id_of


def disposed(life: CaseLife, entry: Entry) -> CaseLife:
    """Let a disposal stand and end the leg."""
    p, at = entry.payload, entry.recorded_at

    def done(turn: Round) -> Round:
        disposal = Disposal(at=at, leg=p["leg"], result=DisposalResult(p["result"]))
        turn = withdraw_pending(reclocked(given_back(turn, p), p), at)
        turn = replace(turn, disposals=(*turn.disposals, disposal), clock=fixed(turn.clock, at))
        return of_accountable(
            turn,
            lambda leg: replace(
                leg, signed_at=leg.signed_at or at, ended_at=at, end=LegEnd.DISPOSED, clock=fixed(leg.clock, at)
            ),
        )

    return in_round(life, done)


def sent_to_check(life: CaseLife, entry: Entry) -> CaseLife:
    """Name the inspector."""
    return replace(life, inspector_id=id_of(entry.payload, "inspector_id"))


def checked(life: CaseLife, entry: Entry) -> CaseLife:
    """Offer the check anew, or take its result."""
    if entry.target == CaseState.CHECKING:
        return replace(life, inspector_id=id_of(entry.payload, "inspector_id") or life.inspector_id)
    life = replace(life, inspector_id=None)
    return in_round(life, lambda r: _reworked(r, entry)) if entry.target == CaseState.DISPATCHED else life


def _reworked(turn: Round, entry: Entry) -> Round:
    turn = replace(
        turn,
        reworks=turn.reworks + 1,
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
