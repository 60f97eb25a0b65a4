"""Zones: stretches of road, compounds, greens with one manager each, finer than cells and of several classes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from shapely import MultiPolygon, Polygon

from app.dispatch.locator import Locator
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

    __slots__ = ("_locator", "zones")

    def __init__(self, zones: Sequence[Zone], locator: Locator) -> None:
        """Take what `build` made: zones by code, in the order of the locator's numbers."""
        self.zones = tuple(zones)
        self._locator = locator

    @classmethod
    def build(cls, zones: Iterable[Zone]) -> Self:
        """Index `zones`; codes are unique over all classes."""
        ordered = sorted(zones, key=lambda zone: zone.code)
        return cls(ordered, Locator([zone.polygon for zone in ordered]))

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

    def near(self, lon: float, lat: float, at: datetime, radius_m: float) -> list[Zone]:
        """Return the zones valid at `at` within `radius_m` metres, nearest first."""
        hits = self._locator.near(lon, lat, radius_m)
        return [
            zone for zone in (self.zones[hit.number] for hit in hits) if valid_at(zone.valid_from, zone.valid_to, at)
        ]
