"""Confirmed pairs: what operators accepted for exactly the same words, gathered into places."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.dispatch.geocoding.gazetteer import Confirmed
from app.dispatch.geocoding.keys import as_key
from app.dispatch.geodesy import distance_m
from app.dispatch.scrub import scrub

_SAME_PLACE_M: Final = 50.0
_SHORTEST: Final = 4
"""Characters below which a text says too little to be learnt from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One confirmation."""

    lon: float
    lat: float
    at: datetime


def learnt_key(address: str) -> str | None:
    """Return what an address is remembered by, without names' and numbers' marks; None where it says too little."""
    key = as_key(scrub(address).text)
    return key if len(key) >= _SHORTEST else None


def gathered(pairs: Iterable[Pair]) -> list[Confirmed]:
    """Return the places that confirmations agree on: each the newest point of its group, the most confirmed first."""
    groups: list[tuple[Pair, int]] = []
    for pair in sorted(pairs, key=lambda one: (one.at, one.lon, one.lat), reverse=True):
        for number, (newest, count) in enumerate(groups):
            if distance_m((newest.lon, newest.lat), (pair.lon, pair.lat)) <= _SAME_PLACE_M:
                groups[number] = newest, count + 1
                break
        else:
            groups.append((pair, 1))
    found = [Confirmed(lon=one.lon, lat=one.lat, count=count, last=one.at) for one, count in groups]
    return sorted(found, key=lambda one: (-one.count, one.last, one.lon))
