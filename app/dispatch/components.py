"""Components: what stands in the street, and what their state means for those who keep them."""

from dataclasses import dataclass
from typing import Final

_GONE: Final = frozenset({"removed", "dismantled", "scrapped", "abandoned", "移除", "拆除", "废弃", "报废", "注销"})
"""A component that is lost or broken still has its keeper; one that was taken away has none (GB/T 30428.2, house)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NearComponent:
    """A component with its distance from the point that was asked about."""

    code: str
    category: str
    name: str
    state: str
    maintainer_unit: str | None
    lon: float
    lat: float
    distance_m: float


def is_gone(state: str) -> bool:
    """Tell whether a component was taken away for good: it brings no maintainer any more, and is not suggested."""
    plain = state.strip().lower()
    return plain in _GONE or plain.removeprefix("已") in _GONE
