"""Bodies and answers of the figures that are computed from given counts."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, StrictInt, StringConstraints

from app.api.schemas.base import Answer, Body
from app.dispatch.appraisal import (
    MAX_COUNT,
    MAX_COUNTS,
    CountsRow,
    Definition,
    EvaluatedRow,
    Rate,
    RateName,
    RateState,
)
from app.dispatch.definitions import default_of
from app.dispatch.verification import PublishedRow, Reproduction, VerifiedRate, VerifiedRow

MAX_ROWS = 10_000
MAX_RATES = 64

Name = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Printed = Annotated[str, StringConstraints(min_length=1, max_length=32)]
Counts = Annotated[dict[Name, Annotated[StrictInt, Field(ge=0, le=MAX_COUNT)]], Field(max_length=MAX_COUNTS)]


class DefinitionOut(Answer):
    """One way to compute a rate."""

    rate: RateName = Field(description="Name of the rate", examples=["closure_rate"])
    name: str = Field(description="Name of the definition; `default` unless asked otherwise", examples=["by_filed"])
    version: str = Field(description="Version of the definition", examples=["1"])
    numerator: str = Field(description="Count above the line", examples=["closed"])
    denominator: str = Field(description="Count below the line", examples=["to_close"])
    source: str = Field(description="Where the definition is in use, in Chinese", examples=["城市惯例：太仓"])


class DefinitionsOut(Answer):
    """Every shipped definition."""

    items: list[DefinitionOut] = Field(description="Grouped by rate, the default first")


class PairIn(Body):
    """A rate of the caller's own: any two counts."""

    rate: Name = Field(description="Name to answer under", examples=["closure_rate"])
    numerator: Name = Field(
        description="Count above the line; `not_x` is the denominator less `x` unless given", examples=["closed"]
    )
    denominator: Name = Field(description="Count below the line", examples=["filed"])


class CountsRowIn(Body):
    """One line: whose counts, and the counts."""

    name: Name = Field(description="Whom or what the line is about", examples=["全市"])
    counts: Counts = Field(
        description="Whole numbers (cases or reports) by name", examples=[{"to_close": 972, "closed": 911}]
    )


class EvaluateIn(Body):
    """Which rates to compute from which counts."""

    rates: list[RateName | PairIn] = Field(
        min_length=1,
        max_length=MAX_RATES,
        description="Names (their default definition) or pairs of counts",
        examples=[["closure_rate", {"rate": "closure_by_filed", "numerator": "closed", "denominator": "filed"}]],
    )
    rows: list[CountsRowIn] = Field(
        max_length=MAX_ROWS,
        description="The lines; answered in order",
        examples=[[{"name": "全市", "counts": {"filed": 996, "to_close": 972, "closed": 911}}]],
    )

    def definitions(self) -> tuple[Definition, ...]:
        """Return what each entry of `rates` means."""
        return tuple(
            Definition(rate=e.rate, numerator=e.numerator, denominator=e.denominator, name="given", source="请求给定")
            if isinstance(e, PairIn)
            else default_of(e)
            for e in self.rates
        )

    def counts_rows(self) -> tuple[CountsRow, ...]:
        """Return the lines as the rules take them."""
        return tuple(CountsRow(name=row.name, counts=row.counts) for row in self.rows)


class RateOut(Answer):
    """A percentage with what it was made of."""

    value: str | None = Field(
        description="Percent, half-up to 2 decimals, capped at 100; null without cases", examples=["93.72"]
    )
    state: RateState = Field(description="`no_cases` when the denominator is 0", examples=["ok"])
    uncapped: str | None = Field(description="Percent before the cap at 100", examples=["93.72"])
    numerator: tuple[str, int] = Field(description="Name and number above the line", examples=[["closed", 911]])
    denominator: tuple[str, int] = Field(description="Name and number below the line", examples=[["to_close", 972]])

    @classmethod
    def of(cls, rate: Rate) -> Self:
        """Translate a rate."""
        return cls(
            value=_text(rate.value),
            state=rate.state,
            uncapped=_text(rate.uncapped),
            numerator=rate.numerator,
            denominator=rate.denominator,
        )


class EvaluatedRowOut(Answer):
    """The rates of one line."""

    name: str = Field(description="As given", examples=["全市"])
    rates: dict[str, RateOut] = Field(description="Computed rates by name")
    missing: dict[str, list[str]] = Field(
        description="Rates that could not be computed, with the counts that were not given",
        examples=[{"rework_rate": ["reworked"]}],
    )

    @classmethod
    def of(cls, row: EvaluatedRow) -> Self:
        """Translate one line."""
        return cls(
            name=row.name,
            rates={name: RateOut.of(rate) for name, rate in row.rates.items()},
            missing={name: list(counts) for name, counts in row.missing.items()},
        )


class EvaluatedOut(Answer):
    """One answer a line, in order."""

    rows: list[EvaluatedRowOut] = Field(description="The lines in the order given")


class PublishedRowIn(CountsRowIn):
    """One line of a bulletin with the figures printed in it."""

    published: dict[RateName, Printed] = Field(
        min_length=1,
        description="Printed percentages by rate, exactly as printed: their decimals are the precision judged at",
        examples=[{"closure_rate": "93.72%"}],
    )


class VerifyIn(Body):
    """Lines of a bulletin to check."""

    rows: list[PublishedRowIn] = Field(
        max_length=MAX_ROWS,
        description="The lines; answered in order",
        examples=[
            [
                {
                    "name": "全市",
                    "counts": {"to_close": 972, "closed": 911},
                    "published": {"closure_rate": "93.72%"},
                }
            ]
        ],
    )

    def published_rows(self) -> tuple[PublishedRow, ...]:
        """Return the lines as the rules take them."""
        return tuple(PublishedRow(name=r.name, counts=r.counts, published=_plain(r.published)) for r in self.rows)


class ReproductionOut(Answer):
    """Two counts that give the printed figure."""

    numerator: str = Field(description="Count above the line", examples=["closed"])
    denominator: str = Field(description="Count below the line", examples=["to_close"])
    capped: bool = Field(description="Whether the quotient was above 100 and printed as 100", examples=[False])
    definition: str | None = Field(
        description="The shipped definition that names this pair; null for any other pair", examples=["default"]
    )

    @classmethod
    def of(cls, found: Reproduction) -> Self:
        """Translate one pair."""
        return cls.model_validate(found)


class VerifiedRateOut(Answer):
    """The verdict on one printed figure."""

    published: str = Field(description="As given", examples=["93.72%"])
    value: str | None = Field(
        description="Percent by the default definition; null when its counts were not given or are 0",
        examples=["93.72"],
    )
    matches: bool = Field(description="Whether any definition or pair gives the printed figure", examples=[True])
    reproduced_by: list[ReproductionOut] = Field(description="All that do, shipped definitions first")

    @classmethod
    def of(cls, verdict: VerifiedRate) -> Self:
        """Translate one verdict."""
        return cls(
            published=verdict.published,
            value=_text(verdict.value),
            matches=verdict.matches,
            reproduced_by=[ReproductionOut.of(found) for found in verdict.reproduced_by],
        )


class VerifiedRowOut(Answer):
    """The verdicts of one line."""

    name: str = Field(description="As given", examples=["全市"])
    rates: dict[str, VerifiedRateOut] = Field(description="Verdicts by rate")

    @classmethod
    def of(cls, row: VerifiedRow) -> Self:
        """Translate one line."""
        return cls(name=row.name, rates={name: VerifiedRateOut.of(verdict) for name, verdict in row.rates.items()})


class VerifiedOut(Answer):
    """One answer a line, in order."""

    rows: list[VerifiedRowOut] = Field(description="The lines in the order given")


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


def _plain(published: Mapping[RateName, str]) -> dict[str, str]:
    return {name.value: text for name, text in published.items()}
