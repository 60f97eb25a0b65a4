from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.dispatch import rehearsal
from app.dispatch.catalogue import Category
from app.dispatch.codes import DecidedBy, Kind, Scope
from app.dispatch.rehearsal import Filed, Rehearsal, Rehearsed, UnitChange
from app.dispatch.responsibility import Rule
from app.dispatch.set_codes import Skipped
from tests.dispatch import naive_routing, small_cities
from tests.dispatch.naive_routing import City
from tests.dispatch.small_cities import CATALOGUE, CELLS, DAY, NOON, UNITS, book_of, plain_city

CATEGORIES = list(CATALOGUE.categories.values())
SQUARES = [point for point, _ in small_cities.spots(City(), NOON)]


def case(number: int, point: tuple[float, float], category: Category, **fields: object) -> Filed:
    given_: dict[str, object] = {"maintainer": None, "filed_at": NOON, "condition": 1, **fields}
    return Filed(
        case_no=f"{number:04d}",
        lon=point[0],
        lat=point[1],
        kind=category.kind,
        category=category.code,
        **given_,  # type: ignore[arg-type]  # fields as data
    )


@st.composite
def histories(draw: st.DrawFn) -> list[Filed]:
    days = sorted(draw(st.lists(st.integers(-3, 3), max_size=25)))
    return [
        case(
            number,
            draw(st.sampled_from(SQUARES)),
            draw(st.sampled_from(CATEGORIES)),
            maintainer=draw(st.sampled_from([None, None, *UNITS, "gone"])),
            filed_at=NOON + day * DAY,
        )
        for number, day in enumerate(days)
    ]


def decided(city: City, one: Filed) -> str | None:
    """Say by a plain reading of the rules who got a case."""
    [place] = [place for point, place in small_cities.spots(city, one.filed_at) if point == (one.lon, one.lat)]
    category = CATALOGUE.find(one.kind, one.category)
    assert category is not None
    return naive_routing.decide(city, place, category.matter(one.condition), one.filed_at, one.maintainer)[0]


def rehearsed(before: City, after: City, filed: list[Filed], *, chunk: int = 7) -> Rehearsed:
    play = Rehearsal(book_of(before), book_of(after), tolerance_m=30.0)
    for first in range(0, len(filed), chunk):
        play.play(filed[first : first + chunk])
    return play.outcome()


@settings(max_examples=100, deadline=None)
@given(small_cities.cities(), small_cities.cities(), histories())
def test_it_says_what_deciding_each_case_twice_says(before: City, after: City, filed: list[Filed]) -> None:
    found = rehearsed(before, after, filed)
    pairs = [(one.case_no, decided(before, one), decided(after, one)) for one in filed]
    changed = [(case_no, was, will) for case_no, was, will in pairs if was != will]
    assert [(one.case_no, one.before.unit_code, one.after.unit_code) for one in found.moved] == changed
    assert (found.cases, found.moved_count) == (len(filed), len(changed))
    assert found.unowned_count == sum(will is None for _, _, will in changed)
    had, has = Counter(was for _, was, _ in pairs), Counter(will for _, _, will in pairs)
    gained, lost = Counter(will for _, _, will in changed), Counter(was for _, was, _ in changed)
    expected = {
        UnitChange(unit_code=code, before=had[code], after=has[code], gained=gained[code], lost=lost[code])
        for code in {*had, *has}
    }
    assert set(found.units) == expected
    assert len(found.units) == len(expected)


def test_each_case_is_judged_by_what_was_in_force_when_it_was_filed() -> None:
    draft = plain_city(rules=[Rule(id="r", unit_code="u3", scope=Scope.CITY, valid_from=NOON, valid_to=NOON + 2 * DAY)])
    filed = [case(n, SQUARES[0], CATEGORIES[0], filed_at=NOON + n * DAY) for n in range(-1, 4)]
    found = rehearsed(plain_city(), draft, filed)
    assert [(one.case_no, one.after.rule_id, one.before.decided_by) for one in found.moved] == [
        ("0000", "r", DecidedBy.FALLBACK),
        ("0001", "r", DecidedBy.FALLBACK),
    ]


def test_what_no_cell_covers_any_more_has_nobody_and_says_so() -> None:
    city = plain_city()
    play = Rehearsal(book_of(city), book_of(city, list(CELLS)[:1]), tolerance_m=5.0)
    play.play([case(1, SQUARES[0], CATEGORIES[0]), case(2, SQUARES[-1], CATEGORIES[0])])
    found = play.outcome()
    [moved] = found.moved
    assert (moved.case_no, moved.before.unit_code, moved.after.unit_code, moved.out_of_coverage) == (
        "0002",
        "u2",
        None,
        True,
    )
    assert found.unowned_count == 1


@pytest.mark.parametrize(
    ("filed", "why"),
    [
        pytest.param({"lon": None, "lat": None, "category": "0304"}, Skipped.NO_LOCATION, id="no place"),
        pytest.param({"lon": 118.1, "lat": 31.2, "category": "9999"}, Skipped.OTHER_CATALOGUE, id="no category"),
    ],
)
def test_what_cannot_be_replayed_is_counted_apart(filed: dict[str, object], why: Skipped) -> None:
    one = Filed(case_no="1", kind=Kind.EVENT, condition=1, maintainer=None, filed_at=NOON, **filed)  # type: ignore[arg-type]  # fields as data
    found = rehearsed(plain_city(), plain_city(), [one])
    assert (found.cases, found.skipped, found.units) == (1, {why: 1}, ())


def test_the_list_is_cut_but_not_the_sums(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rehearsal, "LISTED_AT_MOST", 3)
    draft = plain_city(rules=[Rule(id="r", unit_code="u3", scope=Scope.CITY)])
    found = rehearsed(plain_city(), draft, [case(n, SQUARES[n], CATEGORIES[0]) for n in range(9)], chunk=2)
    assert ([one.case_no for one in found.moved], found.moved_count) == (["0000", "0001", "0002"], 9)


def test_nothing_played_is_nothing_found() -> None:
    assert rehearsed(plain_city(), plain_city(), []) == Rehearsed(
        cases=0, skipped={}, moved_count=0, unowned_count=0, units=(), moved=()
    )
