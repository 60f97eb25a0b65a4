from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dispatch.retries import GIVE_UP_AFTER, Next, after_failure

START = datetime(2026, 3, 10, 1, 0, tzinfo=UTC)


def follows(
    failures: int,
    *,
    wish: timedelta | None = None,
    final: bool = False,
    age: timedelta = timedelta(),
    chance: float = 0.5,
) -> Next:
    now = START + age
    return after_failure(failures=failures, created_at=START, now=now, wish=wish, final=final, chance=chance)


@pytest.mark.parametrize(
    ("failures", "seconds"), [(1, 5), (2, 30), (3, 120), (4, 600), (5, 3600), (6, 10800), (7, 21600), (20, 21600)]
)
def test_the_delay_grows_and_then_stays(failures: int, seconds: int) -> None:
    assert follows(failures) == Next(at=START + timedelta(seconds=seconds), parked=False)


def test_what_partners_wish_is_honoured_where_it_is_longer_and_not_absurd() -> None:
    assert follows(1, wish=timedelta(minutes=5)).at == START + timedelta(minutes=5)
    assert follows(5, wish=timedelta(minutes=5)).at == START + timedelta(hours=1)
    assert follows(1, wish=timedelta(days=900)).at == START + timedelta(days=1)


def test_an_event_is_given_up_after_three_days_or_at_once_where_the_address_is_gone() -> None:
    assert not follows(9, age=GIVE_UP_AFTER - timedelta(seconds=1)).parked
    assert follows(9, age=GIVE_UP_AFTER).parked
    assert follows(1, final=True).parked


@given(failures=st.integers(1, 50), chance=st.floats(0, 1, exclude_max=True))
def test_chance_spreads_by_a_fifth_at_most(failures: int, chance: float) -> None:
    usual, spread = follows(failures).at - START, follows(failures, chance=chance).at - START
    assert usual * 0.79 <= spread <= usual * 1.21


@given(chance=st.floats(0, 1, exclude_max=True))
def test_three_days_hold_at_least_fifteen_tries(chance: float) -> None:
    age, tries = timedelta(), 1
    while not (step := follows(tries, age=age, chance=chance)).parked:
        age, tries = step.at - START, tries + 1
    assert tries >= 15
    assert GIVE_UP_AFTER <= age < GIVE_UP_AFTER + timedelta(hours=8)
