"""Addresses and places, as they are answered."""

from typing import Self

from pydantic import Field

from app.api.schemas.base import Answer
from app.dispatch.codes import Datum
from app.dispatch.set_codes import PlaceMatch
from app.services.geocoding import Answered, Located


class CandidateOut(Answer):
    """A place that an address may mean, or words for a point."""

    score: float = Field(description="From 0 to 1; for comparing candidates", examples=[0.92])
    kind: str = Field(
        description="Kind as the places' file says; `crossing` where two roads meet, `confirmed` for what was learnt",
        examples=["crossing"],
    )
    name: str = Field(description="The place's own name, or words for the point", examples=["人民路与新华路交叉口"])
    lon: float = Field(description="Longitude", examples=[104.0612])
    lat: float = Field(description="Latitude", examples=[30.6587])
    datum: Datum = Field(default=Datum.CGCS2000, description="System of `lon` and `lat`", examples=["cgcs2000"])
    accuracy_m: float = Field(description="How far off it may well be, in metres", examples=[25.0])
    cell_code: str | None = Field(description="Its cell; null out of coverage", examples=["510107003012005"])
    matched: list[PlaceMatch] = Field(description="Why it is a candidate", examples=[["crossing", "name", "offset"]])

    @classmethod
    def of(cls, one: Located) -> Self:
        """Render a candidate."""
        found = one.candidate
        return cls(
            score=found.score,
            kind=found.kind,
            name=found.name,
            lon=round(found.lon, 8),
            lat=round(found.lat, 8),
            accuracy_m=round(found.accuracy_m, 1),
            cell_code=one.cell_code,
            matched=sorted(found.matched),
        )


class CandidatesOut(Answer):
    """Candidates, the best first."""

    candidates: list[CandidateOut] = Field(description="At most ten, the best first; empty where nothing is known")
    versions: dict[str, int] = Field(description="Versions that say so", examples=[{"book": 1, "places": 1}])

    @classmethod
    def of(cls, found: Answered) -> Self:
        """Render an answer."""
        return cls(candidates=[CandidateOut.of(one) for one in found.candidates], versions=dict(found.versions))
