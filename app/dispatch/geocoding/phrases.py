"""What an address says, as values: what it names, and where from there."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, TypeAlias


class Heading(IntEnum):
    """The eight directions, in degrees from north through east."""

    N = 0
    NE = 45
    E = 90
    SE = 135
    S = 180
    SW = 225
    W = 270
    NW = 315


HEADINGS: Final = {
    "东北": Heading.NE,
    "东南": Heading.SE,
    "西北": Heading.NW,
    "西南": Heading.SW,
    "东": Heading.E,
    "南": Heading.S,
    "西": Heading.W,
    "北": Heading.N,
}
"""Chinese words, those of two characters first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """Something with a name of its own; `core` leaves out the house, the entrance and the flat."""

    text: str
    core: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A number along a road or within a compound."""

    base: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """Where two roads meet."""

    roads: tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A road between two others."""

    road: str
    start: str
    end: str


Anchor: TypeAlias = Named | Door | Crossing | Stretch


@dataclass(frozen=True, slots=True, kw_only=True)
class Offset:
    """A way from there; without a heading only how far, without metres only which side."""

    heading: Heading | None
    metres: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """An address, read: `anchors` are ways to read it, the likeliest first.

    `offsets` belong to all anchors but those in `beyond`, which stand behind them. `vague`: near, opposite, at a gate.
    """

    anchors: tuple[Anchor, ...]
    beyond: tuple[Anchor, ...] = ()
    offsets: tuple[Offset, ...] = ()
    regions: tuple[str, ...] = ()
    vague: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Return every text that may hold the name of a place."""
        return tuple(dict.fromkeys(text for one in (*self.anchors, *self.beyond) for text in _names(one)))


def _names(anchor: Anchor) -> tuple[str, ...]:
    match anchor:
        case Named():
            return (anchor.text,)
        case Door():
            return (anchor.base,)
        case Crossing():
            return anchor.roads
        case Stretch():
            return (anchor.road, anchor.start, anchor.end)
