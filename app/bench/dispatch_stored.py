"""The large city in the scratch database: as sets in force for as long as it is measured, and cases filed in it."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from shapely import MultiPolygon
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app.bench.dispatch_city import BigCity
from app.dispatch.set_codes import SetKind, SetState
from app.models import sets
from app.repositories.plans import PlanRepository
from app.repositories.sets import SetRepository
from app.services.transaction import Sessions, writing

BEGIN: Final = datetime(2026, 1, 1, tzinfo=UTC)
DAYS: Final = 365
_NOWHERE: Final = MultiPolygon()
_REPLACED: Final = frozenset(
    {SetKind.AREAS, SetKind.CELLS, SetKind.BEATS, SetKind.UNITS, SetKind.ZONES, SetKind.RULES, SetKind.CATALOGUE}
)

_TABLE: Final = """
CREATE TEMPORARY TABLE cases (
  id uuid, case_no text, kind text, category text, condition int, catalogue text, component_code text,
  filed_at timestamptz, geom geometry(Point, 4490))
"""
_CASES: Final = """
INSERT INTO pg_temp.cases
SELECT gen_random_uuid(), 'B' || n, kind, major_code || minor_code, condition, 'benchmark', NULL,
       CAST(:begin AS timestamptz) + n * make_interval(secs => CAST(:seconds AS float8) / CAST(:count AS bigint)),
       ST_SetSRID(ST_MakePoint(
         CAST(:west AS float8) + random() * (CAST(:east AS float8) - CAST(:west AS float8)),
         CAST(:south AS float8) + random() * (CAST(:north AS float8) - CAST(:south AS float8))), 4490)
FROM generate_series(0, CAST(:count AS bigint) - 1) AS n
JOIN (SELECT kind, major_code, minor_code, condition, row_number() OVER () - 1 AS place FROM catalogue
      WHERE set_id = :catalogue) AS asked ON asked.place = n % CAST(:conditions AS bigint)
"""


@asynccontextmanager
async def in_force(sessions: Sessions, city: BigCity) -> AsyncIterator[Mapping[SetKind, UUID]]:
    """Store the city and put it in force; give its sets; put those back that were in force before."""
    now = datetime.now(UTC)
    stored: dict[SetKind, UUID] = {}
    async with writing(sessions) as session:
        repository = SetRepository(session)
        live = await PlanRepository(session).live()
        before = [one.id for one in live if one.state is SetState.ACTIVE and one.kind in _REPLACED]
        for kind, rows in _rows(city):
            one = _set(kind, await repository.next_version(kind), len(rows), now)
            await repository.add(one, rows)
            stored[kind] = one.id
        takes = [{"number": number, **asdict(row)} for number, row in enumerate(city.takes)]
        await repository.add_rows(sets.ZoneTakes, stored[SetKind.ZONES], takes)
        await repository.activate(stored.values(), now)
    try:
        yield stored
    finally:
        async with writing(sessions) as session:
            await SetRepository(session).activate(before, datetime.now(UTC))


async def file_cases(
    session: AsyncSession, count: int, catalogue: UUID, conditions: int, extent: tuple[float, float, float, float]
) -> None:
    """File cases anywhere in the city, in a table that this connection sees in the place of the real one."""
    await session.execute(text(_TABLE))
    await session.execute(
        text(_CASES),
        {
            "begin": BEGIN,
            "seconds": timedelta(days=DAYS).total_seconds(),
            "count": count,
            "catalogue": catalogue,
            "conditions": conditions,
            **dict(zip(("west", "south", "east", "north"), extent, strict=True)),
        },
    )
    await session.execute(text("CREATE INDEX ON pg_temp.cases (filed_at, id)"))
    await session.execute(text("ANALYZE pg_temp.cases"))


def _set(kind: SetKind, version: int, rows: int, now: datetime) -> sets.DataSet:
    return sets.DataSet(
        id=uuid7(),
        kind=kind,
        name="benchmark",
        version=version,
        state=SetState.DRAFT,
        valid=True,
        findings=[],
        counts={"rows": rows},
        traits={},
        source="benchmark",
        created_at=now,
    )


def _rows(city: BigCity) -> Iterator[tuple[SetKind, list[dict[str, Any]]]]:
    """Yield the rows of every set but the calendar, which stays the demo's."""
    yield (
        SetKind.AREAS,
        [
            {"code": a.code, "name": a.name, "level": a.level, "parent_code": a.parent_code, "geom": _NOWHERE}
            for a in city.areas
        ],
    )
    yield SetKind.CELLS, [{"code": cell.code, "geom": cell.polygon} for cell in city.cells]
    yield (
        SetKind.BEATS,
        [{"cell_code": c.code, "code": c.beat_code, "name": c.beat_code} for c in city.cells if c.beat_code],
    )
    yield SetKind.UNITS, [{**asdict(unit), "kind": unit.kind or ""} for unit in city.units]
    yield (
        SetKind.ZONES,
        [
            {
                "code": zone.code,
                "name": zone.name,
                "zone_class": zone.zone_class,
                "manager_unit": zone.manager_unit,
                "grade": None,
                "valid_from": None,
                "valid_to": None,
                "geom": zone.polygon,
            }
            for zone in city.zones
        ],
    )
    yield SetKind.RULES, [asdict(rule) for rule in city.rules]
    yield (
        SetKind.CATALOGUE,
        [
            {
                "kind": category.kind,
                "major_code": category.major,
                "minor_code": category.minor,
                "condition": number,
                "major_name": category.major,
                "minor_name": category.minor,
                "filing_condition": "",
                "limit_value": condition.limit.value,
                "limit_unit": condition.limit.unit,
                "closing_condition": "",
                "limit_source": condition.limit_source,
            }
            for category in city.catalogue.categories.values()
            for number, condition in category.conditions.items()
        ],
    )
