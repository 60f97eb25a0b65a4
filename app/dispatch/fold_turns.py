"""What every part of the fold changes by: the present round, its accountable leg, its legs and requests at an end."""

from collections.abc import Callable
from datetime import datetime

from app.dispatch.case_life import CaseLife, Leg, Round
from app.dispatch.changing import replace
from app.dispatch.codes import LegEnd, LegKind, RequestState


def in_round(life: CaseLife, change: Callable[[Round], Round]) -> CaseLife:
    """Return the life with its present round changed."""
    return replace(life, rounds=(*life.rounds[:-1], change(life.round)))


def in_leg(life: CaseLife, change: Callable[[Leg], Leg]) -> CaseLife:
    """Return the life with the accountable leg of its present round changed."""
    return in_round(life, lambda r: of_accountable(r, change))


def of_accountable(turn: Round, change: Callable[[Leg], Leg]) -> Round:
    """Return the round with its accountable leg changed, if it has one."""
    leg = turn.accountable
    if leg is None:
        return turn
    return replace(turn, legs=tuple(change(leg) if one.number == leg.number else one for one in turn.legs))


def end_legs(turn: Round, end: LegEnd, at: datetime) -> Round:
    """End the main leg if it is still at work; what others do for it ends with it, see `end_idle_parts`."""
    legs = tuple(
        replace(leg, ended_at=at, end=end) if leg.ended_at is None and leg.kind is LegKind.MAIN else leg
        for leg in turn.legs
    )
    return replace(turn, legs=legs)


def of_leg(turn: Round, number: int, change: Callable[[Leg], Leg]) -> Round:
    """Return the round with one of its legs changed."""
    return replace(turn, legs=tuple(change(leg) if leg.number == number else leg for leg in turn.legs))


def end_idle_parts(turn: Round, at: datetime, *, at_work: bool) -> Round:
    """End the parts of legs that have ended, and all of them once no unit is at work; whoever forgets it, here it is.

    A part has a greater number than the leg it is of, so that one pass ends whole branches.
    """
    if not turn.parts:
        return turn
    ended = {leg.number for leg in turn.legs if leg.ended_at is not None}
    legs = []
    for leg in turn.legs:
        idle = leg.kind is not LegKind.MAIN and leg.ended_at is None and (not at_work or leg.parent in ended)
        if idle:
            ended.add(leg.number)
        legs.append(replace(leg, ended_at=at, end=LegEnd.SUPERSEDED) if idle else leg)
    return replace(turn, legs=tuple(legs))


def withdraw_pending(turn: Round, at: datetime) -> Round:
    """Withdraw the request that waits, if one does."""
    if turn.pending is None:
        return turn
    requests = tuple(
        replace(r, state=RequestState.WITHDRAWN, ruled_at=at) if r.state is RequestState.PENDING else r
        for r in turn.requests
    )
    return replace(turn, requests=requests)


def withdraw_unreserved(turn: Round, at: datetime) -> Round:
    """Withdraw the request that waits, unless the unit works under the reserve of an arbitration."""
    return turn if turn.pending is not None and turn.pending.reserved else withdraw_pending(turn, at)
