"""Master data for clients, with the version that it has."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import groupby
from typing import Any, Final

from app.dispatch.calendar import LOCAL_ZONE
from app.dispatch.codes import Source
from app.dispatch.policies import CITY_WIDE, DEFAULTS, KINDS, table
from app.dispatch.reasons import BUILT_IN_VERSION, REASONS, SOURCE_NAMES
from app.dispatch.set_codes import SetKind
from app.models.policies import PolicyRecord
from app.models.sets import DataSet
from app.repositories.campaigns import CampaignRepository
from app.repositories.policies import PolicyRepository
from app.repositories.ref import RefRepository
from app.services.transaction import Sessions, reading

BUILT_IN_SINCE: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""Lists that come with the program change with a release only: nobody who asks for changes since then gets any."""

Rows = Sequence[Mapping[str, Any]]


class Master(StrEnum):
    """What can be asked for."""

    CATALOGUE = "catalogue"
    UNITS = "units"
    AREAS = "areas"
    ZONES = "zones"
    BEATS = "beats"
    REASONS = "reasons"
    CALENDARS = "calendars"
    POLICIES = "policies"
    SOURCES = "sources"
    CAMPAIGNS = "campaigns"


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterData:
    """One list of master data. `changed_at`: since when it holds; `edition` is the set's name."""

    version: int
    edition: str | None
    changed_at: datetime
    items: Rows


_TOLD: Final = ("id", "value", "kind", "major", "minor", "source", "desk", "unit_code", "document")
_TIMES: Final = ("valid_from", "valid_to")
"""What everybody may read of a row; who laid it down and why is for administrators."""

_KINDS: Final = {
    Master.CATALOGUE: SetKind.CATALOGUE,
    Master.UNITS: SetKind.UNITS,
    Master.AREAS: SetKind.AREAS,
    Master.ZONES: SetKind.ZONES,
    Master.BEATS: SetKind.BEATS,
    Master.CALENDARS: SetKind.CALENDAR,
}


class Reference:
    """Master data as clients keep it."""

    def __init__(self, sessions: Sessions) -> None:
        """Take where to read from."""
        self._sessions = sessions

    async def read(self, master: Master, *, changed_since: datetime | None) -> MasterData:
        """Return a list with its version; without items if it has not changed since an instant."""
        if master is Master.POLICIES:
            async with reading(self._sessions) as session:
                return await _policies(PolicyRepository(session), changed_since)
        if master is Master.CAMPAIGNS:
            async with reading(self._sessions) as session:
                return await _campaigns(CampaignRepository(session), changed_since)
        kind = _KINDS.get(master)
        if kind is None:
            return _built_in(master, changed_since)
        async with reading(self._sessions) as session:
            repository = RefRepository(session)
            one = await repository.active(kind)
            if one is None or one.active_from is None:
                return MasterData(version=0, edition=None, changed_at=BUILT_IN_SINCE, items=[])
            old = changed_since is not None and one.active_from <= changed_since
            items = [] if old else _SHAPED.get(master, _as_stored)(one, await repository.rows(one))
            return MasterData(version=one.version, edition=one.name, changed_at=one.active_from, items=items)


def _built_in(master: Master, changed_since: datetime | None) -> MasterData:
    items: Rows = []
    match master:
        case Master.REASONS:
            items = [{"action": one.action, "code": one.code, "name": one.name} for one in REASONS]
        case Master.SOURCES:
            items = [{"code": source, "name": SOURCE_NAMES[source]} for source in Source]
    if changed_since is not None and changed_since >= BUILT_IN_SINCE:
        items = []
    return MasterData(version=BUILT_IN_VERSION, edition=None, changed_at=BUILT_IN_SINCE, items=items)


async def _policies(repository: PolicyRepository, changed_since: datetime | None) -> MasterData:
    """Return every policy with its default and the rows that nobody has ended; each row makes a new version."""
    changes, last = await repository.changes()
    changed_at = last or BUILT_IN_SINCE
    old = changed_since is not None and changed_at <= changed_since
    version, items = BUILT_IN_VERSION + changes, _with_rows([] if old else await repository.lasting())
    return MasterData(version=version, edition=None, changed_at=changed_at, items=[] if old else items)


async def _campaigns(repository: CampaignRepository, changed_since: datetime | None) -> MasterData:
    """Return every campaign, those that are over included: what was reported under them still names them."""
    version, last = await repository.changes()
    changed_at = last or BUILT_IN_SINCE
    items: Rows = []
    if changed_since is None or changed_at > changed_since:
        items = [
            {
                "code": one.code,
                "name": one.name,
                "from": one.starts_at,
                "to": one.ends_at,
                "categories": one.categories,
                "areas": one.areas,
            }
            for one in await repository.whole()
        ]
    return MasterData(version=version, edition=None, changed_at=changed_at, items=items)


def _with_rows(rows: Sequence[PolicyRecord]) -> Rows:
    return [
        {
            "name": name,
            "value": text,
            "meaning": meaning,
            "type": KINDS[name].name,
            "takes": KINDS[name].right.strip(),
            "city_wide": name in CITY_WIDE,
            "default": KINDS[name].write(getattr(DEFAULTS, name)),
            "rows": [_policy_row(row) for row in rows if row.policy == name],
        }
        for name, text, meaning in table()
    ]


def _policy_row(row: PolicyRecord) -> Mapping[str, Any]:
    instants = {name: at.astimezone(LOCAL_ZONE).isoformat() if (at := getattr(row, name)) else None for name in _TIMES}
    return {name: getattr(row, name) for name in _TOLD} | instants


def _as_stored(_: DataSet, rows: Rows) -> Rows:
    return rows


def _zones(_: DataSet, rows: Rows) -> Rows:
    return [{("class" if name == "zone_class" else name): value for name, value in row.items()} for row in rows]


def _beats(_: DataSet, rows: Rows) -> Rows:
    grouped = ((code, list(found)) for code, found in groupby(rows, key=lambda row: row["code"]))
    return [
        {"code": code, "name": found[0]["name"], "cells": [row["cell_code"] for row in found]}
        for code, found in grouped
    ]


def _catalogue(one: DataSet, rows: Rows) -> Rows:
    """Return a category an item, with its conditions inside."""
    grouped = groupby(rows, key=lambda row: (row["kind"], row["major_code"], row["minor_code"]))
    return [_category(one, list(found)) for _, found in grouped]


def _category(one: DataSet, rows: Rows) -> Mapping[str, Any]:
    first = rows[0]
    return {
        "catalogue": one.name,
        "kind": first["kind"],
        "category": first["major_code"] + first["minor_code"],
        "major_code": first["major_code"],
        "major_name": first["major_name"],
        "minor_code": first["minor_code"],
        "minor_name": first["minor_name"],
        "conditions": [
            {
                "condition": row["condition"],
                "filing_condition": row["filing_condition"],
                "limit": {"value": float(row["limit_value"]), "unit": row["limit_unit"]},
                "limit_source": row["limit_source"],
                "closing_condition": row["closing_condition"],
            }
            for row in rows
        ],
    }


def _calendars(one: DataSet, rows: Rows) -> Rows:
    """Return the city's one calendar."""
    traits = one.traits
    return [
        {
            "name": one.name,
            "slots": traits["slots"],
            "work_day_rule": traits.get("work_day_rule", "hours"),
            "published_until": traits.get("published_until"),
            "days": [
                {"date": row["day"].isoformat(), "working": row["working"], "slots": row["slots"]} for row in rows
            ],
        }
    ]


_SHAPED: Final[Mapping[Master, Callable[[DataSet, Rows], Rows]]] = {
    Master.ZONES: _zones,
    Master.BEATS: _beats,
    Master.CATALOGUE: _catalogue,
    Master.CALENDARS: _calendars,
}
