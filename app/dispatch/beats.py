"""How far it is from a thing to the beats that somebody walks, from middle to middle."""

from collections.abc import Iterable
from functools import lru_cache

from app.dispatch.case_life import Spot
from app.dispatch.geodesy import distance_m
from app.dispatch.grid import CellIndex

LonLat = tuple[float, float]


class Beats:
    """The beats of one version of the cells; middles are worked out when they are asked for first."""

    def __init__(self, cells: CellIndex) -> None:
        """Take the cells, which know their beats."""
        self._cells = cells
        self._of_beat = cells.beats()
        self._middles: dict[str, LonLat | None] = {}

    def away_m(self, spot: Spot, beat_codes: Iterable[str]) -> float | None:
        """Return the metres from the cell of a spot to the nearest of some beats; None where either is unknown."""
        here = self._cells.middle(spot.cell_code) if spot.cell_code else None
        if here is None:
            return None
        there = (middle for code in beat_codes if (middle := self._middle(code)) is not None)
        return min((distance_m(here, one) for one in there), default=None)

    def _middle(self, beat_code: str) -> LonLat | None:
        """Return the mean of the middles of a beat's cells."""
        if beat_code not in self._middles:
            found = [one for cell in self._of_beat.get(beat_code, ()) if (one := self._cells.middle(cell))]
            lons, lats = [one[0] for one in found], [one[1] for one in found]
            self._middles[beat_code] = (sum(lons) / len(lons), sum(lats) / len(lats)) if found else None
        return self._middles[beat_code]


@lru_cache(maxsize=1)
def beats_of(cells: CellIndex) -> Beats:
    """Return the beats of the cells in force; those of the last book are forgotten with it."""
    return Beats(cells)
