"""A city of four cells, two streets, three units, one category, in force; due times can be told by hand.

The street of the west has cells …001 and …002 (south, north), the street of the east …003 and …004; each is 0.001°
wide, from 104.000 E, 30.000 N. Unit `W` takes events of 0305 in the west, `E` in the east; both stand below `TOP`.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from shapely import Point, Polygon, box
from uuid_utils.compat import uuid7

from app.adapters.holidays import published_notices
from app.dispatch.codes import AreaLevel, Kind, LimitUnit, Scope
from app.dispatch.set_codes import SetKind, SetState
from app.models import sets
from app.repositories.sets import SetRepository, wkb
from app.services.transaction import Sessions, writing

DISTRICT: Final = "510107"
WEST, EAST = "510107001", "510107002"
WEST_CELL, EAST_CELL = "510107001001001", "510107002001003"
IN_WEST, IN_EAST = (104.0005, 30.0005), (104.0015, 30.0005)
UNIT_WEST, UNIT_EAST, UNIT_TOP = "W", "E", "TOP"
SINCE: Final = datetime(2026, 1, 1, tzinfo=UTC)
ROAD: Final = "R1"


async def store_small_city(sessions: Sessions) -> None:
    """Store the sets and put them in force."""
    notices = published_notices()
    rows: dict[SetKind, list[dict[str, Any]]] = {
        SetKind.AREAS: _areas(),
        SetKind.CELLS: [
            {"code": f"{street}001{number:03d}", "geom": wkb(_cell(column, row))}
            for number, (street, column, row) in enumerate(
                [(WEST, 0, 0), (WEST, 0, 1), (EAST, 1, 0), (EAST, 1, 1)], start=1
            )
        ],
        SetKind.ZONES: [_zone()],
        SetKind.COMPONENTS: [_component()],
        SetKind.BEATS: [{"cell_code": WEST_CELL, "code": "B1", "name": "西一"}],
        SetKind.UNITS: [
            _unit(UNIT_TOP, "城管局", None, desk=True),
            _unit(UNIT_WEST, "西街中队", UNIT_TOP),
            _unit(UNIT_EAST, "东街中队", UNIT_TOP),
        ],
        SetKind.RULES: [_rule("r1", UNIT_WEST, WEST), _rule("r2", UNIT_EAST, EAST)],
        SetKind.CATALOGUE: [
            _condition(1, Decimal(4), LimitUnit.WORK_HOUR),
            _condition(2, Decimal(2), LimitUnit.CONTINUOUS_HOUR),
        ],
        SetKind.CALENDAR: [
            {"day": day, "working": override.working, "slots": None} for day, override in notices.days.items()
        ],
    }
    traits: dict[str, Any] = {
        "slots": [["08:00", "12:00"], ["14:00", "18:00"]],
        "published_until": notices.published_until.isoformat(),
        "work_day_rule": "hours",
    }
    async with writing(sessions) as session:
        repository = SetRepository(session)
        stored: list[UUID] = []
        for kind, found in rows.items():
            one = _set(kind, traits if kind is SetKind.CALENDAR else {})
            await repository.add(one, found)
            stored.append(one.id)
        await repository.activate(stored, SINCE)


def _set(kind: SetKind, traits: dict[str, Any]) -> sets.DataSet:
    return sets.DataSet(
        id=uuid7(),
        kind=kind,
        name="test-1",
        version=1,
        state=SetState.DRAFT,
        valid=True,
        findings=[],
        counts={},
        traits=traits,
        source="test",
        created_at=SINCE,
    )


def _cell(column: int, row: int) -> Polygon:
    west, south = 104.0 + column * 0.001, 30.0 + row * 0.001
    return box(west, south, west + 0.001, south + 0.001)


def _areas() -> list[dict[str, object]]:
    west, east = box(104.0, 30.0, 104.001, 30.002), box(104.001, 30.0, 104.002, 30.002)
    return [
        _area(DISTRICT, "新区", AreaLevel.DISTRICT, None, box(104.0, 30.0, 104.002, 30.002)),
        _area(WEST, "西街", AreaLevel.STREET, DISTRICT, west),
        _area(EAST, "东街", AreaLevel.STREET, DISTRICT, east),
        _area(f"{WEST}001", "西街一社区", AreaLevel.COMMUNITY, WEST, west),
        _area(f"{EAST}001", "东街一社区", AreaLevel.COMMUNITY, EAST, east),
    ]


def _area(code: str, name: str, level: AreaLevel, parent: str | None, shape: Polygon) -> dict[str, object]:
    return {"code": code, "name": name, "level": level, "parent_code": parent, "geom": wkb(shape)}


def _zone() -> dict[str, object]:
    return {
        "code": ROAD,
        "name": "一号路",
        "zone_class": "road",
        "manager_unit": UNIT_TOP,
        "grade": "A",
        "valid_from": None,
        "valid_to": None,
        "geom": wkb(box(104.0, 30.0, 104.0008, 30.0008)),
    }


def _component() -> dict[str, object]:
    return {
        "code": "5101070305000001",
        "category": "0305",
        "name": "井盖",
        "competent_unit": UNIT_TOP,
        "owner_unit": UNIT_TOP,
        "maintainer_unit": UNIT_EAST,
        "state": "good",
        "geom": wkb(Point(*IN_WEST)),
    }


def _unit(code: str, name: str, parent: str | None, *, desk: bool = False) -> dict[str, object]:
    return {
        "code": code,
        "name": name,
        "parent_code": parent,
        "kind": "city",
        "region_code": None,
        "fallback": False,
        "desk": desk,
    }


def _rule(rule_id: str, unit_code: str, street: str) -> dict[str, object]:
    return {
        "id": rule_id,
        "unit_code": unit_code,
        "scope": Scope.STREET,
        "scope_code": street,
        "kind": Kind.EVENT,
        "major": "03",
        "minor": "05",
        "condition": None,
        "valid_from": None,
        "valid_to": None,
    }


def _condition(number: int, value: Decimal, unit: LimitUnit) -> dict[str, object]:
    return {
        "kind": Kind.EVENT,
        "major_code": "03",
        "minor_code": "05",
        "condition": number,
        "major_name": "施工管理",
        "minor_name": "施工扬尘",
        "filing_condition": "扬尘明显",
        "limit_value": value,
        "limit_unit": unit,
        "closing_condition": "扬尘消除",
        "limit_source": "test-1 0305",
    }
