"""Questions to the figures and their answers."""

from collections.abc import Mapping
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.api.schemas.appraisal import RateOut
from app.api.schemas.base import Answer, Instant
from app.api.schemas.query import Code, Codes, Moment
from app.dispatch.appraisal import DEFAULT
from app.dispatch.codes import Handling, Kind, Source
from app.dispatch.figure_codes import ClockKind, Cohort, GroupBy
from app.repositories.paging import LIMIT, LIMIT_AT_MOST
from app.services.figure_asking import FILTERS, Asked
from app.services.figures import Closure, ClosureRow, Page


class ClosureIn(BaseModel):
    """A period, how it is judged, and which cases; unknown parameters are refused."""

    model_config = ConfigDict(extra="forbid")

    start: Moment = Field(
        alias="from", description="Begin, inclusive; a bare date is local midnight", examples=["2026-11-01"]
    )
    end: Moment = Field(
        alias="to", description="End, exclusive; a bare date is local midnight", examples=["2026-12-01"]
    )
    as_of: Moment | None = Field(
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

    unit: Codes = Field((), description="Any of these units; for returns the unit that asked")
    unit_root: Codes = Field((), description="Units whose whole subtree is meant")
    desk: Codes = Field((), description="Desks that own the case")
    kind: tuple[Kind, ...] = Field((), description="Component or event")
    category: Codes = Field((), description="Major and minor code; `kind` belongs to it", examples=[["0305"]])
    source: tuple[Source, ...] = Field((), description="Source of the first report")
    district: Codes = Field((), description="Codes of districts")
    street: Codes = Field((), description="Codes of streets")
    community: Codes = Field((), description="Codes of communities")
    cell: Codes = Field((), description="Codes of cells")
    beat: Codes = Field((), description="Codes of beats")
    handling: tuple[Handling, ...] = Field((), description="How cases are handled; reports have no handling")
    campaign: Codes = Field((), description="Campaigns")
    tag: Codes = Field((), description="All of these tags, as cases and reports bear them now, also for a past `as_of`")
    inspector: tuple[UUID, ...] = Field((), description="Who reported it; finds nothing for units")

    def asked(self) -> Asked:
        """Return what is asked."""
        given = {name: getattr(self, name) for name in (*FILTERS, "unit_root")}
        return Asked(
            start=self.start,
            end=self.end,
            as_of=self.as_of,
            clock=self.clock,
            cohort=self.cohort,
            carry_over=self.carry_over,
            group_by=self.group_by,
            definition=self.definition,
            filters={name: [str(code) for code in codes] for name, codes in given.items() if codes},
            tags=self.tag,
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
