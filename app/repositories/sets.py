"""Versioned sets: writing the rows of one, and reading everything that is active into a `Book`."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, time
from typing import Any, Final
from uuid import UUID

import shapely
from shapely import MultiPolygon, Polygon
from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from app.dispatch.book import Area, Book
from app.dispatch.calendar import DayOverride, WorkCalendar
from app.dispatch.catalogue import Catalogue, Category, Condition
from app.dispatch.codes import Kind, WorkDayRule
from app.dispatch.grid import Cell, CellIndex
from app.dispatch.limits import Limit
from app.dispatch.responsibility import Rule, Takes, Unit
from app.dispatch.routing import RuleBook
from app.dispatch.set_codes import SetKind, SetState
from app.dispatch.zones import Zone, ZoneIndex
from app.models import SRID, sets

TABLES: Final[Mapping[SetKind, Any]] = {
    SetKind.AREAS: sets.Area,
    SetKind.CELLS: sets.Cell,
    SetKind.ZONES: sets.Zone,
    SetKind.COMPONENTS: sets.Component,
    SetKind.UNITS: sets.Unit,
    SetKind.RULES: sets.Rule,
    SetKind.CATALOGUE: sets.Condition,
    SetKind.CALENDAR: sets.CalendarDay,
    SetKind.BEATS: sets.BeatCell,
}

_CHUNK: Final = 1000


def wkb(geometry: shapely.Geometry) -> str:
    """Return a geometry as the EWKT-free hex that a geometry column takes; polygons become multipolygons."""
    whole = MultiPolygon([geometry]) if isinstance(geometry, Polygon) else geometry
    return shapely.to_wkb(shapely.set_srid(whole, SRID), hex=True, include_srid=True)


class SetRepository:
    """All SQL about sets."""

    def __init__(self, session: AsyncSession) -> None:
        """Work within one session."""
        self._session = session

    async def book_number(self) -> int:
        """Return the version in force; 0 before the first activation."""
        return await self._session.scalar(select(sets.BookVersion.number)) or 0

    async def active(self) -> dict[SetKind, sets.DataSet]:
        """Return the active set of each kind."""
        found = await self._session.scalars(select(sets.DataSet).where(sets.DataSet.state == SetState.ACTIVE))
        return {one.kind: one for one in found}

    async def add(self, one: sets.DataSet, rows: Sequence[Mapping[str, Any]], extra: Any = None) -> None:  # noqa: ANN401  # a mapped class
        """Store a set with its rows; `extra` names another table of the same set."""
        self._session.add(one)
        await self._session.flush()
        await self.add_rows(extra or TABLES[one.kind], one.id, rows)

    async def add_rows(self, table: Any, set_id: UUID, rows: Sequence[Mapping[str, Any]]) -> None:  # noqa: ANN401  # a mapped class
        """Store rows of a set, in chunks."""
        for first in range(0, len(rows), _CHUNK):
            chunk = [{"set_id": set_id, **row} for row in rows[first : first + _CHUNK]]
            await self._session.execute(insert(table), chunk)

    async def next_version(self, kind: SetKind) -> int:
        """Return the number of the next set of a kind."""
        last = await self._session.scalar(select(func.max(sets.DataSet.version)).where(sets.DataSet.kind == kind))
        return (last or 0) + 1

    async def activate(self, ids: Iterable[UUID], at: datetime) -> int:
        """Make sets the active ones of their kinds at one instant; return the new version of the book."""
        wanted = list(ids)
        kinds = list(await self._session.scalars(select(sets.DataSet.kind).where(sets.DataSet.id.in_(wanted))))
        await self._session.execute(
            update(sets.DataSet)
            .where(sets.DataSet.kind.in_(kinds), sets.DataSet.state == SetState.ACTIVE)
            .values(state=SetState.SUPERSEDED, active_to=at)
        )
        await self._session.execute(
            update(sets.DataSet).where(sets.DataSet.id.in_(wanted)).values(state=SetState.ACTIVE, active_from=at)
        )
        number = await self.book_number() + 1
        put = upsert(sets.BookVersion).values(id=1, number=number, changed_at=at)
        changed = {"number": number, "changed_at": at}
        await self._session.execute(put.on_conflict_do_update(index_elements=["id"], set_=changed))
        return number

    async def book(self) -> Book | None:
        """Read everything in force; None before the first activation of cells, units, catalogue and calendar."""
        number = await self.book_number()
        active = await self.active()
        if not {SetKind.CELLS, SetKind.UNITS, SetKind.CATALOGUE, SetKind.CALENDAR} <= active.keys():
            return None
        beats = await self._rows(sets.BeatCell, active.get(SetKind.BEATS))
        beat_of = {row.cell_code: row.code for row in beats}
        zones = [_zone(row) for row in await self._rows(sets.Zone, active.get(SetKind.ZONES))]
        rules = RuleBook.compile(
            [_rule(row) for row in await self._rows(sets.Rule, active.get(SetKind.RULES))],
            [_unit(row) for row in await self._rows(sets.Unit, active.get(SetKind.UNITS))],
            zones,
            [_takes(row) for row in await self._rows(sets.ZoneTakes, active.get(SetKind.ZONES))],
        )
        cells = await self._rows(sets.Cell, active.get(SetKind.CELLS))
        areas = await self._rows(sets.Area, active.get(SetKind.AREAS))
        conditions = await self._rows(sets.Condition, active[SetKind.CATALOGUE])
        days = await self._rows(sets.CalendarDay, active[SetKind.CALENDAR])
        return Book(
            number=number,
            versions={kind.value: one.version for kind, one in active.items()},
            cells=CellIndex.build(Cell(code=c.code, polygon=_polygon(c), beat_code=beat_of.get(c.code)) for c in cells),
            zones=ZoneIndex.build(zones),
            zone_names={zone.code: zone.name for zone in zones},
            areas={a.code: Area(code=a.code, name=a.name, level=a.level, parent_code=a.parent_code) for a in areas},
            beat_names={row.code: row.name for row in beats},
            rules=rules,
            catalogue=_catalogue(active[SetKind.CATALOGUE].name, conditions),
            calendar=_calendar(active[SetKind.CALENDAR], days),
        )

    async def calendar(self, version: int) -> WorkCalendar | None:
        """Return one version of the calendar, also a past one: recorded due times were computed by theirs."""
        wanted = select(sets.DataSet).where(sets.DataSet.kind == SetKind.CALENDAR, sets.DataSet.version == version)
        one = await self._session.scalar(wanted)
        return _calendar(one, await self._rows(sets.CalendarDay, one)) if one is not None else None

    async def maintainers(self, component_codes: Iterable[str]) -> dict[str, str | None]:
        """Return the maintenance unit of each component that the active set knows."""
        wanted = list(component_codes)
        if not wanted:
            return {}
        found = await self._session.execute(
            select(sets.Component.code, sets.Component.maintainer_unit)
            .join(sets.DataSet, sets.DataSet.id == sets.Component.set_id)
            .where(sets.DataSet.state == SetState.ACTIVE, sets.Component.code.in_(wanted))
        )
        return {code: unit for code, unit in found}  # noqa: C416  # rows are not tuples to the type checker

    async def _rows(self, table: Any, one: sets.DataSet | None) -> Sequence[Any]:  # noqa: ANN401  # a mapped class
        if one is None:
            return []
        columns = [c for c in table.__table__.columns if c.name not in {"set_id", "geog"}]
        found = await self._session.execute(select(*columns).where(table.set_id == one.id))
        return found.all()


def _polygon(row: Any) -> MultiPolygon:  # noqa: ANN401  # a row of the driver
    found = shapely.from_wkb(bytes(row.geom.data))
    assert isinstance(found, MultiPolygon)  # noqa: S101  # the column holds nothing else
    return found


def _zone(row: Any) -> Zone:  # noqa: ANN401  # a row of the driver
    return Zone(
        code=row.code,
        name=row.name,
        zone_class=row.zone_class,
        polygon=_polygon(row),
        manager_unit=row.manager_unit,
        grade=row.grade,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
    )


def _rule(row: Any) -> Rule:  # noqa: ANN401  # a row of the driver
    return Rule(
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


def _unit(row: Any) -> Unit:  # noqa: ANN401  # a row of the driver
    return Unit(
        code=row.code,
        name=row.name,
        parent_code=row.parent_code,
        kind=row.kind,
        region_code=row.region_code,
        fallback=row.fallback,
        desk=row.desk,
    )


def _takes(row: Any) -> Takes:  # noqa: ANN401  # a row of the driver
    return Takes(zone_class=row.zone_class, kind=row.kind, major=row.major, minor=row.minor)


def _catalogue(edition: str, rows: Sequence[Any]) -> Catalogue:
    grouped: dict[tuple[Kind, str, str], list[Any]] = {}
    for row in rows:
        grouped.setdefault((row.kind, row.major_code, row.minor_code), []).append(row)
    return Catalogue.of(edition, (_category(found) for found in grouped.values()))


def _category(rows: Sequence[Any]) -> Category:
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


def _calendar(one: sets.DataSet, rows: Sequence[Any]) -> WorkCalendar:
    published = one.traits.get("published_until")
    return WorkCalendar(
        name=one.name,
        version=one.version,
        slots=slots_of(one.traits["slots"]),
        days={row.day: DayOverride(working=row.working, slots=slots_of(row.slots)) for row in rows if row.slots}
        | {row.day: DayOverride(working=row.working) for row in rows if not row.slots},
        published_until=datetime.fromisoformat(published).date() if published else None,
        work_day_rule=WorkDayRule(one.traits.get("work_day_rule", WorkDayRule.HOURS)),
    )


def slots_of(value: Sequence[Sequence[str]]) -> tuple[tuple[time, time], ...]:
    """Return stored slots, pairs of `HH:MM`, as times."""
    return tuple((time.fromisoformat(start), time.fromisoformat(end)) for start, end in value)
