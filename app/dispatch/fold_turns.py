"""What every part of the fold changes by: the present round, its accountable leg, its legs and requests at an end."""

from collections.abc import Callable
from datetime import datetime

from app.dispatch.case_life import CaseLife, Leg, Round
from app.dispatch.changing import replace
from app.dispatch.codes import LegEnd, RequestState


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
    """End every leg that is still at work."""
    legs = tuple(replace(leg, ended_at=at, end=end) if leg.ended_at is None else leg for leg in turn.legs)
    return replace(turn, legs=legs)


def withdraw_pending(turn: Round, at: datetime) -> Round:
    """Withdraw the request that waits, if one does."""
    if turn.pending is None:
        return turn
    requests = tuple(
        replace(r, state=RequestState.WITHDRAWN, ruled_at=at) if r.state is RequestState.PENDING else r
        for r in turn.requests
    )
    return replace(turn, requests=requests)
