from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dispatch.duplicates import DuplicateReach, OpenCase, rank, score

metres = st.floats(min_value=0.0, max_value=80.0)
ages = st.timedeltas(min_value=timedelta(), max_value=timedelta(days=20))


def case(distance_m: float, age: timedelta, *, same_component: bool = False, number: int = 1) -> OpenCase:
    return OpenCase(
        case_id=UUID(int=number), case_no=f"{number:03d}", distance_m=distance_m, age=age, same_component=same_component
    )


@pytest.mark.parametrize(
    ("distance_m", "days", "expected"),
    [
        pytest.param(0, 0, 0.99, id="here and now, but not certain"),
        pytest.param(25, 0, 0.65, id="half the radius"),
        pytest.param(0, 7.5, 0.85, id="half the time"),
        pytest.param(50, 15, 0.0, id="the edge of reach belongs to it"),
        pytest.param(50.1, 0, None, id="too far"),
        pytest.param(0, 15.1, None, id="too old"),
    ],
)
def test_score(distance_m: float, days: float, expected: float | None) -> None:
    assert score(case(distance_m, timedelta(days=days))) == expected


def test_the_same_component_is_certain_wherever_the_point_fell() -> None:
    assert score(case(400.0, timedelta(days=40), same_component=True)) == 1.0


def test_the_likeliest_comes_first() -> None:
    cases = [
        case(40, timedelta(days=1), number=1),
        case(300, timedelta(days=1), number=2),
        case(5, timedelta(days=1), number=3),
        case(70, timedelta(days=1), same_component=True, number=4),
        case(5, timedelta(days=1), number=5),
    ]
    assert [found.case_no for found in rank(cases)] == ["004", "003", "005", "001"]
    assert [found.case_no for found in rank(cases, DuplicateReach(radius_m=6.0))] == ["004", "003", "005"]


@given(metres, metres, ages, ages)
def test_nearer_and_younger_is_never_less_likely(a: float, b: float, young: timedelta, old: timedelta) -> None:
    better = score(case(min(a, b), min(young, old)))
    worse = score(case(max(a, b), max(young, old)))
    assert worse is None or (better is not None and 0.0 <= worse <= better < 1.0)
