"""Cases looked up, located and routed anew: amended, or begun again where what was put right came back."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from app.dispatch import commands
from app.dispatch.arrival import NOBODY, Triage
from app.dispatch.case_filing import file_case
from app.dispatch.case_life import Spot
from app.dispatch.catalogue import Category
from app.dispatch.codes import Attention
from app.dispatch.deciding import Amended
from app.dispatch.limits import Limit
from app.dispatch.responsibility import Decision
from app.services.arrival_rows import point_wkb, routing_json
from app.services.case_opening import CaseOpening, category_of, check_condition, filing_limit
from app.services.held import HeldCase, HeldReport
from app.services.ledger import Acting
from app.services.numbering import case_no
from app.services.sitting import Sitting

_ABOUT_PLACE: Final = frozenset(
    {
        *(Attention.OUT_OF_COVERAGE, Attention.NO_LOCATION, Attention.SNAPPED),
        *(Attention.ON_BOUNDARY, Attention.NEAR_BOUNDARY),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """What a case would be, and the columns of its row that steps do not move."""

    amended: Amended
    columns: Mapping[str, Any]


def renewed(sitting: Sitting, held: HeldCase, wanted: commands.Amend, acting: Acting) -> Renewed:
    """Return what an amendment would make of a case; raise BadInput for what the edition in force has not."""
    life, book = held.life, sitting.book
    category = _category(sitting, held, wanted)
    seen = _seen(sitting, held, wanted, category, acting)
    limit: Limit | None = None
    source = ""
    if category is not None and seen.condition is not None and (seen.spot != life.spot or _renames(wanted)):
        graded = filing_limit(sitting, held, category, seen.condition, seen.spot, acting.now)
        limit, source = graded.limit, graded.source
    amended = Amended(
        kind=category.kind if category else life.kind,
        category=category.code if category else life.category,
        condition=seen.condition or life.condition,
        catalogue=book.catalogue.edition if category else life.catalogue,
        limit=limit,
        limit_source=source,
        unit_code=seen.decision.unit_code,
        attention=frozenset(str(one) for one in seen.attention),
        spot=seen.spot if wanted.point is not None else None,
    )
    return Renewed(amended=amended, columns=_columns(sitting, held, wanted, seen, amended))


def again(
    sitting: Sitting, opening: CaseOpening, held: HeldCase, report: HeldReport, case_id: UUID, acting: Acting
) -> HeldCase:
    """File what came back once more: the same thing at the same place, routed as things are now."""
    life, book = held.life, sitting.book
    ours = book.catalogue.find(life.kind, life.category) if life.catalogue == book.catalogue.edition else None
    known = ours is not None and life.condition in ours.conditions
    limit, source = life.rounds[0].clock.limit, f"as of {life.case_no}"
    decision = NOBODY
    if ours is not None:
        decision = _decision(sitting, held, ours, life.condition if known else None, acting)
    if ours is not None and known:
        graded = filing_limit(sitting, held, ours, life.condition, life.spot, acting.now)
        limit, source = graded.limit, graded.source
    attention = frozenset() if decision.unit_code else frozenset({Attention.UNASSIGNED})
    seen = Triage(
        spot=life.spot,
        hit=None,
        category=ours,
        condition=life.condition,
        decision=decision,
        alternatives=(),
        attention=frozenset(str(one) for one in attention),
    )
    draft = file_case(
        case_no=case_no(opening.city, sitting.next_number(), acting.now),
        report_id=life.report_id,
        source=life.source,
        kind=life.kind,
        category=life.category,
        condition=life.condition,
        catalogue=life.catalogue,
        limit=limit,
        limit_source=source,
        spot=life.spot,
        desk=life.desk,
        unit_code=decision.unit_code,
        author_id=life.author_id,
        operator_id=life.operator_id,
        campaign=life.campaign,
        tags=life.tags,
        attention=sorted(seen.attention),
        recurrent=True,
    )
    draft = replace(draft, payload={**draft.payload, "relapse_of": str(held.id)})
    row = {
        "source": life.source,
        "catalogue": life.catalogue,
        "description": report.row.description,
        "address": report.row.address,
        "component_code": _component(held),
        "campaign": life.campaign,
        "geom": _geom(held),
        "routing": routing_json(seen, book),
        "desk": life.desk,
        "author_id": life.author_id,
    }
    return opening.steps.open(sitting, draft, row, acting, report, case_id)


def _renames(wanted: commands.Amend) -> bool:
    return any(one is not None for one in (wanted.kind, wanted.category, wanted.condition))


def _category(sitting: Sitting, held: HeldCase, wanted: commands.Amend) -> Category | None:
    """Return what the case is about; None where that stays what it was under an older edition."""
    life, book = held.life, sitting.book
    if _renames(wanted) or wanted.reroute:
        return category_of(book, wanted.kind or life.kind, wanted.category or life.category)
    return book.catalogue.find(life.kind, life.category) if life.catalogue == book.catalogue.edition else None


def _decision(
    sitting: Sitting,
    held: HeldCase,
    category: Category,
    condition: int | None,
    acting: Acting,
    spot: Spot | None = None,
) -> Decision:
    place = spot or held.life.spot
    if place.cell_code is None:
        return NOBODY
    maintainer, _ = sitting.maintainer(_component(held))
    return sitting.book.decide(place, category.matter(condition), acting.now, maintainer=maintainer)


def _seen(
    sitting: Sitting, held: HeldCase, wanted: commands.Amend, category: Category | None, acting: Acting
) -> Triage:
    """Locate and route what is wanted; what is not asked for stays."""
    life, point = held.life, wanted.point
    attention, spot, hit = set(life.attention), life.spot, None
    if point is not None:
        tolerance = sitting.city_policies(acting.now).snap_tolerance_m
        placed = sitting.book.locate(point.lon, point.lat, acting.now, tolerance_m=tolerance)
        attention, spot, hit = attention - _ABOUT_PLACE | placed.attention, placed.spot, placed.hit
    number = wanted.condition or life.condition
    if category is not None:
        check_condition(category, number, ["body", "condition"])
    decision = NOBODY
    if wanted.reroute and category is not None:
        decision = _decision(sitting, held, category, number, acting, spot=spot)
        attention -= {Attention.UNASSIGNED}
        attention |= set() if decision.unit_code else {Attention.UNASSIGNED}
    return Triage(
        spot=spot,
        hit=hit,
        category=category,
        condition=number,
        decision=decision,
        alternatives=(),
        attention=frozenset(attention),
    )


def _columns(
    sitting: Sitting, held: HeldCase, wanted: commands.Amend, seen: Triage, amended: Amended
) -> Mapping[str, Any]:
    """Return the row's point, its routing where it was asked for anew, and its edition."""
    point, row = wanted.point, held.row
    stored = held.placed.get("routing") or held.opened.get("routing") or (row.routing if row else {})
    return {
        "geom": point_wkb(point.lon, point.lat) if point is not None else _geom(held),
        "routing": routing_json(seen, sitting.book) if wanted.reroute else stored,
        "catalogue": amended.catalogue,
    }


def _component(held: HeldCase) -> str | None:
    return held.row.component_code if held.row is not None else held.opened.get("component_code")


def _geom(held: HeldCase) -> str | None:
    """Return the point of a case as its column takes it."""
    if "geom" in held.placed or held.row is None:
        found: str | None = held.placed.get("geom", held.opened.get("geom"))
        return found
    shape = held.row.shape
    return point_wkb(shape.x, shape.y) if shape is not None else None
