"""Where in the demo city something may be wrong, what people call the place, and who would get it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from random import Random
from typing import Final

import shapely
from shapely import LineString, MultiPolygon, Point, Polygon, STRtree

from app.demo.city import DemoCity
from app.demo.rows import ZoneRow
from app.demo.simulation.matters import ANYWHERE, COMPONENT, Concern, concerns
from app.dispatch.book import Book
from app.dispatch.case_life import Spot
from app.dispatch.codes import AreaLevel
from app.dispatch.policies import DEFAULTS

_TRIES: Final = 8
_LOOKS_FOR_A_UNIT: Final = 3
_SURVEY: Final = 14
"""How many places of each concern are looked at to learn which units get anything by routing."""
_BEYOND: Final = 0.03
"""Degrees outside the city: some three kilometres."""
_WHERE: Final = ("东侧", "西侧", "北口", "南口", "路边", "门前", "公交站旁", "路口", "附近", "中段", "")
_IN_COMPOUND: Final = ("1号楼", "3号楼", "5号楼下", "8号楼西侧", "东门", "北门", "中心花园", "地库入口", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A place as somebody would tell it; canonical degrees. `unit_code` is who would get the concern by routing."""

    lon: float
    lat: float
    words: str
    address: str
    community: str | None
    component_code: str | None
    unit_code: str | None


class Atlas:
    """Places to draw from: components by category, zones by class, cells."""

    def __init__(self, city: DemoCity, book: Book, at: datetime) -> None:
        """Take the city as it was built and the book that decides; `at` is when routing is asked."""
        self._book = book
        self._at = at
        self._name = city.name
        self._cells = city.cells
        self._areas = {area.code: area for area in city.areas}
        self._components = {
            one.category: [c for c in city.components if c.category == one.category] for one in _fixed()
        }
        self._zones = {ground: [z for z in city.zones if z.zone_class == ground] for ground in _grounds()}
        self._roads: Sequence[ZoneRow] = self._zones["road"]
        self._nearest_road = STRtree([zone.geometry for zone in self._roads])
        self.fallbacks = {unit.region_code: unit.code for unit in city.units if unit.fallback and unit.region_code}
        self.units = tuple(unit.code for unit in city.units)

    def draw(self, rng: Random, concern: Concern) -> Site:
        """Draw a place for a concern."""
        if concern.ground == COMPONENT:
            one = rng.choice(self._components[concern.category])
            words = f"{self._road_at(one.geometry)}{rng.choice(_WHERE)}"
            return self._site(concern, one.geometry, words, one.code, one.maintainer_unit)
        if concern.ground == ANYWHERE:
            point = _inside(rng, rng.choice(self._cells).geometry)
            return self._site(concern, point, f"{self._road_at(point)}{rng.choice(_WHERE)}")
        zone = rng.choice(self._zones[concern.ground])
        where = rng.choice(_IN_COMPOUND if concern.ground == "compound" else _WHERE)
        return self._site(concern, _inside(rng, zone.geometry), f"{zone.name}{where}")

    def draw_for(self, rng: Random, unit_code: str) -> tuple[Concern, Site]:
        """Draw a concern and a place that routing gives to a unit; raises KeyError for one that gets nothing by it."""
        known = self.routed[unit_code]
        concern, first = rng.choice(known)
        sites = (self.draw(rng, concern) for _ in range(_LOOKS_FOR_A_UNIT))
        return concern, next((site for site in sites if site.unit_code == unit_code), first)

    @cached_property
    def routed(self) -> dict[str, list[tuple[Concern, Site]]]:
        """What routing gives to whom, as far as a survey finds out; the same for the same city."""
        rng, found = Random("survey"), dict[str, list[tuple[Concern, Site]]]()
        for concern in concerns():
            for _ in range(_SURVEY):
                site = self.draw(rng, concern)
                if site.unit_code is not None:
                    found.setdefault(site.unit_code, []).append((concern, site))
        return found

    def outside(self, rng: Random, concern: Concern) -> Site:
        """Draw a place beyond the city's border."""
        west, south, _, _ = shapely.total_bounds([cell.geometry for cell in self._cells[:1]])
        point = Point(west - _BEYOND * rng.uniform(10, 12), south - _BEYOND * rng.uniform(0, 2))
        return self._site(concern, point, "城外高速连接线附近")

    def _site(
        self, concern: Concern, point: Point, words: str, component: str | None = None, maintainer: str | None = None
    ) -> Site:
        spot = self._book.locate(point.x, point.y, self._at, tolerance_m=DEFAULTS.snap_tolerance_m).spot
        category = self._book.catalogue.find(concern.kind, concern.category)
        unit = None
        if category is not None and spot.cell_code is not None:
            unit = self._book.decide(
                spot, category.matter(concern.condition), self._at, maintainer=maintainer
            ).unit_code
        return Site(
            lon=point.x,
            lat=point.y,
            words=words,
            address=self._address(spot, words),
            community=spot.community,
            component_code=component,
            unit_code=unit,
        )

    def _address(self, spot: Spot, words: str) -> str:
        names = (self._areas[code].name for code in (spot.district, spot.street) if code)
        return "".join((self._name, *names, words))

    def _road_at(self, point: Point) -> str:
        return self._roads[int(self._nearest_road.nearest(point))].name

    def street_office(self, community: str | None) -> str:
        """Return the office of a community's street; of any street where the place is unknown."""
        streets = (a.code for a in self._areas.values() if a.level is AreaLevel.STREET)
        of_community = self._areas[community].parent_code if community else None
        return self.fallbacks[of_community or next(streets)]


def _fixed() -> list[Concern]:
    return [one for one in concerns() if one.ground == COMPONENT]


def _grounds() -> list[str]:
    return [*{one.ground: None for one in concerns() if one.ground not in {COMPONENT, ANYWHERE}}, "road"]


def _inside(rng: Random, shape: Polygon | MultiPolygon) -> Point:
    """Draw a point within a shape: the middle between two points of its edge, where that lies inside."""
    part: Polygon = rng.choice(shape.geoms) if isinstance(shape, MultiPolygon) else shape
    edge: LineString = part.exterior
    for _ in range(_TRIES):
        one, other = (edge.interpolate(rng.random(), normalized=True) for _ in range(2))
        middle = Point(round((one.x + other.x) / 2, 7), round((one.y + other.y) / 2, 7))
        if part.contains(middle):
            return middle
    return part.representative_point()
