"""What a list of cases is narrowed to, in SQL."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from geoalchemy2 import Geography, Geometry
from sqlalchemy import ColumnElement, and_, cast, false, func, or_, true
from sqlalchemy.dialects.postgresql import JSONPATH

from app.dispatch.access import Sight
from app.dispatch.codes import CaseState, Handling, Kind, Light, Source
from app.dispatch.figure_codes import ClockKind
from app.models.base import SRID
from app.models.cases import Case
from app.repositories.reach import cases_in_sight, of_desks


class CaseSort(StrEnum):
    """The orders of a list."""

    FILED = "-filed_at"
    DUE = "due_at"
    UPDATED = "-updated_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle in canonical degrees."""

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """A circle: canonical degrees and metres."""

    lon: float
    lat: float
    radius_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFilter:
    """What is asked for; an empty sequence or None means any, several values mean any of them.

    `clock` is the one the caller is judged by; `now` decides lights and what is overdue. `inspector_id` is looked for
    only among cases in `inspector_sight`: who checks a case is not for its unit to find out.
    """

    now: datetime
    clock: ClockKind = ClockKind.CASE
    state: Sequence[CaseState] = ()
    unit_code: Sequence[str] = ()
    units_below: frozenset[str] | None = None
    desk: Sequence[str] = ()
    kind: Sequence[Kind] = ()
    category: Sequence[str] = ()
    source: Sequence[Source] = ()
    district: Sequence[str] = ()
    street: Sequence[str] = ()
    community: Sequence[str] = ()
    cell_code: Sequence[str] = ()
    beat_code: Sequence[str] = ()
    zone: str | None = None
    light: Sequence[Light] = ()
    overdue: bool | None = None
    handling: Sequence[Handling] = ()
    campaign: Sequence[str] = ()
    tags: Sequence[str] = ()
    flags: Sequence[str] = ()
    inspector_id: UUID | None = None
    inspector_sight: Sight = field(default=Sight())
    q: str | None = None
    box: Box | None = None
    near: Around | None = None
    filed_from: datetime | None = None
    filed_to: datetime | None = None
    due_from: datetime | None = None
    due_to: datetime | None = None
    closed_from: datetime | None = None
    closed_to: datetime | None = None


_ANY_OF: Final = (
    *("state", "unit_code", "kind", "category", "source", "district", "street", "community", "cell_code"),
    *("beat_code", "handling", "campaign"),
)


def due_column(clock: ClockKind) -> ColumnElement[datetime | None]:
    """Return the due time of one of the two clocks."""
    return (Case.case_due_at if clock is ClockKind.CASE else Case.leg_due_at).expression


def narrowed(wanted: CaseFilter) -> ColumnElement[bool]:
    """Return the condition of a filter; what the caller sees comes on top."""
    columns = Case.__table__.c
    tests: list[ColumnElement[bool]] = [
        columns[name].in_(values) for name in _ANY_OF if (values := getattr(wanted, name))
    ]
    if wanted.desk:
        tests.append(of_desks(Case.desk, wanted.desk))
    if wanted.units_below is not None:
        tests.append(Case.unit_code.in_(sorted(wanted.units_below)))
    tests += [Case.tags.contains([tag]) for tag in wanted.tags]
    tests += [Case.flags.contains([flag]) for flag in wanted.flags]
    tests += [*_times(wanted), *_places(wanted), *_judged(wanted)]
    if wanted.zone is not None:
        tests.append(Case.zones.path_exists(cast(f"$.* ? (@ == {json.dumps(wanted.zone)})", JSONPATH)))
    if wanted.inspector_id is not None:
        his = or_(Case.inspector_id == wanted.inspector_id, Case.author_id == wanted.inspector_id)
        tests.append(and_(his, cases_in_sight(wanted.inspector_sight)))
    if wanted.q is not None:
        tests.append(_words(wanted.q))
    return and_(true(), *tests)


def _words(q: str) -> ColumnElement[bool]:
    return or_(
        Case.description.contains(q, autoescape=True),
        Case.address.contains(q, autoescape=True),
        Case.case_no == q,
    )


def _times(wanted: CaseFilter) -> list[ColumnElement[bool]]:
    """From is inclusive, to is exclusive."""
    due = due_column(wanted.clock)
    pairs: tuple[tuple[Any, datetime | None, datetime | None], ...] = (
        (Case.filed_at, wanted.filed_from, wanted.filed_to),
        (due, wanted.due_from, wanted.due_to),
        (Case.closed_at, wanted.closed_from, wanted.closed_to),
    )
    since = [column >= start for column, start, _ in pairs if start is not None]
    return since + [column < end for column, _, end in pairs if end is not None]


def _places(wanted: CaseFilter) -> list[ColumnElement[bool]]:
    tests: list[ColumnElement[bool]] = []
    if wanted.box is not None:
        tests.append(inside(Case.geom, wanted.box))
    if wanted.near is not None:
        point = func.ST_SetSRID(func.ST_MakePoint(wanted.near.lon, wanted.near.lat), SRID, type_=Geometry)
        tests.append(func.ST_DWithin(Case.geog, cast(point, Geography(srid=SRID)), wanted.near.radius_m))
    return tests


def inside(column: Any, box: Box) -> ColumnElement[bool]:  # noqa: ANN401  # a geometry column of any table
    """Return the condition that a shape's own box meets `box`: what the index answers."""
    envelope = func.ST_MakeEnvelope(box.west, box.south, box.east, box.north, SRID, type_=Geometry)
    test: ColumnElement[bool] = column.op("&&", is_comparison=True)(envelope)
    return test


def _judged(wanted: CaseFilter) -> list[ColumnElement[bool]]:
    """Lights and what is overdue, at the standing disposal, the closing, or now."""
    due = due_column(wanted.clock)
    yellow = Case.case_yellow_at if wanted.clock is ClockKind.CASE else Case.leg_yellow_at
    at = func.coalesce(Case.disposed_at, Case.closed_at, wanted.now)
    tests: list[ColumnElement[bool]] = []
    if wanted.light:
        lights = {
            Light.RED: at >= due,
            Light.YELLOW: and_(at >= yellow, at < due),
            Light.GREEN: and_(at < yellow, at < due),
        }
        tests.append(or_(false(), *(lights[one] for one in wanted.light)))
    if wanted.overdue is not None:
        tests.append(at > due if wanted.overdue else or_(due.is_(None), at <= due))
    return tests
