"""Who takes what in the demo city: rules from the city down to a single cell, and what zone managers take."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from app.demo.roads import MAIN
from app.demo.rows import AreaRow, BeatRow, CellRow, RuleRow, TakesRow, ZoneRow
from app.demo.units import Directory
from app.dispatch.codes import AreaLevel, Kind, Scope
from app.dispatch.house_takes import HOUSE_TAKES

# Written as "kind major minors…": c component, e event; a bare major means all of it.
_CITY: Final = (
    ("works", "c"),
    ("drainage", "c 01 02 03 04"),
    ("lighting", "c 01 06 37 38 39 78"),
    ("heat", "c 01 10 92"),
    ("gas", "c 01 11 49 57"),
    ("power", "c 01 28 29 30"),
    ("telecom", "c 01 27 31"),
    ("gas", "e 05 02"),
    ("drainage", "e 05 03"),
    ("heat", "e 05 04"),
    ("power", "e 05 08"),
    ("telecom", "e 01 80"),
    ("works", "e 05 95 96"),
    ("works", "e 06 98"),
)
_DISTRICT: Final = (
    ("water", "c 01 01 25 93"),
    ("traffic", "c 02"),
    ("bus", "c 02 04"),
    ("roads", "c 02 84 85 86"),
    ("sanitation", "c 03"),
    ("adverts", "c 03 06 07"),
    ("green", "c 04"),
    ("river", "c 05 06 07 08 "),
    ("enforcement", "e 01 01 02 03 08 97 98 99"),
    ("sanitation", "e 01 11 12 14 37"),
    ("adverts", "e 02"),
    ("sites", "e 03"),
    ("enforcement", "e 03 11 12"),
    ("enforcement", "e 04 93"),
    ("water", "e 05 01"),
)
_STREET: Final = (
    ("squad", "e 01 04 19 28 29"),
    ("squad", "e 04 01 04 05 06 10 91 92 94 95"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _What:
    kind: Kind
    major: str | None = None
    minor: str | None = None
    condition: int | None = None


def _read(text: str) -> Iterable[_What]:
    kind, *codes = text.split()
    what = Kind.COMPONENT if kind == "c" else Kind.EVENT
    if not codes:
        yield _What(kind=what)
    elif len(codes) == 1:
        yield _What(kind=what, major=codes[0])
    else:
        yield from (_What(kind=what, major=codes[0], minor=minor) for minor in codes[1:])


def zone_takes() -> tuple[TakesRow, ...]:
    """Return what each zone class takes; no two classes take the same."""
    return tuple(
        TakesRow(zone_class=one.zone_class, kind=one.kind or Kind.EVENT, major=one.major or "", minor=one.minor)
        for one in HOUSE_TAKES
    )


def make_rules(
    units: Directory,
    areas: Sequence[AreaRow],
    zones: Sequence[ZoneRow],
    beats: Sequence[BeatRow],
    cells: Sequence[CellRow],
) -> tuple[RuleRow, ...]:
    """Return the rules; no two are equally specific about the same thing."""
    districts = [area.code for area in areas if area.level is AreaLevel.DISTRICT]
    streets = [area.code for area in areas if area.level is AreaLevel.STREET]
    rules = [_rule(units.who(trade), Scope.CITY, None, what) for trade, text in _CITY for what in _read(text)]
    for scope, places, table in ((Scope.DISTRICT, districts, _DISTRICT), (Scope.STREET, streets, _STREET)):
        rules += [
            _rule(units.by_trade.get((trade, place)) or units.who(trade), scope, place, what)
            for place in places
            for trade, text in table
            for what in _read(text)
        ]
    return (*rules, *_exceptions(units, areas, zones, beats, cells))


def _rule(unit: str, scope: Scope, place: str | None, what: _What) -> RuleRow:
    return RuleRow(
        unit_code=unit,
        scope=scope,
        scope_code=place,
        kind=what.kind,
        major=what.major,
        minor=what.minor,
        condition=what.condition,
    )


def _event(major: str, minor: str, condition: int | None = None) -> _What:
    return _What(kind=Kind.EVENT, major=major, minor=minor, condition=condition)


def _exceptions(
    units: Directory,
    areas: Sequence[AreaRow],
    zones: Sequence[ZoneRow],
    beats: Sequence[BeatRow],
    cells: Sequence[CellRow],
) -> Iterable[RuleRow]:
    first, second = (area.code for area in areas if area.level is AreaLevel.DISTRICT)
    old_town = next(area.code for area in areas if area.parent_code == first)
    square = next(area.code for area in areas if area.parent_code == old_town)
    # A grate that is gone is made safe by the city's own crew, whoever mends the others.
    grate = _What(kind=Kind.COMPONENT, major="01", minor="04", condition=1)
    yield _rule(units.who("works"), Scope.CITY, None, grate)
    # In the second district buildings without permit under construction are the sites' matter.
    yield _rule(units.who("sites", second), Scope.DISTRICT, second, _event("01", "01", 2))
    # The old town's own squad takes bills off its walls.
    yield _rule(units.who("squad", old_town), Scope.STREET, old_town, _event("02", "01"))
    # Bicycles around the first community's square are the district's, not the street's.
    yield _rule(units.who("enforcement", first), Scope.COMMUNITY, square, _event("04", "10"))
    # Main roads are swept by machine.
    for zone in zones:
        if zone.grade == MAIN:
            yield _rule(units.who("sweeping"), Scope.ZONE, zone.code, _event("01", "12"))
    # One beat's shop fronts are looked after by the market station on trial.
    beat = next(row.code for row in beats if row.code.startswith(second))
    yield _rule(units.who("market_first", second), Scope.BEAT, beat, _event("04", "05"))
    # One cell on the river is cleared by the river's own people, as agreed.
    cell = next(row.code for row in cells if row.code.startswith(second))
    yield _rule(units.who("river", second), Scope.CELL, cell, _event("01", "11"))
