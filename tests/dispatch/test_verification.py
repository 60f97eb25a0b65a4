"""Published figures are found again in their counts, and misprints are not."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dispatch.appraisal import half_up
from app.dispatch.errors import BadInput, TooLarge
from app.dispatch.verification import PublishedRow, Reproduction, VerifiedRate, verify

BULLETINS = Path(__file__).parents[2].parent / "shared" / "vectors" / "bulletins.json"


def check(rate: str, published: str, **counts: int) -> VerifiedRate:
    (row,) = verify([PublishedRow(name="全市", counts=counts, published={rate: published})])
    return row.rates[rate]


def pairs(verdict: VerifiedRate) -> list[tuple[str, str, bool]]:
    return [(r.numerator, r.denominator, r.capped) for r in verdict.reproduced_by]


def printed_figures() -> Iterator[Any]:
    if not BULLETINS.exists():
        return
    for bulletin in json.loads(BULLETINS.read_text("utf-8")):
        for row in bulletin["rows"]:
            for figure in row["rates"]:
                yield pytest.param(row["counts"], figure, id=f"{bulletin['id']} {row['name']} {figure['rate']}")


@pytest.mark.skipif(not BULLETINS.exists(), reason="the published figures lie outside a plain clone")
@pytest.mark.parametrize(("counts", "figure"), list(printed_figures()))
def test_a_published_figure_is_found_and_a_misprint_is_not(counts: dict[str, int], figure: dict[str, Any]) -> None:
    verdict = check(figure["rate"], figure["published"], **counts)
    assert verdict.matches is not figure["source_error"]
    if not figure["source_error"]:
        assert (figure["numerator"], figure["denominator"], figure["capped"]) in pairs(verdict)


def test_the_default_comes_first_and_free_pairs_after_it() -> None:
    verdict = check("closure_rate", "50%", mine=1, yours=2, closed=3, to_close=6, filed=6)
    assert verdict.reproduced_by == (
        Reproduction(numerator="closed", denominator="to_close", capped=False, definition="default"),
        Reproduction(numerator="closed", denominator="filed", capped=False, definition="by_filed"),
        Reproduction(numerator="mine", denominator="yours", capped=False),
    )
    assert str(verdict.value) == "50.00"


def test_a_misprint_matches_nothing_and_shows_the_true_value() -> None:
    verdict = check("on_time_closure_rate", "89.45%", to_close=1024, closed=1024, closed_on_time=918)
    assert (verdict.matches, str(verdict.value)) == (False, "89.65")


@pytest.mark.parametrize(
    ("published", "matches"),
    [("66.67%", True), ("66.7%", True), ("67%", True), ("66.66%", False), ("66.666667", True), ("６６．６７％", True)],
)
def test_a_figure_is_judged_at_its_printed_precision(published: str, matches: bool) -> None:  # noqa: FBT001  # a column
    assert check("closure_rate", published, closed=2, to_close=3).matches is matches


def test_a_published_100_may_be_a_capped_one() -> None:
    verdict = check("closure_rate", "100.00%", closed=5, to_close=1)
    assert pairs(verdict) == [("closed", "to_close", True)]
    assert pairs(check("closure_rate", "500%", closed=5, to_close=1)) == [("closed", "to_close", False)]


def test_what_only_rounds_to_100_is_not_capped() -> None:
    verdict = check("closure_rate", "100%", closed=999, to_close=1000)
    assert pairs(verdict) == [("closed", "to_close", False), ("to_close", "closed", False)]


def test_a_first_pass_rate_is_found_as_a_complement() -> None:
    verdict = check("first_pass_rate", "98.14%", to_close=429, reworked=8)
    assert verdict.reproduced_by == (
        Reproduction(numerator="not_reworked", denominator="to_close", capped=False, definition="default"),
    )
    assert pairs(check("first_pass_rate", "95.83%", base=24, again=1)) == [("not_again", "base", False)]
    assert not check("closure_rate", "95.83%", base=24, again=1).matches


def test_nothing_divides_by_zero() -> None:
    verdict = check("closure_rate", "0%", closed=0, to_close=0)
    assert (verdict.matches, verdict.value) == (False, None)


@pytest.mark.parametrize("published", ["", "无数据", "-1%", "93.72%%", "0.9372e2", "1/2", "9" * 8, "九十%", "93,72%"])
def test_what_is_no_percentage_is_refused_with_its_place(published: str) -> None:
    with pytest.raises(BadInput) as caught:
        check("closure_rate", published, closed=1, to_close=1)
    assert "closure_rate" in str(caught.value.fields)


def test_an_unknown_rate_is_refused() -> None:
    with pytest.raises(BadInput):
        check("closing_rate", "1%", a=1, b=1)


def test_more_work_than_a_second_is_refused() -> None:
    row = PublishedRow(name="长", counts={f"c{i}": i for i in range(60)}, published={"closure_rate": "1%"})
    with pytest.raises(TooLarge):
        verify([row] * 600)


@given(st.dictionaries(st.sampled_from("abcdefg"), st.integers(0, 60), min_size=2), st.integers(0, 3), st.data())
def test_exactly_the_pairs_that_print_the_figure_are_found(
    counts: dict[str, int], decimals: int, data: st.DataObject
) -> None:
    top, bottom = data.draw(st.permutations(sorted(counts)))[:2]
    printed = half_up(counts[top], counts[bottom], decimals) if counts[bottom] else 0
    expected = {
        (n, d, half_up(counts[n], counts[d], decimals) != printed)
        for n in counts
        for d in counts
        if n != d and counts[d]
        if (value := half_up(counts[n], counts[d], decimals)) == printed or value > printed == 100
    }
    shown = f"{printed:.{decimals}f}%"
    assert set(pairs(check("closure_rate", shown, **counts))) == expected
