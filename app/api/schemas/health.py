"""What watchers are told."""

from pydantic import Field

from app.api.schemas.base import Answer


class LivenessOut(Answer):
    """The process answers."""

    status: str = Field(description="Always `ok`", examples=["ok"])


class ReadinessOut(Answer):
    """Whether requests can be served, and what stands in the way."""

    ready: bool = Field(description="Whether requests can be served", examples=[True])
    database: bool = Field(description="The database answers", examples=[True])
    seeded: bool = Field(
        description="The first start has finished: a set of cells is active and nothing is half filled", examples=[True]
    )
    book: bool = Field(description="The active sets are in memory", examples=[True])
    clock: bool = Field(description="Our clock is within 2 s of the database's", examples=[True])
    skew_s: float | None = Field(description="Our clock minus the database's, in seconds", examples=[0.012])
    versions: dict[str, int] = Field(description="The version of each active set", examples=[{"cells": 1}])
    release: str = Field(description="The release that answers", examples=["0.1.0"])
