"""All SQL that writes what steps lead to: any number of rows of any number of tables in one statement.

Every part is a plain INSERT or UPDATE over rows that come as one JSON parameter; the parts are joined by WITH, which
saves a journey each and lets one transaction cost the same whatever it holds. Their order is that of the foreign keys,
so that on a database that will not have them together they may as well be sent one after the other. See ADR 0006.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import Table, TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.base import Base
from app.models.cases import Case, CaseReport, CaseRequest, LegFacts
from app.models.facts import ReportFactsRow, RoundFactsRow
from app.models.history import HistoryRow, HistoryText
from app.models.leases import LeaseRow
from app.models.places import PlacePair
from app.models.reports import MediaUse, Report
from app.models.work import OutboxEvent, OutboxLane, Timer
from app.repositories.bulk import rows_json

Rows = list[Mapping[str, Any]]

_MOVED_CASE: Final = (
    *("state", "round", "kind", "category", "condition", "handling", "tags", "attention", "flags", "cell_code"),
    *("beat_code", "community", "street", "district", "zones", "unit_code", "unit_codes", "leg_units"),
    *("inspector_id", "dispatched_at", "case_due_at", "case_yellow_at", "leg_due_at", "leg_yellow_at", "provisional"),
    *("disposed_at", "closed_at", "end_kind", "public_answer", "waiting_since", "urges", "updated_at", "version"),
    *("task_sent_at", "task_due_at", "task_taken_up_at"),
)
_PLACED_CASE: Final = ("geom", "routing", "catalogue")
_MOVED_REPORT: Final = (
    *("state", "kind", "category", "attention", "cell_code", "beat_code", "community", "street", "district", "zones"),
    *("verifier_id", "end_reason", "public_answer", "called_back_at", "opinions", "waiting_since", "updated_at"),
    *("version", "task_sent_at", "task_due_at", "task_taken_up_at"),
)
_PLACED_REPORT: Final = ("routing", "catalogue", "geom", "raw_lon", "raw_lat", "datum", "accuracy_m", "located_from")


@dataclass(slots=True, kw_only=True)
class StepRows:
    """What is to be written, by the parts of the statement and in their order."""

    opened: Rows = field(default_factory=list)
    cases: Rows = field(default_factory=list)
    moved: Rows = field(default_factory=list)
    reports: Rows = field(default_factory=list)
    placed: Rows = field(default_factory=list)
    links: Rows = field(default_factory=list)
    unlinks: Rows = field(default_factory=list)
    rounds: Rows = field(default_factory=list)
    legs: Rows = field(default_factory=list)
    requests: Rows = field(default_factory=list)
    report_facts: Rows = field(default_factory=list)
    timers: Rows = field(default_factory=list)
    lapsed: Rows = field(default_factory=list)
    uses: Rows = field(default_factory=list)
    events: Rows = field(default_factory=list)
    lanes: Rows = field(default_factory=list)
    pairs: Rows = field(default_factory=list)
    freed: Rows = field(default_factory=list)
    history: Rows = field(default_factory=list)
    texts: Rows = field(default_factory=list)


def _columns(model: type[Base], *left_out: str) -> tuple[str, ...]:
    return tuple(one.name for one in _table(model).columns if one.name not in left_out)


def _table(model: type[Base]) -> Table:
    table = model.__table__
    assert isinstance(table, Table)  # noqa: S101  # nothing is mapped to anything else
    return table


def _given(part: str, model: type[Base]) -> str:
    """Return the rows of a part as rows of the table they go to."""
    return f"json_populate_recordset(CAST(NULL AS {model.__tablename__}), CAST(:{part} AS json)) AS r"


def _insert(part: str, model: type[Base], *, left_out: Collection[str] = (), conflict: str = "") -> str:
    names = _columns(model, *left_out)
    listed = ", ".join(f'"{name}"' for name in names)
    return f"INSERT INTO {model.__tablename__} ({listed}) SELECT {listed} FROM {_given(part, model)} {conflict}"  # noqa: S608  # names of our own


def _put(part: str, model: type[Base]) -> str:
    """Write rows over those that have the same key."""
    key = [one.name for one in _table(model).primary_key]
    changed = ", ".join(f'"{name}" = excluded."{name}"' for name in _columns(model, *key))
    return _insert(part, model, conflict=f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changed}")


def _update(
    part: str, model: type[Base], names: Sequence[str], *, key: Sequence[str] = ("id",), where: str = "TRUE"
) -> str:
    changed = ", ".join(f'"{name}" = r."{name}"' for name in names)
    same = " AND ".join(f"t.{name} = r.{name}" for name in key)
    return f"UPDATE {model.__tablename__} AS t SET {changed} FROM {_given(part, model)} WHERE {same} AND {where}"  # noqa: S608  # as above


def _delete(part: str, model: type[Base], key: Sequence[str]) -> str:
    same = " AND ".join(f"t.{name} = r.{name}" for name in key)
    return f"DELETE FROM {model.__tablename__} AS t USING {_given(part, model)} WHERE {same}"  # noqa: S608  # as above


_PARTS: Final[Mapping[str, str]] = {
    "opened": _insert("opened", Case, left_out=("geog",)),
    "cases": _update("cases", Case, _MOVED_CASE),
    "moved": _update("moved", Case, (*_MOVED_CASE, *_PLACED_CASE)),
    "reports": _update("reports", Report, _MOVED_REPORT),
    "placed": _update("placed", Report, (*_MOVED_REPORT, *_PLACED_REPORT)),
    "links": _insert("links", CaseReport),
    "unlinks": _update("unlinks", CaseReport, ("until",), key=("report_id",), where="t.until IS NULL"),
    "rounds": _put("rounds", RoundFactsRow),
    "legs": _put("legs", LegFacts),
    "requests": _put("requests", CaseRequest),
    "report_facts": _put("report_facts", ReportFactsRow),
    "timers": _insert("timers", Timer),
    "lapsed": _update("lapsed", Timer, ("done_at",), key=("subject_id", "kind"), where="t.done_at IS NULL"),
    "uses": _insert("uses", MediaUse, conflict="ON CONFLICT DO NOTHING"),
    "events": _insert("events", OutboxEvent),
    "lanes": _insert(
        "lanes",
        OutboxLane,
        conflict="ON CONFLICT (lane) DO UPDATE SET next_at = coalesce(outbox_lanes.next_at, excluded.next_at)",
    ),
    "pairs": _insert("pairs", PlacePair),
    "freed": _delete("freed", LeaseRow, ("subject_id", "post", "account_id")),
    "history": _insert("history", HistoryRow),
    "texts": _insert("texts", HistoryText),
}


class StepWriting:
    """Write what steps lead to, within one session."""

    def __init__(self, session: AsyncSession) -> None:
        """Work within one session."""
        self._session = session

    async def store(self, rows: StepRows) -> None:
        """Write everything in one statement; nothing where there is nothing."""
        filled = {one.name: found for one in fields(rows) if (found := getattr(rows, one.name))}
        if filled:
            given = {name: rows_json(found) for name, found in filled.items()}
            await self._session.execute(_together(tuple(filled)), given)


def lanes_of(events: Iterable[Mapping[str, Any]]) -> Rows:
    """Return the lanes that events wake, in the order in which everybody locks them."""
    first: dict[str, datetime] = {}
    for one in events:
        first.setdefault(one["lane"], one["created_at"])
    return [
        {"lane": lane, "next_at": at, "claimed_until": None, "attempt": 0, "failures": 0}
        for lane, at in sorted(first.items())
    ]


@cache
def _together(names: tuple[str, ...]) -> TextClause:
    parts = ", ".join(f"put_{name} AS ({_PARTS[name]})" for name in names)
    return text(f"WITH {parts} SELECT 1")
