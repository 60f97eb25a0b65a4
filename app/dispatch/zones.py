"""Zones: stretches of road, compounds, greens with one manager each, finer than cells and of several classes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

import numpy as np
from shapely import MultiPolygon, Polygon

from app.dispatch.locate_bulk import touched
from app.dispatch.locator import Locator
from app.dispatch.mosaic import Floats, Ints
from app.dispatch.spans import micros
from app.dispatch.validity import valid_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A piece of the city with one manager; zones of different classes may overlap. `polygon` in canonical degrees."""

    code: str
    name: str
    zone_class: str
    polygon: Polygon | MultiPolygon
    manager_unit: str | None = None
    grade: str | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None


class ZoneIndex:
    """An immutable index over one version of the zones."""

    __slots__ = ("_begins", "_classes", "_ends", "_grades", "_locator", "zones")

    def __init__(self, zones: Sequence[Zone], locator: Locator) -> None:
        """Take what `build` made: zones by code, in the order of the locator's numbers."""
        self.zones = tuple(zones)
        self._locator = locator
        self._grades = {zone.code: zone.grade for zone in self.zones if zone.grade}
        numbers = {name: number for number, name in enumerate(sorted({zone.zone_class for zone in self.zones}))}
        self._classes = np.array([numbers[zone.zone_class] for zone in self.zones], dtype=np.int64)
        self._begins = np.array([_micros(zone.valid_from, _ALWAYS[0]) for zone in self.zones], dtype=np.int64)
        self._ends = np.array([_micros(zone.valid_to, _ALWAYS[1]) for zone in self.zones], dtype=np.int64)

    @classmethod
    def build(cls, zones: Iterable[Zone]) -> Self:
        """Index `zones`; codes are unique over all classes."""
        ordered = sorted(zones, key=lambda zone: zone.code)
        return cls(ordered, Locator([zone.polygon for zone in ordered]))

    def grade_of(self, code: str) -> str | None:
        """Return a zone's grade, if it has one."""
        return self._grades.get(code)

    def locate(self, lon: float, lat: float, at: datetime) -> dict[str, str]:
        """Return zone class → zone code of the zones valid at `at`; on a shared edge the lowest code.

        A zone never reaches beyond its border: unlike cells, zones need not cover the city, so nothing is snapped.
        """
        found: dict[str, str] = {}
        for number in self._locator.touching(lon, lat):
            zone = self.zones[number]
            if valid_at(zone.valid_from, zone.valid_to, at):
                found.setdefault(zone.zone_class, zone.code)
        return found

    def numbers(self, points: Floats, at: Ints) -> Ints:
        """Return the places in `zones` of the zones at each point, filled up with -1; exactly as `locate` would.

        `points` (n, 2: lon, lat); `at` the instant of each, in microseconds since 1970.
        """
        point, zone = touched(self._locator, points)
        valid = (self._begins[zone] <= at[point]) & (at[point] < self._ends[zone])
        point, zone = point[valid], zone[valid]
        _, first = np.unique(np.stack([point, self._classes[zone]]), axis=1, return_index=True)
        first.sort()
        point, zone = point[first], zone[first]
        places = np.arange(len(point)) - np.searchsorted(point, point)
        found = np.full((len(points), int(places.max(initial=0)) + 1), -1, dtype=np.int64)
        found[point, places] = zone
        return found

    def near(self, lon: float, lat: float, at: datetime, radius_m: float) -> list[Zone]:
        """Return the zones valid at `at` within `radius_m` metres, nearest first."""
        hits = self._locator.near(lon, lat, radius_m)
        return [
            zone for zone in (self.zones[hit.number] for hit in hits) if valid_at(zone.valid_from, zone.valid_to, at)
        ]


_ALWAYS: Final = (np.iinfo(np.int64).min, np.iinfo(np.int64).max)


def _micros(at: datetime | None, otherwise: int) -> int:
    return micros(at) if at is not None else otherwise
