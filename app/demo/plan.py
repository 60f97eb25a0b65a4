"""The right-angled plan behind the city: blocks between main streets, and how each falls into lots (future cells)."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from random import Random
from typing import Final

RIVER_HALF: Final = 55
_EMBANKMENT: Final = RIVER_HALF + 120
_WEST, _EAST = -5900, 5900
_FAR: Final = 4900
_LOT: Final = 112  # side of a usual cell in metres


class Terrain(StrEnum):
    """What a block is in the plan."""

    LAND = "land"
    BANK = "bank"
    RIVER = "river"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A rectangle of the plan in metres; `north` says on which side of the river's middle."""

    terrain: Terrain
    north: bool
    west: int
    east: int
    south: int
    top: int
    turn: float = 0.0
    sway: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """A rectangle within a block (given by its number): `west, east, south, top` in metres of the plan."""

    block: int
    west: int
    east: int
    south: int
    top: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All blocks, and the lines of the bridges (metres east)."""

    blocks: tuple[Block, ...]
    bridges: frozenset[int]


def _lines(rng: Random, start: int, stop: int, low: int, high: int) -> list[int]:
    """Return lines from start to stop at uneven distances, both ends included."""
    count = max(1, round((stop - start) / ((low + high) / 2)))
    shares = [rng.uniform(low, high) for _ in range(count)]
    lines, way = [start], 0.0
    for share in shares[:-1]:
        way += share
        lines.append(start + round((stop - start) * way / sum(shares)))
    return [*lines, stop]


def draw_plan(rng: Random) -> Plan:
    """Return a plan: bridges common to both banks, other streets each bank's own, some left out here and there."""
    bridges = _lines(rng, _WEST, _EAST, 1250, 2050)
    blocks: list[Block] = []
    for north in (True, False):
        blocks += _bank(rng, bridges, north=north)
    return Plan(blocks=tuple(blocks), bridges=frozenset(bridges))


def _bank(rng: Random, bridges: Sequence[int], *, north: bool) -> list[Block]:
    across = sorted({line for a, b in pairwise(bridges) for line in _lines(rng, a, b, 400, 650)})
    along = _lines(rng, _EMBANKMENT, _FAR, 390, 640)
    found = [_block(Terrain.RIVER, a, b, 0, RIVER_HALF, north=north) for a, b in pairwise(bridges)]
    for near, far in pairwise([RIVER_HALF, *along]):
        bank = far == _EMBANKMENT
        kept = across if bank else [line for line in across if line in bridges or rng.random() > 0.2]  # noqa: PLR2004 - one in five
        found += [
            _block(Terrain.BANK, a, b, near, far, north=north)
            if bank
            else _block(
                Terrain.LAND, a, b, near, far, north=north, turn=rng.uniform(-0.17, 0.17), sway=rng.uniform(-14, 14)
            )
            for a, b in pairwise(kept)
        ]
    return found


def _block(
    terrain: Terrain, west: int, east: int, near: int, far: int, *, north: bool, turn: float = 0.0, sway: float = 0.0
) -> Block:
    south, top = (near, far) if north else (-far, -near)
    return Block(terrain=terrain, north=north, west=west, east=east, south=south, top=top, turn=turn, sway=sway)


def cut_lots(rng: Random, number: int, block: Block) -> list[Lot]:
    """Return the lots of a block: rows of uneven depth, each cut by itself, rows lying either way."""
    width, depth = block.east - block.west, block.top - block.south
    if block.terrain is not Terrain.LAND:
        side = 205 if block.terrain is Terrain.RIVER else 100
        columns = _lines(rng, block.west, block.east, side - 20, side + 20)
        return [Lot(block=number, west=a, east=b, south=block.south, top=block.top) for a, b in pairwise(columns)]
    upright = rng.random() < (0.7 if width > 1.3 * depth else 0.3)
    rows = (block.west, block.east) if upright else (block.south, block.top)
    columns_of = (block.south, block.top) if upright else (block.west, block.east)
    lots = []
    for a, b in pairwise(_lines(rng, *rows, _LOT - 18, _LOT + 18)):
        for c, d in pairwise(_lines(rng, *columns_of, _LOT - 24, _LOT + 24)):
            west, east, south, top = (a, b, c, d) if upright else (c, d, a, b)
            lots.append(Lot(block=number, west=west, east=east, south=south, top=top))
    return lots
