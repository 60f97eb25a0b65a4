"""Campaigns (专项行动), as they are laid down and answered."""

from typing import Self

from pydantic import Field

from app.api.schemas.base import Answer, Body, Instant
from app.api.schemas.query import Code, Moment
from app.dispatch.campaigns import CampaignWanted
from app.dispatch.codes import Kind
from app.models.orders import Campaign


class CampaignCategory(Body):
    """A category that a campaign is about."""

    kind: Kind = Field(description="component or event", examples=["event"])
    category: Code = Field(description="Major + minor code of the active edition", examples=["0305"])


class CampaignChangeIn(Body):
    """What a campaign is called, when it runs and what it is about."""

    name: str = Field(min_length=1, max_length=100, description="Name", examples=["春季扬尘整治"])
    starts_at: Moment = Field(
        alias="from", description="Runs from then; a bare date is local midnight", examples=["2026-03-01"]
    )
    ends_at: Moment = Field(alias="to", description="Until then, exclusive", examples=["2026-04-01"])
    categories: list[CampaignCategory] = Field(
        default=[], max_length=200, description="What it is about; told to clients, binds nobody"
    )
    areas: list[Code] = Field(
        default=[], max_length=200, description="Where; codes of areas, told to clients", examples=[["510107"]]
    )

    def wanted(self, code: str) -> CampaignWanted:
        """Return what is asked for."""
        return CampaignWanted(
            code=code,
            name=self.name,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            categories=tuple(dict.fromkeys((one.kind, one.category) for one in self.categories)),
            areas=tuple(dict.fromkeys(self.areas)),
        )


class CampaignIn(CampaignChangeIn):
    """A campaign."""

    code: str = Field(pattern=r"^[A-Za-z0-9_-]{1,40}$", description="Short name for machines", examples=["dust-2026"])


class CampaignOut(Answer):
    """A campaign."""

    code: str = Field(description="Short name for machines: what reports, filters and groups name", examples=["dust"])
    name: str = Field(description="Name", examples=["春季扬尘整治"])
    starts_at: Instant = Field(
        serialization_alias="from", description="Runs from then", examples=["2026-03-01T00:00:00+08:00"]
    )
    ends_at: Instant = Field(
        serialization_alias="to", description="Until then, exclusive", examples=["2026-04-01T00:00:00+08:00"]
    )
    categories: list[CampaignCategory] = Field(description="What it is about")
    areas: list[str] = Field(description="Where", examples=[["510107"]])
    created_at: Instant = Field(description="Laid down", examples=["2026-02-20T10:00:00+08:00"])
    updated_at: Instant = Field(description="Changed last", examples=["2026-02-20T10:00:00+08:00"])
    version: int = Field(description="Number of changes; also the ETag", examples=[1])

    @classmethod
    def of(cls, row: Campaign) -> Self:
        """Render a campaign."""
        return cls.model_validate(row)


class CampaignPage(Answer):
    """A page of campaigns."""

    items: list[CampaignOut] = Field(description="By code")
    next: str | None = Field(description="`after` of the next page; null on the last one", examples=[None])
