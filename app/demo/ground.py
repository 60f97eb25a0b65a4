"""From plan to ground: lots with corners in metres, neighbours sharing whole edges, and the city's ragged outline."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import atan2, cos, hypot, pi
from random import Random

import numpy as np
import shapely

from app.demo.graph import components
from app.demo.plan import Block, Lot, Plan, cut_lots, draw_plan
from app.demo.plane import Floats
from app.demo.warp import draw_warp

Corner = tuple[int, int]
Edge = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """The city's lots with their rings of node numbers; nodes in metres (n×2) and in the plan.

    `edges` names the one or two lots of every edge, `neighbours` every lot's neighbours across an edge.
    """

    plan: Plan
    lots: tuple[Lot, ...]
    rings: tuple[tuple[int, ...], ...]
    corners: tuple[Corner, ...]
    nodes: Floats
    edges: Mapping[Edge, tuple[int, ...]]
    neighbours: tuple[tuple[int, ...], ...]

    def block(self, lot: int) -> Block:
        """Return the block that a lot lies in."""
        return self.plan.blocks[self.lots[lot].block]

    def polygons(self) -> list[shapely.Polygon]:
        """Return every lot in metres."""
        return [shapely.Polygon(self.nodes[list(ring)]) for ring in self.rings]

    def shared(self, one: int, other: int) -> float:
        """Return the metres of edge that two lots share."""
        return sum(
            float(np.hypot(*(self.nodes[a] - self.nodes[b])))
            for a, b in _ring_edges(self.rings[one])
            if other in self.edges[min(a, b), max(a, b)]
        )


def lay_out(rng: Random) -> Ground:
    """Return the ground of one city."""
    plan = draw_plan(rng)
    warp = draw_warp(rng)
    lots = [lot for number, block in enumerate(plan.blocks) for lot in cut_lots(rng, number, block)]
    lots = _within_outline(rng, plan, lots)
    rings, corners, homes = _rings(lots)
    nodes = warp(_loosen(plan, corners, homes))
    edges = _edges(rings)
    return Ground(
        plan=plan,
        lots=tuple(lots),
        rings=tuple(rings),
        corners=tuple(corners),
        nodes=nodes,
        edges=edges,
        neighbours=_neighbours(len(lots), edges.values()),
    )


def _ring_edges(ring: tuple[int, ...]) -> Iterable[Edge]:
    return zip(ring, (*ring[1:], ring[0]), strict=True)


def _edges(rings: Iterable[tuple[int, ...]]) -> dict[Edge, tuple[int, ...]]:
    """Return the lots on either side of every edge."""
    edges: dict[Edge, list[int]] = defaultdict(list)
    for number, ring in enumerate(rings):
        for a, b in _ring_edges(ring):
            edges[min(a, b), max(a, b)].append(number)
    return {edge: tuple(both) for edge, both in edges.items()}


def _neighbours(count: int, pairs: Iterable[Iterable[int]]) -> tuple[tuple[int, ...], ...]:
    found: list[set[int]] = [set() for _ in range(count)]
    for pair in pairs:
        members = tuple(pair)
        for one in members:
            found[one].update(other for other in members if other != one)
    return tuple(tuple(sorted(each)) for each in found)


def _within_outline(rng: Random, plan: Plan, lots: list[Lot]) -> list[Lot]:
    """Keep the lots inside a star-shaped outline of about 60 km², and of those what hangs together on its bank."""
    phases = [rng.uniform(0, 2 * pi) for _ in range(3)]

    def inside(lot: Lot) -> bool:
        u, v = (lot.west + lot.east) / 2 / 4950, (lot.south + lot.top) / 2 / 3900
        angle = atan2(v, u)
        waves = zip((0.06, 0.05, 0.03), (2, 3, 7), phases, strict=True)
        return hypot(u, v) < 1 + sum(height * cos(often * angle + phase) for height, often, phase in waves)

    kept = [lot for lot in lots if inside(lot)]
    rings, _, _ = _rings(kept)
    neighbours = _neighbours(len(kept), _edges(rings).values())
    whole: set[int] = set()
    for north in (True, False):
        bank = [number for number, lot in enumerate(kept) if plan.blocks[lot.block].north is north]
        whole |= components(bank, neighbours)[0]
    return [lot for number, lot in enumerate(kept) if number in whole]


def _rings(lots: list[Lot]) -> tuple[list[tuple[int, ...]], list[Corner], list[int]]:
    """Return rings with every corner of a neighbour that lies on a side, the corners, and a block of each corner."""
    upright: dict[int, set[int]] = defaultdict(set)
    level: dict[int, set[int]] = defaultdict(set)
    home: dict[Corner, int] = {}
    for lot in lots:
        for u in (lot.west, lot.east):
            upright[u].update((lot.south, lot.top))
        for v in (lot.south, lot.top):
            level[v].update((lot.west, lot.east))
            home.update({(u, v): lot.block for u in (lot.west, lot.east)})
    corners = sorted(home)
    number = {corner: place for place, corner in enumerate(corners)}
    on_u = {u: sorted(vs) for u, vs in upright.items()}
    on_v = {v: sorted(us) for v, us in level.items()}

    def between(line: list[int], low: int, high: int) -> list[int]:
        return line[bisect_left(line, low) : bisect_right(line, high)]

    rings = []
    for lot in lots:
        bottom = [(u, lot.south) for u in between(on_v[lot.south], lot.west, lot.east)]
        right = [(lot.east, v) for v in between(on_u[lot.east], lot.south, lot.top)]
        top = [(u, lot.top) for u in reversed(between(on_v[lot.top], lot.west, lot.east))]
        left = [(lot.west, v) for v in reversed(between(on_u[lot.west], lot.south, lot.top))]
        walk = (*bottom[:-1], *right[:-1], *top[:-1], *left[:-1])
        rings.append(tuple(number[corner] for corner in walk))
    return rings, corners, [home[corner] for corner in corners]


def _loosen(plan: Plan, corners: list[Corner], homes: list[int]) -> Floats:
    """Return the corners turned and swayed inside their blocks; what lies on a block's edge stays."""
    at = np.array(corners, dtype=np.float64)
    blocks = [plan.blocks[home] for home in homes]
    west, east, south, top = (
        np.array([getattr(block, side) for block in blocks], dtype=np.float64)
        for side in ("west", "east", "south", "top")
    )
    turn = np.array([block.turn for block in blocks])
    sway = np.array([block.sway for block in blocks])
    s, t = (at[:, 0] - west) / (east - west), (at[:, 1] - south) / (top - south)
    rise = 16 * s * (1 - s) * t * (1 - t)
    du = rise * (-turn * (at[:, 1] - (south + top) / 2) + sway * np.sin(2 * pi * t))
    dv = rise * (turn * (at[:, 0] - (west + east) / 2) - sway * np.sin(2 * pi * s + 1))
    return np.column_stack([at[:, 0] + du, at[:, 1] + dv])
