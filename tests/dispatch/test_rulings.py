"""Rulings go first, the newer replaces the older, and one that has ended says why it lost."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from app.dispatch.codes import DecidedBy, Kind, LostBecause, Scope
from app.dispatch.routing import Decision, Matter, Place, Rule, RuleBook, Ruling, Unit

NOON = datetime(2026, 3, 10, 4, tzinfo=UTC)
DAY = timedelta(days=1)
MATTER = Matter(kind=Kind.EVENT, major="03", minor="05")
PLACE = Place(cell_code="C1", zones={}, street="S1", district="D1")
BOOK = RuleBook.compile(
    [Rule(id="r", unit_code="u1", scope=Scope.STREET, scope_code="S1")],
    [Unit(code=code, name=code) for code in ("u1", "u2", "u3")],
    [],
    [],
)
FIRST = Ruling(id="g1", unit_code="u2", scope=Scope.CELL, scope_code="C1", valid_from=NOON - 2 * DAY)
SECOND = Ruling(id="g2", unit_code="u3", scope=Scope.CELL, scope_code="C1", valid_from=NOON - DAY)


def brief(decision: Decision) -> tuple[str | None, DecidedBy, str | None]:
    return decision.unit_code, decision.decided_by, decision.rule_id


def lost(decision: Decision) -> dict[str | None, LostBecause]:
    return {one.rule_id: one.lost_because for one in decision.considered}


def test_rulings_are_added_without_compiling_the_rules_again() -> None:
    ruled = BOOK.with_rulings([FIRST])
    assert ruled.rules is BOOK.rules
    assert brief(ruled.decide(PLACE, MATTER, NOON)) == ("u2", DecidedBy.RULING, "g1")
    assert lost(ruled.decide(PLACE, MATTER, NOON)) == {"r": LostBecause.LATER_GROUND}
    assert brief(BOOK.decide(PLACE, MATTER, NOON)) == ("u1", DecidedBy.RULE, "r")
    assert brief(ruled.with_rulings([]).decide(PLACE, MATTER, NOON)) == ("u1", DecidedBy.RULE, "r")


def test_the_newer_replaces_the_older_until_it_ends() -> None:
    ruled = BOOK.with_rulings([FIRST, SECOND])
    assert brief(ruled.decide(PLACE, MATTER, NOON)) == ("u3", DecidedBy.RULING, "g2")
    assert lost(ruled.decide(PLACE, MATTER, NOON))["g1"] is LostBecause.OLDER_RULING
    ended = BOOK.with_rulings([FIRST, replace(SECOND, valid_to=NOON)])
    assert brief(ended.decide(PLACE, MATTER, NOON)) == ("u2", DecidedBy.RULING, "g1")
    assert lost(ended.decide(PLACE, MATTER, NOON))["g2"] is LostBecause.NOT_VALID_THEN
    assert brief(ended.decide(PLACE, MATTER, NOON - timedelta(seconds=1))) == ("u3", DecidedBy.RULING, "g2")


def test_a_ruling_for_a_unit_that_is_gone_has_no_effect() -> None:
    ruled = BOOK.with_rulings([replace(FIRST, unit_code="gone")])
    assert brief(ruled.decide(PLACE, MATTER, NOON)) == ("u1", DecidedBy.RULE, "r")
    assert lost(ruled.decide(PLACE, MATTER, NOON)) == {"g1": LostBecause.INACTIVE_UNIT}
