"""The counts behind every rate, as one table: which instant puts a thing into a period, and which flags it must have.

The SQL of the figures and the recomputation by hand both read this table, so that there is one meaning of each count.
Source: domain design §5; docs/figures.md.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from app.dispatch.figure_codes import ClockKind


class Counted(StrEnum):
    """What is counted: a round of a case, a leg (a ruling on it, or that it was a part), or a report."""

    ROUND = "round"
    LEG = "leg"
    REPORT = "report"


Sign = Literal["is", "not", "positive"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """A condition on one column of the facts: true, false, or greater than zero."""

    column: str
    sign: Sign = "is"


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A named sum of 0/1 flags. `{clock}` in a column stands for `case` or `leg`.

    `passed` names an instant that must have come by the `as_of` of the figure, besides the count's own.
    """

    name: str
    of: Counted
    at: str
    flags: tuple[Flag, ...] = ()
    passed: str | None = None

    def under(self, clock: ClockKind) -> "Count":
        """Return the count with the columns of that clock."""
        return Count(
            name=self.name,
            of=self.of,
            at=self.at.format(clock=clock),
            flags=tuple(Flag(column=f.column.format(clock=clock), sign=f.sign) for f in self.flags),
            passed=self.passed.format(clock=clock) if self.passed else None,
        )


def _is(column: str) -> Flag:
    return Flag(column=column)


def _not(column: str) -> Flag:
    return Flag(column=column, sign="not")


def _some(column: str) -> Flag:
    return Flag(column=column, sign="positive")


def _round(name: str, at: str, *flags: Flag, passed: str | None = None) -> Count:
    return Count(name=name, of=Counted.ROUND, at=at, flags=flags, passed=passed)


def _leg(name: str, at: str, *flags: Flag) -> Count:
    return Count(name=name, of=Counted.LEG, at=at, flags=flags)


def _report(name: str, at: str, *flags: Flag) -> Count:
    return Count(name=name, of=Counted.REPORT, at=at, flags=flags)


_CLOSE = "{clock}_to_close_at"
_DUE = "{clock}_due_at"

COUNTS: Final = (
    _report("reported", "received_at"),
    _report("valid_reported", "received_at", _is("valid")),
    _report("accepted", "accepted_at"),
    _report("rejected", "rejected_at"),
    _report("answered", "answered_at"),
    _report("merged", "merged_at"),
    _report("self_disposed", "self_disposed_at"),
    _report("taken_up", "taken_up_at"),
    _round("filed", "filed_at", _is("ordinary")),
    _round("simple", "filed_at", _not("ordinary")),
    _round("dispatched", "first_dispatch_at", _is("dispatched")),
    _round("to_dispose", "first_dispatch_at", _is("dispatched")),
    _round("disposed", "first_dispatch_at", _is("dispatched"), _is("disposed")),
    _round("disposed_on_time", "first_dispatch_at", _is("dispatched"), _is("disposed"), _is("{clock}_on_time")),
    _round("dispatched_accurately", "first_dispatch_at", _is("dispatched"), _is("accurate")),
    _round("to_close", _CLOSE, _is("counted")),
    _round("closed", _CLOSE, _is("counted"), _is("closed")),
    _round("closed_on_time", _CLOSE, _is("counted"), _is("closed"), _is("{clock}_on_time")),
    _round("awaiting_check", _CLOSE, _is("counted"), _is("disposed"), _not("closed")),
    _round("overdue_open", _CLOSE, _is("counted"), _not("disposed"), _not("closed"), passed=_DUE),
    _round("reworked", _CLOSE, _is("counted"), _some("reworks")),
    _round("extended", _CLOSE, _is("counted"), _some("extensions")),
    _round("suspended", _CLOSE, _is("counted"), _some("suspensions")),
    _round("recurrent", _CLOSE, _is("counted"), _is("recurrent")),
    _round("lost_in_handover", _CLOSE, _is("counted"), _is("closed"), _is("leg_on_time"), _not("case_on_time")),
    _round("reopened", "reopened_at"),
    _leg("return_requested", "return_ruled_at"),
    _leg("return_granted", "return_ruled_at", _is("return_granted")),
    _leg("return_refused", "return_ruled_at", _not("return_granted")),
    _leg("assisted", "assisted_at"),
    _leg("assisted_on_time", "assisted_at", _is("assisted_on_time")),
    _report("to_answer", "answer_due_at"),
    _report("answered_on_time", "answer_due_at", _is("answered_on_time")),
    _report("called_back", "called_back_at"),
    _report("opinion_given", "opinion_at"),
    _report("satisfied", "opinion_at", _is("satisfied")),
    _report("solved", "opinion_at", _is("solved")),
)

TIMES: Final = {"reworks": "reworks", "extensions": "extensions", "suspensions": "suspensions", "returns": "returns"}
"""Sums that are no 0/1 flags: how often, over the rounds that are to be closed."""
