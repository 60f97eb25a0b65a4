"""Components around a point, as they are answered."""

from collections.abc import Iterable
from typing import Self

from pydantic import Field

from app.api.schemas.base import Answer
from app.dispatch.codes import Datum
from app.dispatch.components import NearComponent


class ComponentOut(Answer):
    """A component that a report may be about."""

    code: str = Field(description="Its code, to be named as `component_code`", examples=["5101070101000017"])
    category: str = Field(description="Major + minor code", examples=["0101"])
    name: str = Field(description="Name", examples=["上水井盖"])
    state: str = Field(description="State as the file of components says", examples=["in_use"])
    maintainer_unit: str | None = Field(description="Whom it brings when it is named", examples=["U-WATER"])
    lon: float = Field(description="Longitude", examples=[104.0612])
    lat: float = Field(description="Latitude", examples=[30.6587])
    datum: Datum = Field(default=Datum.CGCS2000, description="System of `lon` and `lat`", examples=["cgcs2000"])
    distance_m: float = Field(description="Metres from the point", examples=[4.2])


class ComponentsOut(Answer):
    """Components around a point."""

    items: list[ComponentOut] = Field(description="The nearest first")

    @classmethod
    def of(cls, found: Iterable[NearComponent]) -> Self:
        """Render components."""
        return cls(items=[ComponentOut.model_validate(one) for one in found])
