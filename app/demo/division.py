"""The city's division: districts on the two banks, streets, communities and cells with their codes, and beats."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import shapely

from app.demo.graph import components, part
from app.demo.ground import Ground
from app.demo.names import COMMUNITIES, DISTRICTS, STREETS
from app.demo.plan import Terrain
from app.demo.plane import on_grid
from app.demo.rows import AreaRow, BeatRow, CellRow
from app.dispatch.codes import AreaLevel

_COMMUNITIES_A_STREET = 5
_CELLS_A_BEAT = 50
_SMALLEST_PATCH = 8
_LINE = 100.0  # metres; what is less far north or south stands in one line when codes are given


@dataclass(frozen=True, slots=True, kw_only=True)
class Division:
    """The area and cell rows, the beats, and the code of each lot's cell by the lot's number."""

    areas: tuple[AreaRow, ...]
    cells: tuple[CellRow, ...]
    beats: tuple[BeatRow, ...]
    codes: tuple[str, ...]


def divide(ground: Ground) -> Division:
    """Return the division of the ground, codes given from north to south and from west to east."""
    survey = _Survey(ground)
    for bank, (code, name) in enumerate(DISTRICTS):
        survey.district(code, name, STREETS[bank], north=bank == 0)
    beat_of = {row.cell_code: row.code for row in survey.beats}
    cells = [
        CellRow(code=code, beat_code=beat_of[code], geometry=survey.shapes[lot]) for lot, code in survey.codes.items()
    ]
    return Division(
        areas=tuple(survey.areas),
        cells=tuple(sorted(cells, key=lambda row: row.code)),
        beats=tuple(survey.beats),
        codes=tuple(survey.codes[lot] for lot in range(len(ground.lots))),
    )


class _Survey:
    """Hold what is found while the ground is divided from the districts down to the beats."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.shapes = [on_grid(shape) for shape in ground.polygons()]
        self.at = [(shape.centroid.x, shape.centroid.y) for shape in ground.polygons()]
        self.patches = _patches(ground)
        self.areas: list[AreaRow] = []
        self.beats: list[BeatRow] = []
        self.codes: dict[int, str] = {}
        self._community_names = iter(COMMUNITIES)

    def district(self, code: str, name: str, street_names: Sequence[str], *, north: bool) -> None:
        """Divide one bank into streets."""
        own = {number for number, lots in self.patches.items() if self.ground.block(min(lots)).north is north}
        self._area(code, name, AreaLevel.DISTRICT, None, own)
        pieces = _part(self.ground, self.patches, own, self.at, len(street_names))
        for order, (piece, street_name) in enumerate(zip(pieces, street_names, strict=True), start=1):
            self._street(f"{code}{order:03d}", street_name, code, piece)

    def _street(self, code: str, name: str, district: str, own: AbstractSet[int]) -> None:
        self._area(code, name, AreaLevel.STREET, district, own)
        pieces = _part(self.ground, self.patches, own, self.at, _COMMUNITIES_A_STREET)
        for order, piece in enumerate(pieces, start=1):
            community = f"{code}{order:03d}"
            self._area(community, next(self._community_names), AreaLevel.COMMUNITY, code, piece)
            lots = self._lots(piece)
            for number, lot in enumerate(_in_reading_order(lots, [self.at[lot] for lot in lots]), start=1):
                self.codes[lot] = f"{community}{number:03d}"
        self._walk_beats(code, name, set(self._lots(own)))

    def _walk_beats(self, street: str, name: str, lots: set[int]) -> None:
        count = round(len(lots) / _CELLS_A_BEAT)
        pieces = part(lots, self.ground.neighbours, self.at, dict.fromkeys(lots, 1.0), count)
        cells = sorted(sorted(self.codes[lot] for lot in piece) for piece in pieces)
        self.beats += [
            BeatRow(code=f"{street}B{number:02d}", name=f"{name}第{number}责任区", cell_code=cell)
            for number, members in enumerate(cells, start=1)
            for cell in members
        ]

    def _lots(self, patches: Iterable[int]) -> list[int]:
        return sorted(lot for number in patches for lot in self.patches[number])

    def _area(self, code: str, name: str, level: AreaLevel, parent: str | None, patches: Iterable[int]) -> None:
        outline = shapely.coverage_union_all([self.shapes[lot] for lot in self._lots(patches)]).normalize()
        if not isinstance(outline, shapely.Polygon | shapely.MultiPolygon):
            raise TypeError(outline.geom_type)
        self.areas.append(AreaRow(code=code, name=name, level=level, parent_code=parent, geometry=outline))


def _in_reading_order(members: Sequence[int], at: Sequence[tuple[float, float]]) -> list[int]:
    ordered = sorted(zip(members, at, strict=True), key=lambda pair: (-round(pair[1][1] / _LINE), pair[1][0]))
    return [member for member, _ in ordered]


def _part(
    ground: Ground,
    patches: dict[int, set[int]],
    nodes: Iterable[int],
    at: Sequence[tuple[float, float]],
    count: int,
) -> list[set[int]]:
    """Return connected groups of patches in reading order of their middles."""
    wanted = set(nodes)
    patch_of = {lot: number for number in wanted for lot in patches[number]}
    beside = {
        number: sorted(
            {patch_of[other] for lot in patches[number] for other in ground.neighbours[lot] if other in patch_of}
            - {number}
        )
        for number in wanted
    }
    middle = [(0.0, 0.0)] * (max(wanted) + 1)
    for number in wanted:
        middle[number] = _middle(patches[number], at)
    pieces = part(wanted, beside, middle, {number: len(patches[number]) for number in wanted}, count)
    middles = [_middle([lot for number in piece for lot in patches[number]], at) for piece in pieces]
    coarse = [(x, y / 8) for x, y in middles]  # streets and communities are larger than cells
    return [pieces[place] for place in _in_reading_order(range(len(pieces)), coarse)]


def _middle(lots: Iterable[int], at: Sequence[tuple[float, float]]) -> tuple[float, float]:
    points = [at[lot] for lot in sorted(lots)]
    return sum(x for x, _ in points) / len(points), sum(y for _, y in points) / len(points)


def _patches(ground: Ground) -> dict[int, set[int]]:
    """Return groups of lots that stay together: what is left of a block, with its stretch of bank and river."""
    by_block: dict[int, list[int]] = defaultdict(list)
    for number, place in enumerate(ground.lots):
        if ground.block(number).terrain is Terrain.LAND:
            by_block[place.block].append(number)
    pieces = [piece for lots in by_block.values() for piece in components(lots, ground.neighbours)]
    patch_of = {lot: number for number, piece in enumerate(pieces) if len(piece) >= _SMALLEST_PATCH for lot in piece}
    while len(patch_of) < len(ground.lots):
        patch_of |= _joined(ground, patch_of)
    patches: dict[int, set[int]] = defaultdict(set)
    for lot in sorted(patch_of):
        patches[patch_of[lot]].add(lot)
    return dict(patches)


def _joined(ground: Ground, patch_of: dict[int, int]) -> dict[int, int]:
    """Return the lots that touch a patch of their own bank, each with the patch it shares most edge with."""
    found = {}
    for lot in range(len(ground.lots)):
        near = [
            other
            for other in ground.neighbours[lot]
            if other in patch_of and ground.block(other).north == ground.block(lot).north
        ]
        if lot not in patch_of and near:
            found[lot] = patch_of[max(near, key=lambda other: (ground.shared(lot, other), -other))]
    return found
