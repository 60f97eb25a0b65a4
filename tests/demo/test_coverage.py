"""The demo city is covered, and the proof notices when it is not any more."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.demo.city import DemoCity
from app.dispatch.book import Book
from app.dispatch.codes import DecidedBy
from app.dispatch.coverage import conditions_of, prove, zones_at
from app.dispatch.coverage_story import told
from app.dispatch.set_codes import Fault
from tests.demo_book import book_of

AT = datetime(2026, 11, 21, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def book(city: DemoCity) -> Book:
    return book_of(city)


def test_every_spot_has_exactly_one_unit_for_every_condition(city: DemoCity, book: Book) -> None:
    coverage = prove(book, AT)
    assert coverage.complete
    assert coverage.groups == ()
    assert coverage.counts.cells == len(city.cells)
    assert coverage.counts.conditions == 519
    assert coverage.counts.faces > coverage.counts.cells


def test_without_one_fallback_unit_exactly_what_it_took_has_nobody(city: DemoCity, book: Book) -> None:
    gone = next(unit for unit in city.units if unit.fallback)
    without = replace(city, units=tuple(replace(u, fallback=u.fallback and u is not gone) for u in city.units))
    bare = book_of(without)
    coverage = prove(bare, AT)
    named = {
        (number, matter) for group in coverage.groups for number in group.faces.tolist() for matter in group.matters
    }
    street = [
        n for n, cell in enumerate(coverage.faces.cells.tolist()) if gone.region_code == bare.cells.codes[cell][:9]
    ]
    expected = set()
    for number in street[::25]:  # asking for everything everywhere takes minutes
        code = book.cells.codes[int(coverage.faces.cells[number])]
        spot = book.spot_of(code, zones_at(bare, coverage.faces, number))
        for matter in conditions_of(book):
            decided = book.decide(spot, matter, AT)
            if decided.decided_by is DecidedBy.FALLBACK:
                assert decided.unit_code == gone.code
                expected.add((number, matter))
    assert expected
    assert {(number, matter) for number, matter in named if number in set(street[::25])} == expected
    assert {number for number, _ in named} <= set(street)
    assert {group.fault for group in coverage.groups} == {Fault.NONE}
    story = told(bare, coverage, coverage.groups[0])
    assert list(story.streets) == [gone.region_code]
    assert "没有责任单位" in story.text
