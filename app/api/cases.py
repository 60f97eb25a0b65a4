"""Read cases: lists and exports, one, what happened, how the clocks run, how it was routed."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Response
from fastapi.responses import StreamingResponse

from app.api.case_exports import CSV, GEOJSON, csv_rows, geojson_rows, wanted_form
from app.api.case_params import CaseFilters, PageAsked, SortAsked
from app.api.deps import CurrentActor, etag, taken
from app.api.dispatch import DispatchingService
from app.api.fresh import IfNoneMatch, unchanged
from app.api.problems import problems
from app.api.schemas.cases import CaseOut, CasesOut
from app.api.schemas.routing import CaseRoutingOut
from app.api.schemas.stories import ClocksOut, HistoryOut, StepOut
from app.repositories.case_filters import CaseSort
from app.repositories.paging import LIMIT, LIMIT_AT_MOST
from app.services.case_queries import CaseQueries
from app.services.case_stories import CaseStories

router = APIRouter(prefix="/api/v1/cases", tags=["cases"])

Queries = Annotated[
    CaseQueries, Depends(taken(lambda wired: CaseQueries(wired.sessions, wired.books, wired.vault, wired.now)))
]
Lists = Annotated[
    CaseQueries, Depends(taken(lambda wired: CaseQueries(wired.replica, wired.books, wired.vault, wired.now)))
]
Stories = Annotated[CaseStories, Depends(taken(lambda wired: CaseStories(wired.sessions, wired.books, wired.now)))]

_LIST: dict[int | str, dict[str, Any]] = {
    200: {"content": {CSV: {}, GEOJSON: {}}, "description": "One page; as CSV or GeoJSON all of them"}
}


@router.get("", operation_id="list_cases", response_model=CasesOut, responses={**problems(), **_LIST})
async def list_cases(
    actor: CurrentActor,
    queries: Lists,
    wanted: CaseFilters,
    paging: PageAsked,
    sort: SortAsked = CaseSort.FILED,
    accept: Annotated[str, Header(description="application/json, text/csv or application/geo+json")] = "",
) -> CasesOut | StreamingResponse:
    """List the cases that the caller sees; as CSV or GeoJSON all of them, without paging."""
    form = wanted_form(accept)
    if form is not None:
        views = queries.stream(wanted, actor, sort=sort)
        return await _streamed(csv_rows(views) if form == CSV else geojson_rows(views), form)
    found, following = await queries.page(wanted, actor, sort=sort, limit=paging.limit, behind=paging.after)
    return CasesOut(items=[CaseOut.of(view) for view in found], next=following)


@router.get(
    "/{case_id}", operation_id="read_case", response_model=CaseOut, responses={**problems(404), 304: {"model": None}}
)
async def read_case(
    case_id: UUID, actor: CurrentActor, queries: Queries, known: IfNoneMatch, response: Response
) -> CaseOut | Response:
    """Return one case; its `ETag` is its version."""
    view = await queries.get(case_id, actor)
    tag = etag(view.case.version)
    if known.names(tag):
        return unchanged(tag)
    response.headers["ETag"] = tag
    return CaseOut.of(view)


@router.get("/{case_id}/history", operation_id="read_case_history", responses=problems(404))
async def read_case_history(
    case_id: UUID,
    actor: CurrentActor,
    stories: Stories,
    limit: Annotated[int, Query(ge=1, le=LIMIT_AT_MOST, description="Items a page")] = LIMIT,
    after: Annotated[int, Query(ge=0, le=10**9, description="`next` of the page before")] = 0,
) -> HistoryOut:
    """Return the steps of a case in their order, with the texts that the caller may read."""
    told, following = await stories.history(case_id, actor, limit=limit, behind=after)
    return HistoryOut(items=[StepOut.of(one) for one in told], next=str(following) if following is not None else None)


@router.get("/{case_id}/clock", operation_id="read_case_clock", responses=problems(404))
async def read_case_clock(case_id: UUID, actor: CurrentActor, stories: Stories) -> ClocksOut:
    """Explain both clocks of the present round to the minute."""
    return ClocksOut.of(await stories.clocks(case_id, actor))


@router.get("/{case_id}/routing", operation_id="read_case_routing", responses=problems(404))
async def read_case_routing(case_id: UUID, actor: CurrentActor, dispatching: DispatchingService) -> CaseRoutingOut:
    """Return what was decided when the case was filed, and what today's rules would say."""
    return CaseRoutingOut.of(await dispatching.routing(case_id, actor))


async def _streamed(rows: AsyncGenerator[bytes], form: str) -> StreamingResponse:
    """Answer with rows; the first two are read beforehand, so that a refusal is still one."""
    first = [await anext(rows), await anext(rows, b"")]

    async def whole() -> AsyncIterator[bytes]:
        async with aclosing(rows):
            for some in first:
                yield some
            async for some in rows:
                yield some

    ending = "csv" if form == CSV else "geojson"
    return StreamingResponse(
        whole(),
        media_type=f"{form}; charset=utf-8" if form == CSV else form,
        headers={"Content-Disposition": f'attachment; filename="cases.{ending}"'},
    )
