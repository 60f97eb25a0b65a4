"""What a case is about and where, in the fold: amended, located anew, joined to another case."""

from typing import Any

from app.dispatch.case_amending import under
from app.dispatch.case_life import CaseLife, Clocked, Leg, Matter, Round, Spot, limit_of
from app.dispatch.changing import replace
from app.dispatch.codes import Kind, LegEnd, LegKind
from app.dispatch.fold_clocks import deadline_of, reclocked
from app.dispatch.fold_ends import closed
from app.dispatch.fold_turns import end_legs, in_round, of_accountable, withdraw_pending
from app.dispatch.history import Entry


def amended(life: CaseLife, entry: Entry) -> CaseLife:
    """Change the present round; those before keep what they were counted under."""
    p = entry.payload
    matter = Matter(kind=life.kind, category=life.category, condition=life.condition)
    before = tuple(replace(turn, matter=turn.matter or matter) for turn in life.rounds[:-1])
    life = replace(
        life,
        kind=Kind(p["kind"]),
        category=p["category"],
        condition=p["condition"],
        catalogue=p["catalogue"],
        attention=frozenset(p["attention"]),
        proposed_unit=p.get("proposed_unit", life.proposed_unit),
        rounds=(*before, life.round),
    )
    life = placed(life, p["spot"]) if "spot" in p else life
    return in_round(life, lambda turn: _amended(turn, entry))


def relocated(life: CaseLife, entry: Entry) -> CaseLife:
    """Move the present round; those before keep the codes under which they were counted."""
    return placed(life, entry.payload["spot"])


def placed(life: CaseLife, spot: dict[str, Any]) -> CaseLife:
    """Put the case where it lies now; rounds before the present one lay where they lay."""
    before = tuple(replace(turn, spot=turn.spot or life.spot) for turn in life.rounds[:-1])
    return replace(life, spot=Spot(**spot), rounds=(*before, life.round))


def merged(life: CaseLife, entry: Entry) -> CaseLife:
    """End the round, and whatever is still at work in it."""
    at = entry.recorded_at
    left = in_round(life, lambda turn: end_legs(withdraw_pending(turn, at), LegEnd.SUPERSEDED, at))
    return closed(left, entry)


def _amended(turn: Round, entry: Entry) -> Round:
    p = entry.payload
    clocks = p.get("clocks", ())
    if "case" in clocks:
        turn = replace(turn, clock=under(turn.clock, limit_of(p["limit"])))
    if "leg" in clocks:
        turn = of_accountable(turn, lambda leg: replace(leg, clock=under(leg.clock, limit_of(p["limit"]))))
    if "next_leg" in p:
        turn = _sent_on(turn, entry)
    return reclocked(turn, p)


def _sent_on(turn: Round, entry: Entry) -> Round:
    p, at = entry.payload, entry.recorded_at
    clock = Clocked(start=at, limit=limit_of(p["leg_limit"]), deadline=deadline_of(p["leg_clock"]))
    leg = Leg(number=p["next_leg"], kind=LegKind.MAIN, unit_code=p["unit_code"], dispatched_at=at, clock=clock)
    turn = of_accountable(turn, lambda one: replace(one, ended_at=at, end=LegEnd.SUPERSEDED))
    return replace(turn, legs=(*turn.legs, leg))
