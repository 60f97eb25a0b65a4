from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from app.dispatch.codes import LimitUnit
from app.dispatch.errors import BadInput
from app.dispatch.grade_limits import GRADES, GradeLimit, graded
from app.dispatch.limits import Limit

FOUR_HOURS = Limit(value=4, unit=LimitUnit.WORK_HOUR)
THREE_DAYS = Limit(value=3, unit=LimitUnit.WORK_DAY)
HALF = GradeLimit(grade="A", factor=Decimal("0.5"))
ONE_DAY_ROUND_THE_CLOCK = GradeLimit(grade="B", limit=Limit(value=1, unit=LimitUnit.CONTINUOUS_DAY))
LONGER = GradeLimit(grade="C", factor=Decimal(2))


class Zones(dict[str, str]):
    def grade_of(self, code: str) -> str | None:
        return self.get(code)


KNOWN = Zones(R1="A", R2="B", M1="C", G1="D")


def told(limit: Limit, *grades: GradeLimit, **zones: str) -> tuple[str, str, str | None]:
    found = graded(limit, "catalogue", zones=zones, known=KNOWN, grades=grades)
    return f"{found.limit.value} {found.limit.unit}", found.source, found.policy


@pytest.mark.parametrize(
    ("limit", "zones", "kept", "source"),
    [
        pytest.param(FOUR_HOURS, {}, "4 work_hour", "catalogue", id="no zone"),
        pytest.param(FOUR_HOURS, {"road": "gone"}, "4 work_hour", "catalogue", id="a zone without a grade"),
        pytest.param(FOUR_HOURS, {"green": "G1"}, "4 work_hour", "catalogue", id="a grade that no row names"),
        pytest.param(
            FOUR_HOURS, {"road": "R1"}, "2 work_hour", "catalogue; zone R1 grade A; policy grade_limits", id="half"
        ),
        pytest.param(
            FOUR_HOURS, {"market": "M1"}, "8 work_hour", "catalogue; zone M1 grade C; policy grade_limits", id="longer"
        ),
        pytest.param(
            FOUR_HOURS,
            {"market": "M1", "road": "R1"},
            "2 work_hour",
            "catalogue; zone R1 grade A; policy grade_limits",
            id="the most demanding of several",
        ),
        pytest.param(
            THREE_DAYS,
            {"road": "R1", "street_front": "R2"},
            "1 continuous_day",
            "catalogue; zone R2 grade B; policy grade_limits",
            id="a day round the clock is shorter than one and a half working days",
        ),
        pytest.param(
            FOUR_HOURS,
            {"road": "R1", "street_front": "R2"},
            "2 work_hour",
            "catalogue; zone R1 grade A; policy grade_limits",
            id="and longer than two working hours",
        ),
    ],
)
def test_the_grade_of_a_zone_has_its_say(limit: Limit, zones: Mapping[str, str], kept: str, source: str) -> None:
    found = told(limit, HALF, ONE_DAY_ROUND_THE_CLOCK, LONGER, **zones)
    assert found == (kept, source, "grade_limits" if "policy" in source else None)


def test_between_equals_the_lowest_code_is_named_and_a_factor_of_one_names_none() -> None:
    known = Zones(R9="A", R1="A")
    found = graded(FOUR_HOURS, "c", zones={"road": "R9", "green": "R1"}, known=known, grades=[HALF])
    assert "zone R1" in found.source
    same = graded(FOUR_HOURS, "c", zones={"road": "R1"}, known=known, grades=[GradeLimit(grade="A", factor=Decimal(1))])
    assert (same.source, same.policy) == ("c", None)


def test_the_policy_is_read_written_and_shown() -> None:
    said = {"A": 0.5, "B": {"value": 1, "unit": "continuous_day"}}
    read = GRADES.parse(said)
    assert read == (HALF, ONE_DAY_ROUND_THE_CLOCK)
    assert GRADES.write(read) == said
    assert GRADES.show(read) == "A: × 0.5；B: 1 continuous_day"
    assert GRADES.show(()) == "无"


@pytest.mark.parametrize(
    "said",
    [[], 1, {"A": 0}, {"A": -1}, {"A": True}, {"A": float("inf")}, {"A": "0.5"}, {"": 1}, {"A" * 41: 1}, {"A": None}],
    ids=repr,
)
def test_what_is_no_mapping_of_grades_is_refused(said: Any) -> None:
    with pytest.raises(BadInput) as refused:
        GRADES.parse(said)
    assert refused.value.code == "policy_value_unfit"
    assert "等级" in refused.value.detail


def test_a_row_says_one_thing() -> None:
    wrong: list[dict[str, Any]] = [{}, {"factor": Decimal(1), "limit": FOUR_HOURS}]
    for given in wrong:
        with pytest.raises(ValueError, match="one of"):
            GradeLimit(grade="A", **given)
