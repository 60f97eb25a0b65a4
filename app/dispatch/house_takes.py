"""What the managers of each zone class take where a city says nothing; house default, by `city-practice-1`."""

from typing import Final

from app.dispatch.codes import Kind
from app.dispatch.responsibility import Takes

# "major minor minor …" of events; a minor stands for itself only
_EVENTS: Final = (
    ("road", "01 13 96"),
    ("road", "03 98"),
    ("road", "05 05 06 07"),
    ("compound", "01 10 35 36 84 92 93"),
    ("green", "01 17 18 21 22 79 90 91"),
    ("water", "01 25 26 81 82"),
    ("water", "06 96"),
    ("market", "01 31"),
    ("market", "04 02 98"),
)


def _read(zone_class: str, text: str) -> list[Takes]:
    major, *minors = text.split()
    return [Takes(zone_class=zone_class, kind=Kind.EVENT, major=major, minor=minor) for minor in minors]


HOUSE_TAKES: Final[tuple[Takes, ...]] = tuple(one for zone_class, text in _EVENTS for one in _read(zone_class, text))


def takes_of(classes: frozenset[str], active: tuple[Takes, ...]) -> tuple[Takes, ...]:
    """Return what `classes` take: what the active set says about a class, else the house default."""
    said = {one.zone_class for one in active}
    return (*active, *(one for one in HOUSE_TAKES if one.zone_class in classes - said))
