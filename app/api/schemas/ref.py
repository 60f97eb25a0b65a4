"""Master data as it is answered."""

from datetime import datetime
from typing import Any, Self

from pydantic import Field

from app.api.schemas.base import Answer, Instant
from app.dispatch.calendar import LOCAL_ZONE
from app.services.reference import MasterData


class RefOut(Answer):
    """One list of master data."""

    version: int = Field(description="Of the list; also the ETag", examples=[3])
    edition: str | None = Field(
        description="Name of the set; null for lists of the program", examples=["city-practice-1"]
    )
    changed_at: Instant = Field(description="Since when it holds", examples=["2026-03-01T00:00:00+08:00"])
    items: list[dict[str, Any]] = Field(
        description="The whole list; empty when it has not changed since `changed_since`",
        examples=[[{"code": "citizen", "name": "市民随手拍"}]],
    )
    next: str | None = Field(default=None, description="Always null: the list comes whole", examples=[None])

    @classmethod
    def of(cls, data: MasterData) -> Self:
        """Render a list."""
        items = [{name: _local(value) for name, value in row.items()} for row in data.items]
        return cls(version=data.version, edition=data.edition, changed_at=data.changed_at, items=items)


def _local(value: object) -> object:
    return value.astimezone(LOCAL_ZONE).isoformat() if isinstance(value, datetime) else value
