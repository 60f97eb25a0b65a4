"""A point on its way in: as it was given and as it is stored."""

from dataclasses import dataclass

from app.dispatch.codes import LocationFrom


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A point as it came (`raw_*`, `datum`) and as it is stored (`lon`, `lat`, canonical degrees)."""

    lon: float
    lat: float
    raw_lon: float
    raw_lat: float
    datum: str
    located_from: LocationFrom
    accuracy_m: float | None = None
