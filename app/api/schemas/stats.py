"""Questions to the figures and their answers."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from app.api.schemas.appraisal import RateOut
from app.api.schemas.base import Answer, Instant
from app.dispatch.appraisal import DEFAULT
from app.dispatch.calendar import LOCAL_ZONE
from app.dispatch.codes import ClockKind, Cohort, GroupBy, Handling, Kind, Source
from app.repositories.paging import LIMIT, LIMIT_AT_MOST
from app.services.figure_asking import FILTERS, Asked
from app.services.figures import Closure, ClosureRow, Page

_BARE_DATE_LENGTH = len("2026-11-01")


def _midnight(given: Any) -> Any:  # noqa: ANN401  # whatever came in the address; pydantic judges it afterwards
    """Read a bare date as local midnight; leave everything else to the type."""
    if isinstance(given, str) and len(given) == _BARE_DATE_LENGTH:
        try:
            return datetime.fromisoformat(given).replace(tzinfo=LOCAL_ZONE)
        except ValueError:
            return given
    return given


Bound = Annotated[AwareDatetime, BeforeValidator(_midnight)]
"""An instant with offset, or a bare date: local midnight."""

Code = Annotated[str, Field(min_length=1, max_length=64)]


class ClosureIn(BaseModel):
    """A period, how it is judged, and which cases; unknown parameters are refused."""

    model_config = ConfigDict(extra="forbid")

    start: Bound = Field(
        alias="from", description="Begin, inclusive; a bare date is local midnight", examples=["2026-11-01"]
    )
    end: Bound = Field(alias="to", description="End, exclusive; a bare date is local midnight", examples=["2026-12-01"])
    as_of: Bound | None = Field(
        None, description="What was known then; default and latest: now", examples=["2026-12-04"]
    )
    clock: ClockKind = Field(ClockKind.CASE, description="Which clock judges, in the whole table")
    cohort: Cohort = Field(
        Cohort.EVENT,
        description="`event`: each count by its own instant; `filed`: all counts of what was filed in the period",
    )
    carry_over: bool = Field(
        False, description="Add the rounds that were due before `from` and still undisposed and open then"
    )
    group_by: GroupBy | None = Field(
        None, description="By what rows are told apart; without it one row with group null"
    )
    definition: Code = Field(
        DEFAULT, description="Name of a definition, for the rates that have it", examples=["by_closed"]
    )

    unit: Code | None = Field(None, description="Code of a unit; for returns the unit that asked")
    unit_root: Code | None = Field(None, description="Code of a unit whose whole subtree is meant")
    desk: Code | None = Field(None, description="Desk that owns the case")
    kind: Kind | None = Field(None, description="Component or event")
    category: Code | None = Field(None, description="Major and minor code; `kind` belongs to it", examples=["0305"])
    source: Source | None = Field(None, description="Source of the first report")
    district: Code | None = Field(None, description="Code of a district")
    street: Code | None = Field(None, description="Code of a street")
    community: Code | None = Field(None, description="Code of a community")
    cell: Code | None = Field(None, description="Code of a cell")
    beat: Code | None = Field(None, description="Code of a beat")
    handling: Handling | None = Field(None, description="How cases are handled; reports have no handling")
    campaign: Code | None = Field(None, description="Campaign")

    def asked(self) -> Asked:
        """Return what is asked."""
        filters = {name: str(code) for name in (*FILTERS, "unit_root") if (code := getattr(self, name)) is not None}
        return Asked(
            start=self.start,
            end=self.end,
            as_of=self.as_of,
            clock=self.clock,
            cohort=self.cohort,
            carry_over=self.carry_over,
            group_by=self.group_by,
            definition=self.definition,
            filters=filters,
        )


class CountedCasesIn(ClosureIn):
    """The same, and which count; `group_by` and `definition` are taken and change nothing."""

    count: Code = Field(description="Name of a count of `stats/closure`", examples=["closed_on_time"])
    limit: int = Field(LIMIT, ge=1, le=LIMIT_AT_MOST, description="Items a page")
    after: str | None = Field(None, max_length=512, description="`next` of the page before")


class GroupOut(Answer):
    """Whose row it is."""

    code: str = Field(description="Code of the group", examples=["D01"])
    name: str | None = Field(description="Name that goes with the code; null where the code is all there is")
    kind: Kind | None = Field(description="With majors and minors: the kind, without which their digits mean nothing")


class SumsOut(Answer):
    """Sums and rates."""

    counts: dict[str, int] = Field(description="Sums of 0/1 flags", examples=[{"to_close": 972, "closed": 911}])
    times: dict[str, int] = Field(
        description="How often, over the rounds that are to be closed", examples=[{"reworks": 12, "returns": 3}]
    )
    rates: dict[str, RateOut] = Field(description="Every rate, with the two counts it is made of")

    @classmethod
    def of(cls, row: ClosureRow) -> Self:
        """Translate a row."""
        return cls(**_sums(row))


class ClosureRowOut(SumsOut):
    """One row."""

    group: GroupOut | None = Field(description="Null: what has no group")

    @classmethod
    def of(cls, row: ClosureRow) -> Self:
        """Translate a row with its group."""
        group = None if row.group is None else GroupOut.model_validate(row.group)
        return cls(group=group, **_sums(row))


class ClosureOut(Answer):
    """The figures of a period; the rows add up to the total."""

    rows: list[ClosureRowOut] = Field(
        description="Rows in which something was counted, by code; what has no group last"
    )
    total: SumsOut = Field(description="All rows together")
    clock: ClockKind = Field(description="Which clock judged")
    cohort: Cohort = Field(description="What put a count into the period")
    carry_over: bool = Field(description="Whether the overdue stock open at the start was added")
    start: Instant = Field(serialization_alias="from", description="Begin, inclusive")
    end: Instant = Field(serialization_alias="to", description="End, exclusive")
    as_of: Instant = Field(description="What was known then")
    definition: str = Field(description="The definition asked for", examples=["default"])

    @classmethod
    def of(cls, closure: Closure) -> Self:
        """Translate the figures."""
        asked = closure.question
        return cls(
            rows=[ClosureRowOut.of(row) for row in closure.rows],
            total=SumsOut.of(closure.total),
            clock=asked.clock,
            cohort=asked.cohort,
            carry_over=asked.carry_over,
            start=asked.start,
            end=asked.end,
            as_of=asked.as_of,
            definition=closure.definition,
        )


class CountedOut(Answer):
    """One thing counted: a round, a leg's ruling, or a report."""

    at: Instant = Field(description="The instant that puts it into the period")
    unit_code: str | None = Field(
        description="Accountable unit of the round, unit of the leg, or the report's proposed one"
    )
    report_id: UUID | None = Field(description="For counts of reports")
    case_id: UUID | None = Field(description="For counts of rounds and legs")
    case_no: str | None = Field(description="Number of the case")
    round: int | None = Field(description="Round of the case", examples=[1])
    leg: int | None = Field(description="Leg of the round, for counts of returns", examples=[1])


class CountedPage(Answer):
    """Some of the things counted, by their instants."""

    items: list[CountedOut] = Field(description="One item a thing counted")
    next: str | None = Field(description="Cursor of the next page; null on the last. All pages share one `as_of`")

    @classmethod
    def of(cls, page: Page) -> Self:
        """Translate a page."""
        return cls(items=[CountedOut.model_validate(item) for item in page.items], next=page.next)


def _sums(row: ClosureRow) -> Mapping[str, Any]:
    rates = {name: RateOut.of(rate) for name, rate in row.rates.items()}
    return {"counts": dict(row.counts), "times": dict(row.times), "rates": rates}
