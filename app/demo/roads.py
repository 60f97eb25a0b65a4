"""Main streets as bands along the blocks' edges, lanes within blocks, cut into stretches with one manager each."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import Final

import numpy as np
import shapely

from app.demo.ground import Ground
from app.demo.names import AVENUES, CROSSINGS, LANES
from app.demo.plan import RIVER_HALF, Terrain
from app.demo.plane import from_steps, to_steps

MAIN, SECOND, LANE = "主干路", "次干路", "支路"
WIDTHS: Final = {MAIN: 36, SECOND: 24, LANE: 10}
_SHORTEST: Final = 300.0  # metres; shorter stretches join the one before
_LANES: Final = 60
_SLIVER: Final = 100.0  # square metres in a band that belong to no road worth the name

_Line = tuple[str, bool, int]  # along a level or an upright line of the plan, north bank, where


@dataclass(frozen=True, slots=True, kw_only=True)
class Road:
    """A stretch of a road in one street (its code); middle line in metres, band in degrees."""

    name: str
    grade: str
    street: str
    middle: shapely.LineString
    band: shapely.Polygon | shapely.MultiPolygon


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stretch:
    name: str
    grade: str
    street: str
    middle: shapely.LineString


def pave(rng: Random, ground: Ground, codes: Sequence[str]) -> tuple[Road, ...]:
    """Return the roads; their bands do not overlap: at crossings the greater road goes through.

    `codes` holds the cell code of each lot.
    """
    stretches = [*_main_stretches(ground, codes), *_lane_stretches(rng, ground, codes)]
    stretches.sort(key=lambda one: (-WIDTHS[one.grade], one.name, one.street, one.middle.coords[0]))
    bands = _exclusive([one.middle.buffer(WIDTHS[one.grade] / 2, cap_style="flat", quad_segs=2) for one in stretches])
    return tuple(
        Road(name=one.name, grade=one.grade, street=one.street, middle=one.middle, band=band)
        for one, band in zip(stretches, bands, strict=True)
        if band is not None
    )


def _main_stretches(ground: Ground, codes: Sequence[str]) -> Iterable[_Stretch]:
    lines: dict[_Line, list[tuple[int, int, str]]] = defaultdict(list)
    for edge, lots in ground.edges.items():
        line = _line(ground, edge, lots)
        if line:
            a, b = sorted(edge, key=lambda node: ground.corners[node])
            lines[line].append((a, b, min(codes[lot] for lot in lots)[:9]))
    names = _names(ground, lines)
    for line, edges in lines.items():
        edges.sort(key=lambda part: ground.corners[part[0]])
        name, grade = names[line]
        for nodes, street in _runs(ground, edges):
            yield _Stretch(name=name, grade=grade, street=street, middle=shapely.LineString(ground.nodes[nodes]))


def _line(ground: Ground, edge: tuple[int, int], lots: Sequence[int]) -> _Line | None:
    """Return the line of the plan along which an edge is a street, if it is one."""
    (u, v), (other_u, _) = (ground.corners[node] for node in edge)
    if len(lots) < 2 or len({ground.lots[lot].block for lot in lots}) < 2:  # noqa: PLR2004 - two sides
        return None
    kinds = {ground.block(lot).terrain for lot in lots}
    north = ground.block(lots[0]).north
    if u != other_u:
        return None if abs(v) <= RIVER_HALF else ("level", north, v)
    if u in ground.plan.bridges:
        return "upright", True, u
    return ("upright", north, u) if Terrain.LAND in kinds else None


def _names(ground: Ground, lines: Iterable[_Line]) -> Mapping[_Line, tuple[str, str]]:
    found = {}
    avenues = (AVENUES[: len(AVENUES) // 2], AVENUES[len(AVENUES) // 2 :])
    levels = sorted((line for line in lines if line[0] == "level"), key=lambda line: abs(line[2]))
    for bank, names in zip((True, False), avenues, strict=True):
        own = [line for line in levels if line[1] is bank]
        for place, line in enumerate(own):
            found[line] = (names[place % len(names)], MAIN if place % 3 == 0 else SECOND)
    uprights = sorted((line for line in lines if line[0] == "upright"), key=lambda line: (line[2], line[1]))
    for place, line in enumerate(uprights):
        grade = MAIN if line[2] in ground.plan.bridges else SECOND
        found[line] = (CROSSINGS[place % len(CROSSINGS)], grade)
    return found


def _runs(ground: Ground, edges: Sequence[tuple[int, int, str]]) -> Iterable[tuple[list[int], str]]:
    """Return unbroken runs of nodes with one street each; short ones go with what comes before them."""
    runs: list[tuple[list[int], str]] = []
    for a, b, street in edges:
        if runs and runs[-1][0][-1] == a and (runs[-1][1] == street or _length(ground, runs[-1][0]) < _SHORTEST):
            runs[-1][0].append(b)
        else:
            runs.append(([a, b], street))
    return runs


def _length(ground: Ground, nodes: Sequence[int]) -> float:
    return sum(float(np.hypot(*(ground.nodes[a] - ground.nodes[b]))) for a, b in pairwise(nodes))


def _lane_stretches(rng: Random, ground: Ground, codes: Sequence[str]) -> Iterable[_Stretch]:
    """Return lanes: a line between two rows right through a block."""
    inner: dict[tuple[int, str, int], list[tuple[int, int, str]]] = defaultdict(list)
    for edge, lots in ground.edges.items():
        home = {ground.lots[lot].block for lot in lots}
        if len(lots) == 1 or len(home) > 1 or ground.block(lots[0]).terrain is not Terrain.LAND:
            continue
        a, b = sorted(edge, key=lambda node: ground.corners[node])
        (u, v), (other_u, other_v) = ground.corners[a], ground.corners[b]
        street = min(codes[lot] for lot in lots)[:9]
        if u == other_u:
            inner[min(home), "upright", u].append((a, b, street))
        elif v == other_v:
            inner[min(home), "level", v].append((a, b, street))
    through = [
        run
        for edges in inner.values()
        for run in _runs(ground, sorted(edges, key=lambda part: ground.corners[part[0]]))
        if _length(ground, run[0]) > _SHORTEST
    ]
    for place, (nodes, street) in enumerate(rng.sample(through, min(_LANES, len(through)))):
        name = LANES[place % len(LANES)]
        order = place // len(LANES) + 1
        yield _Stretch(
            name=name if order == 1 else f"{name}{order}弄",
            grade=LANE,
            street=street,
            middle=shapely.LineString(ground.nodes[nodes]),
        )


def _exclusive(bands: Sequence[shapely.Polygon]) -> list[shapely.Polygon | shapely.MultiPolygon | None]:
    """Return the bands in degrees without overlap, the earlier ones whole; noding on the grid keeps edges equal."""
    whole = [to_steps(band) for band in bands]
    lines = shapely.union_all([band.boundary for band in whole], grid_size=1)
    faces = np.array(shapely.get_parts(shapely.polygonize([lines])))
    inside = shapely.STRtree(whole).query(shapely.point_on_surface(faces), predicate="within")
    owner: dict[int, int] = {}
    for face, band in inside.T.tolist():
        owner[face] = min(band, owner.get(face, band))
    pieces: dict[int, list[shapely.Polygon]] = defaultdict(list)
    for face, band in sorted(owner.items()):
        pieces[band].append(faces[face])
    return [_band(pieces[number]) for number in range(len(bands))]


def _band(faces: Sequence[shapely.Polygon]) -> shapely.Polygon | shapely.MultiPolygon | None:
    """Return the band of some faces in grid steps, without crumbs of less than a sliver."""
    parts = shapely.get_parts(shapely.coverage_union_all(faces)).tolist() if faces else []
    kept: list[shapely.Polygon] = [part for part in parts if part.area > _SLIVER * 1e4]  # a step is about 1 cm
    if not kept:
        return None
    whole = [from_steps(part) for part in kept]
    return whole[0] if len(whole) == 1 else shapely.MultiPolygon(whole)
