"""What waiting, ruling and failed checks give back to the clocks: due times as the step will record them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from app.dispatch.case_life import CaseLife, Request
from app.dispatch.codes import FailCode, ReworkClock
from app.dispatch.deciding import Scene, clock_json, reclock
from app.dispatch.limits import Limit
from app.dispatch.spans import Span


def ruled_late(life: CaseLife, request: Request, scene: Scene) -> dict[str, str]:
    """Return the wait that is given back: what went beyond the desk's limit, over the whole chain.

    Where the leg would have run out within that limit, the whole wait: a late ruling never makes a unit overdue. Once
    the unit has said that it is done, nothing: what it waited until then was given back with that.
    """
    leg = life.leg
    if not request.in_time or scene.now <= request.ruling_due_at or leg is None or leg.ended_at is not None:
        return {}
    ran_out = leg.clock.due_at is not None and leg.clock.due_at <= request.ruling_due_at
    since = request.asked_at if ran_out else request.ruling_due_at
    return {"given_back_from": since.isoformat(), "given_back_to": scene.now.isoformat()}


def unanswered(life: CaseLife, scene: Scene) -> dict[str, Any]:
    """Return what a disposal gives back to the leg whose request the desk has left lying beyond its limit."""
    pending = life.round.pending
    given = ruled_late(life, pending, scene) if pending else {}
    return given | moved_times(life, given, scene, case=False) if given else {}


def rest_from(life: CaseLife, request: Request, scene: Scene) -> datetime:
    """Return when a suspension begins: now, or when it was asked for where a clock has run out since."""
    clocks = (life.round.clock, life.leg.clock) if life.leg else (life.round.clock,)
    dues = (clock.due_at for clock in clocks if clock.due_at is not None)
    ran_out = any(request.asked_at <= due_at <= scene.now for due_at in dues)
    return request.asked_at if ran_out else scene.now


def moved_times(
    life: CaseLife,
    payload: Mapping[str, Any],
    scene: Scene,
    *,
    pause: Span | None = None,
    more: Limit | None = None,
    case: bool,
) -> dict[str, Any]:
    """Return the new due times of the leg, with what this ruling gives back, and of the case where it moves too."""
    leg = life.leg
    if leg is None:
        return {}
    clock = leg.clock
    if "given_back_from" in payload:
        given = Span(
            start=datetime.fromisoformat(payload["given_back_from"]),
            end=datetime.fromisoformat(payload["given_back_to"]),
        )
        clock = replace(clock, pauses=(*clock.pauses, given))
    times: dict[str, Any] = {"leg_clock": reclock(clock, scene.calendar, pause=pause, more=more)}
    if case and (more is None or more.unit is life.round.clock.limit.unit):
        times["case"] = reclock(life.round.clock, scene.calendar, pause=pause, more=more)
    return times


def rework_times(life: CaseLife, scene: Scene, *, fail_code: str) -> dict[str, Any]:
    """Return what a failed check gives back to the leg: the time it was disposed and being checked.

    Nothing after `not_done`, nothing under the policy `deadline_kept`; under `fresh` the full limit starts anew.
    """
    standing, leg = life.round.standing, life.leg
    if leg is None:
        return {}
    if scene.policies.rework_clock is ReworkClock.FRESH:
        anew = clock_json(scene.now, leg.clock.limit, scene.calendar)
        return {"leg_start": scene.now.isoformat(), "leg_clock": anew}
    keeps = scene.policies.rework_clock is ReworkClock.DEADLINE_KEPT
    if standing is None or keeps or fail_code == FailCode.NOT_DONE:
        return {}
    given = {"given_back_from": standing.at.isoformat(), "given_back_to": scene.now.isoformat()}
    return given | moved_times(life, given, scene, case=False)
