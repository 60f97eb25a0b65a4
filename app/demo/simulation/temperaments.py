"""How a unit works: a property of its code, drawn from the seed, so that every unit has its own figures."""

from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Temperament:
    """A unit's ways. Shares of its cases: `late`, `returns`, `extends`, `suspends`, `sloppy`, `explains`, `unsigned`.

    `pace` is the part of a limit it takes when it is in time: the middle of what is drawn.
    """

    name: str
    pace: float
    late: float
    returns: float = 0.015
    extends: float = 0.02
    suspends: float = 0.012
    sloppy: float = 0.03
    explains: float = 0.04
    unsigned: float = 0.08


QUICK: Final = Temperament(name="quick", pace=0.25, late=0.004, sloppy=0.012, unsigned=0.01)
STEADY: Final = Temperament(name="steady", pace=0.5, late=0.03)
SLOW: Final = Temperament(name="slow", pace=0.75, late=0.34, unsigned=0.4)
RETURNS: Final = Temperament(name="returns", pace=0.55, late=0.07, returns=0.3, unsigned=0.15)
ASKS: Final = Temperament(name="asks for time", pace=0.7, late=0.05, extends=0.35, suspends=0.05)
SLOPPY: Final = Temperament(name="sloppy", pace=0.4, late=0.06, sloppy=0.3)
EXPLAINS: Final = Temperament(name="explains", pace=0.45, late=0.05, explains=0.35)

_SHARES: Final = ((QUICK, 34), (STEADY, 34), (SLOW, 8), (RETURNS, 7), (ASKS, 7), (SLOPPY, 6), (EXPLAINS, 4))


@cache
def temperament(seed: int, unit_code: str) -> Temperament:
    """Return how a unit works under a seed."""
    sorts, shares = zip(*_SHARES, strict=True)
    found: Temperament = Random(f"{seed}:temperament:{unit_code}").choices(sorts, shares)[0]
    return found
