import dataclasses
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from app.dispatch.case_life import Clocked, Deadline
from app.dispatch.changing import replace
from app.dispatch.codes import LimitUnit
from app.dispatch.limits import Limit

AT = datetime(2026, 3, 2, tzinfo=UTC)
CLOCK = Clocked(limit=Limit(value=Decimal(4), unit=LimitUnit.WORK_HOUR))


def test_a_changed_value_is_what_the_standard_library_makes_of_it() -> None:
    deadline = Deadline(due_at=AT + timedelta(days=1), yellow_at=AT, provisional=True)
    changed = replace(CLOCK, start=AT, deadline=deadline)
    assert changed == dataclasses.replace(CLOCK, start=AT, deadline=deadline)
    assert CLOCK.start is None
    with pytest.raises(dataclasses.FrozenInstanceError):
        changed.start = None  # type: ignore[misc]  # that is the question


def test_a_field_that_is_none_is_refused() -> None:
    with pytest.raises(TypeError, match="finish"):
        replace(CLOCK, finish=AT)


def test_what_checks_itself_is_not_changed_behind_its_back() -> None:
    @dataclasses.dataclass(frozen=True, slots=True)
    class Checked:
        least: int
        most: int

        def __post_init__(self) -> None:
            raise AssertionError

    with pytest.raises(TypeError):
        replace(object.__new__(Checked), most=1)
