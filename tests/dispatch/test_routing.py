from collections.abc import Iterable
from datetime import datetime
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.dispatch.codes import DecidedBy, Kind, LostBecause, Scope
from app.dispatch.routing import LOST_TEXTS, Decision, Matter, Place, Rule, RuleBook, Ruling, Takes, Unit
from app.dispatch.zones import Zone
from tests.dispatch import naive_routing
from tests.dispatch.naive_routing import City
from tests.dispatch.rule_books import DAY, NOON, cities, instants, matters, places, unit_codes, zone

MATTER = Matter(kind=Kind.EVENT, major="03", minor="05", condition=1)
PLACE = Place(cell_code="C1", zones={"road": "Z1"}, beat="B1", community="Q1", street="S1", district="D1")
UNITS = [Unit(code=code, name=code) for code in ("u1", "u2", "u3", "u4")]
FALLBACKS = [
    Unit(code="us", name="street", region_code="S1", fallback=True),
    Unit(code="ud", name="district", region_code="D1", fallback=True),
]


def book(
    *rules: Rule, zones: Iterable[Zone] = (), takes: Iterable[Takes] = (), rulings: Iterable[Ruling] = ()
) -> RuleBook:
    return RuleBook.compile(rules, [*UNITS, *FALLBACKS], zones, takes, rulings)


def brief(decision: Decision) -> tuple[str | None, DecidedBy, str | None]:
    return decision.unit_code, decision.decided_by, decision.rule_id


def reasons(decision: Decision) -> dict[str | None, LostBecause]:
    return {row.rule_id or row.unit_code: row.lost_because for row in decision.considered}


def test_the_grounds_come_in_their_order() -> None:
    everything = book(
        Rule(id="r", unit_code="u2", scope=Scope.ZONE, scope_code="Z1", minor="05"),
        zones=[zone("Z1", "road", "u3")],
        takes=[Takes(zone_class="road", kind=Kind.EVENT)],
        rulings=[Ruling(id="g", unit_code="u1", scope=Scope.CITY)],
    )
    decision = everything.decide(PLACE, MATTER, NOON, maintainer="u4")
    assert brief(decision) == ("u1", DecidedBy.RULING, "g")
    assert [row.ground.value for row in decision.considered] == ["component", "rule", "zone", "fallback", "fallback"]
    assert set(reasons(decision).values()) == {LostBecause.LATER_GROUND}


@pytest.mark.parametrize(
    ("maintainer", "zones", "expected"),
    [
        pytest.param("u4", ["Z1"], ("u4", DecidedBy.COMPONENT, None), id="maintainer before zone manager"),
        pytest.param("gone", ["Z1"], ("u3", DecidedBy.ZONE, None), id="a maintainer that is no unit any more"),
        pytest.param(None, [], ("us", DecidedBy.FALLBACK, None), id="the street's fallback unit"),
    ],
)
def test_the_next_ground_takes_what_one_leaves(
    maintainer: str | None, zones: list[str], expected: tuple[str, DecidedBy, None]
) -> None:
    place = Place(cell_code="C1", zones=dict.fromkeys(zones, "Z1"), street="S1", district="D1")
    rules = book(zones=[zone("Z1", "road", "u3")], takes=[Takes(zone_class="road", major="03")])
    assert brief(rules.decide(place, MATTER, NOON, maintainer=maintainer)) == expected


def test_the_district_catches_what_no_street_does_and_else_a_person_decides() -> None:
    rules = book()
    elsewhere = Place(cell_code="C9", zones={}, street="S9", district="D1")
    assert brief(rules.decide(elsewhere, MATTER, NOON)) == ("ud", DecidedBy.FALLBACK, None)
    nowhere = Place(cell_code=None, zones={})
    assert brief(rules.decide(nowhere, MATTER, NOON)) == (None, DecidedBy.UNASSIGNED, None)


SPECIFIC_FIRST = [
    Rule(id="zone any", unit_code="u1", scope=Scope.ZONE, scope_code="Z1"),
    Rule(id="cell condition", unit_code="u2", scope=Scope.CELL, scope_code="C1", condition=1, minor="05", major="03"),
    Rule(id="cell minor", unit_code="u3", scope=Scope.CELL, scope_code="C1", minor="05", major="03"),
    Rule(id="cell major", unit_code="u4", scope=Scope.CELL, scope_code="C1", major="03"),
    Rule(id="cell kind", unit_code="u1", scope=Scope.CELL, scope_code="C1", kind=Kind.EVENT),
    Rule(id="cell any", unit_code="u2", scope=Scope.CELL, scope_code="C1"),
    Rule(id="beat", unit_code="u3", scope=Scope.BEAT, scope_code="B1"),
    Rule(id="community", unit_code="u4", scope=Scope.COMMUNITY, scope_code="Q1"),
    Rule(id="street", unit_code="u1", scope=Scope.STREET, scope_code="S1"),
    Rule(id="district", unit_code="u2", scope=Scope.DISTRICT, scope_code="D1"),
    Rule(id="city", unit_code="u3", scope=Scope.CITY, scope_code="whatever", condition=1),
]


@pytest.mark.parametrize("first", range(len(SPECIFIC_FIRST)))
def test_the_most_specific_rule_left_wins(first: int) -> None:
    left = SPECIFIC_FIRST[first:]
    decision = book(*reversed(left)).decide(PLACE, MATTER, NOON)
    assert decision.rule_id == left[0].id
    losers = [row.rule_id for row in decision.considered if row.ground is DecidedBy.RULE]
    assert losers == [rule.id for rule in left[1:]]


def test_rules_for_other_things_have_no_say() -> None:
    rules = book(
        Rule(id="other minor", unit_code="u1", scope=Scope.CELL, scope_code="C1", minor="06"),
        Rule(id="other kind", unit_code="u1", scope=Scope.CELL, scope_code="C1", kind=Kind.COMPONENT, minor="05"),
        Rule(id="other cell", unit_code="u1", scope=Scope.CELL, scope_code="C2"),
        Rule(id="no place", unit_code="u1", scope=Scope.CELL),
    )
    assert brief(rules.decide(PLACE, MATTER, NOON)) == ("us", DecidedBy.FALLBACK, None)


def test_what_was_considered_says_why_it_lost() -> None:
    decision = book(
        Rule(id="expired", unit_code="u1", scope=Scope.CELL, scope_code="C1", valid_to=NOON),
        Rule(id="gone", unit_code="nobody", scope=Scope.CELL, scope_code="C1", minor="05"),
        Rule(id="wins", unit_code="u2", scope=Scope.CELL, scope_code="C1", valid_from=NOON),
        Rule(id="wider", unit_code="u3", scope=Scope.CITY),
        zones=[zone("Z1", "road", "u4")],
        takes=[Takes(zone_class="road", kind=Kind.COMPONENT)],
    ).decide(PLACE, MATTER, NOON)
    assert brief(decision) == ("u2", DecidedBy.RULE, "wins")
    assert reasons(decision) == {
        "expired": LostBecause.NOT_VALID_THEN,
        "gone": LostBecause.INACTIVE_UNIT,
        "wider": LostBecause.LESS_SPECIFIC,
        "u4": LostBecause.OTHER_CATEGORY,
        "us": LostBecause.LATER_GROUND,
        "ud": LostBecause.LATER_GROUND,
    }


def test_a_later_ruling_replaces_an_earlier_and_says_so() -> None:
    decision = book(
        rulings=[
            Ruling(id="1", unit_code="u1", scope=Scope.CELL, scope_code="C1", valid_from=NOON - 2 * DAY),
            Ruling(id="2", unit_code="u2", scope=Scope.CELL, scope_code="C1", valid_from=NOON - DAY),
            Ruling(id="3", unit_code="u3", scope=Scope.CELL, scope_code="C1", valid_from=NOON + DAY),
        ]
    ).decide(PLACE, MATTER, NOON)
    assert brief(decision) == ("u2", DecidedBy.RULING, "2")
    assert reasons(decision)["1"] is LostBecause.OLDER_RULING
    assert reasons(decision)["3"] is LostBecause.NOT_VALID_THEN


def test_of_rulings_for_two_zones_of_one_spot_the_later_counts_whatever_their_codes() -> None:
    place = Place(cell_code="C1", zones={"road": "Z1", "green": "Z2"})
    older = Ruling(id="1", unit_code="u1", scope=Scope.ZONE, scope_code="Z1", valid_from=NOON - 2 * DAY)
    later = Ruling(id="2", unit_code="u2", scope=Scope.ZONE, scope_code="Z2", valid_from=NOON - DAY)
    decision = book(rulings=[older, later]).decide(place, MATTER, NOON)
    assert brief(decision) == ("u2", DecidedBy.RULING, "2")
    assert reasons(decision)["1"] is LostBecause.OLDER_RULING


def test_two_zones_whose_managers_both_take_it_are_left_to_a_person() -> None:
    rules = book(
        zones=[zone("Z1", "road", "u3"), zone("Z2", "green", "u4")],
        takes=[Takes(zone_class="road"), Takes(zone_class="green")],
    )
    decision = rules.decide(Place(cell_code="C1", zones={"road": "Z1", "green": "Z2"}, street="S1"), MATTER, NOON)
    assert brief(decision) == (None, DecidedBy.UNASSIGNED, None)
    assert reasons(decision)["u3"] is reasons(decision)["u4"] is LostBecause.CONFLICT


def test_rules_for_two_zones_of_one_spot_are_left_to_a_person_unless_they_agree() -> None:
    place = Place(cell_code="C1", zones={"road": "Z1", "green": "Z2"})
    one = Rule(id="1", unit_code="u1", scope=Scope.ZONE, scope_code="Z1")
    contrary = Rule(id="2", unit_code="u2", scope=Scope.ZONE, scope_code="Z2")
    agreeing = Rule(id="3", unit_code="u1", scope=Scope.ZONE, scope_code="Z2")
    assert brief(book(one, contrary).decide(place, MATTER, NOON)) == (None, DecidedBy.UNASSIGNED, None)
    agreed = book(one, agreeing).decide(place, MATTER, NOON)
    assert brief(agreed) == ("u1", DecidedBy.RULE, "1")
    assert reasons(agreed)["3"] is LostBecause.SAME_UNIT


@pytest.mark.parametrize(
    ("second", "conflicting"),
    [
        pytest.param({"unit_code": "u2"}, True, id="the same for ever"),
        pytest.param({"unit_code": "u2", "valid_from": NOON + DAY}, True, id="later, but not after"),
        pytest.param({"unit_code": "u2", "valid_from": NOON + 3 * DAY}, False, id="after"),
        pytest.param({"unit_code": "u2", "kind": Kind.EVENT}, False, id="more specific"),
        pytest.param({"unit_code": "nobody"}, False, id="a unit that is not active"),
        pytest.param({"unit_code": "u1", "valid_to": NOON + 9 * DAY}, False, id="the same unit"),
    ],
)
def test_a_conflict_names_both_rules(second: dict[str, object], *, conflicting: bool) -> None:
    first = Rule(id="a", unit_code="u1", scope=Scope.CELL, scope_code="C1", minor="05", valid_to=NOON + 3 * DAY)
    other = Rule(**{"id": "b", "scope": Scope.CELL, "scope_code": "C1", "minor": "05", **second})  # type: ignore[arg-type]  # a row as data
    found = book(other, first).conflicts
    assert [conflict.rule_ids for conflict in found] == ([("a", "b")] if conflicting else [])


def test_a_rule_that_repeats_another_is_named_as_shadowed() -> None:
    rules = book(
        Rule(id="short", unit_code="u1", scope=Scope.CITY, valid_from=NOON, valid_to=NOON + DAY),
        Rule(id="long", unit_code="u1", scope=Scope.CITY, valid_from=NOON),
        Rule(id="long again", unit_code="u1", scope=Scope.CITY, valid_from=NOON),
    )
    assert [(row.rule_id, row.by_rule_id) for row in rules.shadowed] == [("long again", "long"), ("short", "long")]
    assert rules.conflicts == ()


def test_the_worked_example_of_the_documentation() -> None:
    place = Place(cell_code="310109001001007", zones={"road": "RD-12"}, street="310109001")
    units = ["city-inspection", "street-team", "night-market", "road-care"]
    rules = RuleBook.compile(
        rules=[
            Rule(id="r1", unit_code="city-inspection", scope=Scope.CITY, kind=Kind.EVENT),
            Rule(id="r2", unit_code="street-team", scope=Scope.STREET, scope_code="310109001", major="03"),
            Rule(
                id="r3",
                unit_code="night-market",
                scope=Scope.CELL,
                scope_code="310109001001007",
                major="03",
                minor="05",
                valid_to=NOON - DAY,
            ),
        ],
        units=[
            *(Unit(code=code, name=code) for code in units),
            Unit(code="left-over", name="street", region_code="310109001", fallback=True),
        ],
        zones=[zone("RD-12", "road", "road-care")],
        takes=[Takes(zone_class="road", kind=Kind.COMPONENT)],
    )
    decision = rules.decide(place, MATTER, NOON)
    assert brief(decision) == ("street-team", DecidedBy.RULE, "r2")
    assert reasons(decision) == {
        "r3": LostBecause.NOT_VALID_THEN,
        "r1": LostBecause.LESS_SPECIFIC,
        "road-care": LostBecause.OTHER_CATEGORY,
        "left-over": LostBecause.LATER_GROUND,
    }


def test_every_reason_has_its_text() -> None:
    assert set(LOST_TEXTS) == set(LostBecause)


@settings(max_examples=600, deadline=None)
@given(cities(), places, matters, st.sampled_from([NOON + n * DAY for n in range(-3, 3)]), st.none() | unit_codes)
def test_it_agrees_with_a_plain_reading_of_the_rules(
    city: City, place: Place, matter: Matter, at: datetime, maintainer: str | None
) -> None:
    rules = RuleBook.compile(city.rules, city.units, city.zones, city.takes, city.rulings)
    decision = rules.decide(place, matter, at, maintainer=maintainer)
    unit_code, ground, rule_id = naive_routing.decide(city, place, matter, at, maintainer)
    assert (decision.unit_code, decision.decided_by.value) == (unit_code, ground)
    if decision.decided_by is DecidedBy.RULING:
        assert decision.rule_id == rule_id
    if decision.decided_by is DecidedBy.RULE:
        by_id = {rule.id: rule for rule in city.rules}
        chosen = by_id[str(decision.rule_id)]
        assert chosen.unit_code == unit_code
        assert naive_routing.applies(chosen, place, matter, at)


alike = st.builds(
    Rule,
    id=st.uuids().map(str),
    unit_code=unit_codes,
    scope=st.just(Scope.CITY),
    minor=st.sampled_from([None, "05"]),
    valid_from=instants,
    valid_to=instants,
)


@settings(max_examples=300, deadline=None)
@given(st.lists(alike, max_size=6).map(lambda rules: City(rules=rules, units=UNITS)))
def test_conflicts_are_found_exactly_where_two_rules_contradict(city: City) -> None:
    active = {unit.code for unit in city.units}
    instants_ = [NOON + n * DAY for n in range(-3, 3)]
    contradicting = {
        code
        for a, b in combinations(city.rules, 2)
        if {a.unit_code, b.unit_code} <= active and a.unit_code != b.unit_code
        if (a.scope, a.scope_code, a.kind, a.major, a.minor, a.condition)
        == (b.scope, b.scope_code, b.kind, b.major, b.minor, b.condition)
        if any(in_force(a, at) and in_force(b, at) for at in instants_)
        for code in (a.id, b.id)
    }
    rules = RuleBook.compile(city.rules, city.units, city.zones, city.takes)
    named_ids = {code for conflict in rules.conflicts for code in conflict.rule_ids}
    repeated = {row.rule_id for row in rules.shadowed}
    assert named_ids <= contradicting
    assert contradicting <= named_ids | repeated
    assert bool(contradicting) is bool(rules.conflicts)


def in_force(rule: Rule, at: datetime) -> bool:
    return not (rule.valid_from and at < rule.valid_from) and not (rule.valid_to and at >= rule.valid_to)
