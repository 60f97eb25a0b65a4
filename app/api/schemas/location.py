"""A place as clients give it and as it is answered."""

from pydantic import Field, field_validator

from app.adapters.crs import to_canonical_point
from app.api.schemas.base import Answer, Body
from app.dispatch.codes import LocationFrom
from app.dispatch.errors import BadInput
from app.dispatch.points import Point


class LocationIn(Body):
    """A point with its reference system; the address may stand with it or alone."""

    lon: float | None = Field(default=None, allow_inf_nan=False, description="Longitude or x", examples=[113.62])
    lat: float | None = Field(default=None, allow_inf_nan=False, description="Latitude or y", examples=[33.08])
    datum: str | None = Field(
        default=None,
        max_length=20,
        description="wgs84, cgcs2000, gcj02, bd09 or EPSG:n; required with a point",
        examples=["gcj02"],
    )
    located_from: LocationFrom = Field(
        default=LocationFrom.DEVICE, alias="from", description="How the point came about", examples=["device"]
    )
    accuracy_m: float | None = Field(
        default=None, ge=0, le=100_000, description="Radius of the accuracy circle in metres", examples=[12]
    )
    address: str | None = Field(default=None, max_length=500, description="The place in words", examples=["滨河路桥头"])

    @field_validator("lon", "lat", mode="before")
    @classmethod
    def _no_truth_values(cls, value: object) -> object:
        """Refuse true and false, which would count as 1 and 0."""
        if isinstance(value, bool | str):
            raise ValueError("须为数字")  # noqa: TRY004  # pydantic turns ValueError into a 422
        return value

    def to_point(self) -> Point | None:
        """Return the canonical point; None without coordinates. Raises BadInput."""
        if self.lon is None or self.lat is None:
            if self.lon is not None or self.lat is not None:
                raise BadInput.at(["body", "location"], "经度和纬度须同时给出", code="bad_location")
            return None
        if self.datum is None:
            raise BadInput.at(["body", "location", "datum"], "须给出坐标系 datum", code="bad_location")
        lon, lat = to_canonical_point(self.lon, self.lat, self.datum)
        return Point(
            lon=lon,
            lat=lat,
            raw_lon=self.lon,
            raw_lat=self.lat,
            datum=self.datum,
            located_from=self.located_from,
            accuracy_m=self.accuracy_m,
        )


class LocationOut(Answer):
    """A stored place, CGCS2000 degrees."""

    lon: float | None = Field(description="Longitude in degrees", examples=[113.62])
    lat: float | None = Field(description="Latitude in degrees", examples=[33.08])
    datum: str = Field(default="cgcs2000", description="Always cgcs2000", examples=["cgcs2000"])
    address: str | None = Field(default=None, description="The place in words, scrubbed", examples=["滨河路桥头"])
