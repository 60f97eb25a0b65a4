"""One round of a case, asked again and again: nothing is folded, each question goes through the rows."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

from app.demo.self_check.rows import Row

FAILING: Final = ("check", "desk_check")
_SENDING: Final = frozenset({"dispatch", "reopen"})
_TOLD_ANEW: Final = ("kind", "category", "condition", "spot")
_ENDS_A_HOLD: Final = frozenset({"grant", "refuse", "dispose", "recall", "void", "resume"})


class Round:
    """The case's first row, and the rows from the round's start to the next one's; `about` as it was at their end."""

    def __init__(self, first: Row, number: int, rows: Sequence[Row], about: Mapping[str, Any]) -> None:
        """Part the rows into legs: each begins with a dispatch, a redo with its reopening.

        So do the leg that follows a temporary disposal, and that of a unit found by amending or named by a ruling.
        """
        self.first = first
        self.about = about
        self.number = number
        self.rows = rows
        self.redo = rows[0].action == "reopen"
        begun = [n for n, row in enumerate(rows) if _begins(row)]
        self.legs = [rows[n:end] for n, end in pairwise([*begun, len(rows)])]
        self.begun = [leg[0] for leg in self.legs]
        self.dispatches = [row for row in self.begun if row.action in _SENDING]
        after = [*self.begun[1:], None] if self.begun else []
        self.annulled = [
            any(_annuls(row) for row in leg) or (named is not None and _overrules(named))
            for leg, named in zip(self.legs, after, strict=True)
        ]
        self.accountable = self._chain() if self.legs and not self.annulled[-1] else None

    def _chain(self) -> Sequence[Row]:
        """Return the rows of the last leg, with those of the one that it makes lasting."""
        chain = list(self.legs[-1])
        for leg in reversed(self.legs[:-1]):
            if not _is_temporary(chain[0]):
                break
            chain = [*leg, *chain]
        return chain

    def at(self, *actions: str) -> datetime | None:
        """Return when one of these was done first."""
        return next((row.at for row in self.rows if row.action in actions), None)

    def granted(self, kind: str) -> int:
        """Count the grants of one kind."""
        return sum(is_granted(row) and row.payload["kind"] == kind for row in self.rows)

    @property
    def reworks(self) -> int:
        """Count the checks that failed."""
        return sum(is_failed(row) for row in self.rows)

    @property
    def merged(self) -> bool:
        """Tell whether it ended in another case, so that it counts there and not here."""
        return any(
            row.action in {"close", "merge_case"} and row.payload.get("end_kind") == "merged" for row in self.rows
        )

    @property
    def standing(self) -> datetime | None:
        """Tell when it was disposed, by the disposal that no check has failed."""
        standing = None
        for row in self.rows:
            if _is_done(row):
                standing = row.at
            elif is_failed(row):
                standing = None
        return standing

    @property
    def claimed(self) -> datetime | None:
        """Tell when the end was asked for that was granted."""
        ended = [row for row in self.rows if row.action == "grant" and row.state == "closed"]
        asked = (row for row in self.rows if row.action == "dispose" and ended)
        return next((row.at for row in asked if _same(row, ended[0])), None)

    @property
    def closed_at(self) -> datetime | None:
        """Tell when it was closed, by whatever step."""
        return next((row.at for row in self.rows if row.state == "closed"), None)

    def dues(self, clock: str) -> list[tuple[datetime, datetime]]:
        """Return when which due time was recorded."""
        rows, name = (self.rows, "case") if clock == "case" else (self.accountable or (), "leg_clock")
        return [(row.at, due) for row in rows if (due := row.instant(name, "due_at"))]

    def to_close_at(self, clock: str, as_of: datetime) -> datetime | None:
        """Return the first disposal, or the due time that had passed: whichever was there first."""
        dues, told = self.dues(clock), self.rows if clock == "case" else self.accountable or ()
        if not dues:
            return None
        last_due = dues[-1][1]
        # closed without a disposal: that grant, or the due time where it had passed while the claim waited
        fixed = [
            (row.at, row.at if _is_done(row) else min(row.at, last_due))
            for row in told
            if _is_done(row) or row.state == "closed"
        ][:1]
        ends = [*(recorded for recorded, _ in dues[1:]), self.closed_at]
        for (since, due), until in zip(dues, ends, strict=True):
            moment = self._passing(since, due)
            if moment is not None and (moment < until if until else moment <= as_of):
                fixed.append((moment, due))
        return min(fixed)[1] if fixed else None

    def in_time(self, clock: str) -> bool:
        """Tell whether the standing disposal, or without one the granted claim or the closing, was not later than due.

        By the leg's clock neither may what made it safe have been.
        """
        done, dues = self.standing or self.claimed or self.closed_at, self.dues(clock)
        late = clock == "leg" and self._made_safe_late()
        return done is not None and bool(dues) and done <= dues[-1][1] and not late

    def _made_safe_late(self) -> bool:
        due = None
        for row in self.accountable or ():
            if _is_temporary(row):
                due = row.instant("ended_clock", "due_at") or due
                return due is not None and row.at > due
            due = row.instant("leg_clock", "due_at") or due
        return False

    def _passing(self, since: datetime, due: datetime) -> datetime | None:
        """Return when a due time recorded at `since` passes: when it comes, or when the round is not held any more."""
        moment = max(since, due)
        for held_from, held_to in self._holds():
            if held_from <= moment and held_to is None:
                return None
            if held_to is not None and held_from <= moment < held_to:
                moment = held_to
        return moment

    def _holds(self) -> list[tuple[datetime, datetime | None]]:
        """Return from when till when (None: still) a suspension, or a request asked in time, held the round open."""
        found: list[tuple[datetime, datetime | None]] = []
        since: datetime | None = None
        reserved = False
        for row in self.rows:
            if since is not None and _ends_a_hold(row, reserved=reserved):
                found.append((since, row.at))
                since = None
            if row.payload.get("in_time") or (row.action == "grant" and row.state == "suspended"):
                since, reserved = row.at, row.payload.get("handle_under_reserve", False)
        return found if since is None else [*found, (since, None)]


def rounds(rows: Sequence[Row]) -> Iterator[Round]:
    """Yield the rounds of a case."""
    if rows[0].action != "file":
        raise ValueError("a case begins with its filing")
    starts = [n for n, row in enumerate(rows) if row.action in {"file", "reopen"}]
    for number, (start, end) in enumerate(pairwise([*starts, len(rows)]), start=1):
        yield Round(rows[0], number, rows[start:end], _about(rows[:end]))


def number_of(begun: Row) -> int:
    """Return the number of the leg that a row begins."""
    number: int = begun.payload.get("next_leg") or begun.payload["leg"]
    return number


def _about(rows: Sequence[Row]) -> Mapping[str, Any]:
    """Return what was last said of category, condition and place."""
    about = dict(rows[0].payload)
    for row in rows[1:]:
        if row.action in {"amend", "relocate"}:
            about |= {name: row.payload[name] for name in _TOLD_ANEW if name in row.payload}
    return about


def _is_temporary(row: Row) -> bool:
    return row.action == "dispose" and row.payload["result"] == "temporary"


def _is_done(row: Row) -> bool:
    """Tell whether a row is a unit's last word, neither for now nor that it cannot be done."""
    return row.action == "dispose" and row.state == "disposed"


def is_failed(row: Row) -> bool:
    """Tell whether a check failed; where the unit was overruled meanwhile, another has to be sent."""
    return row.action in FAILING and row.state in {"dispatched", "filed"}


def is_granted(row: Row) -> bool:
    """Tell whether a row gives what was asked for: the last grant of a chain, or a ruling for another unit."""
    if row.action == "arbitrate":
        return row.payload.get("outcome") == "granted"
    return row.action == "grant" and bool(row.payload.get("final", True))


def _begins(row: Row) -> bool:
    named = row.action == "arbitrate" and "leg" in row.payload
    return row.action in _SENDING or "next_leg" in row.payload or named


def _ends_a_hold(row: Row, *, reserved: bool) -> bool:
    if row.action == "grant":
        return is_granted(row)
    if row.action == "arbitrate":
        return "outcome" in row.payload
    return row.action in _ENDS_A_HOLD and not (reserved and _is_temporary(row))


def _same(one: Row, other: Row) -> bool:
    return bool(one.payload.get("request_id") == other.payload["request_id"])


def _overrules(row: Row) -> bool:
    return row.action == "arbitrate" and is_granted(row)


def _annuls(row: Row) -> bool:
    if row.action == "arbitrate":
        return _overrules(row) and "leg" not in row.payload
    return row.action == "recall" or (is_granted(row) and row.payload["kind"] == "return")
