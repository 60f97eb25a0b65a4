"""Rulings of coordinators, as they are asked for and answered."""

from typing import Self
from uuid import UUID

from pydantic import Field

from app.api.schemas.base import Answer, Body, Instant
from app.api.schemas.query import Code
from app.dispatch.codes import Kind, Scope
from app.dispatch.ruling import RulingWanted
from app.models.activations import RulingRow


class RulingIn(Body):
    """One unit for a place and a category; what is left out matches anything."""

    unit_code: Code = Field(description="Who is responsible from now on", examples=["510107003"])
    scope: Scope = Field(description="How far it reaches", examples=["cell"])
    scope_code: Code | None = Field(
        default=None, description="Code of that place; left out for the city", examples=["510107003012005"]
    )
    kind: Kind | None = Field(default=None, description="component or event", examples=["event"])
    major: Code | None = Field(default=None, description="Major code", examples=["03"])
    minor: Code | None = Field(default=None, description="The minor's own digits", examples=["05"])
    valid_from: Instant | None = Field(default=None, description="Null: now; never a past one", examples=[None])
    valid_to: Instant | None = Field(default=None, description="Null: until further notice", examples=[None])

    def wanted(self) -> RulingWanted:
        """Return what is asked for."""
        return RulingWanted(
            unit_code=self.unit_code,
            scope=self.scope,
            scope_code=self.scope_code,
            kind=self.kind,
            major=self.major,
            minor=self.minor,
            valid_from=self.valid_from,
            valid_to=self.valid_to,
        )


class RulingOut(Answer):
    """A ruling; decisions name its id as `rule_id`."""

    id: UUID = Field(description="The ruling", examples=["019283f0-5b6e-7b44-9d5e-0a1b2c3d4e5f"])
    unit_code: str = Field(description="Who is responsible", examples=["510107003"])
    scope: Scope = Field(description="How far it reaches", examples=["cell"])
    scope_code: str | None = Field(description="Code of that place", examples=["510107003012005"])
    kind: Kind | None = Field(description="component or event; null: both", examples=["event"])
    major: str | None = Field(description="Major code; null: any", examples=["03"])
    minor: str | None = Field(description="The minor's own digits; null: any", examples=["05"])
    valid_from: Instant = Field(description="In force from then", examples=["2026-11-21T09:00:00+08:00"])
    valid_to: Instant | None = Field(description="In force until then; null: until further notice", examples=[None])
    case_id: UUID | None = Field(description="The case it was made for", examples=[None])
    recorded_at: Instant = Field(description="When it was recorded", examples=["2026-11-21T09:00:00+08:00"])
    recorded_by: UUID | None = Field(description="Account", examples=["019283f0-5b6e-7b44-9d5e-0a1b2c3d4e5f"])
    ended_at: Instant | None = Field(description="When it was ended early", examples=[None])

    @classmethod
    def of(cls, row: RulingRow) -> Self:
        """Render a ruling."""
        return cls.model_validate(row)


class RulingPage(Answer):
    """A page of rulings."""

    items: list[RulingOut] = Field(description="Newest first")
    next: str | None = Field(description="Cursor of the next page", examples=[None])
