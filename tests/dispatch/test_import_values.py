"""What single cells of files are read as, and what is refused because digits or meaning are gone."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dispatch.importing.findings import MOST_KEPT, Ledger, Where
from app.dispatch.importing.rules import own_minor
from app.dispatch.importing.tables import Field, header_at, plain
from app.dispatch.importing.values import (
    Unfit,
    as_bool,
    as_code,
    as_day,
    as_instant,
    as_int,
    as_list,
    as_slots,
    as_text,
)


@pytest.mark.parametrize(
    ("value", "width", "code"),
    [
        ("0101", None, "0101"),
        (101, 4, "0101"),
        (101.0, 4, "0101"),
        ("101.0", 4, "0101"),
        ("1.01E2", 4, "0101"),
        ("1.01e+02", 4, "0101"),
        ("'0101", 4, "0101"),
        ("０１０１", 4, "0101"),
        (1, 2, "01"),
        ("310109001001001", None, "310109001001001"),
        (310109001001001.0, None, "310109001001001"),
        ("3.10109001001001E+14", None, "310109001001001"),
        ("1.5", None, "1.5"),
        ("A-1", 4, "A-1"),
        ("  ", 2, None),
        (float("nan"), 2, None),
        (None, 2, None),
    ],
)
def test_codes_come_back(value: object, width: int | None, code: str | None) -> None:
    assert as_code(value, width=width) == code


@pytest.mark.parametrize(
    "value", ["3.10109E+14", "1E2", "1.015E2", "-1.01E2", "1E400", "1E-2", "1E99999999999", "1E999999"]
)
def test_codes_whose_digits_are_gone_are_refused(value: str) -> None:
    with pytest.raises(Unfit) as caught:
        as_code(value)
    assert caught.value.code == "ambiguous_code"


@pytest.mark.parametrize("value", ["1E99999999999", "1E999999", "1.5", "x", "NaN", "Infinity"])
def test_what_is_no_whole_number_is_refused(value: str) -> None:
    with pytest.raises(Unfit):
        as_int(value)


def test_numbers_of_spreadsheets_hold_fifteen_digits() -> None:
    assert as_code(310109001001001, rounded=True) == "310109001001001"
    assert as_code("3101090010010017", rounded=True) == "3101090010010017"
    with pytest.raises(Unfit):
        as_code(3101090010010017, rounded=True)


@given(st.integers(min_value=0, max_value=10**15 - 1))
def test_every_way_a_program_writes_a_whole_number_is_the_same_code(number: int) -> None:
    code = str(number)
    assert as_code(number) == as_code(float(number)) == as_code(f"{number}.0") == as_code(f" {code} ") == code
    assert as_code(f"{number:.15E}") == code


@given(st.one_of(st.text(max_size=30), st.floats(), st.integers(), st.none(), st.booleans()))
def test_nothing_but_unfit_is_ever_raised(value: object) -> None:
    for read in (as_text, as_code, as_bool, as_int, as_day, as_instant, as_list, as_slots):
        try:
            read(value)
        except Unfit as error:
            assert str(error)  # noqa: PT017  # either outcome is right


@pytest.mark.parametrize(
    ("raw", "major", "minor"), [("5", "03", "05"), (305, "03", "05"), ("0305", "03", "05"), (None, "03", None)]
)
def test_a_minor_is_its_own_two_digits(raw: object, major: str, minor: str | None) -> None:
    assert own_minor(raw, major) == minor


@pytest.mark.parametrize(("raw", "major"), [("405", "03"), ("305", None), ("30305", "03")])
def test_a_minor_of_another_major_is_refused(raw: str, major: str | None) -> None:
    with pytest.raises(Unfit):
        own_minor(raw, major)


@pytest.mark.parametrize(
    "text", ["2026-11-21", "2026/11/21", "2026/1/2", "20261121", "2026年11月21日", "2026-11-21 00:00:00"]
)
def test_days_are_read_as_people_write_them(text: str) -> None:
    assert as_day(text) in {date(2026, 11, 21), date(2026, 1, 2)}


def test_a_bare_day_is_local_midnight() -> None:
    assert as_instant("2026-11-21") == datetime(2026, 11, 20, 16, tzinfo=UTC)
    assert as_instant("2026-11-21T08:00:00") == datetime(2026, 11, 21, tzinfo=UTC)
    assert as_instant("2026/11/21 08:00:00+08") == datetime(2026, 11, 21, tzinfo=UTC)
    assert as_instant(datetime(2026, 11, 21, 8)) == datetime(2026, 11, 21, tzinfo=UTC)  # noqa: DTZ001  # as openpyxl gives it


def test_lists_and_slots() -> None:
    assert as_list("a；b、c,d e") == ("a", "b", "c", "d", "e")
    assert as_list('["a", "b c"]') == ("a", "b c")
    assert as_slots("8:00-12:00；14:00－18:00") == [["08:00", "12:00"], ["14:00", "18:00"]]
    with pytest.raises(Unfit):
        as_slots("全天")


def test_headings_are_known_in_any_case_width_and_with_remarks() -> None:
    assert plain("Manager_Unit（必填）") == plain("manager unit") == "managerunit"
    fields = (Field(name="code", also=("代码",)), Field(name="name", also=("名称",)))
    assert header_at([["单位表"], ["代 码", "名称(全称)"]], fields) == 1
    assert header_at([["x", "y"]], fields) is None


def test_rare_kinds_are_never_hidden_by_frequent_ones() -> None:
    ledger = Ledger()
    for number in range(5000):
        ledger.error("overlap", Where(feature=number), "x")
        ledger.warn("gap", Where(feature=number), "x")
    ledger.error("nan_coordinate", Where(feature=7), "x")
    told = ledger.told()
    assert len(told) == MOST_KEPT
    assert {one.code for one in told} == {"overlap", "gap", "nan_coordinate"}
    assert [one.severity for one in told] == sorted((one.severity for one in told), key=lambda s: s != "error")
    assert ledger.tally() == {
        "errors": 5001,
        "warnings": 5000,
        "findings": {"gap": 5000, "nan_coordinate": 1, "overlap": 5000},
    }
