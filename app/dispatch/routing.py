"""Who is responsible: the grounds in their order, compiled once and asked in microseconds; see docs/routing.md."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from operator import attrgetter
from typing import Final, Self

from app.dispatch.claims import MATTERS_KEPT, Claim, Claims
from app.dispatch.codes import DecidedBy, LostBecause
from app.dispatch.responsibility import (
    LOST_TEXTS,
    Considered,
    Decision,
    Matter,
    Place,
    Rule,
    Ruling,
    Takes,
    Unit,
)
from app.dispatch.rulebook import (
    Mask,
    Pattern,
    RuleConflict,
    Shadowed,
    Table,
    faults,
    masked,
    pattern_of,
    tabulate,
)
from app.dispatch.zones import Zone

__all__ = [
    "LOST_TEXTS",
    "Considered",
    "Decision",
    "Matter",
    "Place",
    "Rule",
    "RuleBook",
    "RuleConflict",
    "Ruling",
    "Shadowed",
    "Takes",
    "Unit",
]

TAKES_MASKS: Final[tuple[Mask, ...]] = tuple(
    (kind, major, minor, False) for kind in (True, False) for major in (True, False) for minor in (True, False)
)
"""Every form a row of `Takes` can have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleBook:
    """One immutable book of rules, units, zone managers and rulings.

    `managers` maps a zone to its class and managing unit, `fallbacks` a region to its fallback units.
    """

    units: Mapping[str, Unit]
    conflicts: tuple[RuleConflict, ...]
    shadowed: tuple[Shadowed, ...]
    rules: Table[Rule] = field(repr=False)
    rulings: Table[Ruling] = field(repr=False)
    managers: Mapping[str, tuple[str, str]] = field(repr=False)
    takes: Mapping[str, frozenset[Pattern]] = field(repr=False)
    fallbacks: Mapping[str, tuple[str, ...]] = field(repr=False)
    _of_rules: Claims = field(repr=False)
    _of_rulings: Claims = field(repr=False)
    _of_managers: Mapping[str, tuple[str, Claim]] = field(repr=False)
    _of_fallbacks: tuple[Mapping[str, tuple[Claim, ...]], ...] = field(repr=False)
    _taken: dict[Matter, frozenset[str]] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def compile(
        cls,
        rules: Iterable[Rule],
        units: Iterable[Unit],
        zones: Iterable[Zone],
        takes: Iterable[Takes],
        rulings: Iterable[Ruling] = (),
    ) -> Self:
        """Compile the active sets; `conflicts` must be empty before the book may decide anything."""
        active = {unit.code: unit for unit in units}
        table, ruled = tabulate(rules), tabulate(rulings)
        conflicts, shadowed = faults(table, active)
        managers = {z.code: (z.zone_class, z.manager_unit) for z in zones if z.manager_unit is not None}
        fallbacks = _fallbacks(active.values())
        return cls(
            units=active,
            conflicts=tuple(conflicts),
            shadowed=tuple(shadowed),
            rules=table,
            rulings=ruled,
            managers=managers,
            takes=_taken(takes),
            fallbacks=fallbacks,
            _of_rules=Claims(table, DecidedBy.RULE, active),
            _of_rulings=Claims(ruled, DecidedBy.RULING, active),
            _of_managers={
                code: (zone_class, _plain(DecidedBy.ZONE, unit_code, active))
                for code, (zone_class, unit_code) in managers.items()
            },
            _of_fallbacks=tuple(
                {
                    region: tuple(_plain(DecidedBy.FALLBACK, code, active, level) for code in codes)
                    for region, codes in fallbacks.items()
                }
                for level in range(2)
            ),
        )

    def with_rulings(self, rulings: Iterable[Ruling]) -> Self:
        """Return the same book with other rulings; nothing else is compiled again."""
        ruled = tabulate(rulings)
        return replace(self, rulings=ruled, _of_rulings=Claims(ruled, DecidedBy.RULING, self.units))

    def decide(self, place: Place, matter: Matter, at: datetime, *, maintainer: str | None = None) -> Decision:
        """Name the unit responsible at `at`; `maintainer` is the maintenance unit of the component named, if any.

        Equals that name different units are never decided here: the answer is `unassigned` and lists them.
        """
        claims = self._claims(place, matter, at, maintainer)
        winner = next((claim for claim in claims if claim.fault is None), None)
        if winner is None:
            return Decision(unit_code=None, decided_by=DecidedBy.UNASSIGNED, considered=_losers(claims, None))
        if winner.ground is not DecidedBy.RULING and _disputed(winner, claims):
            return Decision(
                unit_code=None, decided_by=DecidedBy.UNASSIGNED, considered=_losers(claims, winner, contested=True)
            )
        return Decision(
            unit_code=winner.unit_code,
            decided_by=winner.ground,
            rule_id=winner.rule_id,
            considered=_losers(claims, winner),
        )

    def classes_taking(self, matter: Matter) -> frozenset[str]:
        """Return the zone classes whose managers take this category."""
        found = self._taken.get(matter)
        if found is None:
            patterns = {masked(matter, mask) for mask in TAKES_MASKS}
            found = frozenset(name for name, taken in self.takes.items() if not taken.isdisjoint(patterns))
            if len(self._taken) < MATTERS_KEPT:
                self._taken[matter] = found
        return found

    def _claims(self, place: Place, matter: Matter, at: datetime, maintainer: str | None) -> list[Claim]:
        """Give every ground its say, in the order of precedence."""
        claims = self._of_rulings.matching(place, matter, at)
        if maintainer is not None:
            claims.append(_plain(DecidedBy.COMPONENT, maintainer, self.units))
        claims += self._of_rules.matching(place, matter, at)
        if place.zones:
            taking = self.classes_taking(matter)
            for zone_code in sorted(place.zones.values()):
                if (managed := self._of_managers.get(zone_code)) is not None:
                    zone_class, claim = managed
                    claims.append(claim if zone_class in taking else claim._replace(fault=LostBecause.OTHER_CATEGORY))
        for said, region in zip(self._of_fallbacks, (place.street, place.district), strict=True):
            if region is not None:
                claims += said.get(region, ())
        return claims


def _taken(takes: Iterable[Takes]) -> dict[str, frozenset[Pattern]]:
    """Return what the managers of each zone class take."""
    found: dict[str, set[Pattern]] = defaultdict(set)
    for row in takes:
        found[row.zone_class].add(pattern_of(row))
    return {zone_class: frozenset(patterns) for zone_class, patterns in found.items()}


def _fallbacks(units: Iterable[Unit]) -> dict[str, tuple[str, ...]]:
    """Return the fallback units of each region, by code."""
    found: dict[str, list[str]] = defaultdict(list)
    for unit in sorted(units, key=attrgetter("code")):
        if unit.fallback and unit.region_code is not None:
            found[unit.region_code].append(unit.code)
    return {region: tuple(codes) for region, codes in found.items()}


def _plain(ground: DecidedBy, unit_code: str, active: Collection[str], level: int = 0) -> Claim:
    fault = None if unit_code in active else LostBecause.INACTIVE_UNIT
    return Claim(ground=ground, rank=(level, 0), unit_code=unit_code, fault=fault)


def _disputed(winner: Claim, claims: Iterable[Claim]) -> bool:
    """Tell whether an equal of the winner names another unit."""
    return any(
        claim.unit_code != winner.unit_code
        and claim.fault is None
        and claim.rank == winner.rank
        and claim.ground is winner.ground
        for claim in claims
    )


def _losers(claims: Sequence[Claim], winner: Claim | None, *, contested: bool = False) -> tuple[Considered, ...]:
    return tuple(
        [
            Considered(
                claim.ground,
                claim.rule_id,
                claim.unit_code,
                claim.fault or _why(claim, winner, contested=contested),
            )
            for claim in claims
            if contested or claim is not winner
        ]
    )


def _why(claim: Claim, winner: Claim | None, *, contested: bool) -> LostBecause:
    """Say why a claim without a fault of its own did not win."""
    if winner is None or claim.ground is not winner.ground:
        return LostBecause.LATER_GROUND
    if claim.rank != winner.rank:
        return LostBecause.LESS_SPECIFIC
    if contested:
        return LostBecause.CONFLICT
    return LostBecause.OLDER_RULING if claim.ground is DecidedBy.RULING else LostBecause.SAME_UNIT
