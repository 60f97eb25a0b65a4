"""Which row of a policy wins, for what, when; and which two may not stand beside each other."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dispatch.codes import Kind, Source
from app.dispatch.policies import DEFAULTS
from app.dispatch.policy_book import CITY, About, PolicyBook, PolicyRow, Selectors, clash, rank

NOON = datetime(2026, 3, 10, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)
LAMP = About(
    kind=Kind.COMPONENT, major="01", minor="21", source=Source.HOTLINE_12345, desk="city", units=("LIGHT", "ROADS")
)


def row(value: Any, policy: str = "extensions_at_most", at: datetime = NOON, **fields: Any) -> PolicyRow:
    until = fields.pop("valid_to", None)
    name = fields.pop("id", repr((value, fields)))
    return PolicyRow(id=name, policy=policy, value=value, selectors=Selectors(**fields), valid_from=at, valid_to=until)


def extensions(about: About, *rows: PolicyRow) -> int:
    return PolicyBook(rows).of(about, NOON).extensions_at_most


def test_without_a_row_the_default_holds_and_nothing_is_made() -> None:
    assert PolicyBook().of(LAMP, NOON) is DEFAULTS
    assert PolicyBook((row(5, source=Source.CITIZEN),)).of(LAMP, NOON) is DEFAULTS


LADDER: tuple[dict[str, Any], ...] = (
    {},
    {"source": Source.HOTLINE_12345},
    {"kind": Kind.COMPONENT},
    {"major": "01"},
    {"kind": Kind.COMPONENT, "major": "01"},
    {"major": "01", "minor": "21"},
    {"kind": Kind.COMPONENT, "major": "01", "minor": "21"},
    {"desk": "city"},
    {"unit_code": "ROADS"},
    {"unit_code": "LIGHT"},
    {"kind": Kind.COMPONENT, "source": Source.HOTLINE_12345},
    {"major": "01", "minor": "21", "source": Source.HOTLINE_12345},
    {"desk": "city", "source": Source.HOTLINE_12345},
    {"desk": "city", "kind": Kind.COMPONENT},
    {"unit_code": "ROADS", "source": Source.HOTLINE_12345},
    {"unit_code": "LIGHT", "source": Source.HOTLINE_12345},
    {"unit_code": "LIGHT", "kind": Kind.COMPONENT},
    {"unit_code": "LIGHT", "desk": "city"},
    {"desk": "city", "kind": Kind.COMPONENT, "source": Source.HOTLINE_12345},
    {"unit_code": "LIGHT", "desk": "city", "major": "01", "source": Source.HOTLINE_12345},
)
"""Selectors from the least to the most specific, ordered by hand."""


@pytest.mark.parametrize("number", range(1, len(LADDER)), ids=lambda number: str(sorted(LADDER[number])))
def test_each_step_of_the_ladder_wins_over_all_below_it(number: int) -> None:
    rows = [row(place, **selected) for place, selected in enumerate(LADDER[: number + 1])]
    assert extensions(LAMP, *rows) == number
    assert extensions(LAMP, *reversed(rows)) == number


@pytest.mark.parametrize(
    "selected",
    [
        {"kind": Kind.EVENT},
        {"major": "02"},
        {"major": "01", "minor": "22"},
        {"source": Source.CITIZEN},
        {"desk": "T1"},
        {"unit_code": "GREEN"},
        {"kind": Kind.COMPONENT, "desk": "T1"},
    ],
)
def test_a_row_for_something_else_does_not_apply(selected: dict[str, Any]) -> None:
    assert rank(row(9, **selected), LAMP) is None
    assert extensions(LAMP, row(9, **selected)) == DEFAULTS.extensions_at_most


def test_what_is_not_known_is_named_by_no_row() -> None:
    rows = (row(3), row(9, kind=Kind.EVENT), row(9, desk="city"), row(9, unit_code="ROADS"))
    assert extensions(CITY, *rows) == 3


def test_a_row_holds_from_its_first_instant_until_before_its_last() -> None:
    rows = (row(7, valid_to=NOON + HOUR), row(4, at=NOON + 2 * HOUR))
    instants = (NOON - HOUR, NOON, NOON + HOUR - timedelta(microseconds=1), NOON + HOUR, NOON + 2 * HOUR)
    book = PolicyBook(rows)
    for _ in range(2):  # what is remembered is remembered for its own stretch of time
        assert [book.of(LAMP, at).extensions_at_most for at in instants] == [2, 7, 7, 2, 4]


def test_rows_of_other_policies_do_not_touch_each_other() -> None:
    found = PolicyBook((row(5), row(True, "auto_dispatch", desk="city"))).of(LAMP, NOON)
    assert (found.extensions_at_most, found.auto_dispatch, found.auto_accept) == (5, True, False)


def test_every_value_that_may_be_wanted_is_told_the_citys_own_first() -> None:
    book = PolicyBook(
        (row(True, "auto_close"), row(False, "auto_close", desk="T1"), row(True, "auto_file", major="09"))
    )
    assert book.values("auto_close", NOON) == (True, False)
    assert book.values("auto_file", NOON) == (False, True)
    assert book.values("auto_file", NOON - HOUR) == (False,)


def test_the_decisive_row_can_be_named() -> None:
    rows = (row(1), row(2, desk="city"), row(3, desk="T1"))
    found = PolicyBook(rows).decisive("extensions_at_most", LAMP, NOON)
    assert found is rows[1]
    assert PolicyBook(rows).decisive("auto_close", LAMP, NOON) is None


def test_two_rows_clash_only_where_all_of_it_is_the_same_but_the_value() -> None:
    first = row(5, id="a", desk="city", valid_to=NOON + HOUR)
    assert clash(row(6, id="b", desk="city"), [first]) is first
    assert clash(row(5, id="b", desk="city"), [first]) is None
    assert clash(row(6, id="b", desk="city", at=NOON + HOUR), [first]) is None
    assert clash(row(6, id="b", desk="T1"), [first]) is None
    assert clash(row(6, id="b"), [first]) is None
    assert clash(row(6, id="b", policy="suspensions_a_round", desk="city"), [first]) is None


CODES = st.sampled_from(["01", "02"])
SELECTORS = st.builds(
    Selectors,
    kind=st.none() | st.sampled_from(Kind),
    major=st.none() | CODES,
    source=st.none() | st.sampled_from([Source.CITIZEN, Source.VIDEO]),
    desk=st.none() | st.sampled_from(["city", "T1"]),
    unit_code=st.none() | st.sampled_from(["A", "B", "C"]),
)
ABOUTS = st.builds(
    About,
    kind=st.sampled_from(Kind),
    major=CODES,
    minor=st.just("05"),
    source=st.sampled_from([Source.CITIZEN, Source.VIDEO]),
    desk=st.sampled_from(["city", "T1"]),
    units=st.sampled_from([("A",), ("B", "A"), ("C", "B", "A"), ()]),
)


@given(rows=st.lists(st.tuples(SELECTORS, st.integers(0, 20)), max_size=12), about=ABOUTS)
def test_no_two_different_selectors_are_equally_specific_and_the_memory_changes_nothing(
    rows: list[tuple[Selectors, int]], about: About
) -> None:
    made = [
        PolicyRow(id=str(number), policy="extensions_at_most", value=value, selectors=one, valid_from=NOON)
        for number, (one, value) in enumerate(rows)
    ]
    fits = [(place, one) for one in made if (place := rank(one, about)) is not None]
    places = {place[:5]: one.selectors for place, one in fits}
    assert len(places) == len({one.selectors for _, one in fits})
    book = PolicyBook(tuple(made))
    best = max(fits, key=lambda pair: pair[0])[1].value if fits else DEFAULTS.extensions_at_most
    assert [book.of(about, NOON).extensions_at_most for _ in range(2)] == [best, best]
    named = book.decisive("extensions_at_most", about, NOON)
    assert (named.value if named else DEFAULTS.extensions_at_most) == best
