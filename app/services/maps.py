"""Features of the map, as far as the caller may see them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from app.dispatch.access import Actor
from app.dispatch.errors import BadInput
from app.repositories.case_filters import Box
from app.repositories.geo import GeoRepository, Layer, Shape
from app.services.books import Books
from app.services.case_queries import CaseView, case_sight, view_of
from app.services.transaction import Sessions, reading

FEATURES: Final = 500
FEATURES_AT_MOST: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """One page of a layer and the cursor behind it."""

    features: list[Shape]
    following: str | None


class Maps:
    """Layers of the map."""

    def __init__(self, sessions: Sessions, books: Books, now: Callable[[], datetime]) -> None:
        """Take where to read from."""
        self._sessions = sessions
        self._books = books
        self._now = now

    async def draw(self, layer: Layer, box: Box | None, actor: Actor, *, limit: int, behind: str | None) -> Drawn:
        """Return features in the order of their codes; of cases only those that the actor sees."""
        if layer is Layer.CASES:
            found = await self._cases(box, actor, limit=limit + 1, behind=behind)
        else:
            async with reading(self._sessions) as session:
                found = await GeoRepository(session).shapes(layer, box, limit=limit + 1, behind=behind)
            found = [self._with_beat(one) for one in found] if layer is Layer.CELLS else found
        return Drawn(features=found[:limit], following=found[limit - 1].code if len(found) > limit else None)

    async def _cases(self, box: Box | None, actor: Actor, *, limit: int, behind: str | None) -> list[Shape]:
        book = self._books.current
        async with reading(self._sessions) as session:
            found = await GeoRepository(session).cases(
                case_sight(actor, book), box, limit=limit, behind=_case_id(behind)
            )
        return [_shape(view_of(case, actor, book, self._now())) for case in found]

    def _with_beat(self, cell: Shape) -> Shape:
        beat = self._books.current.cells.beat_of(cell.code)
        return replace(cell, properties={**cell.properties, "beat_code": beat})


def _case_id(behind: str | None) -> UUID | None:
    try:
        return UUID(behind) if behind is not None else None
    except ValueError as error:
        raise BadInput.at(["query", "after"], "翻页游标无效，请从第一页重新开始", code="bad_cursor") from error


def _shape(view: CaseView) -> Shape:
    case = view.case
    return Shape(
        code=str(case.id),
        geometry={"type": "Point", "coordinates": [view.lon, view.lat]},
        properties={
            "id": str(case.id),
            "case_no": case.case_no,
            "state": case.state,
            "kind": case.kind,
            "category": case.category,
            "category_name": view.category.minor_name if view.category else None,
            "unit_code": case.unit_code,
            "filed_at": case.filed_at,
            "due_at": view.due_at,
            "light": view.light,
        },
    )
