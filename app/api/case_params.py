"""The filters of cases as query parameters."""

from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Query

from app.api.deps import CurrentActor, CurrentBook, Now
from app.api.schemas.query import Code, Codes, Moment, around, box
from app.dispatch.codes import CaseState, Handling, Kind, Light, Source
from app.dispatch.disclosure import judging_clock
from app.repositories.case_filters import CaseFilter, CaseSort
from app.repositories.paging import LIMIT, LIMIT_AT_MOST
from app.services.case_queries import overseeing_sight

Flag = Literal[
    "reworked",
    "returned",
    "extended",
    "suspended",
    "reopened",
    "recurrent",
    "urged",
    "request_pending",
    "appeal_pending",
]
"""As `case_flags` gives them; another word is a typing error, which must not look like an empty list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """Which page of a list."""

    limit: int
    after: str | None


async def _paging(
    limit: Annotated[int, Query(ge=1, le=LIMIT_AT_MOST, description="Items a page")] = LIMIT,
    after: Annotated[str | None, Query(max_length=500, description="`next` of the page before")] = None,
) -> Paging:
    return Paging(limit=limit, after=after)


async def _filter(
    actor: CurrentActor,
    book: CurrentBook,
    now: Now,
    state: Annotated[tuple[CaseState, ...], Query(description="Any of these states")] = (),
    unit: Annotated[Codes, Query(description="Unit at work; before dispatch the proposed one")] = (),
    unit_root: Annotated[Code | None, Query(description="A unit with everything below it")] = None,
    desk: Annotated[Codes, Query(description="Desk that owns the case")] = (),
    kind: Annotated[tuple[Kind, ...], Query(description="component or event")] = (),
    category: Annotated[Codes, Query(description="Major + minor code")] = (),
    source: Annotated[tuple[Source, ...], Query(description="Channel of the first report")] = (),
    district: Annotated[Codes, Query(description="District code")] = (),
    street: Annotated[Codes, Query(description="Street code")] = (),
    community: Annotated[Codes, Query(description="Community code")] = (),
    cell: Annotated[Codes, Query(description="Cell code")] = (),
    zone: Annotated[Code | None, Query(description="Zone code")] = None,
    beat: Annotated[Codes, Query(description="Beat code")] = (),
    light: Annotated[tuple[Light, ...], Query(description="By the clock the caller is judged by")] = (),
    overdue: Annotated[bool | None, Query(description="Disposed, closed or still open later than due")] = None,
    handling: Annotated[tuple[Handling, ...], Query(description="How it is handled")] = (),
    campaign: Annotated[Codes, Query(description="Campaign")] = (),
    tag: Annotated[Codes, Query(description="All of these tags")] = (),
    inspector: Annotated[UUID | None, Query(description="Who reported or checks it; finds nothing for units")] = None,
    flag: Annotated[tuple[Flag, ...], Query(description="All of these have happened, or hold now")] = (),
    q: Annotated[Code | None, Query(description="Words in description or address, or the whole case_no")] = None,
    bbox: Annotated[str | None, Query(max_length=200, description="west,south,east,north in CGCS2000 degrees")] = None,
    near: Annotated[str | None, Query(max_length=200, description="lon,lat,radius_m")] = None,
    filed_from: Annotated[Moment | None, Query(description="Inclusive; a bare date is local midnight")] = None,
    filed_to: Annotated[Moment | None, Query(description="Exclusive")] = None,
    due_from: Annotated[Moment | None, Query(description="Inclusive, by the caller's clock")] = None,
    due_to: Annotated[Moment | None, Query(description="Exclusive, by the caller's clock")] = None,
    closed_from: Annotated[Moment | None, Query(description="Inclusive")] = None,
    closed_to: Annotated[Moment | None, Query(description="Exclusive")] = None,
) -> CaseFilter:
    return CaseFilter(
        now=now,
        clock=judging_clock(actor),
        state=state,
        unit_code=unit,
        units_below=book.units_below(unit_root) if unit_root is not None else None,
        desk=desk,
        kind=kind,
        category=category,
        source=source,
        district=district,
        street=street,
        community=community,
        cell_code=cell,
        beat_code=beat,
        zone=zone,
        light=light,
        overdue=overdue,
        handling=handling,
        campaign=campaign,
        tags=tag,
        flags=flag,
        inspector_id=inspector,
        inspector_sight=overseeing_sight(actor, book),
        q=q,
        box=box(bbox),
        near=around(near),
        filed_from=filed_from,
        filed_to=filed_to,
        due_from=due_from,
        due_to=due_to,
        closed_from=closed_from,
        closed_to=closed_to,
    )


CaseFilters = Annotated[CaseFilter, Depends(_filter)]
PageAsked = Annotated[Paging, Depends(_paging)]
SortAsked = Annotated[CaseSort, Query(description="Order; what has no due time comes last")]
