"""Place thousands of points at once, exactly as `Book.locate` places one."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from app.dispatch.book import Book, Placed
from app.dispatch.case_life import Spot
from app.dispatch.codes import Attention
from app.dispatch.grid import CellHit
from app.dispatch.mosaic import Floats
from app.dispatch.spans import micros

_OUT = frozenset({Attention.OUT_OF_COVERAGE})
_SNAPPED = frozenset({Attention.SNAPPED})
_ON_BOUNDARY = frozenset({Attention.ON_BOUNDARY})
_PLAIN: frozenset[Attention] = frozenset()


def place_each(book: Book, points: Floats, at: Sequence[datetime], *, tolerance_m: float) -> list[Placed]:
    """Place `points` (n, 2: canonical lon, lat), each at its instant."""
    instants = np.array([micros(one) for one in at], dtype=np.int64)
    zones, rows = book.zones.zones, book.zones.numbers(points, instants).tolist()
    hits = book.cells.locate_each(points, tolerance_m=tolerance_m)
    return [
        _placed(book, hit, {zones[number].zone_class: zones[number].code for number in row if number >= 0})
        for hit, row in zip(hits, rows, strict=True)
    ]


def _placed(book: Book, hit: CellHit, zones: dict[str, str]) -> Placed:
    if hit.code is None:
        return Placed(spot=Spot(zones=zones), hit=hit, attention=_OUT)
    attention = _SNAPPED if hit.snapped else _ON_BOUNDARY if hit.on_boundary else _PLAIN
    return Placed(spot=book.spot_of(hit.code, zones), hit=hit, attention=attention)
