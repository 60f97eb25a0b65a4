"""Rates: two named counts, a definition with its source, and how the quotient is printed.

A count named `not_<other>` that is not given is derived as denominator − other, so a rate such as first-pass works
from published tables that print only the reworked cases.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Final

from app.dispatch.errors import BadInput

MAX_COUNT: Final = 10**12
MAX_COUNTS: Final = 64
PRINTED_DECIMALS: Final = 2
COMPLEMENT: Final = "not_"
DEFAULT: Final = "default"


class RateName(StrEnum):
    """The rates the service knows; each has a default definition."""

    CLOSURE = "closure_rate"
    ON_TIME_CLOSURE = "on_time_closure_rate"
    DISPOSAL = "disposal_rate"
    ON_TIME_DISPOSAL = "on_time_disposal_rate"
    REWORK = "rework_rate"
    EXTENSION = "extension_rate"
    FIRST_PASS = "first_pass_rate"
    DISPATCH = "dispatch_rate"
    ACCURATE_DISPATCH = "accurate_dispatch_rate"
    FILING = "filing_rate"
    VALID_REPORT = "valid_report_rate"
    SATISFACTION = "satisfaction_rate"
    SOLVED = "solved_rate"


class RateState(StrEnum):
    """Whether there was anything to divide by."""

    OK = "ok"
    NO_CASES = "no_cases"


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One way to compute a rate; `rate` is free text where a caller names a pair of his own."""

    rate: str
    numerator: str
    denominator: str
    name: str = DEFAULT
    version: str = "1"
    source: str = "城市惯例"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A percentage with what it was made of; `value` is `uncapped` cut off at 100, both with two decimals."""

    value: Decimal | None
    state: RateState
    uncapped: Decimal | None
    numerator: tuple[str, int]
    denominator: tuple[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class CountsRow:
    """One line of a table: whose counts, and the counts by name."""

    name: str
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluatedRow:
    """The rates of one line; `missing` names, by rate, the counts that were not given."""

    name: str
    rates: Mapping[str, Rate]
    missing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def half_up(numerator: int, denominator: int, decimals: int = PRINTED_DECIMALS) -> Decimal:
    """Return 100 · numerator ∕ denominator, rounded half-up to `decimals`; exact, in whole numbers."""
    scaled = 100 * 10**decimals * numerator
    return Decimal((2 * scaled + denominator) // (2 * denominator)).scaleb(-decimals)


def check_counts(counts: Mapping[str, int], where: Sequence[str | int] = ("counts",)) -> None:
    """Raise BadInput unless every count is a whole number from 0 to 10¹² and there are at most 64."""
    if len(counts) > MAX_COUNTS:
        raise BadInput.at(where, f"一行最多{MAX_COUNTS}个计数", code="too_many_counts")
    for name, value in counts.items():
        if isinstance(value, bool) or not isinstance(value, int):
            raise BadInput.at([*where, name], "计数必须是整数", code="count_not_integer")
        if not 0 <= value <= MAX_COUNT:
            raise BadInput.at([*where, name], "计数不能为负，也不能超过一万亿", code="count_out_of_range")


def missing(definition: Definition, counts: Mapping[str, int]) -> tuple[str, ...]:
    """Name the counts that `definition` needs and that are neither given nor derivable."""
    absent = [definition.denominator] if definition.denominator not in counts else []
    if not absent and _numerator(definition, counts) is None:
        absent.append(definition.numerator)
    return tuple(absent)


def rate(definition: Definition, counts: Mapping[str, int]) -> Rate:
    """Divide the two counts of `definition`; a denominator of 0 gives `no_cases`.

    Raises BadInput for a count that is unusable, or neither given nor derivable.
    """
    check_counts({k: v for k, v in counts.items() if k in _needed(definition)})
    if absent := missing(definition, counts):
        raise BadInput.at(["counts"], f"缺少计数：{'、'.join(absent)}", code="count_missing")
    top, bottom = _numerator(definition, counts) or 0, counts[definition.denominator]
    uncapped = half_up(top, bottom) if bottom else None
    return Rate(
        value=None if uncapped is None else min(uncapped, Decimal("100.00")),
        state=RateState.NO_CASES if uncapped is None else RateState.OK,
        uncapped=uncapped,
        numerator=(definition.numerator, top),
        denominator=(definition.denominator, bottom),
    )


def evaluate(rows: Sequence[CountsRow], asked: Sequence[Definition]) -> tuple[EvaluatedRow, ...]:
    """Compute every asked rate of every row; what a row has no counts for stands under its `missing`.

    Raises BadInput for unusable counts and for two asked rates of one name.
    """
    names = [definition.rate for definition in asked]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise BadInput.at(["rates"], f"指标名重复：{twice}", code="rate_repeated")
    for index, row in enumerate(rows):
        check_counts(row.counts, ["rows", index, "counts"])
    return tuple(_evaluated(row, asked) for row in rows)


def _evaluated(row: CountsRow, asked: Sequence[Definition]) -> EvaluatedRow:
    absent = {d.rate: missing(d, row.counts) for d in asked}
    return EvaluatedRow(
        name=row.name,
        rates={d.rate: rate(d, row.counts) for d in asked if not absent[d.rate]},
        missing={name: counts for name, counts in absent.items() if counts},
    )


def _needed(definition: Definition) -> set[str]:
    return {definition.numerator, definition.numerator.removeprefix(COMPLEMENT), definition.denominator}


def _numerator(definition: Definition, counts: Mapping[str, int]) -> int | None:
    """Return the numerator as given, or derived as a complement within the denominator, or None."""
    if definition.numerator in counts:
        return counts[definition.numerator]
    other = definition.numerator.removeprefix(COMPLEMENT)
    if other == definition.numerator or other not in counts or definition.denominator not in counts:
        return None
    rest = counts[definition.denominator] - counts[other]
    return rest if rest >= 0 else None
