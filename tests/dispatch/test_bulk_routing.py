from datetime import datetime

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from app.dispatch.bulk_routing import BulkRouting
from app.dispatch.case_life import Spot
from app.dispatch.codes import Kind, Scope
from app.dispatch.responsibility import Matter, Place, Rule, Unit
from app.dispatch.routing import RuleBook
from app.dispatch.verdicts import NOBODY, classify
from tests.dispatch import naive_routing
from tests.dispatch.naive_routing import City
from tests.dispatch.rule_books import DAY, NOON, cities, matters, places, unit_codes

instants = st.sampled_from([NOON + n * DAY for n in range(-3, 3)])


def spot_of(place: Place) -> Spot:
    return Spot(
        cell_code=place.cell_code,
        beat_code=place.beat,
        community=place.community,
        street=place.street,
        district=place.district,
        zones=place.zones,
    )


def laid_out(bulk: BulkRouting, city: City, asked: list[Place]) -> tuple[np.ndarray, np.ndarray]:
    """Return places as columns and the signs of their zones, two at most."""
    numbers = {zone.code: number for number, zone in enumerate(city.zones)}
    rows = np.array([bulk.place(spot_of(place)) for place in asked])
    zones = np.array([[numbers[code] for code in sorted(p.zones.values())] + [-1] * (2 - len(p.zones)) for p in asked])
    return rows, bulk.sign_of[zones]


@settings(max_examples=300, deadline=None)
@given(
    cities(),
    st.lists(st.tuples(places, matters, st.none() | unit_codes), min_size=1, max_size=6),
    instants,
)
def test_many_at_once_agree_with_a_plain_reading_of_the_rules(
    city: City, asked: list[tuple[Place, Matter, str | None]], at: datetime
) -> None:
    book = RuleBook.compile(city.rules, city.units, city.zones, city.takes, city.rulings)
    sorts = classify(book, [matter for _, matter, _ in asked])
    bulk = BulkRouting(book, sorts, city.zones, at)
    rows, signs = laid_out(bulk, city, [place for place, _, _ in asked])
    maintainers = np.array([bulk.names.number(unit) for _, _, unit in asked], dtype=np.int32)
    found = bulk.each(rows, signs, sorts.classes, maintainers).tolist()
    for verdict, (place, matter, maintainer) in zip(found, asked, strict=True):
        unit_code, ground, _ = naive_routing.decide(city, place, matter, at, maintainer)
        assert (bulk.names.units[verdict] if verdict >= 0 else None) == unit_code
        assert unit_code is not None or ground == "unassigned"


@settings(max_examples=300, deadline=None)
@given(cities(), st.lists(places, min_size=1, max_size=4), st.lists(matters, min_size=1, max_size=6), instants)
def test_every_place_and_matter_agrees_with_deciding_each_alone(
    city: City, asked: list[Place], named: list[Matter], at: datetime
) -> None:
    book = RuleBook.compile(city.rules, city.units, city.zones, city.takes, city.rulings)
    sorts = classify(book, named)
    bulk = BulkRouting(book, sorts, city.zones, at)
    verdicts = bulk.everything(*laid_out(bulk, city, asked))
    for row, place in zip(verdicts[:, sorts.classes].tolist(), asked, strict=True):
        for verdict, matter in zip(row, named, strict=True):
            decision = book.decide(place, matter, at)
            claimed = {c.unit_code for c in decision.considered if c.lost_because == "conflict"}
            expected = frozenset({decision.unit_code} if decision.unit_code else claimed)
            assert bulk.names.of(verdict) == expected
            assert (verdict == NOBODY) is (not expected)


@settings(max_examples=100, deadline=None)
@given(cities(), st.lists(matters, min_size=1, max_size=8), places)
def test_matters_of_one_class_are_never_told_apart(city: City, named: list[Matter], place: Place) -> None:
    book = RuleBook.compile(city.rules, city.units, city.zones, city.takes, city.rulings)
    sorts = classify(book, named)
    for matter, number in zip(named, sorts.classes.tolist(), strict=True):
        alone, chosen = (book.decide(place, one, NOON) for one in (matter, sorts.chosen[number]))
        assert alone == chosen


def test_the_street_catches_before_the_district_and_a_maintainer_before_the_rules() -> None:
    units = [
        Unit(code="ud", name="", region_code="D1", fallback=True),
        Unit(code="us", name="", region_code="S1", fallback=True),
        Unit(code="ur", name=""),
    ]
    rule = Rule(id="r", unit_code="ur", scope=Scope.CELL, scope_code="C2")
    city = City(units=units, rules=[rule])
    book = RuleBook.compile(city.rules, city.units, (), ())
    matter = Matter(kind=Kind.EVENT, major="03", minor="05", condition=1)
    sorts = classify(book, [matter])
    bulk = BulkRouting(book, sorts, (), NOON)
    asked = [
        (Place(cell_code="C1", zones={}, street="S1", district="D1"), None, "us"),
        (Place(cell_code="C1", zones={}, street="S2", district="D1"), None, "ud"),
        (Place(cell_code="C2", zones={}, street="S1", district="D1"), None, "ur"),
        (Place(cell_code="C2", zones={}, street="S1", district="D1"), "ud", "ud"),
    ]
    rows, signs = laid_out(bulk, city, [place for place, _, _ in asked])
    held = np.array([bulk.names.number(unit) for _, unit, _ in asked], dtype=np.int32)
    found = bulk.each(rows, signs, np.zeros(len(asked), dtype=np.int64), held)
    assert [bulk.names.units[verdict] for verdict in found.tolist()] == [unit for _, _, unit in asked]
