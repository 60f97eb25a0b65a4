"""Named places as they are looked up: what is found by which key, and the keys under which a place is kept."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from shapely.geometry.base import BaseGeometry

from app.dispatch.geocoding.keys import SHORTEST_KEY, as_key, endings_of, parts_of
from app.dispatch.geocoding.parsing import door_of, parse
from app.dispatch.geocoding.phrases import Crossing, Door, Phrase

_KEYS_AT_MOST: Final = 3000
_BASES_AT_MOST: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A named place; `shape` in canonical degrees: a point, a line or an area."""

    number: int
    name: str
    kind: str
    shape: BaseGeometry


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A place found by a key; `likeness` below 1 where the key is only like what was asked for."""

    place: Place
    key: str
    alias: bool = False
    likeness: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDoor:
    """A door with the key of its road or compound."""

    place: Place
    base: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """A point that operators confirmed for exactly this text; how often, and when last."""

    lon: float
    lat: float
    count: int
    last: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Everything that was found for one phrase."""

    hits: Sequence[Hit] = ()
    doors: Sequence[KnownDoor] = ()
    confirmed: Sequence[Confirmed] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is looked up for one phrase: keys of names; bases of doors with the numbers asked for."""

    keys: tuple[str, ...]
    bases: tuple[str, ...]
    numbers: tuple[int, ...]


def wanted(phrase: Phrase) -> Wanted:
    """Return what to look up."""
    doors = [one for one in (*phrase.anchors, *phrase.beyond) if isinstance(one, Door)]
    crossings = [crossing_key(one) for one in phrase.anchors if isinstance(one, Crossing)]
    parts = (part for name in phrase.names for part in parts_of(name))
    bases = dict.fromkeys(base for one in doors for base in endings_of(one.base))
    return Wanted(
        keys=tuple(dict.fromkeys((*crossings, *parts)))[:_KEYS_AT_MOST],
        bases=tuple(bases)[:_BASES_AT_MOST],
        numbers=tuple({one.number: None for one in doors}),
    )


def bases_of(door: Door, hits: Iterable[Hit]) -> dict[str, int]:
    """Return the keys of roads along which a door may be, with how much of its address each explains.

    A road that is called by an alias has its doors under its name.
    """
    found = {base: len(base) for base in endings_of(door.base)}
    for hit in hits:
        if hit.alias and door.base.endswith(hit.key):
            name = as_key(hit.place.name)
            found[name] = max(found.get(name, 0), len(hit.key))
    return found


def with_aliases(asked: Wanted, phrase: Phrase, hits: Sequence[Hit]) -> Wanted:
    """Return what to look up of doors once it is known what their roads are called."""
    doors = [one for one in (*phrase.anchors, *phrase.beyond) if isinstance(one, Door)]
    bases = dict.fromkeys(base for one in doors for base in bases_of(one, hits))
    return replace(asked, bases=tuple(bases)[:_BASES_AT_MOST])


def crossing_key(crossing: Crossing) -> str:
    """Return the key of a crossing that is kept as a place: the same whichever road is named first."""
    return as_key("与".join(sorted(crossing.roads)))


def name_rows(places: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the names of places for their index: `number`, `entry`, `key`, `alias`, `base` and `door`.

    A door is found by its road and number, so it has no key of its own; `places` are rows as they are imported.
    """
    for place in places:
        seen: set[tuple[str | None, str | None, int | None]] = set()
        for name, alias in ((place["name"], False), *((one, True) for one in place["aliases"])):
            for key, base, door in _entries(name):
                if (key, base, door) not in seen:
                    seen.add((key, base, door))
                    one = {"number": place["number"], "entry": len(seen), "alias": alias}
                    yield {**one, "key": key, "base": base, "door": door}


def _entries(name: str) -> Iterator[tuple[str | None, str | None, int | None]]:
    door = door_of(name)
    if door is not None:
        yield None, door.base, door.number
        return
    key = as_key(name)
    if len(key) >= SHORTEST_KEY:
        yield key, None, None
    for anchor in parse(name).anchors:
        if isinstance(anchor, Crossing):
            yield crossing_key(anchor), None, None
