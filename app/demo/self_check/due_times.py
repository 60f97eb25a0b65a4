"""Every due time once more: from dispatch instants, limits, extensions and pauses, by the plain clock."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, TypeVar
from uuid import UUID

from app.demo.self_check.clock import PlainClock
from app.demo.self_check.rounds import FAILING, is_failed, is_granted
from app.demo.self_check.rows import Row
from app.dispatch.policies import Policies

Clocks = Mapping[int, PlainClock]
"""The clock of each version of the calendar."""
T = TypeVar("T")
Expected = tuple[str, object]
"""A name in the payload of a step, and what must stand there; None: nothing."""

_CONTINUOUS: Final = ("minute", "continuous_hour", "continuous_day")
_DUES: Final = ("case", "leg_clock")
_ENDS_A_REQUEST: Final = ("dispose",)
_ENDS_EVERY_REQUEST: Final = ("refuse", "recall", "void", "reopen")


@dataclass(slots=True)
class Running:
    """One clock: since when, its limit with extensions, its pauses, and when it is due."""

    start: datetime
    limit: Mapping[str, str]
    value: Decimal
    pauses: list[tuple[datetime, datetime]] = field(default_factory=list)
    due: datetime | None = None


@dataclass(slots=True)
class DueTimes:
    """The due times of a case by round, as they ended up: the case's, and each leg's by its number."""

    case: dict[int, datetime] = field(default_factory=dict)
    legs: dict[tuple[int, int], datetime] = field(default_factory=dict)
    accountable: dict[int, int | None] = field(default_factory=dict)
    round: int = 0


class Walk:
    """A case from step to step; each call of `take` says what the step must have recorded."""

    def __init__(self, case_id: UUID, clocks: Clocks, policies: Policies) -> None:
        """Begin before the first step."""
        self.case_id = case_id
        self.dues = DueTimes()
        self._clocks = clocks
        self._policies = policies
        self._limit: Mapping[str, str] = {}
        self._case: Running | None = None
        self._leg: Running | None = None
        self._number = 0
        self._version = max(clocks)
        self._asked: Row | None = None
        self._resting: datetime | None = None
        self._rested_since: datetime | None = None
        self._parts: dict[int, Running] = {}
        self._standing: datetime | None = None

    def _given_on(self, row: Row) -> Iterator[Expected]:
        """Yield when a part is due: by its own limit, or as it was named; with the leg above at the latest."""
        p = row.payload
        above = _there(self._leg) if p["parent"] == self._number else self._parts[p["parent"]]
        part = Running(start=row.at, limit=p["limit"], value=Decimal(p["limit"]["value"]))
        counted = self._clock(p["part_clock"]).due(row.at, part.limit, part.value, ())
        wanted = _there(row.instant("part_clock", "due_at")) if p["share"] is None else counted
        part.due = min(wanted, _there(above.due))
        self._parts[p["leg"]] = part
        self.dues.legs[self.dues.round, p["leg"]] = part.due
        yield "part_clock", part.due

    def _rested(self, row: Row) -> None:
        """Move the parts that a suspension found at work, by what it took, never beyond the leg they are of."""
        latest = _there(_there(self._leg).due)
        for number in map(int, row.payload.get("part_clocks", {})):
            part = self._parts[number]
            part.pauses.append((_there(self._rested_since), row.at))
            moved = self._clock().due(part.start, part.limit, part.value, part.pauses)
            part.due = min(max(moved, _there(part.due)), latest)
            self.dues.legs[self.dues.round, number] = part.due

    def take(self, row: Row) -> Iterator[Expected]:
        """Yield what the row must say about time."""
        moved: tuple[str, ...] = ()
        match row.action:
            case "file":
                self._limit, self.dues.round = row.payload["limit"], 1
            case "reopen" | "dispatch":
                moved = self._sent(row)
            case "request_return" | "request_extension" | "request_suspension" | "request_arbitration":
                yield from self._request(row)
            case "grant" | "refuse" | "arbitrate" | "dispose" | "recall" | "void":
                moved = yield from self._answered(row)
            case "amend":
                moved = self._amended(row)
            case "assign_sub":
                yield from self._given_on(row)
            case "resume":
                moved = self._resumed(row)
            case _ if row.action in FAILING and row.state == "dispatched":
                yield from (failed := list(self._failed(row)))
                moved = ("leg_clock",) if failed else ()
        yield from self._due(row, moved)
        if row.action == "resume":
            self._rested(row)
        self._ended(row)

    def _sent(self, row: Row) -> tuple[str, ...]:
        if row.action == "reopen":
            self._limit, self._case, self.dues.round = row.payload["limit"], None, row.payload["round"]
            self._standing = None
        first = self._case is None
        if first:
            self._case = self._fresh(row.at)
        self._leg, self._number = self._fresh(row.at), row.payload["leg"]
        return _DUES if first else ("leg_clock",)

    def _answered(self, row: Row) -> Generator[Expected, None, tuple[str, ...]]:
        """Yield what is given back; return the due times that the step moved."""
        if row.action == "arbitrate":
            return (yield from self._arbitrated(row))
        if row.action == "grant" and not is_granted(row):
            return ()  # a step of the chain, not the last
        given = list(self._given_back(row))
        yield from given
        result = row.payload.get("result") if row.action == "dispose" else None
        if result == "temporary":
            return self._made_safe(row, given=bool(given))
        moved = self._ruled(row, given=bool(given))
        if result == "cannot":
            yield from self._request(row)
        return moved

    def _arbitrated(self, row: Row) -> Generator[Expected, None, tuple[str, ...]]:
        """Let the leg that keeps the case have back what the ruling took too long; or begin the one that was named."""
        if row.payload.get("outcome") == "refused":
            given = list(self._given_back(row))
            yield from given
            return ("leg_clock",) if given else ()
        if "outcome" in row.payload:
            self._disown()
        if "leg" not in row.payload:
            return ()
        self._leg, self._number = self._fresh(row.at), row.payload["leg"]
        return ("leg_clock",)

    def _disown(self) -> None:
        self._leg = None
        self.dues.accountable[self.dues.round] = None

    def _made_safe(self, row: Row, *, given: bool) -> tuple[str, ...]:
        """Begin the leg that follows; in time, the case's clock starts anew with it."""
        case, leg = _there(self._case), _there(self._leg)
        if given:
            leg.due = self._clock(row.payload["ended_clock"]).due(leg.start, leg.limit, leg.value, leg.pauses)
            self.dues.legs[self.dues.round, self._number] = leg.due
        in_time = case.due is None or row.at <= case.due
        limit = row.payload["limit"]
        self._number = row.payload["next_leg"]
        self._leg = Running(start=row.at, limit=limit, value=Decimal(limit["value"]))
        if in_time:
            self._limit, self._case = limit, replace(self._leg, pauses=[])
        return _DUES if in_time else ("leg_clock",)

    def _amended(self, row: Row) -> tuple[str, ...]:
        """Count the clocks that the new limit is for from where they began; another unit's leg begins now."""
        named, moved = row.payload.get("clocks", ()), []
        if "case" in named:
            self._limit = row.payload["limit"]
        for clock, running, name in (("case", self._case, "case"), ("leg", self._leg, "leg_clock")):
            if clock in named and running is not None:
                _put_under(running, row.payload["limit"])
                moved.append(name)
        if "next_leg" in row.payload:
            limit = row.payload["leg_limit"]
            self._leg = Running(start=row.at, limit=limit, value=Decimal(limit["value"]))
            self._number = row.payload["next_leg"]
            moved.append("leg_clock")
        return tuple(moved)

    def _fresh(self, at: datetime) -> Running:
        return Running(start=at, limit=self._limit, value=Decimal(self._limit["value"]))

    def _request(self, row: Row) -> Iterator[Expected]:
        leg = _there(self._leg)
        policies, continuous = self._policies, leg.limit["unit"] in _CONTINUOUS
        ruling = policies.ruling_limit_continuous if continuous else policies.ruling_limit
        if "coordinator" in row.payload.get("chain", ()):
            ruling = policies.arbitration_limit
        self._asked = row
        yield "in_time", leg.due is not None and row.at <= leg.due
        limit = {"unit": ruling.unit.value}
        yield "ruling_due_at", self._clock().due(row.at, limit, Decimal(ruling.value), ())

    def _given_back(self, row: Row) -> Iterator[Expected]:
        """Yield what a late ruling, or a disposal that waited for one, gives back to the leg."""
        if self._asked is None or self._standing is not None or row.action in {"recall", "void"}:
            return
        ruling_due = _there(self._asked.instant("ruling_due_at"))
        if not self._asked.payload["in_time"] or row.at <= ruling_due or self._leg is None:
            return
        ran_out = self._leg.due is not None and self._leg.due <= ruling_due
        since = self._asked.at if ran_out else ruling_due
        self._leg.pauses.append((since, row.at))
        yield "given_back_from", since
        yield "given_back_to", row.at

    def _ruled(self, row: Row, *, given: bool) -> tuple[str, ...]:
        kind = row.payload.get("kind")
        if row.action != "grant" or kind in {"return", "end"}:
            return ("leg_clock",) if given and (row.action, kind) != ("grant", "return") else ()
        leg, case = _there(self._leg), _there(self._case)
        if kind == "extension":
            more = Decimal(_there(self._asked).payload["limit"]["value"])
            leg.value += more
            if not self._policies.extension_moves_case or case.limit["unit"] != leg.limit["unit"]:
                return ("leg_clock",)
            case.value += more
            return _DUES
        asked = _there(self._asked)
        passed = (one.due for one in (case, leg) if one.due is not None)
        since = asked.at if any(asked.at <= due <= row.at for due in passed) else row.at
        self._resting = since
        rest = (since, max(_there(asked.instant("until")), since))
        for clock in (case, leg):
            clock.pauses.append(rest)
        return _DUES

    def _resumed(self, row: Row) -> tuple[str, ...]:
        """Put what was really paused in place of what was to be."""
        since = _there(self._resting)
        for clock in (_there(self._case), _there(self._leg)):
            clock.pauses[-1] = (since, row.at)
        self._resting, self._rested_since = None, since
        return _DUES

    def _failed(self, row: Row) -> Iterator[Expected]:
        leg, rule = _there(self._leg), self._policies.rework_clock
        if rule == "fresh":
            self._leg = Running(start=row.at, limit=leg.limit, value=Decimal(leg.limit["value"]))
            yield "leg_start", row.at
        elif rule == "unit_time" and row.payload["code"] != "not_done":
            standing = _there(self._standing)
            leg.pauses.append((standing, row.at))
            yield "given_back_from", standing
            yield "given_back_to", row.at

    def _due(self, row: Row, moved: Sequence[str]) -> Iterator[Expected]:
        """Yield both due times: those that the step moved, and that it says nothing of the others."""
        for name, running in (("case", self._case), ("leg_clock", self._leg)):
            if name not in moved or running is None:
                yield name, None
                continue
            clock = self._clock(row.payload.get(name))
            running.due = clock.due(running.start, running.limit, running.value, running.pauses)
            yield name, running.due
        if self._case is not None and self._case.due is not None:
            self.dues.case[self.dues.round] = self._case.due
        if self._leg is not None and self._leg.due is not None and "leg_clock" in moved:
            self._note_leg(row, self._leg.due)

    def _note_leg(self, row: Row, due: datetime) -> None:
        also = len(row.payload.get("co_units", ())) if row.action == "dispatch" else 0
        for number in range(self._number, self._number + 1 + also):
            self.dues.legs[self.dues.round, number] = due
            self._parts[number] = replace(_there(self._leg), pauses=[])
        self.dues.accountable[self.dues.round] = self._number

    def _ended(self, row: Row) -> None:
        """Let go of what the step ended."""
        reserved = self._asked is not None and self._asked.payload.get("handle_under_reserve", False)
        if is_granted(row) or "outcome" in row.payload or (row.action in _ENDS_A_REQUEST and not reserved):
            self._asked = row if row.payload.get("result") == "cannot" else None
        if row.action in _ENDS_EVERY_REQUEST:
            self._asked = None
        if row.action == "recall" or (is_granted(row) and row.payload["kind"] == "return" and row.action == "grant"):
            self._disown()
        if row.action == "dispose" and row.state == "disposed":
            self._standing = row.at
        elif is_failed(row):
            self._standing = None

    def _clock(self, times: Mapping[str, Any] | None = None) -> PlainClock:
        """Return the clock of the calendar that a due time names, else of the one that was named last."""
        self._version = times["calendar_version"] if times else self._version
        return self._clocks[self._version]


def _put_under(running: Running, limit: Mapping[str, str]) -> None:
    """Count by another limit; what was added in its unit stays added."""
    added = running.value - Decimal(running.limit["value"])
    same = running.limit["unit"] == limit["unit"]
    running.limit, running.value = limit, Decimal(limit["value"]) + (added if same else 0)


def said(row: Row, name: str) -> object:
    """Return what a step recorded under a name: an instant, a flag, or nothing."""
    if name in {*_DUES, "part_clock"}:
        return row.instant(name, "due_at")
    return row.payload.get(name) if name == "in_time" else row.instant(name)


def _there(value: T | None) -> T:
    if value is None:
        raise ValueError("a step without the one that it presupposes")
    return value
