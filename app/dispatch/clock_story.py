"""The clocks of a case's present round, told from its history: limit and its source, pauses, extensions, account."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from app.dispatch.account import Account, explain
from app.dispatch.calendar import WorkCalendar
from app.dispatch.case_fold import fold
from app.dispatch.case_life import CaseLife, Clocked, Leg, Round
from app.dispatch.codes import Action, CaseState, DisposalResult, Post, RequestKind, RequestState
from app.dispatch.history import Entry, instant_of
from app.dispatch.limits import Limit
from app.dispatch.spans import Span

_CHECKS: Final = (Action.CHECK, Action.DESK_CHECK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Granter:
    """Under which post something was granted, and by whom."""

    post: Post
    actor_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Time that does not count, and why: `suspension`, `late_ruling` or `with_desk` (disposed and being checked)."""

    span: Span
    reason: str
    reason_code: str | None = None
    by: Granter | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """More time that was granted."""

    limit: Limit
    granted_at: datetime
    reason_code: str
    by: Granter | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockStory:
    """One clock; `account` is None before it has started.

    `earlier`: how it ran until a temporary disposal, with which it was started anew.
    """

    limit: Limit
    limit_source: str
    calendar_version: int
    pauses: tuple[Pause, ...] = ()
    extensions: tuple[Extension, ...] = ()
    account: Account | None = None
    earlier: tuple["ClockStory", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundClocks:
    """Both clocks of the present round; `leg` is None while no unit holds the case."""

    case: ClockStory
    leg: ClockStory | None


def calendar_versions(entries: Sequence[Entry]) -> frozenset[int]:
    """Return the versions of the calendar by which due times of these steps were computed."""
    payloads = (entry.payload.get(key) for entry in entries for key in ("case", "leg_clock"))
    return frozenset(times["calendar_version"] for times in payloads if times)


def tell(
    entries: Sequence[Entry], calendar: WorkCalendar, now: datetime, past: Mapping[int, WorkCalendar] | None = None
) -> RoundClocks:
    """Return both clocks at `now`, or at the standing disposal; `past` holds other versions of the calendar."""
    life = fold(entries)
    first = max((n for n, entry in enumerate(entries) if entry.action is Action.REOPEN), default=0)
    steps = entries[first:]
    calendars = {**(past or {}), calendar.version: calendar}
    source = str(steps[0].payload.get("limit_source") or entries[0].payload["limit_source"])
    at = _judged_at(life, now)
    case = _story(life, life.round.clock, steps, source, _used(steps, "case", calendars, calendar), at)
    leg = None
    if life.leg is not None:
        used = _used(steps, "leg_clock", calendars, calendar)
        leg = _story(life, life.leg.clock, steps, source, used, at, leg=life.leg)
    made_safe = next((n for n, entry in enumerate(entries) if n > first and _restarts(entry)), None)
    if made_safe is None:
        return RoundClocks(case=case, leg=leg)
    before = tell(entries[:made_safe], calendar, entries[made_safe].recorded_at, past)
    if "case" in entries[made_safe].payload:
        case = replace(case, earlier=(before.case,))
    if leg is not None and before.leg is not None and life.leg is not None and life.leg.follows is not None:
        leg = replace(leg, earlier=(before.leg,))
    return RoundClocks(case=case, leg=leg)


def _restarts(entry: Entry) -> bool:
    """Tell whether a step is a temporary disposal, which comes once a round at most."""
    return entry.action is Action.DISPOSE and entry.payload["result"] == DisposalResult.TEMPORARY


def _judged_at(life: CaseLife, now: datetime) -> datetime:
    turn = life.round
    return (turn.standing.at if turn.standing else turn.closed_at) or life.voided_at or now


def _used(
    steps: Sequence[Entry], key: str, calendars: Mapping[int, WorkCalendar], present: WorkCalendar
) -> WorkCalendar:
    """Return the calendar by which the due time that holds now was computed."""
    versions = [entry.payload[key]["calendar_version"] for entry in steps if entry.payload.get(key)]
    return calendars.get(versions[-1], present) if versions else present


def _story(
    life: CaseLife,
    clock: Clocked,
    steps: Sequence[Entry],
    source: str,
    calendar: WorkCalendar,
    at: datetime,
    *,
    leg: Leg | None = None,
) -> ClockStory:
    spans = [*clock.pauses, *_running_pause(life.round)]
    account = explain(clock.start, clock.whole_limit, calendar, spans, at=at) if clock.start else None
    labels = {pause.span.start: pause for pause in _pauses(steps)}
    return ClockStory(
        limit=clock.limit,
        limit_source=_source(clock, steps, source, leg),
        calendar_version=calendar.version,
        pauses=tuple(_labelled(span, labels) for span in spans),
        extensions=_extensions(clock, life.round, steps, leg),
        account=account,
    )


def _source(clock: Clocked, steps: Sequence[Entry], source: str, leg: Leg | None) -> str:
    """Return where the limit comes from: what last set it for this clock, the round's own where nothing has."""
    for entry in reversed(steps):
        p = entry.payload
        if _restarts(entry) and clock.start == entry.recorded_at:
            return str(p["limit_source"])
        named = "leg" if leg is not None else "case"
        begun = leg is not None and p.get("next_leg") == leg.number
        if entry.action is Action.AMEND and "limit" in p and (named in p["clocks"] or begun):
            return str(p["limit_source"])
    return source


def _labelled(span: Span, labels: Mapping[datetime, Pause]) -> Pause:
    known = labels.get(span.start)
    return (
        Pause(span=span, reason=known.reason, reason_code=known.reason_code, by=known.by)
        if known
        else Pause(span=span, reason="suspension")
    )


def _running_pause(turn: Round) -> list[Span]:
    if turn.suspended_since is None or turn.suspended_until is None:
        return []
    return [Span(start=turn.suspended_since, end=max(turn.suspended_since, turn.suspended_until))]


def _pauses(steps: Sequence[Entry]) -> list[Pause]:
    """Return every pause that a step of the round began, with its reason; ends are the clock's own."""
    found = []
    for entry in steps:
        by = Granter(post=entry.post, actor_id=entry.actor_id)
        given = instant_of(entry.payload, "given_back_from")
        if given is not None:
            reason = "with_desk" if entry.action in _CHECKS else "late_ruling"
            found.append(Pause(span=Span(start=given, end=entry.recorded_at), reason=reason, by=by))
        granted = entry.action is Action.GRANT and entry.target == CaseState.SUSPENDED
        if granted:
            since = instant_of(entry.payload, "since") or entry.recorded_at
            span = Span(start=since, end=max(since, entry.recorded_at))
            code = entry.payload.get("reason_code")
            found.append(Pause(span=span, reason="suspension", reason_code=code, by=by))
    return found


def _extensions(clock: Clocked, turn: Round, steps: Sequence[Entry], leg: Leg | None) -> tuple[Extension, ...]:
    """Return the extensions that a clock was given, as many as it still has: the last ones granted."""
    grants = {entry.payload["request_id"]: entry for entry in steps if entry.action is Action.GRANT}
    found = []
    for request in turn.requests:
        entry = grants.get(str(request.id))
        extends = request.kind is RequestKind.EXTENSION and request.state is RequestState.GRANTED
        if not extends or entry is None or request.limit is None or request.ruled_at is None:
            continue
        moved = request.leg == leg.number if leg is not None else "case" in entry.payload
        if moved:
            by = Granter(post=entry.post, actor_id=entry.actor_id)
            found.append(
                Extension(limit=request.limit, granted_at=request.ruled_at, reason_code=request.reason_code, by=by)
            )
    kept = len(clock.extensions)
    return tuple(found[len(found) - kept :]) if kept else ()
