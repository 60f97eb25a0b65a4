"""The demo city, the same for the same seed."""

from dataclasses import dataclass
from random import Random

from app.demo.accounts import open_accounts
from app.demo.components import place_components
from app.demo.division import divide
from app.demo.ground import lay_out
from app.demo.names import CITY
from app.demo.places import name_places
from app.demo.roads import pave
from app.demo.rows import (
    AreaRow,
    BeatRow,
    CellRow,
    ComponentRow,
    PlaceRow,
    RuleRow,
    TakesRow,
    UnitRow,
    ZoneRow,
)
from app.demo.rules import make_rules, zone_takes
from app.demo.units import found_units
from app.demo.zones import lay_zones
from app.dispatch.importing.organs import AccountRow

SEED = 20260101


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoCity:
    """Everything a city brings with it, as the administration's files would."""

    name: str
    areas: tuple[AreaRow, ...]
    cells: tuple[CellRow, ...]
    zones: tuple[ZoneRow, ...]
    components: tuple[ComponentRow, ...]
    places: tuple[PlaceRow, ...]
    units: tuple[UnitRow, ...]
    rules: tuple[RuleRow, ...]
    beats: tuple[BeatRow, ...]
    takes: tuple[TakesRow, ...]
    accounts: tuple[AccountRow, ...]


def build(seed: int = SEED) -> DemoCity:
    """Return the city that grows from a seed."""
    rng = Random(seed)
    ground = lay_out(rng)
    division = divide(ground)
    units = found_units(division.areas)
    roads = pave(rng, ground, division.codes)
    zones = lay_zones(rng, ground, division.codes, roads, units)
    return DemoCity(
        name=CITY,
        areas=division.areas,
        cells=division.cells,
        zones=zones,
        components=place_components(rng, roads, zones, division.cells, units),
        places=name_places(roads, zones),
        units=units.rows,
        rules=make_rules(units, division.areas, zones, division.beats, division.cells),
        beats=division.beats,
        takes=zone_takes(),
        accounts=open_accounts(rng, units),
    )
