"""What steps do to the clocks of a round: due times as they were recorded, and when `to_close_at` is fixed."""

from collections.abc import Mapping
from datetime import datetime

from app.dispatch.case_life import Clocked, Deadline, Round, limit_of
from app.dispatch.changing import replace
from app.dispatch.fold_turns import of_accountable
from app.dispatch.history import instant_of
from app.dispatch.spans import Span


def let_due_pass(turn: Round, at: datetime) -> Round:
    """Fix `to_close_at` where a due time has passed, unless a suspension or a request asked in time holds it open."""
    held_open = turn.suspended_since is not None or (turn.pending is not None and turn.pending.in_time)
    if turn.closed_at is not None or held_open:
        return turn
    clock, leg = _overrun(turn.clock, at), turn.accountable
    turn = turn if clock is turn.clock else replace(turn, clock=clock)
    if leg is None or _overrun(leg.clock, at) is leg.clock:
        return turn
    return of_accountable(turn, lambda leg: replace(leg, clock=_overrun(leg.clock, at)))


def _overrun(clock: Clocked, at: datetime) -> Clocked:
    if clock.fixed_at is None and clock.due_at is not None and clock.due_at < at:
        return replace(clock, fixed_at=clock.due_at)
    return clock


def fixed(clock: Clocked, at: datetime) -> Clocked:
    """Fix `to_close_at` at an act, or at the due time if that came first."""
    if clock.fixed_at is not None:
        return clock
    return replace(clock, fixed_at=min(at, clock.due_at) if clock.due_at else at)


def afresh(clock: Clocked, payload: Mapping[str, str | None]) -> Clocked:
    """Start a leg's clock anew where a step says so (policy `rework_clock` = `fresh`); `to_close_at` stays."""
    start = instant_of(payload, "leg_start")
    return clock if start is None else replace(clock, start=start, extensions=(), pauses=())


def begun(clock: Clocked, at: datetime, limit: Mapping[str, str], times: Mapping[str, str]) -> Clocked:
    """Begin another stretch of a clock, under a limit of its own; `to_close_at` stays."""
    return Clocked(start=at, limit=limit_of(limit), deadline=deadline_of(times), fixed_at=clock.fixed_at)


def given_back(turn: Round, payload: Mapping[str, str | None]) -> Round:
    """Add the pause of the leg that a step names: time in which the unit did not hold the case."""
    start, end = instant_of(payload, "given_back_from"), instant_of(payload, "given_back_to")
    if start is None or end is None:
        return turn
    pause = Span(start=start, end=end)
    return of_accountable(turn, lambda leg: replace(leg, clock=replace(leg.clock, pauses=(*leg.clock.pauses, pause))))


def reclocked(turn: Round, payload: Mapping[str, Mapping[str, str]]) -> Round:
    """Take over the due times that a step recorded."""
    if "case" in payload:
        turn = replace(turn, clock=replace(turn.clock, deadline=deadline_of(payload["case"])))
    if "leg_clock" in payload:
        deadline = deadline_of(payload["leg_clock"])
        turn = of_accountable(turn, lambda leg: replace(leg, clock=replace(leg.clock, deadline=deadline)))
    return turn


def deadline_of(value: Mapping[str, str]) -> Deadline:
    """Return the due time that a payload holds."""
    return Deadline(
        due_at=datetime.fromisoformat(value["due_at"]),
        yellow_at=datetime.fromisoformat(value["yellow_at"]),
        provisional=bool(value["provisional"]),
    )
