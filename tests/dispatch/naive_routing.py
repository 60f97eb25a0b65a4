"""Responsibility by plain reading of the rules in docs/routing.md: slow, flat, apart from the engine."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from app.dispatch.responsibility import Matter, Place, Rule, Ruling, Takes, Unit
from app.dispatch.zones import Zone


@dataclass(kw_only=True)
class City:
    rules: list[Rule] = field(default_factory=list)
    units: list[Unit] = field(default_factory=list)
    zones: list[Zone] = field(default_factory=list)
    takes: list[Takes] = field(default_factory=list)
    rulings: list[Ruling] = field(default_factory=list)


Answer = tuple[str | None, str, str | None]


def decide(city: City, place: Place, matter: Matter, at: datetime, maintainer: str | None) -> Answer:
    active = {unit.code for unit in city.units}
    rulings = [r for r in city.rulings if r.unit_code in active and applies(r, place, matter, at)]
    if rulings:
        best = max(specificity(r) for r in rulings)
        newest = max((r for r in rulings if specificity(r) == best), key=lambda r: (start(r), r.id))
        return newest.unit_code, "ruling", newest.id
    if maintainer in active:
        return maintainer, "component", None
    rules = [r for r in city.rules if r.unit_code in active and applies(r, place, matter, at)]
    if rules:
        best = max(specificity(r) for r in rules)
        return agreed([r.unit_code for r in rules if specificity(r) == best], "rule")
    managers = [
        zone.manager_unit
        for zone in city.zones
        if zone.code in place.zones.values() and zone.manager_unit in active and takes(city.takes, zone, matter)
    ]
    if managers:
        return agreed(managers, "zone")
    for region in (place.street, place.district):
        if left := [u.code for u in city.units if u.fallback and u.region_code is not None and u.region_code == region]:
            return agreed(left, "fallback")
    return None, "unassigned", None


def agreed(units: Sequence[str | None], ground: str) -> Answer:
    """Equals must say the same; the id of a rule is compared by the caller."""
    return (units[0], ground, None) if len(set(units)) == 1 else (None, "unassigned", None)


def applies(row: Rule | Ruling, place: Place, matter: Matter, at: datetime) -> bool:
    if row.valid_from is not None and at < row.valid_from:
        return False
    if row.valid_to is not None and at >= row.valid_to:
        return False
    said = [(row.kind, matter.kind), (row.major, matter.major), (row.minor, matter.minor)]
    if isinstance(row, Rule):
        said.append((row.condition, matter.condition))  # type: ignore[arg-type]  # numbers among codes
    return here(row, place) and all(wanted is None or wanted == given for wanted, given in said)


def here(row: Rule | Ruling, place: Place) -> bool:
    if row.scope == "city":
        return True
    if row.scope_code is None:
        return False
    if row.scope == "zone":
        return row.scope_code in place.zones.values()
    names = {
        "cell": place.cell_code,
        "beat": place.beat,
        "community": place.community,
        "street": place.street,
        "district": place.district,
    }
    return names[row.scope] == row.scope_code


def specificity(row: Rule | Ruling) -> tuple[int, bool, bool, bool, bool]:
    reach = ["city", "district", "street", "community", "beat", "cell", "zone"].index(row.scope)
    condition = isinstance(row, Rule) and row.condition is not None
    return reach, condition, row.minor is not None, row.major is not None, row.kind is not None


def takes(rows: Sequence[Takes], zone: Zone, matter: Matter) -> bool:
    return any(
        row.zone_class == zone.zone_class
        and row.kind in {None, matter.kind}
        and row.major in {None, matter.major}
        and row.minor in {None, matter.minor}
        for row in rows
    )


def start(row: Ruling) -> float:
    return float("-inf") if row.valid_from is None else row.valid_from.timestamp()
