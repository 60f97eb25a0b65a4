from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point

from app.dispatch.book import Book
from app.dispatch.codes import DecidedBy, Kind, LostBecause, Scope
from app.dispatch.coverage import Coverage, changes, conditions_of, prove, prove_through, zones_at
from app.dispatch.coverage_story import shortened, told
from app.dispatch.responsibility import Matter, Rule, Takes
from app.dispatch.set_codes import Fault
from app.dispatch.zones import Zone
from tests.dispatch import naive_routing, small_cities
from tests.dispatch.naive_routing import City
from tests.dispatch.small_cities import CELLS, DAY, NOON, UNITS, book_of, plain_city, squares

Face = tuple[str, frozenset[str]]
Bad = dict[tuple[Face, Matter], tuple[Fault, frozenset[str]]]


def face_of(book: Book, coverage: Coverage, number: int) -> Face:
    code = book.cells.codes[int(coverage.faces.cells[number])]
    return code, frozenset(zones_at(book, coverage.faces, number).values())


def listed(book: Book, coverage: Coverage) -> Bad:
    """Return what the groups say, one entry a face and condition."""
    return {
        (face_of(book, coverage, number), matter): (group.fault, frozenset(group.unit_codes))
        for group in coverage.groups
        for number in group.faces.tolist()
        for matter in group.matters
    }


def asked_everywhere(city: City, book: Book, at: datetime) -> tuple[set[Face], Bad]:
    """Return the faces, and what a plain reading of the rules finds amiss, square by square."""
    faces, bad = set(), {}
    for _, place in small_cities.spots(city, at):
        face = (str(place.cell_code), frozenset(place.zones.values()))
        faces.add(face)
        for matter in conditions_of(book):
            unit_code, _, _ = naive_routing.decide(city, place, matter, at, None)
            if unit_code is None:
                claims = book.rules.decide(place, matter, at).considered
                rivals = frozenset(
                    c.unit_code for c in claims if c.lost_because is LostBecause.CONFLICT and c.unit_code
                )
                bad[face, matter] = (Fault.TWO if rivals else Fault.NONE, rivals)
    return faces, bad


@settings(max_examples=150, deadline=None)
@given(small_cities.cities(), st.sampled_from([NOON - DAY, NOON, NOON + DAY]))
def test_the_proof_says_what_asking_every_square_for_everything_says(city: City, at: datetime) -> None:
    book = book_of(city)
    coverage = prove(book, at)
    faces, bad = asked_everywhere(city, book, at)
    assert {face_of(book, coverage, number) for number in range(len(coverage.faces))} == faces
    assert len(coverage.faces) == coverage.counts.faces == len(faces)
    assert listed(book, coverage) == bad
    assert coverage.complete is (not bad)
    assert coverage.counts.none == sum(fault is Fault.NONE for fault, _ in bad.values())
    assert coverage.counts.two == sum(fault is Fault.TWO for fault, _ in bad.values())
    assert coverage.counts.pairs == len(faces) * 5


def test_every_street_with_a_fallback_unit_is_complete() -> None:
    coverage = prove(book_of(plain_city()), NOON)
    assert (coverage.complete, coverage.groups, coverage.counts.pairs) == (True, (), 20)


def test_without_its_fallback_unit_exactly_that_street_has_nobody() -> None:
    city = plain_city()
    city.units[1] = replace(city.units[1], fallback=False)
    book = book_of(city)
    [group] = prove(book, NOON).groups
    assert (group.fault, group.unit_codes, group.rule_ids) == (Fault.NONE, (), ())
    assert {face_of(book, prove(book, NOON), number)[0] for number in group.faces.tolist()} == {"310109002001001"}
    assert set(group.matters) == set(conditions_of(book))


def test_two_zones_at_one_spot_dispute_only_where_they_overlap_and_only_what_both_take() -> None:
    zones = [
        Zone(code="Z1", name="", zone_class="road", polygon=squares(0, 0, 2, 4), manager_unit="u1"),
        Zone(code="Z2", name="", zone_class="green", polygon=squares(1, 0, 3, 4), manager_unit="u3"),
    ]
    takes = [Takes(zone_class="road"), Takes(zone_class="green", kind=Kind.EVENT, major="03", minor="04")]
    book = book_of(plain_city(zones=zones, takes=takes))
    coverage = prove(book, NOON)
    [group] = coverage.groups
    assert (group.fault, group.unit_codes) == (Fault.TWO, ("u1", "u3"))
    assert [matter.minor + str(matter.condition) for matter in group.matters] == ["041", "042"]
    assert [face_of(book, coverage, n) for n in group.faces.tolist()] == [("310109001001001", frozenset({"Z1", "Z2"}))]
    assert coverage.counts.two == 2


def test_rules_that_contradict_each_other_are_named() -> None:
    rules = [
        Rule(id="a", unit_code="u1", scope=Scope.CELL, scope_code="310109001001001", minor="05"),
        Rule(id="b", unit_code="u3", scope=Scope.CELL, scope_code="310109001001001", minor="05"),
    ]
    [group] = prove(book_of(plain_city(rules=rules)), NOON).groups
    assert (group.fault, group.rule_ids, len(group.matters)) == (Fault.TWO, ("a", "b"), 3)


@pytest.mark.parametrize(
    ("west_m", "expected"),
    [
        pytest.param(0.0, 1, id="the zone is the cell"),
        pytest.param(0.0015, 1, id="a strip of 1.5 mm beside it is no face"),
        pytest.param(0.0025, 2, id="a strip of 2.5 mm is one"),
    ],
)
def test_what_is_nowhere_wider_than_two_millimetres_is_no_face(west_m: float, expected: int) -> None:
    west, south, east, north = squares(*CELLS["310109001001001"]).bounds
    shape = squares(0, 0, 4, 4).__class__(
        [
            (west + west_m / 10 * small_cities.EAST, south),
            (east, south),
            (east, north),
            (west + west_m / 10 * small_cities.EAST, north),
        ]
    )
    zone = Zone(code="Z1", name="", zone_class="road", polygon=shape, manager_unit="u3")
    coverage = prove(book_of(plain_city(zones=[zone]), ["310109001001001"]), NOON)
    assert coverage.counts.faces == expected


def test_a_rule_that_ends_is_told_for_the_day_it_ends() -> None:
    units = [replace(unit, fallback=False) for unit in plain_city().units]
    rule = Rule(id="r", unit_code="u1", scope=Scope.CITY, valid_to=NOON + 5 * DAY)
    book = book_of(plain_city(units=units, rules=[rule]))
    found, unseen = prove_through(book, NOON)
    assert [(one.at, one.complete) for one in found] == [(NOON, True), (NOON + 5 * DAY, False)]
    assert unseen is None
    assert changes(book) == [NOON + 5 * DAY]


def test_beyond_a_dozen_changes_the_first_unseen_one_is_named() -> None:
    rules = [
        Rule(
            id=f"r{n}",
            unit_code=UNITS[0],
            scope=Scope.CITY,
            minor="05",
            valid_from=NOON + n * DAY,
            valid_to=NOON + (n + 1) * DAY,
        )
        for n in range(20)
    ]
    found, unseen = prove_through(book_of(plain_city(rules=rules)), NOON)
    assert [one.at for one in found] == [NOON + n * DAY for n in range(12)]
    assert unseen == NOON + 12 * DAY


def test_the_last_year_of_all_can_be_proven() -> None:
    late = datetime(9999, 12, 29, tzinfo=UTC)
    rule = Rule(id="r", unit_code=UNITS[0], scope=Scope.CITY, minor="05", valid_to=late)
    found, _ = prove_through(book_of(plain_city(rules=[rule])), late - 9 * DAY)
    assert [one.at for one in found] == [late - 9 * DAY, late]


def test_an_empty_city_is_complete_and_counts_nothing() -> None:
    coverage = prove(book_of(plain_city(), []), NOON)
    assert (coverage.complete, coverage.counts.faces, coverage.counts.cells) == (True, 0, 0)


def test_nobody_and_unassigned_are_the_same_to_a_person() -> None:
    units = [replace(unit, fallback=False) for unit in plain_city().units]
    book = book_of(plain_city(units=units))
    coverage = prove(book, NOON)
    [group] = coverage.groups
    for number in group.faces.tolist():
        code, _ = face_of(book, coverage, number)
        assert book.decide(book.spot_of(code, {}), group.matters[0], NOON).decided_by is DecidedBy.UNASSIGNED


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        pytest.param([0, 1, 2, 3, 4], ["全部立案条件"], id="everything"),
        pytest.param([0, 1, 2], ["事件 03"], id="a whole major, though not the kind"),
        pytest.param([0, 1, 3], ["事件 01", "事件 0304"], id="a major and a minor"),
        pytest.param([1, 4], ["部件", "事件 0304 第2条"], id="a whole kind and one condition"),
        pytest.param([0], ["事件 0304 第1条"], id="one condition of two"),
    ],
)
def test_conditions_are_told_as_shortly_as_it_goes(left: list[int], expected: list[str]) -> None:
    everything = conditions_of(book_of(plain_city()))
    assert list(shortened([everything[number] for number in left], everything)) == expected


@settings(max_examples=40, deadline=None)
@given(small_cities.cities())
def test_a_group_is_drawn_where_its_squares_are(city: City) -> None:
    book = book_of(city)
    coverage = prove(book, NOON)
    for group in coverage.groups:
        story = told(book, coverage, group)
        faces = {face_of(book, coverage, number) for number in group.faces.tolist()}
        for point, place in small_cities.spots(city, NOON):
            inside = (str(place.cell_code), frozenset(place.zones.values())) in faces
            assert story.shape.contains(Point(*point)) is inside
