"""Limits by the grade of a zone: what is kept to a higher standard has shorter ones (policy `grade_limits`)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, Protocol

from app.dispatch.codes import LimitUnit
from app.dispatch.limits import Limit
from app.dispatch.policy_values import LIMIT, Json, ValueKind

GRADE_AT_MOST: Final = 40
"""Characters of a grade's name."""
_FACTORS: Final = (Decimal("0.01"), Decimal(100))
"""No grade makes a limit shorter or longer than by so much."""
_WORKING: Final = frozenset({LimitUnit.WORK_HOUR, LimitUnit.WORK_DAY})
_A_DAY_FOR_A_DAY: Final = 3
"""A working day is taken for a whole one: 8 counted hours stand for 24."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeLimit:
    """What a grade does to the limit of a condition: multiply it by `factor`, or put `limit` in its place."""

    grade: str
    factor: Decimal | None = None
    limit: Limit | None = None

    def __post_init__(self) -> None:
        """Refuse both and neither; a factor is above zero."""
        if (self.factor is None) == (self.limit is None):
            raise ValueError("one of factor and limit")
        if self.factor is not None and not (self.factor.is_finite() and self.factor > 0):
            raise ValueError("a factor is above zero")

    def of(self, limit: Limit) -> Limit:
        """Return the limit that holds instead."""
        if self.limit is not None:
            return self.limit
        assert self.factor is not None  # noqa: S101  # one of the two, see above
        value = Decimal(limit.value) * self.factor
        return replace(limit, value=int(value) if value == value.to_integral_value() else value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Graded:
    """The limit of a filing and where it comes from; `policy` names the one that acted, if one did."""

    limit: Limit
    source: str
    policy: str | None = None


class GradedZones(Protocol):
    """Who knows the grades of zones."""

    def grade_of(self, code: str) -> str | None:
        """Return a zone's grade, if it has one."""
        ...


def graded(
    limit: Limit, source: str, *, zones: Mapping[str, str], known: GradedZones, grades: Iterable[GradeLimit]
) -> Graded:
    """Return what holds for a condition's limit at a place in `zones` (class → code), with a source that tells why.

    Of several zones whose grades have a say the most demanding wins: the one that leaves the shortest limit, a working
    day taken for a whole one; between equals the lowest code. A grade that no row names changes nothing.
    """
    by_grade = {one.grade: one for one in grades}
    found = []
    for code in sorted(set(zones.values())):
        said = by_grade.get(known.grade_of(code) or "")
        if said is not None:
            found.append((code, said, said.of(limit)))
    if not found:
        return Graded(limit=limit, source=source)
    code, said, shortest = min(found, key=lambda one: _length(one[2]))
    if shortest == limit:
        return Graded(limit=limit, source=source)
    return Graded(
        limit=shortest, source=f"{source}; zone {code} grade {said.grade}; policy grade_limits", policy="grade_limits"
    )


def _length(limit: Limit) -> int:
    return limit.micros * (_A_DAY_FOR_A_DAY if limit.unit in _WORKING else 1)


def _read(value: Json) -> tuple[GradeLimit, ...]:
    if not isinstance(value, dict):
        raise TypeError
    return tuple(_row(grade, said) for grade, said in sorted(value.items()))


def _row(grade: str, said: Json) -> GradeLimit:
    if not 0 < len(grade.strip()) <= GRADE_AT_MOST or isinstance(said, bool):
        raise ValueError(grade)
    if isinstance(said, int | float):
        factor = Decimal(str(said))
        if not _FACTORS[0] <= factor <= _FACTORS[1]:
            raise ValueError(said)
        return GradeLimit(grade=grade, factor=factor)
    return GradeLimit(grade=grade, limit=LIMIT.read(said))


def _write(rows: tuple[GradeLimit, ...]) -> Json:
    return {one.grade: LIMIT.write(one.limit) if one.limit else float(one.factor or 0) for one in rows}


def _show(rows: tuple[GradeLimit, ...]) -> str:
    said = (f"{one.grade}: {LIMIT.show(one.limit) if one.limit else f'× {one.factor}'}" for one in rows)
    return "；".join(said) or "无"


GRADES: Final[ValueKind[tuple[GradeLimit, ...]]] = ValueKind(
    name="grade_limits",
    right='对象：地块等级 → 倍数（0.01 至 100）或时限，如 {"A": 0.5, "B": {"value": 4, "unit": "work_hour"}}',
    read=_read,
    write=_write,
    show=_show,
)
"""How the policy is written: a mapping from grade to a factor or a limit."""
