"""Which cases in hand may be the same thing: scored for a person to judge, never merged by score alone."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

_FAR_WEIGHT, _OLD_WEIGHT = 0.7, 0.3  # house rule: nearness tells more than age
_ALMOST: Final = 0.99  # only the same component is certain


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateReach:
    """How far and how long back to look; house defaults, docs/policies.md."""

    radius_m: float = 50.0
    age: timedelta = timedelta(days=15)


DEFAULT_REACH: Final = DuplicateReach()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCase:
    """A case in hand of the same minor, or about the same component, as seen from a report that just arrived."""

    case_id: UUID
    case_no: str
    distance_m: float
    age: timedelta
    same_component: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PossibleDuplicate:
    """One candidate with its score: 1 is certain, 0 the edge of reach; for ranking, not a figure."""

    case_id: UUID
    case_no: str
    distance_m: float
    age: timedelta
    score: float


def score(case: OpenCase, reach: DuplicateReach = DEFAULT_REACH) -> float | None:
    """Return the score, None beyond reach; a named component is the same thing wherever the point fell."""
    if case.same_component:
        return 1.0
    if case.distance_m > reach.radius_m or case.age > reach.age:
        return None
    far = case.distance_m / reach.radius_m if reach.radius_m else 0.0
    old = max(case.age / reach.age, 0.0) if reach.age else 0.0
    return round(min(_ALMOST, 1.0 - _FAR_WEIGHT * far - _OLD_WEIGHT * old), 2)


def rank(cases: Iterable[OpenCase], reach: DuplicateReach = DEFAULT_REACH) -> list[PossibleDuplicate]:
    """Return the candidates within reach, the likeliest first; of equals the nearer, then the older number."""
    found = [
        PossibleDuplicate(
            case_id=case.case_id, case_no=case.case_no, distance_m=case.distance_m, age=case.age, score=points
        )
        for case in cases
        if (points := score(case, reach)) is not None
    ]
    return sorted(found, key=lambda one: (-one.score, one.distance_m, one.case_no))
