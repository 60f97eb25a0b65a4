"""The demo city's rows, column for column those of the administration's files; geometry in CGCS2000 lon/lat degrees."""

from dataclasses import dataclass
from datetime import datetime

from shapely import Geometry, MultiPolygon, Point, Polygon

from app.dispatch.codes import AreaLevel, Kind, Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaRow:
    """A district, street or community; a district's parent is empty."""

    code: str
    name: str
    level: AreaLevel
    parent_code: str | None
    geometry: Polygon | MultiPolygon


@dataclass(frozen=True, slots=True, kw_only=True)
class CellRow:
    """A unit grid cell; its first 12, 9 and 6 digits name community, street and district."""

    code: str
    beat_code: str
    geometry: Polygon


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneRow:
    """A piece of ground with one manager; `width_m` only for roads."""

    code: str
    name: str
    zone_class: str
    manager_unit: str
    grade: str | None
    width_m: int | None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    geometry: Polygon | MultiPolygon


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentRow:
    """A fixed thing with its 16-digit code (6 region, 4 category, 6 sequence)."""

    code: str
    category: str
    name: str
    competent_unit: str
    owner_unit: str
    maintainer_unit: str
    state: str
    geometry: Point


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceRow:
    """A named place that addresses are found by."""

    name: str
    kind: str
    aliases: tuple[str, ...]
    geometry: Geometry


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRow:
    """A disposing unit in the tree of units."""

    code: str
    name: str
    parent_code: str | None
    kind: str
    region_code: str | None
    fallback: bool
    desk: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRow:
    """Who takes what, where; an empty field means any, `minor` holds the minor's own two digits."""

    unit_code: str
    scope: Scope
    scope_code: str | None
    kind: Kind | None
    major: str | None
    minor: str | None
    condition: int | None
    valid_from: datetime | None = None
    valid_to: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BeatRow:
    """One cell of a beat; a beat has as many rows as cells."""

    code: str
    name: str
    cell_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakesRow:
    """A kind of thing that the managers of a zone class take; an empty minor means the whole major."""

    zone_class: str
    kind: Kind
    major: str
    minor: str | None
