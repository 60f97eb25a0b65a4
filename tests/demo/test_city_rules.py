from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
import shapely

from app.demo.catalogue import load_catalogue
from app.demo.city import DemoCity
from app.demo.rows import CellRow
from app.dispatch.codes import AreaLevel, DecidedBy, Kind, Scope
from app.dispatch.responsibility import Matter, Place, Rule, Takes, Unit
from app.dispatch.routing import RuleBook
from app.dispatch.zones import Zone

_AT = datetime(2026, 3, 2, 1, tzinfo=UTC)
_WALK = Matter(kind=Kind.EVENT, major="01", minor="01", condition=1)


@pytest.fixture(scope="module")
def book(city: DemoCity) -> RuleBook:
    return RuleBook.compile(
        rules=[
            Rule(
                id=f"{number:04d}",
                unit_code=row.unit_code,
                scope=row.scope,
                scope_code=row.scope_code,
                kind=row.kind,
                major=row.major,
                minor=row.minor,
                condition=row.condition,
            )
            for number, row in enumerate(city.rules)
        ],
        units=[
            Unit(code=row.code, name=row.name, region_code=row.region_code, fallback=row.fallback) for row in city.units
        ],
        zones=[
            Zone(
                code=row.code,
                name=row.name,
                zone_class=row.zone_class,
                polygon=row.geometry,
                manager_unit=row.manager_unit,
            )
            for row in city.zones
        ],
        takes=[Takes(zone_class=row.zone_class, kind=row.kind, major=row.major, minor=row.minor) for row in city.takes],
    )


def _place(cell: CellRow, zones: Mapping[str, str]) -> Place:
    return Place(
        cell_code=cell.code,
        zones=zones,
        beat=cell.beat_code,
        community=cell.code[:12],
        street=cell.code[:9],
        district=cell.code[:6],
    )


def _matters() -> list[Matter]:
    return [
        Matter(kind=row.kind, major=row.major_code, minor=row.minor_code, condition=row.condition)
        for row in load_catalogue()
    ]


def test_rules_name_places_and_categories_that_exist(city: DemoCity) -> None:
    places: dict[Scope, set[str] | set[None]] = {
        Scope.CITY: {None},
        Scope.DISTRICT: {area.code for area in city.areas if area.level is AreaLevel.DISTRICT},
        Scope.STREET: {area.code for area in city.areas if area.level is AreaLevel.STREET},
        Scope.COMMUNITY: {area.code for area in city.areas if area.level is AreaLevel.COMMUNITY},
        Scope.BEAT: {row.code for row in city.beats},
        Scope.CELL: {cell.code for cell in city.cells},
        Scope.ZONE: {zone.code for zone in city.zones},
    }
    known: set[tuple[object, ...]] = set()
    for row in load_catalogue():
        full = (row.kind, row.major_code, row.minor_code, row.condition)
        known |= {(*full[:size], *[None] * (4 - size)) for size in range(1, 5)}
    for rule in city.rules:
        assert rule.scope_code in places[rule.scope]
        assert (rule.kind, rule.major, rule.minor, rule.condition) in known
    for takes in city.takes:
        assert (takes.kind, takes.major, takes.minor, None) in known
    assert {rule.scope for rule in city.rules} == set(Scope)


def test_no_two_rules_are_equally_specific(city: DemoCity) -> None:
    seen = Counter(
        (rule.scope, rule.scope_code, rule.kind, rule.major, rule.minor, rule.condition) for rule in city.rules
    )
    assert max(seen.values()) == 1
    taken = Counter((takes.kind, takes.major, takes.minor) for takes in city.takes)
    assert max(taken.values()) == 1


def test_the_book_has_neither_conflicts_nor_idle_rules(book: RuleBook) -> None:
    assert not book.conflicts
    assert not book.shadowed


def test_the_walks_category_has_a_unit_in_every_cell_and_unit01_in_the_first_district(
    city: DemoCity, book: RuleBook
) -> None:
    (busiest,) = next(account.units for account in city.accounts if account.username == "unit01")
    for cell in city.cells:
        found = book.decide(_place(cell, {}), _WALK, _AT)
        assert found.unit_code is not None
        assert found.unit_code == busiest or cell.code[:6] != "990101"


def test_every_condition_has_a_unit_where_no_zone_and_where_any_zone_lies(city: DemoCity, book: RuleBook) -> None:
    tree = shapely.STRtree([zone.geometry for zone in city.zones])
    matters = _matters()
    grounds: Counter[DecidedBy] = Counter()
    for cell in city.cells[::211]:
        here = [city.zones[place] for place in tree.query(cell.geometry, predicate="intersects").tolist()]
        waters = {zone.code for zone in here if zone.zone_class == "water"}
        faces: list[dict[str, str]] = [{}, *({zone.zone_class: zone.code} for zone in here)]
        faces += [{"road": z.code, "water": water} for z in here if z.zone_class == "road" for water in waters]
        for zones in faces:
            place = _place(cell, zones)
            decisions = [book.decide(place, matter, _AT) for matter in matters]
            assert all(decision.unit_code for decision in decisions), (cell.code, zones)
            grounds.update(decision.decided_by for decision in decisions)
    assert grounds.keys() == {DecidedBy.RULE, DecidedBy.ZONE, DecidedBy.FALLBACK}


def test_every_zone_has_something_that_its_manager_gets(city: DemoCity, book: RuleBook) -> None:
    by_class = {zone_class: [t for t in city.takes if t.zone_class == zone_class] for zone_class in _classes(city)}
    tree = shapely.STRtree([cell.geometry for cell in city.cells])
    for zone in city.zones:
        at = tree.query(zone.geometry.representative_point(), predicate="intersects")
        place = _place(city.cells[int(at[0])], {zone.zone_class: zone.code})
        found = [
            book.decide(place, Matter(kind=t.kind, major=t.major, minor=t.minor or ""), _AT)
            for t in by_class[zone.zone_class]
        ]
        assert {decision.unit_code for decision in found if decision.decided_by is DecidedBy.ZONE} == {
            zone.manager_unit
        }


def _classes(city: DemoCity) -> set[str]:
    return {zone.zone_class for zone in city.zones}
