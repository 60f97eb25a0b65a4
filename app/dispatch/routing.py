"""Who is responsible: the grounds in their order, compiled once and asked in microseconds; see docs/routing.md."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple, Self

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
    mask_of,
    masked,
    newest_first,
    pattern_of,
    tabulate,
)
from app.dispatch.validity import valid_at
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


class _Claim(NamedTuple):
    """One ground's say; claims come in the order of precedence, those of one `rank` are equals."""

    ground: DecidedBy
    rank: tuple[int, int]
    unit_code: str
    rule_id: str | None = None
    fault: LostBecause | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleBook:
    """One immutable book of rules, units, zone managers and rulings."""

    units: Mapping[str, Unit]
    conflicts: tuple[RuleConflict, ...]
    shadowed: tuple[Shadowed, ...]
    _rules: Table[Rule] = field(repr=False)
    _rulings: Table[Ruling] = field(repr=False)
    _managers: Mapping[str, tuple[str, str]] = field(repr=False)
    _takes: Mapping[str, frozenset[Pattern]] = field(repr=False)
    _takes_masks: tuple[Mask, ...] = field(repr=False)
    _fallbacks: Mapping[str, tuple[str, ...]] = field(repr=False)

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
        table = tabulate(rules)
        conflicts, shadowed = faults(table, active)
        taken: dict[str, set[Pattern]] = defaultdict(set)
        for row in takes:
            taken[row.zone_class].add(pattern_of(row))
        fallbacks: dict[str, list[str]] = defaultdict(list)
        for unit in sorted(active.values(), key=attrgetter("code")):
            if unit.fallback and unit.region_code is not None:
                fallbacks[unit.region_code].append(unit.code)
        return cls(
            units=active,
            conflicts=tuple(conflicts),
            shadowed=tuple(shadowed),
            _rules=table,
            _rulings=tabulate(rulings),
            _managers={z.code: (z.zone_class, z.manager_unit) for z in zones if z.manager_unit is not None},
            _takes={zone_class: frozenset(patterns) for zone_class, patterns in taken.items()},
            _takes_masks=tuple({mask_of(pattern) for patterns in taken.values() for pattern in patterns}),
            _fallbacks={region: tuple(codes) for region, codes in fallbacks.items()},
        )

    def decide(self, place: Place, matter: Matter, at: datetime, *, maintainer: str | None = None) -> Decision:
        """Name the unit responsible at `at`; `maintainer` is the maintenance unit of the component named, if any.

        Equals that name different units are never decided here: the answer is `unassigned` and lists them.
        """
        claims = list(self._claims(place, matter, at, maintainer))
        winner = next((claim for claim in claims if claim.fault is None), None)
        if winner is None:
            return Decision(unit_code=None, decided_by=DecidedBy.UNASSIGNED, considered=_losers(claims, None))
        rivals = [c for c in claims if c.fault is None and c.ground is winner.ground and c.rank == winner.rank]
        if winner.ground is not DecidedBy.RULING and len({claim.unit_code for claim in rivals}) > 1:
            return Decision(
                unit_code=None, decided_by=DecidedBy.UNASSIGNED, considered=_losers(claims, winner, contested=True)
            )
        return Decision(
            unit_code=winner.unit_code,
            decided_by=winner.ground,
            rule_id=winner.rule_id,
            considered=_losers(claims, winner),
        )

    def _claims(self, place: Place, matter: Matter, at: datetime, maintainer: str | None) -> Iterator[_Claim]:
        """Give every ground its say, in the order of precedence."""
        yield from self._of_rulings(place, matter, at)
        if maintainer is not None:
            yield _Claim(DecidedBy.COMPONENT, (0, 0), maintainer, None, self._fault(maintainer))
        for rank, rules in self._rules.matching(place, matter):
            for rule in rules:
                yield _Claim(DecidedBy.RULE, rank, rule.unit_code, rule.id, self._fault_at(rule, at))
        yield from self._of_managers(place, matter)
        for level, region in enumerate((place.street, place.district)):
            for unit_code in self._fallbacks.get(region, ()) if region is not None else ():
                yield _Claim(DecidedBy.FALLBACK, (level, 0), unit_code)

    def _of_rulings(self, place: Place, matter: Matter, at: datetime) -> Iterator[_Claim]:
        """Yield rulings, the newest first among equals, also where they stand for different zones of the place."""
        ranks: dict[tuple[int, int], list[Ruling]] = defaultdict(list)
        for rank, rulings in self._rulings.matching(place, matter):
            ranks[rank].extend(rulings)
        for rank, found in ranks.items():
            for ruling in sorted(found, key=newest_first, reverse=True):
                yield _Claim(DecidedBy.RULING, rank, ruling.unit_code, ruling.id, self._fault_at(ruling, at))

    def _of_managers(self, place: Place, matter: Matter) -> Iterator[_Claim]:
        patterns = {masked(matter, mask) for mask in self._takes_masks}
        for zone_code in sorted(place.zones.values()):
            if zone_code in self._managers:
                zone_class, unit_code = self._managers[zone_code]
                taken = not patterns.isdisjoint(self._takes.get(zone_class, frozenset()))
                fault = self._fault(unit_code) if taken else LostBecause.OTHER_CATEGORY
                yield _Claim(DecidedBy.ZONE, (0, 0), unit_code, None, fault)

    def _fault(self, unit_code: str) -> LostBecause | None:
        return None if unit_code in self.units else LostBecause.INACTIVE_UNIT

    def _fault_at(self, row: Rule | Ruling, at: datetime) -> LostBecause | None:
        if not valid_at(row.valid_from, row.valid_to, at):
            return LostBecause.NOT_VALID_THEN
        return self._fault(row.unit_code)


def _losers(claims: Sequence[_Claim], winner: _Claim | None, *, contested: bool = False) -> tuple[Considered, ...]:
    return tuple(
        Considered(
            ground=claim.ground,
            rule_id=claim.rule_id,
            unit_code=claim.unit_code,
            lost_because=claim.fault or _why(claim, winner, contested=contested),
        )
        for claim in claims
        if contested or claim is not winner
    )


def _why(claim: _Claim, winner: _Claim | None, *, contested: bool) -> LostBecause:
    """Say why a claim without a fault of its own did not win."""
    if winner is None or claim.ground is not winner.ground:
        return LostBecause.LATER_GROUND
    if claim.rank != winner.rank:
        return LostBecause.LESS_SPECIFIC
    if contested:
        return LostBecause.CONFLICT
    return LostBecause.OLDER_RULING if claim.ground is DecidedBy.RULING else LostBecause.SAME_UNIT
