"""What lists need of a case as it stands, and the timers a step sets: both follow from its life alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from app.dispatch.case_facts import case_flags
from app.dispatch.case_life import CaseLife, Leg, Request
from app.dispatch.codes import Action, CaseState
from app.dispatch.policies import Policies
from app.dispatch.task import columns as task_columns
from app.dispatch.workflow import OPEN_CASES

AUTO_SIGN: Final = "auto_sign"
RESUME: Final = "resume"
_AMONG_OTHERS: Final = frozenset({Action.SIGN, Action.DISPOSE, Action.AMEND, Action.ARBITRATE})
"""After these some legs may be signed, ended or new: all timers of signing lapse, those still wanted come again."""
_UNSIGNED_AFTER: Final = _AMONG_OTHERS | {Action.ASSIGN_SUB, Action.DISPATCH, Action.REOPEN, Action.RESUME}


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerWanted:
    """Something to be done at an instant, if it is still possible then."""

    kind: str
    due_at: datetime
    payload: Mapping[str, Any]


def present(life: CaseLife) -> dict[str, Any]:
    """Return the columns of a case that follow from its history."""
    turn, leg = life.round, life.leg
    started = turn.clock.deadline
    held = leg.clock.deadline if leg else None
    return {
        "state": life.state,
        "round": turn.number,
        "kind": life.kind,
        "category": life.category,
        "condition": life.condition,
        "handling": life.handling,
        "tags": list(life.tags),
        "attention": sorted(life.attention),
        "flags": case_flags(life),
        "cell_code": life.spot.cell_code,
        "beat_code": life.spot.beat_code,
        "community": life.spot.community,
        "street": life.spot.street,
        "district": life.spot.district,
        "zones": dict(life.spot.zones),
        "unit_code": life.unit_code,
        "unit_codes": sorted({one.unit_code for turn in life.rounds for one in turn.legs}),
        "leg_units": sorted({part.unit_code for part in turn.parts}),
        "inspector_id": life.inspector_id,
        **task_columns(life.task),
        "dispatched_at": turn.first_dispatch_at,
        "case_due_at": started.due_at if started else None,
        "case_yellow_at": started.yellow_at if started else None,
        "leg_due_at": held.due_at if held else None,
        "leg_yellow_at": held.yellow_at if held else None,
        "provisional": any(one.provisional for one in (started, held) if one),
        "disposed_at": turn.standing.at if turn.standing else None,
        "closed_at": turn.closed_at,
        "end_kind": turn.end_kind,
        "waiting_since": life.since if life.state in OPEN_CASES else None,
        "urges": life.urges,
        "updated_at": life.updated_at,
        "version": life.number,
    }


def requests(case_id: UUID, life: CaseLife, *, since: int | None = None) -> list[dict[str, Any]]:
    """Return the requests of the present round as rows, or of every round from number `since` on."""
    first = life.round.number if since is None else since
    return [_request(case_id, turn.number, one) for turn in life.rounds[first - 1 :] for one in turn.requests]


def timers(life: CaseLife, action: Action, policies: Policies) -> list[TimerWanted]:
    """Return the timers that a step sets."""
    unsigned = _unsigned(life, action) if action in _UNSIGNED_AFTER else []
    if unsigned and policies.auto_sign_after is not None:
        return [_auto_sign(life, leg, policies.auto_sign_after) for leg in unsigned]
    if life.state is CaseState.SUSPENDED and action is Action.GRANT and life.round.suspended_until is not None:
        due_at = life.round.suspended_until
        return [TimerWanted(kind=RESUME, due_at=due_at, payload={"round": life.round.number})]
    return []


def _unsigned(life: CaseLife, action: Action) -> list[Leg]:
    """Return the legs whose signing is to be waited for anew; of those at work, a part just given is the last."""
    main = (life.leg,) if life.leg is not None and life.leg.ended_at is None else ()
    legs = life.round.legs[-1:] if action is Action.ASSIGN_SUB else (*main, *life.round.parts)
    return [leg for leg in legs if leg.signed_at is None]


def _auto_sign(life: CaseLife, leg: Leg, after: timedelta) -> TimerWanted:
    payload = {"round": life.round.number, "leg": leg.number}
    return TimerWanted(kind=AUTO_SIGN, due_at=leg.dispatched_at + after, payload=payload)


def lapsed(action: Action) -> tuple[str, ...]:
    """Return the kinds of timers that a step makes pointless."""
    match action:
        case _ if action is Action.RECALL or action in _AMONG_OTHERS:
            return (AUTO_SIGN,)
        case Action.VOID:
            return (AUTO_SIGN, RESUME)
        case Action.RESUME:
            return (RESUME,)
    return ()


def _request(case_id: UUID, turn: int, one: Request) -> dict[str, Any]:
    return {
        "id": one.id,
        "case_id": case_id,
        "round": turn,
        "leg": one.leg,
        "kind": one.kind,
        "state": one.state,
        "reason_code": one.reason_code,
        "claim": one.claim,
        "chain": [post.value for post in one.chain],
        "step": one.step,
        "ruler": one.ruler,
        "asked_at": one.asked_at,
        "ruling_due_at": one.ruling_due_at,
        "ruled_at": one.ruled_at,
    }
