"""The chain is stable over storage, and no tampering inside it goes unseen."""

import hashlib
import json
import math
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dispatch.chain import canonical, link, plain, text_digest, verify
from app.dispatch.codes import Kind

Row = dict[str, object]

letters = 'aB0 é张𠮷\u200b\n"\\'  # one of each kind that JSON could treat in its own way
scalars = st.none() | st.booleans() | st.integers() | st.text(letters, max_size=12)
payloads = st.dictionaries(st.text(letters, max_size=6), scalars, max_size=4)
histories = st.lists(payloads, min_size=2, max_size=8)


def chained(contents: list[dict[str, object]]) -> list[Row]:
    rows: list[Row] = []
    previous: str | None = None
    for number, payload in enumerate(contents, start=1):
        row: Row = {"number": number, "case": "c1", "payload": payload}
        previous = link(previous, row)
        rows.append({**row, "hash": previous})
    return rows


def test_the_canonical_form_is_spelled_by_hand() -> None:
    row: Row = {
        "to": Kind.EVENT,
        "at": datetime(2026, 3, 2, 8, 0, tzinfo=timezone(timedelta(hours=8))),
        "id": UUID(int=1),
        "b": b"\x01",
        "价": [Decimal("1.50"), 1.0, None, True],
    }
    assert canonical(row).decode() == (
        '{"at":"2026-03-02T00:00:00.000000Z","b":"01","id":"00000000-0000-0000-0000-000000000001",'
        '"to":"event","价":["1.50",1,null,true]}'
    )


def test_the_first_link_is_sha256_of_the_printed_bytes() -> None:
    expected = hashlib.sha256(b'{"previous":null,"row":{"number":1}}').hexdigest()
    assert link(None, {"number": 1}) == expected
    assert link(None, {"number": 1, "hash": "anything"}) == expected


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan, datetime(2026, 1, 1)])  # noqa: DTZ001  # naive is the point
def test_values_without_a_form_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match="canonical"):
        canonical({"v": value})


@pytest.mark.parametrize("value", [{1: "a"}, {"a": {2}}, object()])
def test_types_without_a_form_are_refused(value: object) -> None:
    with pytest.raises(TypeError):
        canonical(value)


@given(st.dictionaries(st.text("abc", max_size=3), scalars | st.floats(allow_nan=False, allow_infinity=False)))
def test_a_journey_through_json_changes_no_hash(row: Row) -> None:
    # jsonb keeps exact decimals: a number comes back without exponent, negative zero without its sign
    stored = json.loads(json.dumps(plain(row)), parse_float=lambda text: float(format(Decimal(text), "f")))
    assert link("x", stored) == link("x", row)


def test_numbers_that_jsonb_prints_otherwise_hash_the_same() -> None:
    assert link(None, {"v": 1e16}) == link(None, {"v": 10000000000000000})
    assert link(None, {"v": -0.0}) == link(None, {"v": 0})


@given(histories)
def test_an_untouched_chain_holds(contents: list[dict[str, object]]) -> None:
    assert verify(chained(contents)) is None


def test_an_empty_chain_holds() -> None:
    assert verify([]) is None


@given(histories, st.data())
def test_an_edit_is_found_at_its_number(contents: list[dict[str, object]], data: st.DataObject) -> None:
    rows = chained(contents)
    at = data.draw(st.integers(0, len(rows) - 1))
    rows[at] = {**rows[at], "payload": {"forged": contents[at]}}
    assert verify(rows) == at + 1


@given(histories, st.data())
def test_an_edit_with_its_own_hash_mended_breaks_the_next(
    contents: list[dict[str, object]], data: st.DataObject
) -> None:
    rows = chained(contents)
    at = data.draw(st.integers(0, len(rows) - 2))
    forged = {**rows[at], "payload": {"forged": contents[at]}}
    previous = None if at == 0 else str(rows[at - 1]["hash"])
    rows[at] = {**forged, "hash": link(previous, forged)}
    assert verify(rows) == at + 2


@given(histories, st.data())
def test_a_deletion_before_the_tail_is_found(contents: list[dict[str, object]], data: st.DataObject) -> None:
    rows = chained(contents)
    at = data.draw(st.integers(0, len(rows) - 2))
    del rows[at]
    assert verify(rows) == at + 1


@given(histories, st.data())
def test_an_insertion_is_found(contents: list[dict[str, object]], data: st.DataObject) -> None:
    rows = chained(contents)
    at = data.draw(st.integers(0, len(rows) - 1))
    previous = None if at == 0 else str(rows[at - 1]["hash"])
    extra: Row = {"number": at + 1, "case": "c1", "payload": {"forged": True, "was": contents[at]}}
    rows.insert(at, {**extra, "hash": link(previous, extra)})
    assert verify(rows) == at + 2


@given(histories, st.data())
def test_a_swap_is_found(contents: list[dict[str, object]], data: st.DataObject) -> None:
    rows = chained(contents)
    one, two = sorted(data.draw(st.lists(st.integers(0, len(rows) - 1), min_size=2, max_size=2, unique=True)))
    rows[one], rows[two] = rows[two], rows[one]
    assert verify(rows) == one + 1


@given(histories, st.data())
def test_a_clone_is_found(contents: list[dict[str, object]], data: st.DataObject) -> None:
    rows = chained(contents)
    at = data.draw(st.integers(0, len(rows) - 1))
    rows.insert(at + 1, dict(rows[at]))
    assert verify(rows) == at + 2


def test_a_row_taken_from_another_case_is_found() -> None:
    ours, theirs = chained([{"a": 1}, {"a": 2}]), chained([{"b": 1}, {"b": 2}])
    assert verify([ours[0], theirs[1]]) == 2


def test_a_text_stands_in_the_chain_by_its_salted_hash() -> None:
    salt = bytes(range(16))
    assert text_digest(salt, "树倒了") == hashlib.sha256(salt + "树倒了".encode()).hexdigest()
    assert text_digest(salt, "树倒了") != text_digest(bytes(16), "树倒了")
    with pytest.raises(ValueError, match="16"):
        text_digest(b"short", "树倒了")
