"""GeoJSON as it is answered."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, Self

from pydantic import Field

from app.api.schemas.base import Answer
from app.dispatch.calendar import LOCAL_ZONE
from app.repositories.geo import Shape
from app.services.maps import Drawn

_RENAMED = {"zone_class": "class"}


class FeatureOut(Answer):
    """A feature of RFC 7946; degrees, longitude first."""

    type: Literal["Feature"] = Field(default="Feature", description="Always Feature", examples=["Feature"])
    id: str = Field(description="Code, or id of a case", examples=["510107003012005"])
    geometry: dict[str, Any] = Field(
        description="Point, Polygon or MultiPolygon in CGCS2000 degrees",
        examples=[{"type": "Point", "coordinates": [104.06, 30.65]}],
    )
    properties: dict[str, Any] = Field(description="What the layer knows of it", examples=[{"code": "510107003012005"}])

    @classmethod
    def of(cls, shape: Shape) -> Self:
        """Render a feature."""
        return cls(id=shape.code, geometry=dict(shape.geometry), properties=_properties(shape.properties))


class FeaturesOut(Answer):
    """One page of a layer."""

    type: Literal["FeatureCollection"] = Field(
        default="FeatureCollection", description="Always FeatureCollection", examples=["FeatureCollection"]
    )
    features: list[FeatureOut] = Field(description="In the order of their ids")
    next: str | None = Field(description="`after` of the next page; null on the last one", examples=[None])

    @classmethod
    def of(cls, drawn: Drawn) -> Self:
        """Render a page."""
        return cls(features=[FeatureOut.of(shape) for shape in drawn.features], next=drawn.following)


def _properties(values: Mapping[str, Any]) -> dict[str, Any]:
    return {_RENAMED.get(name, name): _local(value) for name, value in values.items()}


def _local(value: object) -> object:
    return value.astimezone(LOCAL_ZONE).isoformat() if isinstance(value, datetime) else value
