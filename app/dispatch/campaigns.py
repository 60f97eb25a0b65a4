"""Campaigns (专项行动): from when to when, about what and where; reports and cases say which one they belong to."""

from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.dispatch.codes import Kind
from app.dispatch.errors import BadInput


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignWanted:
    """A campaign as somebody wants it; `ends_at` is exclusive. Categories and areas tell clients what it is about."""

    code: str
    name: str
    starts_at: datetime
    ends_at: datetime
    categories: tuple[tuple[Kind, str], ...] = ()
    areas: tuple[str, ...] = ()


class Categories(Protocol):
    """Who knows categories."""

    def find(self, kind: Kind | None, code: str | None) -> object | None:
        """Return a category, if there is one."""
        ...


def check(wanted: CampaignWanted, categories: Categories, areas: Container[str]) -> None:
    """Raise BadInput for a campaign that ends before it begins, or is about what there is not."""
    if wanted.ends_at <= wanted.starts_at:
        raise BadInput.at(["body", "to"], "结束时间须晚于开始时间", code="ends_before_it_begins")
    for kind, code in wanted.categories:
        if categories.find(kind, code) is None:
            raise BadInput.at(["body", "categories"], f"没有这个类别：{kind} {code}", code="unknown_category")
    for code in wanted.areas:
        if code not in areas:
            raise BadInput.at(["body", "areas"], f"没有这个行政区划：{code}", code="unknown_place")


def runs(span: tuple[datetime, datetime] | None, at: datetime) -> bool:
    """Tell whether a campaign runs at an instant; its end is exclusive."""
    return span is not None and span[0] <= at < span[1]
