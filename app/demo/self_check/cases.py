"""What ticks for a case, round by round."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from app.demo.self_check import groups
from app.demo.self_check.groups import Parents
from app.demo.self_check.parts import parts
from app.demo.self_check.rounds import Round, is_granted, number_of, rounds
from app.demo.self_check.rows import Row
from app.demo.self_check.table import Tick


def ticks(rows: Sequence[Row], parents: Parents, clock: str, as_of: datetime) -> Iterator[Tick]:
    """Yield everything that a case counts for under one clock, known at `as_of`."""
    for one in rounds(rows):
        yield from _Counting(one, parents).ticks(clock, as_of)


class _Counting:
    """One round, and the row it stands in."""

    def __init__(self, one: Round, parents: Parents) -> None:
        self.round = one
        self.parents = parents
        unit = one.accountable[0].payload["unit_code"] if one.accountable else None
        dispatcher = one.dispatches[-1].actor if one.dispatches else None
        self.groups = groups.of_case(one.about, unit, dispatcher, parents)

    def ticks(self, clock: str, as_of: datetime) -> Iterator[Tick]:
        one, begun = self.round, self.round.rows[0].at
        if one.redo:
            yield self._tick("reopened", begun)
        else:
            yield self._tick("filed" if one.first.payload["handling"] == "ordinary" else "simple", begun)
        yield from self._returns()
        yield from self._assisted()
        if one.rows[-1].state == "voided" or one.merged:
            return
        if one.rows[-1].state != "suspended" and one.dispatches:
            for name in self._after_dispatch(clock):
                yield self._tick(name, one.dispatches[0].at)
        yield from self._to_close(clock, as_of)

    def _tick(self, name: str, at: datetime) -> Tick:
        thing = (self.round.first.subject_id, self.round.number, 0)
        return Tick(name=name, at=at, begun=self.round.rows[0].at, groups=self.groups, thing=thing)

    def _after_dispatch(self, clock: str) -> Iterator[str]:
        yield from ("dispatched", "to_dispose")
        if not any(self.round.annulled):
            yield "dispatched_accurately"
        if self.round.standing:
            yield "disposed"
            if self.round.in_time(clock):
                yield "disposed_on_time"

    def _to_close(self, clock: str, as_of: datetime) -> Iterator[Tick]:
        one = self.round
        at = one.to_close_at(clock, as_of)
        if at is None:
            return
        often = {
            "reworks": one.reworks,
            "extensions": one.granted("extension"),
            "suspensions": one.granted("suspension"),
            "returns": one.granted("return") + one.granted("arbitration"),
        }
        due, closed = one.dues(clock)[-1][1], one.closed_at
        weights = {name: 1 for name, held in self._flags(clock, due, as_of).items() if held} | often
        thing = (one.first.subject_id, one.number, 0)
        for name, weight in weights.items():
            yield Tick(
                name=name,
                at=at,
                begun=one.rows[0].at,
                groups=self.groups,
                thing=thing,
                weight=weight,
                stock=(due, one.standing or closed),
            )

    def _flags(self, clock: str, due: datetime, as_of: datetime) -> dict[str, bool]:
        one = self.round
        closed, disposed = one.closed_at is not None, one.standing is not None
        return {
            "to_close": True,
            "closed": closed,
            "closed_on_time": closed and one.in_time(clock),
            "awaiting_check": disposed and not closed,
            "overdue_open": not disposed and not closed and due <= as_of,
            "lost_in_handover": closed and one.in_time("leg") and not one.in_time("case"),
            "recurrent": one.first.payload["recurrent"] and not one.redo,
            "reworked": one.reworks > 0,
            "extended": one.granted("extension") > 0,
            "suspended": one.granted("suspension") > 0,
        }

    def _assisted(self) -> Iterator[Tick]:
        """Yield what others did beside the accountable unit; it stands under theirs."""
        one = self.round
        for part in parts(one.rows):
            helping = {**self.groups, **groups.of_unit(part.unit_code, self.parents)}
            for name in ("assisted", "assisted_on_time") if part.on_time else ("assisted",):
                thing = (one.first.subject_id, one.number, part.number)
                yield Tick(name=name, at=part.at, begun=one.rows[0].at, groups=helping, thing=thing)

    def _returns(self) -> Iterator[Tick]:
        """Yield the rulings on returns; they stand under the unit that asked."""
        one = self.round
        for number, row in _last_words(one.rows).items():
            (sent,) = (leg for leg in one.begun if number_of(leg) == number)
            asking = {**self.groups, **groups.of_unit(sent.payload["unit_code"], self.parents)}
            ruled = "return_granted" if is_granted(row) else "return_refused"
            for name in ("return_requested", ruled):
                thing = (one.first.subject_id, one.number, number)
                yield Tick(name=name, at=row.at, begun=one.rows[0].at, groups=asking, thing=thing)


def _last_words(rows: Sequence[Row]) -> Mapping[int, Row]:
    """Return by leg the ruling on its return, or the arbitration that took a refusal's place."""
    found: dict[int, Row] = {}
    for row in rows:
        kind, ruled = row.payload.get("kind"), row.action == "refuse" or is_granted(row) or "outcome" in row.payload
        if (kind == "return" and ruled) or (kind == "arbitration" and is_granted(row)):
            found[row.payload["asked_by" if row.action == "arbitrate" else "leg"]] = row
    return found
