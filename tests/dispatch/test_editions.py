"""What is in force at an instant follows from the schedule, whoever was awake then."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dispatch.editions import NEEDED, SetHead, editions, in_force, instants, intervals
from app.dispatch.set_codes import SetKind, SetState

NOON = datetime(2026, 3, 10, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)


def head(number: int, kind: SetKind, state: SetState, at: datetime | None = NOON) -> SetHead:
    return SetHead(id=UUID(int=number), kind=kind, name="s", version=number, state=state, active_from=at)


OLD_RULES = head(1, SetKind.RULES, SetState.ACTIVE)
OLD_CELLS = head(2, SetKind.CELLS, SetState.ACTIVE)
RULES_AT_ONE = head(3, SetKind.RULES, SetState.SCHEDULED, NOON + HOUR)
CELLS_AT_ONE = head(4, SetKind.CELLS, SetState.SCHEDULED, NOON + HOUR)
RULES_AT_TWO = head(5, SetKind.RULES, SetState.SCHEDULED, NOON + 2 * HOUR)
HEADS = [RULES_AT_TWO, CELLS_AT_ONE, OLD_RULES, RULES_AT_ONE, OLD_CELLS]


def test_each_instant_takes_the_next_number_and_what_begins_then_begins_together() -> None:
    now, at_one, at_two = editions(HEADS, number=7, since=NOON)
    assert [one.number for one in (now, at_one, at_two)] == [7, 8, 9]
    assert now.sets == {SetKind.RULES: OLD_RULES, SetKind.CELLS: OLD_CELLS}
    assert at_one.sets == {SetKind.RULES: RULES_AT_ONE, SetKind.CELLS: CELLS_AT_ONE}
    assert at_two.sets == {SetKind.RULES: RULES_AT_TWO, SetKind.CELLS: CELLS_AT_ONE}
    assert instants(HEADS) == [NOON + HOUR, NOON + 2 * HOUR]


@pytest.mark.parametrize(
    ("at", "number"),
    [
        (NOON - 100 * HOUR, 7),
        (NOON + HOUR - timedelta(microseconds=1), 7),
        (NOON + HOUR, 8),
        (NOON + 2 * HOUR, 9),
        (NOON + 99 * HOUR, 9),
    ],
)
def test_a_scheduled_edition_is_in_force_from_its_very_instant(at: datetime, number: int) -> None:
    assert in_force(editions(HEADS, number=7, since=NOON), at).number == number


def test_each_set_holds_until_the_next_of_its_kind() -> None:
    assert intervals(HEADS) == {
        OLD_RULES.id: NOON + HOUR,
        RULES_AT_ONE.id: NOON + 2 * HOUR,
        RULES_AT_TWO.id: None,
        OLD_CELLS.id: NOON + HOUR,
        CELLS_AT_ONE.id: None,
    }


@given(st.lists(st.tuples(st.sampled_from(["rules", "cells", "zones"]), st.integers(1, 5)), unique=True))
def test_intervals_and_editions_tell_the_same(planned: list[tuple[str, int]]) -> None:
    """A set stands in an edition exactly when the edition's instant lies in the set's interval."""
    heads = [OLD_RULES, OLD_CELLS]
    heads += [
        head(10 + number, SetKind(kind), SetState.SCHEDULED, NOON + hours * HOUR)
        for number, (kind, hours) in enumerate(planned)
    ]
    ends = intervals(heads)
    for edition in editions(heads, number=1, since=NOON):
        at = edition.since or NOON
        held = {one.id for one in heads if one.active_from and one.active_from <= at and _lasts(ends[one.id], at)}
        assert held == set(edition.ids.values())


def _lasts(end: datetime | None, at: datetime) -> bool:
    return end is None or at < end


def test_a_book_needs_what_locates_decides_and_times() -> None:
    heads = [head(number, kind, SetState.ACTIVE) for number, kind in enumerate(sorted(NEEDED))]
    assert editions(heads, number=1, since=NOON)[0].complete
    assert not editions(heads[1:], number=1, since=NOON)[0].complete


def test_editions_of_one_number_may_differ_until_they_begin() -> None:
    first = editions(HEADS, number=7, since=NOON)[1]
    again = editions([one for one in HEADS if one is not CELLS_AT_ONE], number=7, since=NOON)[1]
    assert first.number == again.number
    assert not first.same_as(again)
    assert first.same_as(editions(HEADS, number=7, since=None)[1])
