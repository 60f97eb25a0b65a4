"""From a case's life to the facts that figures read: the one place where a round's 0/1 flags are decided."""

from datetime import datetime
from typing import Final
from uuid import UUID

from app.dispatch.case_life import CaseLife, Clocked, Leg, Matter, Request, Round
from app.dispatch.codes import (
    AppealState,
    CaseState,
    DisposalResult,
    EndKind,
    Handling,
    LegEnd,
    LegKind,
    RequestKind,
    RequestState,
)
from app.dispatch.facts import LegFacts, RoundFacts

END_ASKED: Final = "end_asked"
"""The flag of a case of which a unit asks for an end: a grant closes it."""

_RULED = (RequestState.GRANTED, RequestState.REFUSED)


def round_facts(case_id: UUID, life: CaseLife) -> tuple[RoundFacts, ...]:
    """Return the facts of every round, first to last."""
    return tuple(_round(case_id, life, turn) for turn in life.rounds)


def leg_facts(case_id: UUID, life: CaseLife) -> tuple[LegFacts, ...]:
    """Return the facts of every leg, by round and number."""
    return tuple(_leg(case_id, turn, leg) for turn in life.rounds for leg in turn.legs)


def case_flags(life: CaseLife) -> list[str]:
    """Return what lists filter by: things that happened at least once in the present round or to the case."""
    turn = life.round
    told = {
        "reworked": turn.reworks > 0,
        "returned": any(leg.annulled for leg in turn.main_legs),
        "extended": _granted(turn, RequestKind.EXTENSION) > 0,
        "suspended": turn.suspensions > 0,
        "reopened": turn.number > 1,
        "recurrent": life.recurrent,
        "urged": life.urges > 0,
        "request_pending": turn.pending is not None,
        "appeal_pending": any(one.state is AppealState.PENDING for one in turn.appeals),
        END_ASKED: turn.pending is not None and turn.pending.kind is RequestKind.END,
        "made_safe": any(one.result is DisposalResult.TEMPORARY for one in turn.disposals),
        "answer_to_approve": turn.standing is not None and turn.standing.to_approve,
    }
    return [name for name, held in told.items() if held]


def _round(case_id: UUID, life: CaseLife, turn: Round) -> RoundFacts:
    leg = turn.accountable
    present = turn.number == life.round.number
    voided = present and life.voided_at is not None
    counted = not voided and turn.end_kind is not EndKind.MERGED
    suspended_now = present and life.state is CaseState.SUSPENDED
    done_at = _done_at(turn)
    spot = turn.spot or life.spot
    matter = turn.matter or Matter(kind=life.kind, category=life.category, condition=life.condition)
    return RoundFacts(
        case_id=case_id,
        round=turn.number,
        first_recorded_at=turn.started_at,
        last_recorded_at=turn.updated_at,
        source=life.source,
        kind=matter.kind,
        category=matter.category,
        condition=matter.condition,
        handling=life.handling,
        campaign=life.campaign,
        desk=life.desk,
        district=spot.district,
        street=spot.street,
        community=spot.community,
        cell_code=spot.cell_code,
        beat_code=spot.beat_code,
        unit_code=leg.unit_code if leg else None,
        inspector_id=life.author_id,
        operator_id=life.operator_id,
        dispatcher_id=turn.dispatcher_id,
        started_at=turn.started_at,
        filed_at=life.filed_at if turn.number == 1 else None,
        reopened_at=turn.started_at if turn.number > 1 else None,
        first_dispatch_at=turn.first_dispatch_at,
        case_to_close_at=_to_close_at(turn, turn.clock),
        leg_to_close_at=_to_close_at(turn, leg.clock) if leg else None,
        standing_disposed_at=turn.standing.at if turn.standing else None,
        closed_at=turn.closed_at,
        case_due_at=turn.clock.due_at,
        leg_due_at=leg.clock.due_at if leg else None,
        end_kind=turn.end_kind,
        ordinary=life.handling is Handling.ORDINARY,
        counted=counted,
        dispatched=counted and turn.first_dispatch_at is not None and not suspended_now,
        disposed=turn.standing is not None,
        closed=turn.closed_at is not None,
        case_on_time=_in_time(done_at, turn.clock),
        leg_on_time=leg is not None and not leg.late and _in_time(done_at, leg.clock),
        accurate=turn.first_dispatch_at is not None and not any(one.annulled for one in turn.main_legs),
        recurrent=life.recurrent and turn.number == 1,
        reworks=turn.reworks,
        extensions=_granted(turn, RequestKind.EXTENSION),
        suspensions=turn.suspensions,
        returns=_granted(turn, RequestKind.RETURN) + _granted(turn, RequestKind.ARBITRATION),
    )


def _done_at(turn: Round) -> datetime | None:
    """Return when the unit's part was done: its standing disposal, the end it asked for and was granted, or the close.

    An end that was asked for in time and granted late makes nobody overdue.
    """
    if turn.standing is not None:
        return turn.standing.at
    ends = (r for r in turn.requests if r.kind is RequestKind.END and r.state is RequestState.GRANTED)
    asked = next(ends, None)
    return asked.asked_at if asked is not None else turn.closed_at


def _granted(turn: Round, kind: RequestKind) -> int:
    return sum(request.kind is kind and request.state is RequestState.GRANTED for request in turn.requests)


def _to_close_at(turn: Round, clock: Clocked) -> datetime | None:
    """Return the fixed instant, or the due time that will fix it; none while a request asked in time waits."""
    if clock.fixed_at is not None:
        return clock.fixed_at
    held = turn.pending is not None and turn.pending.in_time
    return None if held or turn.suspended_since is not None else clock.due_at


def _in_time(done_at: datetime | None, clock: Clocked) -> bool:
    """On time is not later than due. Without a disposal the closing counts, as the act that ended it."""
    return done_at is not None and (clock.due_at is None or done_at <= clock.due_at)


def _leg(case_id: UUID, turn: Round, leg: Leg) -> LegFacts:
    ruled = _return_ruling(turn, leg)
    part = leg.kind is not LegKind.MAIN
    return LegFacts(
        case_id=case_id,
        round=turn.number,
        number=leg.number,
        kind=leg.kind,
        parent=leg.parent,
        unit_code=leg.unit_code,
        dispatched_at=leg.dispatched_at,
        signed_at=leg.signed_at,
        due_at=leg.clock.due_at,
        ended_at=leg.ended_at,
        end=leg.end,
        return_ruled_at=ruled.ruled_at if ruled else None,
        return_granted=ruled.state is RequestState.GRANTED if ruled else None,
        assisted_at=leg.dispatched_at if part else None,
        assisted_on_time=leg.end is LegEnd.DISPOSED and _in_time(leg.ended_at, leg.clock) if part else None,
        first_recorded_at=leg.dispatched_at,
        last_recorded_at=turn.updated_at,
    )


def _return_ruling(turn: Round, leg: Leg) -> Request | None:
    """Return the last word on whose the leg was: an arbitration that gave the unit right takes a refusal's place."""
    asked = [r for r in turn.requests if r.leg == leg.number]
    granted = [r for r in asked if r.kind is RequestKind.ARBITRATION and r.state is RequestState.GRANTED]
    returns = [r for r in asked if r.kind is RequestKind.RETURN and r.state in _RULED]
    return next(iter((*granted, *returns)), None)
