"""Figures over what is stored, and the cases and reports behind each of them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from app.api.deps import CurrentActor, CurrentBook, Now, Wired, taken
from app.api.problems import problems
from app.api.schemas.stats import ClosureIn, ClosureOut, CountedCasesIn, CountedPage
from app.services.figures import Figures
from app.services.refold import HistoryRefold

router = APIRouter(prefix="/api/v1", tags=["stats"])


def _figures(wired: Wired) -> Figures:
    return Figures(wired.replica, HistoryRefold(wired.replica))


FiguresService = Annotated[Figures, Depends(taken(_figures))]


@router.get("/stats/closure", operation_id="closure_figures", responses=problems())
async def closure_figures(
    asked: Annotated[ClosureIn, Query()], actor: CurrentActor, book: CurrentBook, now: Now, figures: FiguresService
) -> ClosureOut:
    """Count what was reported, dispatched, due and closed in a period, with every rate, within the caller's reach."""
    return ClosureOut.of(await figures.closure(asked.asked(), actor=actor, book=book, now=now))


@router.get("/stats/cases", operation_id="counted_cases", responses=problems())
async def counted_cases(
    asked: Annotated[CountedCasesIn, Query()],
    actor: CurrentActor,
    book: CurrentBook,
    now: Now,
    figures: FiguresService,
) -> CountedPage:
    """List the rounds, legs or reports that one count of `stats/closure` counts."""
    page = await figures.cases(
        asked.count, asked.asked(), actor=actor, book=book, now=now, after=asked.after, limit=asked.limit
    )
    return CountedPage.of(page)
