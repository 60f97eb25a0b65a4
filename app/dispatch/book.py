"""Everything in force at one version: grid, zones, areas, rules, units, catalogue, calendar. Immutable, in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from app.dispatch.boundary import Alternative, near_boundary
from app.dispatch.calendar import WorkCalendar
from app.dispatch.case_life import Spot
from app.dispatch.catalogue import Catalogue
from app.dispatch.codes import AreaLevel, Attention
from app.dispatch.grid import CellHit, CellIndex
from app.dispatch.policies import DEFAULTS, Policies
from app.dispatch.policy_book import CITY, PolicyBook
from app.dispatch.responsibility import Decision, Matter, Place, Unit
from app.dispatch.routing import RuleBook
from app.dispatch.zones import ZoneIndex

_COMMUNITY_DIGITS, _STREET_DIGITS, _DISTRICT_DIGITS = 12, 9, 6  # of a cell's code


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A district, street or community."""

    code: str
    name: str
    level: AreaLevel
    parent_code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A point as the service sees it: the codes around it, and what is odd about it."""

    spot: Spot
    hit: CellHit
    attention: frozenset[Attention]


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """One version of all active sets. `number` names it; decisions carry it."""

    number: int
    versions: Mapping[str, int]
    cells: CellIndex
    zones: ZoneIndex
    zone_names: Mapping[str, str]
    areas: Mapping[str, Area]
    beat_names: Mapping[str, str]
    rules: RuleBook
    catalogue: Catalogue
    calendar: WorkCalendar
    policies: PolicyBook = field(default_factory=PolicyBook)
    _children: dict[str, tuple[str, ...]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Turn the tree of units round once."""
        children: dict[str, tuple[str, ...]] = {}
        for unit in self.units.values():
            if unit.parent_code:
                children[unit.parent_code] = (*children.get(unit.parent_code, ()), unit.code)
        object.__setattr__(self, "_children", children)

    @property
    def units(self) -> Mapping[str, Unit]:
        """The active units by code."""
        return self.rules.units

    def units_below(self, code: str) -> frozenset[str]:
        """Return a unit's subtree with itself; a code that is not active any more is its own subtree."""
        found, waiting = {code}, [code]
        while waiting:
            for child in self._children.get(waiting.pop(), ()):
                if child not in found:
                    found.add(child)
                    waiting.append(child)
        return frozenset(found)

    def units_above(self, code: str) -> tuple[str, ...]:
        """Return a unit with those above it, the root last."""
        found = [code]
        while (unit := self.units.get(found[-1])) and unit.parent_code and unit.parent_code not in found:
            found.append(unit.parent_code)
        return tuple(found)

    def root_of(self, code: str) -> str:
        """Return the root of a unit's tree."""
        return self.units_above(code)[-1]

    def city_policies(self, at: datetime, base: Policies = DEFAULTS) -> Policies:
        """Return what holds at an instant before anything is known of a report."""
        return self.policies.of(CITY, at, base)

    def locate(self, lon: float, lat: float, at: datetime, *, tolerance_m: float) -> Placed:
        """Place a canonical point: cell, areas, beat and zones."""
        hit = self.cells.locate(lon, lat, tolerance_m=tolerance_m)
        if hit.code is None:
            spot = Spot(zones=self.zones.locate(lon, lat, at))
            return Placed(spot=spot, hit=hit, attention=frozenset({Attention.OUT_OF_COVERAGE}))
        attention = {Attention.SNAPPED} if hit.snapped else {Attention.ON_BOUNDARY} if hit.on_boundary else set()
        spot = self.spot_of(hit.code, self.zones.locate(lon, lat, at))
        return Placed(spot=spot, hit=hit, attention=frozenset(attention))

    def spot_of(self, cell_code: str, zones: Mapping[str, str]) -> Spot:
        """Return the areas and the beat of a cell; the cell's code carries those of its areas (city practice)."""
        return Spot(
            cell_code=cell_code,
            beat_code=self.cells.beat_of(cell_code),
            community=self._area(cell_code[:_COMMUNITY_DIGITS]),
            street=self._area(cell_code[:_STREET_DIGITS]),
            district=self._area(cell_code[:_DISTRICT_DIGITS]),
            zones=dict(zones),
        )

    def decide(self, spot: Spot, matter: Matter, at: datetime, *, maintainer: str | None = None) -> Decision:
        """Name the unit responsible for a matter at a spot."""
        return self.rules.decide(_place(spot), matter, at, maintainer=maintainer)

    def alternatives(
        self, spot: Spot, lon: float, lat: float, accuracy_m: float, matter: Matter, at: datetime, decided: Decision
    ) -> tuple[Alternative, ...]:
        """Return the other units that a point's accuracy circle meets; empty when nothing is in doubt."""
        if spot.cell_code is None:
            return ()
        return near_boundary(
            lon,
            lat,
            accuracy_m,
            cells=self.cells,
            zones=self.zones,
            book=self.rules,
            place_of=lambda cell, zones: _place(self.spot_of(cell, zones)),
            matter=matter,
            at=at,
            decided=decided,
        )

    def name_of(self, group_by: str, code: str) -> str | None:
        """Return the name that goes with a code of a group; None where the code is all there is."""
        match group_by:
            case "unit" | "unit_root":
                return unit.name if (unit := self.units.get(code)) else None
            case "district" | "street" | "community":
                return area.name if (area := self.areas.get(code)) else None
            case "beat":
                return self.beat_names.get(code)
        return None

    def _area(self, code: str) -> str | None:
        return code if code in self.areas else None


def _place(spot: Spot) -> Place:
    return Place(
        cell_code=spot.cell_code,
        zones=spot.zones,
        beat=spot.beat_code,
        community=spot.community,
        street=spot.street,
        district=spot.district,
    )
