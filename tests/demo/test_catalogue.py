"""The shipped catalogue against its own shape and, where at hand, against the published table it was phrased from."""

import csv
import re
from collections import defaultdict
from pathlib import Path
from typing import Final

import pytest

from app.demo.catalogue import CatalogueRow, load_catalogue
from app.dispatch.codes import Kind

PUBLISHED: Final = Path(__file__).parents[2].parent / "shared" / "facts" / "city_catalogue.csv"
LIMIT: Final = re.compile(r"[1-9]\d?(紧急工作时|紧急工作日|工作时|工作日)")
UNITS: Final = {
    "continuous_hour": "紧急工作时",
    "continuous_day": "紧急工作日",
    "work_hour": "工作时",
    "work_day": "工作日",
}

Minor = tuple[Kind, str, str]


@pytest.fixture(scope="module")
def rows() -> tuple[CatalogueRow, ...]:
    return load_catalogue()


@pytest.fixture(scope="module")
def published() -> list[dict[str, str]]:
    if not PUBLISHED.exists():
        pytest.skip("the published table is not at hand")
    with PUBLISHED.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def minors(rows: tuple[CatalogueRow, ...]) -> dict[Minor, list[CatalogueRow]]:
    grouped: defaultdict[Minor, list[CatalogueRow]] = defaultdict(list)
    for row in rows:
        grouped[row.kind, row.major_code, row.minor_code].append(row)
    return grouped


def bare(text: str) -> str:
    """Drop punctuation and blanks: moving a comma is no new wording."""
    return re.sub(r"[\W_]", "", text)


def figures(text: str) -> list[str]:
    """List the numbers in a text, without those that only number its parts (`1、…;2、…`)."""
    return sorted(re.findall(r"\d+(?:\.\d+)?", re.sub(r"(?<!\d)\d、(?!\d)", "", text)))


def test_it_holds_190_minors_and_519_conditions(rows: tuple[CatalogueRow, ...]) -> None:
    assert (len(minors(rows)), len(rows)) == (190, 519)


def test_each_minor_numbers_its_one_to_eight_conditions_without_gaps(rows: tuple[CatalogueRow, ...]) -> None:
    for minor, conditions in minors(rows).items():
        assert [row.condition for row in conditions] == list(range(1, len(conditions) + 1)), minor
        assert len(conditions) <= 8, minor


def test_one_code_has_one_name(rows: tuple[CatalogueRow, ...]) -> None:
    majors = {(row.kind, row.major_code): row.major_name for row in rows}
    for minor, conditions in minors(rows).items():
        assert {row.minor_name for row in conditions} == {conditions[0].minor_name}, minor
        assert {row.major_name for row in conditions} == {majors[minor[:2]]}, minor


def test_the_conditions_of_one_minor_can_be_told_apart(rows: tuple[CatalogueRow, ...]) -> None:
    for minor, conditions in minors(rows).items():
        assert len({row.filing_condition for row in conditions}) == len(conditions), minor


def test_codes_are_two_digits_and_limits_are_readable(rows: tuple[CatalogueRow, ...]) -> None:
    for row in rows:
        assert re.fullmatch(r"\d\d", row.major_code), row
        assert re.fullmatch(r"\d\d", row.minor_code), row
        assert LIMIT.fullmatch(row.limit), row


def test_texts_are_short_and_on_one_line(rows: tuple[CatalogueRow, ...]) -> None:
    for row in rows:
        for text in (row.major_name, row.minor_name, row.filing_condition, row.closing_condition):
            assert 1 <= len(text) <= 40, row
            assert not re.search(r"\s", text), row


def test_one_limit_is_ours_and_says_so(rows: tuple[CatalogueRow, ...]) -> None:
    ours = [row for row in rows if row.limit_source == "house default"]
    assert [(row.kind, row.major_code, row.minor_code, row.condition, row.limit) for row in ours] == [
        (Kind.EVENT, "01", "22", 1, "2工作时")
    ]
    assert {row.limit_source for row in rows} == {"house default", "city practice"}


def test_a_broken_cover_reads_as_we_phrase_it(rows: tuple[CatalogueRow, ...]) -> None:
    [cover] = [r for r in rows if (r.kind, r.major_code, r.minor_code, r.condition) == (Kind.COMPONENT, "01", "01", 2)]
    assert (cover.minor_name, cover.filing_condition, cover.limit, cover.closing_condition, cover.limit_source) == (
        "上水井盖",
        "破口大于25平方厘米",
        "4工作时",
        "已换新或修好",
        "city practice",
    )


def test_codes_names_and_limits_are_the_published_ones(
    rows: tuple[CatalogueRow, ...], published: list[dict[str, str]]
) -> None:
    for row, source in zip(rows, published, strict=True):
        assert (row.kind, row.major_code, row.minor_code, str(row.condition)) == (
            source["kind"],
            source["major_code"],
            source["minor_code"],
            source["condition_no"],
        )
        assert (row.major_name, row.minor_name) == (source["major_name"], "".join(source["minor_name"].split()))
        if source["limit_value"]:
            assert row.limit == source["limit_value"] + UNITS[source["limit_unit"]], row
        assert row.limit_source == ("city practice" if source["limit_value"] else "house default"), row


def test_no_text_is_copied(rows: tuple[CatalogueRow, ...], published: list[dict[str, str]]) -> None:
    theirs = {
        bare(source[column])
        for source in published
        for column in ("filing_condition_as_published", "closing_condition_as_published")
    }
    ours = {bare(text) for row in rows for text in (row.filing_condition, row.closing_condition)}
    assert ours & theirs == set()


def test_every_figure_is_kept(rows: tuple[CatalogueRow, ...], published: list[dict[str, str]]) -> None:
    for row, source in zip(rows, published, strict=True):
        assert figures(row.filing_condition) == figures(source["filing_condition_as_published"]), row
        assert figures(row.closing_condition) == figures(source["closing_condition_as_published"]), row
