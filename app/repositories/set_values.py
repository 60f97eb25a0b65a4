"""Rows of sets as the values that decisions are made of; plain functions, so that a thread may do the work."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import Any, TypeAlias

import shapely
from shapely import MultiPolygon

from app.dispatch.book import Area
from app.dispatch.calendar import DayOverride, WorkCalendar
from app.dispatch.catalogue import Catalogue, Category, Condition
from app.dispatch.codes import Kind, WorkDayRule
from app.dispatch.errors import BadInput
from app.dispatch.grid import Cell
from app.dispatch.limits import Limit
from app.dispatch.policies import KINDS
from app.dispatch.policy_book import PolicyRow, Selectors
from app.dispatch.responsibility import Rule, Ruling, Takes, Unit
from app.dispatch.zones import Zone

Row: TypeAlias = Any  # a row of the driver: attributes by column name
Rows: TypeAlias = Sequence[Row]


def cells_of(rows: Rows) -> list[Cell]:
    """Return cells without beats."""
    shapes = _polygons(rows)
    return [Cell(code=row.code, polygon=shape) for row, shape in zip(rows, shapes, strict=True)]


def zones_of(rows: Rows) -> list[Zone]:
    """Return zones."""
    return [
        Zone(
            code=row.code,
            name=row.name,
            zone_class=row.zone_class,
            polygon=shape,
            manager_unit=row.manager_unit,
            grade=row.grade,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
        )
        for row, shape in zip(rows, _polygons(rows), strict=True)
    ]


def areas_of(rows: Rows) -> dict[str, Area]:
    """Return areas by code."""
    return {a.code: Area(code=a.code, name=a.name, level=a.level, parent_code=a.parent_code) for a in rows}


def rules_of(rows: Rows) -> list[Rule]:
    """Return rules."""
    return [
        Rule(
            id=row.id,
            unit_code=row.unit_code,
            scope=row.scope,
            scope_code=row.scope_code,
            kind=row.kind,
            major=row.major,
            minor=row.minor,
            condition=row.condition,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
        )
        for row in rows
    ]


def ruling_of(row: Row, *, known_at: datetime | None = None) -> Ruling:
    """Return a ruling as it was known at an instant: an end that came later was not known yet."""
    return Ruling(
        id=str(row.id),
        unit_code=row.unit_code,
        scope=row.scope,
        scope_code=row.scope_code,
        kind=row.kind,
        major=row.major,
        minor=row.minor,
        valid_from=row.valid_from,
        valid_to=_end(row, known_at),
    )


def policy_of(row: Row, *, known_at: datetime | None = None) -> PolicyRow | None:
    """Return a row of a policy as it was known at an instant; None where this release cannot take it.

    A row written by another release must not keep the city from working; it stays listed as it was written.
    """
    kind = KINDS.get(row.policy)
    try:
        value = kind.parse(row.value) if kind is not None else None
    except BadInput:
        return None
    if kind is None:
        return None
    selected = {name: getattr(row, name) for name in ("kind", "major", "minor", "source", "desk", "unit_code")}
    return PolicyRow(
        id=str(row.id),
        policy=row.policy,
        value=value,
        selectors=Selectors(**selected),
        valid_from=row.valid_from,
        valid_to=_end(row, known_at),
    )


def units_of(rows: Rows) -> list[Unit]:
    """Return units."""
    return [
        Unit(
            code=row.code,
            name=row.name,
            parent_code=row.parent_code,
            kind=row.kind,
            region_code=row.region_code,
            fallback=row.fallback,
            desk=row.desk,
        )
        for row in rows
    ]


def takes_of(rows: Rows) -> list[Takes]:
    """Return what managers of zone classes take."""
    return [Takes(zone_class=row.zone_class, kind=row.kind, major=row.major, minor=row.minor) for row in rows]


def catalogue_of(edition: str, rows: Rows) -> Catalogue:
    """Return the catalogue of an edition."""
    grouped: dict[tuple[Kind, str, str], list[Row]] = {}
    for row in rows:
        grouped.setdefault((row.kind, row.major_code, row.minor_code), []).append(row)
    return Catalogue.of(edition, (_category(found) for found in grouped.values()))


def calendar_of(name: str, version: int, traits: Mapping[str, Any], rows: Rows) -> WorkCalendar:
    """Return a calendar; its opening hours stand in the set's traits."""
    published = traits.get("published_until")
    return WorkCalendar(
        name=name,
        version=version,
        slots=slots_of(traits["slots"]),
        days={row.day: DayOverride(working=row.working, slots=slots_of(row.slots)) for row in rows if row.slots}
        | {row.day: DayOverride(working=row.working) for row in rows if not row.slots},
        published_until=datetime.fromisoformat(published).date() if published else None,
        work_day_rule=WorkDayRule(traits.get("work_day_rule", WorkDayRule.HOURS)),
    )


def slots_of(value: Sequence[Sequence[str]]) -> tuple[tuple[time, time], ...]:
    """Return stored slots, pairs of `HH:MM`, as times."""
    return tuple((time.fromisoformat(start), time.fromisoformat(end)) for start, end in value)


def _end(row: Row, known_at: datetime | None) -> datetime | None:
    """Return until when a row holds, as far as was known at an instant."""
    ended = row.ended_at if known_at is None or (row.ended_at is not None and row.ended_at <= known_at) else None
    return min((end for end in (row.valid_to, ended) if end is not None), default=None)


def _polygons(rows: Rows) -> list[MultiPolygon]:
    shapes: list[MultiPolygon] = shapely.from_wkb([row.geom for row in rows]).tolist() if rows else []
    return shapes


def _category(rows: Rows) -> Category:
    first = rows[0]
    return Category(
        kind=first.kind,
        major=first.major_code,
        major_name=first.major_name,
        minor=first.minor_code,
        minor_name=first.minor_name,
        conditions={
            row.condition: Condition(
                number=row.condition,
                filing_condition=row.filing_condition,
                limit=Limit(value=row.limit_value, unit=row.limit_unit),
                closing_condition=row.closing_condition,
                limit_source=row.limit_source,
            )
            for row in sorted(rows, key=lambda row: row.condition)
        },
    )
