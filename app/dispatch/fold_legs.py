"""Legs in the fold: sent, taken back, signed, begun anew."""

from app.dispatch.case_life import CaseLife, Clocked, Leg, Round, limit_of
from app.dispatch.changing import replace
from app.dispatch.codes import LegEnd, LegKind
from app.dispatch.fold_clocks import deadline_of
from app.dispatch.fold_turns import end_legs, in_leg, in_round, withdraw_pending
from app.dispatch.history import Entry


def dispatched(life: CaseLife, entry: Entry) -> CaseLife:
    """Begin legs, and the clocks with the first dispatch."""
    return in_round(replace(life, inspector_id=None), lambda r: with_legs(r, entry))


def with_legs(turn: Round, entry: Entry) -> Round:
    """Return the round with the main leg and the co-units of a step."""
    p, at = entry.payload, entry.recorded_at
    clock = turn.clock
    if "case" in p:
        clock = replace(clock, start=clock.start or at, deadline=deadline_of(p["case"]))
    legs = tuple(
        Leg(
            number=number,
            kind=LegKind.MAIN if number == p["leg"] else LegKind.ASSIST,
            unit_code=unit_code,
            dispatched_at=at,
            clock=Clocked(start=at, limit=turn.clock.limit, deadline=deadline_of(p["leg_clock"])),
        )
        for number, unit_code in enumerate((p["unit_code"], *p.get("co_units", ())), start=p["leg"])
    )
    first = turn.dispatched_at or at
    return replace(turn, clock=clock, dispatched_at=first, legs=(*turn.legs, *legs), dispatcher_id=entry.actor_id)


def recalled(life: CaseLife, entry: Entry) -> CaseLife:
    """Annul what was sent."""
    return in_round(
        life, lambda r: end_legs(withdraw_pending(r, entry.recorded_at), LegEnd.RECALLED, entry.recorded_at)
    )


def signed(life: CaseLife, entry: Entry) -> CaseLife:
    """Note when the unit saw it first."""
    return in_leg(life, lambda leg: replace(leg, signed_at=leg.signed_at or entry.recorded_at))


def reopened(life: CaseLife, entry: Entry) -> CaseLife:
    """Begin the next round."""
    p, at = entry.payload, entry.recorded_at
    fresh = Round(number=p["round"], started_at=at, updated_at=at, clock=Clocked(limit=limit_of(p["limit"])))
    return replace(life, rounds=(*life.rounds, with_legs(fresh, entry)))
