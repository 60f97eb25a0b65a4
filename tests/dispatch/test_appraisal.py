"""Rates: worked examples of printed figures, and properties of rounding, capping and complements."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dispatch.appraisal import (
    COMPLEMENT,
    MAX_COUNT,
    CountsRow,
    Definition,
    RateName,
    RateState,
    evaluate,
    half_up,
    missing,
    rate,
)
from app.dispatch.counts import COUNTS
from app.dispatch.definitions import chosen, default_of, definitions, definitions_of, rates_of
from app.dispatch.errors import BadInput

counts = st.integers(0, MAX_COUNT)
CLOSURE = default_of("closure_rate")


def fields(error: BadInput) -> object:
    return error.fields["errors"][0]["where"]  # type: ignore[index]  # fields are open by type, shaped by BadInput.at


@pytest.mark.parametrize(
    ("closed", "to_close", "value"),
    [
        pytest.param(911, 972, "93.72", id="ordinary"),
        pytest.param(1, 8, "12.50", id="zeros are kept"),
        pytest.param(1, 800, "0.13", id="0.125 goes up"),
        pytest.param(3, 800, "0.38", id="0.375 goes up, where half-even would too"),
        pytest.param(1, 160, "0.63", id="0.625 goes up, where half-even would not"),
        pytest.param(0, 7, "0.00", id="none"),
        pytest.param(7, 7, "100.00", id="all"),
    ],
)
def test_a_rate_prints_half_up_with_two_decimals(closed: int, to_close: int, value: str) -> None:
    made = rate(CLOSURE, {"closed": closed, "to_close": to_close})
    assert (str(made.value), str(made.uncapped), made.state) == (value, value, RateState.OK)
    assert (made.numerator, made.denominator) == (("closed", closed), ("to_close", to_close))


def test_more_closed_than_due_is_capped_with_the_true_value_beside_it() -> None:
    made = rate(CLOSURE, {"closed": 5, "to_close": 1})
    assert (str(made.value), str(made.uncapped)) == ("100.00", "500.00")


def test_nothing_to_divide_by_is_a_state_of_its_own() -> None:
    made = rate(CLOSURE, {"closed": 3, "to_close": 0})
    assert (made.value, made.uncapped, made.state) == (None, None, RateState.NO_CASES)


def test_every_rate_has_one_default_and_it_stands_first() -> None:
    assert {d.rate for d in definitions()} == set(RateName)
    for name in RateName:
        first, *others = definitions_of(name)
        assert first.name == "default"
        assert "default" not in [d.name for d in others]
        pairs = [(d.numerator, d.denominator) for d in (first, *others)]
        assert len(pairs) == len(set(pairs))


@pytest.mark.parametrize(
    ("name", "numerator", "denominator"),
    [
        ("closure_rate", "closed", "to_close"),
        ("on_time_closure_rate", "closed_on_time", "to_close"),
        ("disposal_rate", "disposed", "to_dispose"),
        ("on_time_disposal_rate", "disposed_on_time", "to_dispose"),
        ("rework_rate", "reworked", "to_close"),
        ("extension_rate", "extended", "to_close"),
        ("first_pass_rate", "not_reworked", "to_close"),
        ("dispatch_rate", "dispatched", "filed"),
        ("accurate_dispatch_rate", "dispatched_accurately", "dispatched"),
        ("filing_rate", "taken_up", "accepted"),
        ("valid_report_rate", "valid_reported", "reported"),
        ("satisfaction_rate", "satisfied", "opinion_given"),
        ("solved_rate", "solved", "opinion_given"),
    ],
)
def test_the_defaults_are_the_agreed_ones(name: str, numerator: str, denominator: str) -> None:
    default = default_of(name)
    assert (default.numerator, default.denominator) == (numerator, denominator)


def test_a_named_definition_applies_where_a_rate_has_it() -> None:
    by_filed = {d.rate: d for d in chosen("by_filed")}
    assert list(by_filed) == list(RateName)
    assert by_filed["closure_rate"].denominator == "filed"
    assert by_filed["rework_rate"].denominator == "to_close"
    with pytest.raises(BadInput):
        chosen("by_moon")


def test_every_definition_is_made_of_counts_that_the_service_keeps() -> None:
    kept = {count.name for count in COUNTS}
    for each in definitions():
        assert {each.numerator.removeprefix(COMPLEMENT), each.denominator} <= kept


def test_all_rates_that_the_counts_suffice_for_are_given() -> None:
    given_counts = {"closed": 1, "to_close": 2, "filed": 4, "reworked": 1}
    assert {name: str(made.value) for name, made in rates_of(given_counts).items()} == {
        "closure_rate": "50.00",
        "rework_rate": "50.00",
        "first_pass_rate": "50.00",
    }
    assert str(rates_of(given_counts, "by_filed")["closure_rate"].value) == "25.00"


def test_a_complement_is_derived_within_its_denominator() -> None:
    by_close, by_disposed = definitions_of("first_pass_rate")
    given_counts = {"to_close": 429, "disposed": 400, "reworked": 8}
    assert str(rate(by_close, given_counts).value) == "98.14"
    assert str(rate(by_disposed, given_counts).value) == "98.00"
    assert rate(by_close, {**given_counts, "not_reworked": 300}).numerator == ("not_reworked", 300)


def test_a_remainder_below_zero_is_not_derivable() -> None:
    assert missing(default_of("first_pass_rate"), {"to_close": 3, "reworked": 4}) == ("not_reworked",)


def test_a_row_without_the_counts_says_so_and_keeps_the_rest() -> None:
    own = Definition(rate="own", numerator="a", denominator="b")
    (row,) = evaluate([CountsRow(name="东区", counts={"a": 1, "b": 3})], [own, CLOSURE])
    assert str(row.rates["own"].value) == "33.33"
    assert row.missing == {"closure_rate": ("to_close",)}
    with pytest.raises(BadInput):
        rate(CLOSURE, {"to_close": 3})


@pytest.mark.parametrize("bad", [-1, MAX_COUNT + 1, True, 1.0, "3"])
def test_counts_that_count_nothing_are_refused(bad: object) -> None:
    rows = [CountsRow(name="好", counts={"a": 1}), CountsRow(name="坏", counts={"closed": bad})]  # type: ignore[dict-item]  # the point
    with pytest.raises(BadInput) as caught:
        evaluate(rows, [CLOSURE])
    assert fields(caught.value) == ["rows", 1, "counts", "closed"]


def test_too_many_counts_in_a_row_are_refused() -> None:
    with pytest.raises(BadInput):
        evaluate([CountsRow(name="长", counts={f"c{i}": i for i in range(65)})], [CLOSURE])


def test_two_rates_of_one_name_are_refused() -> None:
    with pytest.raises(BadInput):
        evaluate([], [CLOSURE, CLOSURE])
    with pytest.raises(BadInput):
        default_of("closing_rate")


@given(counts, counts)
def test_a_value_lies_between_0_and_100_and_is_the_capped_one(top: int, bottom: int) -> None:
    made = rate(CLOSURE, {"closed": top, "to_close": bottom})
    if made.value is None or made.uncapped is None:
        assert bottom == 0
        return
    assert 0 <= made.value <= 100
    assert made.value == min(made.uncapped, Decimal(100))


@given(counts, st.integers(1, MAX_COUNT), st.integers(0, 6))
def test_rounding_is_half_up_at_any_precision(top: int, bottom: int, decimals: int) -> None:
    step = Fraction(1, 10**decimals)
    off = Fraction(half_up(top, bottom, decimals)) - Fraction(100 * top, bottom)
    assert -step / 2 < off <= step / 2


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 10**6)), min_size=1, max_size=8))
def test_the_rate_of_sums_lies_between_the_rates_of_the_rows(rows: list[tuple[int, int]]) -> None:
    uncapped = [half_up(top, bottom) for top, bottom in rows]
    total = half_up(sum(top for top, _ in rows), sum(bottom for _, bottom in rows))
    assert min(uncapped) <= total <= max(uncapped)


@given(st.integers(0, 10**9), st.integers(1, 10**9))
def test_a_rate_and_its_complement_add_up_to_100_up_to_one_step(part: int, whole: int) -> None:
    part = min(part, whole)
    total = half_up(part, whole) + half_up(whole - part, whole)
    assert Decimal("100.00") <= total <= Decimal("100.01")
