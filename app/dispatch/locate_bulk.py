"""The question of `Locator.touching` for many points at once, by the same arithmetic in numpy."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.dispatch.geodesy import AXIS_M, ECCENTRICITY_2
from app.dispatch.locator import EDGE_M, Locator
from app.dispatch.mosaic import Floats, Ints, Mosaic, spread

_CHUNK: Final = 8192  # so that the unrolled edges stay in the processor's cache


def first_touched(locator: Locator, points: Floats) -> Ints:
    """Return the lowest polygon number each of `points` (n, 2) touches, -1 where none."""
    point, number = touched(locator, points)
    answer = np.full(len(points), -1, dtype=np.int64)
    answer[point[::-1]] = number[::-1]  # backwards, so that the lowest number is written last
    return answer


def touched(locator: Locator, points: Floats) -> tuple[Ints, Ints]:
    """Return every pair (point, polygon it touches), ascending."""
    found = [np.zeros((2, 0), dtype=np.int64)]
    for first in range(0, len(points), _CHUNK):
        chunk = np.ascontiguousarray(points[first : first + _CHUNK])
        point, number = _candidates(locator.mosaic, chunk)
        kept = _touches(locator.mosaic, chunk[point, 0], chunk[point, 1], number)
        found.append(np.stack([point[kept] + first, number[kept]]))
    point, number = np.concatenate(found, axis=1)
    return point, number


def _candidates(mosaic: Mosaic, points: Floats) -> tuple[Ints, Ints]:
    """Return pairs (point, polygon whose box holds it), ascending."""
    raster = mosaic.raster
    lon, lat = points[:, 0], points[:, 1]
    here = np.flatnonzero((lon >= raster.west) & (lon <= raster.east) & (lat >= raster.south) & (lat <= raster.north))
    row = ((lat[here] - raster.south) * raster.per_lat).astype(np.int64)
    place = row * raster.columns + ((lon[here] - raster.west) * raster.per_lon).astype(np.int64)
    first = raster.starts[place]
    which, member = spread(first, raster.starts[place + 1] - first)
    point, number = here[which], raster.members[member]
    box = mosaic.boxes[number]
    lon, lat = lon[point], lat[point]
    inside = (box[:, 0] <= lon) & (lon <= box[:, 2]) & (box[:, 1] <= lat) & (lat <= box[:, 3])
    return point[inside], number[inside]


def _touches(mosaic: Mosaic, lon: Floats, lat: Floats, number: Ints) -> NDArray[np.bool_]:
    slab = ((lat - mosaic.boxes[number, 1]) * mosaic.slabs_per_lat[number]).astype(np.int64)
    slab = np.minimum(slab, mosaic.slab_count[number] - 1) + mosaic.slab_first[number]
    first = mosaic.slab_starts[slab]
    pair, edge = spread(first, mosaic.slab_starts[slab + 1] - first)
    ax, ay, bx, by = mosaic.edges[edge].T
    px, py = lon[pair], lat[pair]
    rising = np.flatnonzero((ay > py) != (by > py))
    x, y, sx, sy = px[rising], py[rising], ax[rising], ay[rising]
    crossed = pair[rising][sx + (y - sy) * (bx[rising] - sx) / (by[rising] - sy) > x]
    inside: NDArray[np.bool_] = np.bincount(crossed, minlength=len(lon)) % 2 == 1
    inside[_pairs_on_edge(ax, ay, bx, by, px, py, pair)] = True
    return inside


def _pairs_on_edge(ax: Floats, ay: Floats, bx: Floats, by: Floats, px: Floats, py: Floats, pair: Ints) -> Ints:
    """Return those of `pair` whose point is within the tolerance of the edge; boxes first, then metres."""
    east_m, north_m = _metres_per_degree(py)
    wide, high = EDGE_M / east_m, EDGE_M / north_m
    close = np.flatnonzero(
        (np.minimum(ax, bx) <= px + wide)
        & (np.maximum(ax, bx) >= px - wide)
        & (np.minimum(ay, by) <= py + high)
        & (np.maximum(ay, by) >= py - high)
    )
    scale = np.column_stack([east_m[close], north_m[close]])
    start = np.column_stack([ax[close] - px[close], ay[close] - py[close]]) * scale
    along = np.column_stack([bx[close] - ax[close], by[close] - ay[close]]) * scale
    length = (along * along).sum(axis=1)
    share = np.divide(-(start * along).sum(axis=1), length, out=np.zeros_like(length), where=length > 0.0)
    nearest = start + along * np.clip(share, 0.0, 1.0)[:, None]
    on_edge: Ints = pair[close[(nearest * nearest).sum(axis=1) <= EDGE_M * EDGE_M]]
    return on_edge


def _metres_per_degree(lat: Floats) -> tuple[Floats, Floats]:
    angle = np.radians(lat)
    bent = 1.0 - ECCENTRICITY_2 * np.sin(angle) ** 2
    east = np.radians(AXIS_M) / np.sqrt(bent)
    return np.maximum(east * np.cos(angle), 1.0), east * (1.0 - ECCENTRICITY_2) / bent
