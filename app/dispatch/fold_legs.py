"""Legs in the fold: sent, taken back, signed, begun anew."""

from functools import partial

from app.dispatch.case_life import CaseLife, Clocked, Deadline, Leg, Round, limit_of
from app.dispatch.changing import replace
from app.dispatch.codes import LegEnd, LegKind
from app.dispatch.fold_clocks import deadline_of, fixed
from app.dispatch.fold_turns import end_legs, in_round, of_leg, withdraw_pending
from app.dispatch.history import Entry, Payload
from app.dispatch.spans import Span


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
            parent=None if number == p["leg"] else p["leg"],
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

    def seen(leg: Leg) -> Leg:
        return replace(leg, signed_at=leg.signed_at or entry.recorded_at)

    return in_round(life, lambda r: of_leg(r, entry.payload["leg"], seen))


def assigned(life: CaseLife, entry: Entry) -> CaseLife:
    """Begin a part with a due time of its own."""
    p, at = entry.payload, entry.recorded_at
    clock = Clocked(start=at, limit=limit_of(p["limit"]), deadline=deadline_of(p["part_clock"]))
    part = Leg(
        number=p["leg"],
        kind=LegKind.SUB,
        parent=p["parent"],
        unit_code=p["unit_code"],
        dispatched_at=at,
        clock=clock,
    )
    return in_round(life, lambda r: replace(r, legs=(*r.legs, part)))


def part_returned(life: CaseLife, entry: Entry) -> CaseLife:
    """End a part that was given or taken back."""
    return _end_part(life, entry, LegEnd(entry.payload["end"]))


def part_done(life: CaseLife, entry: Entry) -> CaseLife:
    """End a part that is done."""
    return _end_part(life, entry, LegEnd.DISPOSED)


def _end_part(life: CaseLife, entry: Entry, end: LegEnd) -> CaseLife:
    at = entry.recorded_at

    def ended(leg: Leg) -> Leg:
        return replace(leg, signed_at=leg.signed_at or at, ended_at=at, end=end, clock=fixed(leg.clock, at))

    return in_round(life, lambda r: of_leg(r, entry.payload["leg"], ended))


def reopened(life: CaseLife, entry: Entry) -> CaseLife:
    """Begin the next round."""
    p, at = entry.payload, entry.recorded_at
    fresh = Round(number=p["round"], started_at=at, updated_at=at, clock=Clocked(limit=limit_of(p["limit"])))
    settled = frozenset(p.get("settled", ()))
    before = (*life.rounds[:-1], withdraw_pending(life.round, at))
    return replace(life, rounds=(*before, with_legs(fresh, entry)), attention=life.attention - settled)


def rest_parts(turn: Round, payload: Payload, pause: Span) -> Round:
    """Let a pause of the case move the due times of its parts."""
    for number, clock in payload.get("part_clocks", {}).items():
        turn = of_leg(turn, int(number), partial(_paused, pause=pause, deadline=deadline_of(clock)))
    return turn


def _paused(leg: Leg, *, pause: Span, deadline: Deadline) -> Leg:
    return replace(leg, clock=replace(leg.clock, pauses=(*leg.clock.pauses, pause), deadline=deadline))
