"""What ticks for a report, read from its rows."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from app.demo.self_check import groups
from app.demo.self_check.groups import Parents
from app.demo.self_check.rows import Row
from app.demo.self_check.table import Tick

SATISFIED_FROM: Final = 4
_ABOUT: Final = ("kind", "category", "spot", "unit_code", "attention")


def ticks(rows: Sequence[Row], parents: Parents) -> Iterator[Tick]:
    """Yield everything that a report counts for."""
    first, accepted = rows[0], _last(rows, "accept")
    standing = groups.of_report(first.payload, _about(rows), accepted.actor if accepted else None, parents)
    for name, at in _instants(rows):
        if at is not None:
            yield Tick(name=name, at=at, begun=first.at, groups=standing, thing=(first.subject_id, 0, 0))


def _instants(rows: Sequence[Row]) -> Iterator[tuple[str, datetime | None]]:
    yield "reported", rows[0].at
    if rows[-1].state in {"filed", "merged"}:
        yield "valid_reported", rows[0].at
    for name, action in (("accepted", "accept"), ("rejected", "reject"), ("answered", "answer")):
        yield name, _at(_last(rows, action))
    yield "self_disposed", _at(_last(rows, "self_dispose"))
    joined = _last(rows, "merge", "unmerge")
    if joined and joined.action == "merge":
        yield "merged", joined.at
    taken = _last(rows, "merge", "unmerge", "file")
    if taken and taken.action != "unmerge":
        yield "taken_up", taken.at
    yield "called_back", _at(_last(rows, "call_back"))
    yield from _answers(rows)
    yield from _opinion(rows)


def _answers(rows: Sequence[Row]) -> Iterator[tuple[str, datetime | None]]:
    due_at = rows[0].instant("answer_due_at")
    if due_at is None:
        return
    yield "to_answer", due_at
    told = [row.at for row in rows if row.action in {"reject", "answer", "forward", "reply"}]
    if told and told[0] <= due_at:
        yield "answered_on_time", due_at


def _opinion(rows: Sequence[Row]) -> Iterator[tuple[str, datetime | None]]:
    opinions = [row for row in rows if row.action in {"call_back", "evaluate"} and _says(row)]
    if not opinions:
        return
    last = opinions[-1]
    yield "opinion_given", last.at
    if (last.payload["satisfaction"] or 0) >= SATISFIED_FROM:
        yield "satisfied", last.at
    if last.payload["solved"] is True:
        yield "solved", last.at


def _about(rows: Sequence[Row]) -> Mapping[str, Any]:
    """Return what was last said of kind, category, place, unit and what wants attention."""
    about = {name: rows[0].payload[name] for name in _ABOUT}
    for row in rows[1:]:
        if row.action == "accept":
            about |= {name: row.payload[name] for name in _ABOUT if name in row.payload}
        elif row.action == "supplement":
            about["attention"] = [*about["attention"], row.payload["attention"]]
    return about


def _says(row: Row) -> bool:
    return row.payload["satisfaction"] is not None or row.payload["solved"] is not None


def _last(rows: Sequence[Row], *actions: str) -> Row | None:
    return next((row for row in reversed(rows) if row.action in actions), None)


def _at(row: Row | None) -> datetime | None:
    return row.at if row else None
