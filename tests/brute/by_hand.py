"""The counts of a closure table, straight from rows of history: a second reading of the rules, sharing nothing with it.

Nothing here folds: each question about a round goes through its rows again and asks what they say by a given instant.
Due times are taken as the steps recorded them; how they are computed is tested elsewhere.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, Final
from uuid import UUID

NAMES: Final = (
    *("reported", "valid_reported", "accepted", "rejected", "answered", "merged", "self_disposed", "taken_up"),
    *("filed", "simple", "dispatched", "to_dispose", "disposed", "disposed_on_time", "dispatched_accurately"),
    *("to_close", "closed", "closed_on_time", "awaiting_check", "overdue_open", "reworked", "extended"),
    *("suspended", "recurrent", "lost_in_handover", "reopened", "return_requested", "return_granted"),
    *("return_refused", "to_answer", "answered_on_time", "called_back", "opinion_given", "satisfied", "solved"),
)
TIMES: Final = ("reworks", "extensions", "suspensions", "returns")
FAILING: Final = ("check", "desk_check")
SATISFIED_FROM: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of history, as it is stored."""

    subject: str
    subject_id: UUID
    action: str
    state: str
    at: datetime
    payload: Mapping[str, Any]

    def instant(self, *path: str) -> datetime | None:
        found: Any = self.payload
        for name in path:
            found = found.get(name) if found else None
        return datetime.fromisoformat(found) if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A figure as it is asked for."""

    start: datetime
    end: datetime
    as_of: datetime
    clock: str
    cohort: str
    group_by: str | None
    carry_over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """One thing that counts once (or `weight` times) under a name, at an instant."""

    name: str
    at: datetime
    begun: datetime
    groups: Mapping[str, str | None]
    weight: int = 1
    stock: tuple[datetime | None, datetime | None] | None = None
    """Of rounds to be closed: since when overdue, and until when neither disposed nor closed."""


def table(rows: Iterable[Row], asked: Asked) -> Counter[tuple[str | None, str]]:
    """Return what stands in the table, by group and name; what is 0 is left out."""
    subjects: dict[UUID, list[Row]] = {}
    for row in rows:
        if row.at <= asked.as_of:
            subjects.setdefault(row.subject_id, []).append(row)
    found: Counter[tuple[str | None, str]] = Counter()
    for told in subjects.values():
        ticks = _of_report(told) if told[0].subject == "report" else _of_case(told, asked)
        for tick in ticks:
            if tick.at <= asked.as_of and _in_period(tick, asked):
                found[tick.groups[asked.group_by] if asked.group_by else None, tick.name] += tick.weight
    return +found


def _in_period(tick: Tick, asked: Asked) -> bool:
    within = asked.start <= (tick.begun if asked.cohort == "filed" else tick.at) < asked.end
    if within or not asked.carry_over or tick.stock is None:
        return within
    overdue_from, open_until = tick.stock
    overdue = overdue_from is not None and overdue_from < asked.start
    return overdue and tick.at < asked.start and (open_until is None or open_until >= asked.start)


def _of_report(rows: Sequence[Row]) -> Iterator[Tick]:
    def last(*actions: str) -> Row | None:
        return next((row for row in reversed(rows) if row.action in actions), None)

    accepted = last("accept")
    about = accepted.payload if accepted else rows[0].payload
    groups = {
        "unit": about["unit_code"],
        "street": about["spot"]["street"],
        "kind": about["kind"],
        "source": rows[0].payload["source"],
    }

    def tick(name: str, at: datetime | None) -> Iterator[Tick]:
        if at is not None:
            yield Tick(name=name, at=at, begun=rows[0].at, groups=groups)

    yield from tick("reported", rows[0].at)
    if rows[-1].state in {"filed", "merged"}:
        yield from tick("valid_reported", rows[0].at)
    for name, action in (("accepted", "accept"), ("rejected", "reject"), ("answered", "answer")):
        yield from tick(name, _at(last(action)))
    yield from tick("self_disposed", _at(last("self_dispose")))
    joined = last("merge", "unmerge")
    if joined and joined.action == "merge":
        yield from tick("merged", joined.at)
        yield from tick("taken_up", joined.at)
    yield from tick("taken_up", _at(last("file")))
    yield from tick("called_back", _at(last("call_back")))
    for name, at in (*_answers(rows), *_opinion(rows)):
        yield from tick(name, at)


def _answers(rows: Sequence[Row]) -> Iterator[tuple[str, datetime]]:
    due_at = rows[0].instant("answer_due_at")
    if due_at is None:
        return
    yield "to_answer", due_at
    told = [row.at for row in rows if row.action in {"reject", "answer", "forward", "reply"}]
    if told and told[0] <= due_at:
        yield "answered_on_time", due_at


def _opinion(rows: Sequence[Row]) -> Iterator[tuple[str, datetime]]:
    opinions = [row for row in rows if row.action in {"call_back", "evaluate"} and _says(row)]
    if not opinions:
        return
    last = opinions[-1]
    yield "opinion_given", last.at
    if (last.payload["satisfaction"] or 0) >= SATISFIED_FROM:
        yield "satisfied", last.at
    if last.payload["solved"] is True:
        yield "solved", last.at


def _says(row: Row) -> bool:
    return row.payload["satisfaction"] is not None or row.payload["solved"] is not None


def _at(row: Row | None) -> datetime | None:
    return row.at if row else None


def _of_case(rows: Sequence[Row], asked: Asked) -> Iterator[Tick]:
    starts = [n for n, row in enumerate(rows) if row.action in {"file", "reopen"}]
    for start, end in pairwise([*starts, len(rows)]):
        yield from _Round(rows[0], rows[start:end]).ticks(asked)


class _Round:
    """One round: the case's first row, and the rows from its start to the next round's."""

    def __init__(self, first: Row, rows: Sequence[Row]) -> None:
        self.first = first
        self.rows = rows
        self.redo = rows[0].action == "reopen"
        sent = [n for n, row in enumerate(rows) if row.action in {"dispatch", "reopen"}]
        self.legs = [rows[n:end] for n, end in pairwise([*sent, len(rows)])]
        self.dispatches = [leg[0] for leg in self.legs]
        self.annulled = [any(_annuls(row) for row in leg) for leg in self.legs]
        self.accountable = self.legs[-1] if self.legs and not self.annulled[-1] else None

    def at(self, *actions: str) -> datetime | None:
        return next((row.at for row in self.rows if row.action in actions), None)

    def granted(self, kind: str) -> int:
        return sum(row.action == "grant" and row.payload["kind"] == kind for row in self.rows)

    @property
    def standing(self) -> datetime | None:
        standing = None
        for row in self.rows:
            if row.action == "dispose":
                standing = row.at
            elif row.action in FAILING and row.state == "dispatched":
                standing = None
        return standing

    def dues(self, clock: str) -> list[tuple[datetime, datetime]]:
        """Return when which due time was recorded."""
        rows, name = (self.rows, "case") if clock == "case" else (self.accountable or (), "leg_clock")
        return [(row.at, due) for row in rows if (due := row.instant(name, "due_at"))]

    def holds(self) -> list[tuple[datetime, datetime | None]]:
        """Return from when till when (None: still) a suspension, or a request asked in time, held the round open."""
        found: list[tuple[datetime, datetime | None]] = []
        since: datetime | None = None
        for row in self.rows:
            if since is not None and row.action in {"grant", "refuse", "dispose", "recall", "void", "resume"}:
                found.append((since, row.at))
                since = None
            asks = row.action.startswith("request_") and row.payload["in_time"]
            if asks or (row.action == "grant" and row.state == "suspended"):
                since = row.at
        return found if since is None else [*found, (since, None)]

    def passing(self, since: datetime, due: datetime) -> datetime | None:
        """Return when a due time recorded at `since` passes: when it comes, or when the round is not held any more."""
        moment = max(since, due)
        for held_from, held_to in self.holds():
            if held_from <= moment and held_to is None:
                return None
            if held_to is not None and held_from <= moment < held_to:
                moment = held_to
        return moment

    def to_close_at(self, clock: str, as_of: datetime) -> datetime | None:
        """Return the first disposal, or the due time that had passed: whichever was there first."""
        dues, told = self.dues(clock), self.rows if clock == "case" else self.accountable or ()
        if not dues:
            return None
        fixed = [(row.at, row.at) for row in told if row.action == "dispose"][:1]
        ends = [*(recorded for recorded, _ in dues[1:]), self.at("close")]
        for (since, due), until in zip(dues, ends, strict=True):
            moment = self.passing(since, due)
            if moment is not None and (moment < until if until else moment <= as_of):
                fixed.append((moment, due))
        return min(fixed)[1] if fixed else None

    def in_time(self, clock: str) -> bool:
        done, dues = self.standing or self.at("close"), self.dues(clock)
        return done is not None and bool(dues) and done <= dues[-1][1]

    def ticks(self, asked: Asked) -> Iterator[Tick]:
        groups = {
            "unit": self.accountable[0].payload["unit_code"] if self.accountable else None,
            "street": self.first.payload["spot"]["street"],
            "kind": self.first.payload["kind"],
            "source": self.first.payload["source"],
        }
        begun = self.rows[0].at

        def tick(*names: str, at: datetime | None) -> Iterator[Tick]:
            if at is not None:
                yield from (Tick(name=name, at=at, begun=begun, groups=groups) for name in names)

        if self.redo:
            yield from tick("reopened", at=begun)
        else:
            yield from tick("filed" if self.first.payload["handling"] == "ordinary" else "simple", at=begun)
        yield from self._returns(begun, groups)
        if self.rows[-1].state == "voided":
            return
        if self.rows[-1].state != "suspended":
            yield from tick(*self._after_dispatch(asked.clock), at=_at(next(iter(self.dispatches), None)))
        yield from self._to_close(asked, begun, groups)

    def _after_dispatch(self, clock: str) -> Iterator[str]:
        yield from ("dispatched", "to_dispose")
        if not any(self.annulled):
            yield "dispatched_accurately"
        if self.standing:
            yield "disposed"
            if self.in_time(clock):
                yield "disposed_on_time"

    def _to_close(self, asked: Asked, begun: datetime, groups: Mapping[str, str | None]) -> Iterator[Tick]:
        at = self.to_close_at(asked.clock, asked.as_of)
        if at is None:
            return
        due, closed = self.dues(asked.clock)[-1][1], self.at("close")
        stock = (due, self.standing or closed)
        names = {
            "to_close": True,
            "closed": closed,
            "closed_on_time": closed and self.in_time(asked.clock),
            "awaiting_check": self.standing and not closed,
            "overdue_open": not self.standing and not closed and due <= asked.as_of,
            "lost_in_handover": closed and self.in_time("leg") and not self.in_time("case"),
            "recurrent": self.first.payload["recurrent"] and not self.redo,
        }
        often = {
            "reworks": sum(row.action in FAILING and row.state == "dispatched" for row in self.rows),
            "extensions": self.granted("extension"),
            "suspensions": self.granted("suspension"),
            "returns": self.granted("return"),
        }
        flags = {"reworked": "reworks", "extended": "extensions", "suspended": "suspensions"}
        names |= {name: often[number] > 0 for name, number in flags.items()}
        weights = {name: 1 for name, held in names.items() if held} | often
        for name, weight in weights.items():
            yield Tick(name=name, at=at, begun=begun, groups=groups, weight=weight, stock=stock)

    def _returns(self, begun: datetime, groups: Mapping[str, str | None]) -> Iterator[Tick]:
        for row in self.rows:
            if row.action in {"grant", "refuse"} and row.payload["kind"] == "return":
                (leg,) = (one for one in self.dispatches if one.payload["leg"] == row.payload["leg"])
                asking = {**groups, "unit": leg.payload["unit_code"]}
                ruled = "return_granted" if row.action == "grant" else "return_refused"
                for name in ("return_requested", ruled):
                    yield Tick(name=name, at=row.at, begun=begun, groups=asking)


def _annuls(row: Row) -> bool:
    return row.action == "recall" or (row.action == "grant" and row.payload["kind"] == "return")
