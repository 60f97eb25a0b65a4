"""Parting a map into connected pieces of about equal weight: streets, communities, beats."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from heapq import heapify, heappop, heappush
from math import cos, pi, sin
from typing import Protocol


class Neighbours(Protocol):
    """What answers `neighbours[node]` with the nodes beside it."""

    def __getitem__(self, node: int, /) -> Sequence[int]:
        """Return the nodes beside one."""
        ...


def components(nodes: Iterable[int], neighbours: Neighbours) -> list[set[int]]:
    """Return the connected pieces of some nodes, the one with most nodes first."""
    left = set(nodes)
    found = []
    for start in sorted(left):
        if start not in left:
            continue
        left.discard(start)
        piece, edge = {start}, [start]
        while edge:
            for other in neighbours[edge.pop()]:
                if other in left:
                    left.discard(other)
                    piece.add(other)
                    edge.append(other)
        found.append(piece)
    return sorted(found, key=lambda piece: (-len(piece), min(piece)))


def part(
    nodes: AbstractSet[int],
    neighbours: Neighbours,
    at: Sequence[Sequence[float]],
    weight: Mapping[int, float],
    count: int,
) -> list[set[int]]:
    """Return `count` connected pieces of connected nodes, halved again and again along the best of eight directions.

    `at` gives each node's place in metres.
    """
    if count == 1:
        return [set(nodes)]
    first = count // 2
    wanted = sum(weight[node] for node in nodes) * first / count
    tries = [_halve(nodes, neighbours, at, weight, wanted, pi * step / 8) for step in range(8)]
    one, other = min(
        tries,
        key=lambda halves: (
            abs(sum(weight[node] for node in halves[0]) - wanted),
            _reach(halves[0], at) + _reach(halves[1], at),
        ),
    )
    return part(one, neighbours, at, weight, first) + part(other, neighbours, at, weight, count - first)


def _reach(nodes: AbstractSet[int], at: Sequence[Sequence[float]]) -> float:
    xs, ys = [at[node][0] for node in nodes], [at[node][1] for node in nodes]
    return max(xs, default=0) - min(xs, default=0) + max(ys, default=0) - min(ys, default=0)


def _halve(
    nodes: AbstractSet[int],
    neighbours: Neighbours,
    at: Sequence[Sequence[float]],
    weight: Mapping[int, float],
    wanted: float,
    angle: float,
) -> tuple[set[int], set[int]]:
    """Grow one side from the farthest node in a direction; what is cut off from the rest joins it."""
    way = {node: at[node][0] * cos(angle) + at[node][1] * sin(angle) for node in nodes}
    edge = [min((way[node], node) for node in nodes)]
    heapify(edge)
    one: set[int] = set()
    have = 0.0
    seen = {edge[0][1]}
    while edge and have + weight[edge[0][1]] / 2 < wanted:
        _, node = heappop(edge)
        one.add(node)
        have += weight[node]
        for other in neighbours[node]:
            if other in nodes and other not in seen:
                seen.add(other)
                heappush(edge, (way[other], other))
    rest = components(nodes - one, neighbours)
    for stray in rest[1:]:
        one |= stray
    return one, rest[0]
