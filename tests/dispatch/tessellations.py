"""Random irregular tessellations, and where a point lies in them by brute force over shapely."""

import random
from collections.abc import Sequence

import shapely
from shapely import MultiPolygon, Point, Polygon
from shapely.affinity import affine_transform

from app.dispatch.geodesy import metres_per_degree
from app.dispatch.grid import Cell

Piece = Polygon | MultiPolygon


def seeded(seed: int) -> random.Random:
    """Return repeatable chance."""
    return random.Random(seed)  # noqa: S311 - shapes for tests, no secrets


def lattice(chance: random.Random, side: int, step: float = 0.001) -> list[Piece]:
    """Quads over shared, shaken corners; some corners stay put, so that axis-parallel edges occur."""
    west, south = chance.uniform(75, 130), chance.uniform(-50, 50)

    def corner(column: int, row: int) -> tuple[float, float]:
        shake = chance.choice((0.0, 0.0, 0.3))
        return (
            west + step * (column + chance.uniform(-shake, shake)),
            south + step * (row + chance.uniform(-shake, shake)),
        )

    corners = [[corner(column, row) for column in range(side + 1)] for row in range(side + 1)]
    return [
        Polygon([corners[r][c], corners[r][c + 1], corners[r + 1][c + 1], corners[r + 1][c]])
        for r in range(side)
        for c in range(side)
    ]


def splits(chance: random.Random, depth: int) -> list[Piece]:
    """Rectangles of very different size, split again and again: T-junctions on axis-parallel edges."""
    west, south = chance.uniform(75, 130), chance.uniform(-50, 50)
    boxes = [(west, south, west + 0.02, south + 0.02)]
    for _ in range(depth):
        x0, y0, x1, y1 = boxes.pop(chance.randrange(len(boxes)))
        cut = chance.uniform(0.2, 0.8)
        if chance.random() < 0.5:
            middle = x0 + (x1 - x0) * cut
            boxes += [(x0, y0, middle, y1), (middle, y0, x1, y1)]
        else:
            middle = y0 + (y1 - y0) * cut
            boxes += [(x0, y0, x1, middle), (x0, middle, x1, y1)]
    return [shapely.box(*box) for box in boxes]


def with_island(chance: random.Random, pieces: list[Piece]) -> list[Piece]:
    """Cut a round island out of one piece: a hole, and a piece with many vertices in it."""
    host = pieces.pop(chance.randrange(len(pieces)))
    west, south, east, north = host.bounds
    centre = host.representative_point()
    radius = min(host.exterior.distance(centre), east - west, north - south) / 2 if isinstance(host, Polygon) else 0.0
    island = centre.buffer(radius, quad_segs=chance.choice((2, 8, 40)))
    return [*pieces, Polygon(host.exterior, [island.exterior]) if isinstance(host, Polygon) else host, island]


def with_exclave(chance: random.Random, pieces: list[Piece]) -> list[Piece]:
    """Join two pieces that do not touch into one of two parts."""
    first = pieces.pop(chance.randrange(len(pieces)))
    apart = [piece for piece in pieces if not piece.intersects(first) and isinstance(piece, Polygon)]
    if not apart or not isinstance(first, Polygon):
        return [*pieces, first]
    second = chance.choice(apart)
    return [*(piece for piece in pieces if piece is not second), MultiPolygon([first, second])]


def cells(seed: int) -> list[Cell]:
    """One random tessellation; codes are dealt at random over the pieces."""
    chance = seeded(seed)
    pieces = lattice(chance, chance.randint(2, 6)) if chance.random() < 0.6 else splits(chance, chance.randint(3, 30))
    pieces = with_exclave(chance, with_island(chance, pieces))
    codes = [f"3101090010010{number:02d}" for number in range(len(pieces))]
    chance.shuffle(codes)
    return [Cell(code=code, polygon=piece) for code, piece in zip(codes, pieces, strict=True)]


def metres_to(cells_: Sequence[Cell], lon: float, lat: float) -> dict[str, float]:
    """Return the metres from the point to every cell, 0 where it is covered."""
    east_m, north_m = metres_per_degree(lat)
    origin = Point(0.0, 0.0)
    return {
        cell.code: affine_transform(cell.polygon, [east_m, 0, 0, north_m, -lon * east_m, -lat * north_m]).distance(
            origin
        )
        for cell in cells_
    }


def covering(cells_: Sequence[Cell], lon: float, lat: float) -> list[str]:
    """Return the codes of the cells that cover the point, lowest first."""
    point = Point(lon, lat)
    return sorted(cell.code for cell in cells_ if cell.polygon.covers(point))
