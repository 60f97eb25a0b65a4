"""Rules and rulings made ready for lookup, and the faults that show while doing so."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Generic, TypeAlias, TypeVar

from app.dispatch.codes import Scope
from app.dispatch.responsibility import Matter, Rule, Ruling, Takes
from app.dispatch.validity import overlapping, within

Pattern: TypeAlias = tuple[str | None, str | None, str | None, int | None]
Mask: TypeAlias = tuple[bool, bool, bool, bool]
Row = TypeVar("Row", Rule, Ruling)

EVERYWHERE: Final = "*"
"""The code under which rows for the whole city stand."""

_REACH: Final = {scope: reach for reach, scope in enumerate(Scope)}  # declared from the most specific to the least
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleConflict:
    """Two rules, equally specific and in force together, that name different units; to be refused at activation."""

    rule_ids: tuple[str, str]
    unit_codes: tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shadowed:
    """A rule that can never act, because another says the same at every instant of it."""

    rule_id: str
    by_rule_id: str


@dataclass(frozen=True, slots=True)
class Table(Generic[Row]):
    """Rows by (place in `Scope`, code) and category pattern; `masks` are the forms of pattern in use, finest first."""

    rows: Mapping[tuple[int, str], Mapping[Pattern, Sequence[Row]]]
    masks: tuple[Mask, ...]


def pattern_of(row: Rule | Ruling | Takes) -> Pattern:
    """Return what a row says about the category."""
    return row.kind, row.major, row.minor, getattr(row, "condition", None)


def masked(matter: Matter, mask: Mask) -> Pattern:
    """Return the pattern by which a row of this mask would name the matter."""
    kind, major, minor, condition = mask
    return (
        matter.kind if kind else None,
        matter.major if major else None,
        matter.minor if minor else None,
        matter.condition if condition else None,
    )


def mask_of(pattern: Pattern) -> Mask:
    """Tell which parts of the category a pattern names."""
    kind, major, minor, condition = (part is not None for part in pattern)
    return kind, major, minor, condition


def tabulate(rows: Iterable[Row]) -> Table[Row]:
    """Order rows for lookup; those of one key stand newest first."""
    table: dict[tuple[int, str], dict[Pattern, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in sorted(rows, key=newest_first, reverse=True):
        table[_place_key(row)][pattern_of(row)].append(row)
    masks = {mask_of(pattern) for book in table.values() for pattern in book}
    plain = {key: {pattern: tuple(found) for pattern, found in book.items()} for key, book in table.items()}
    # reversed, a mask reads condition, minor, major, kind: the order in which fineness counts
    return Table(plain, tuple(sorted(masks, key=lambda mask: mask[::-1], reverse=True)))


def newest_first(row: Rule | Ruling) -> tuple[datetime, str]:
    """Return the sort key of age; ids of rulings grow with time."""
    return row.valid_from or _LONG_AGO, row.id


def ages(table: Table[Rule] | Table[Ruling]) -> dict[str, int]:
    """Return the number of each ruling, 0 the newest: a later one replaces an earlier, also that of another zone."""
    rulings = [row for said in table.rows.values() for rows in said.values() for row in rows if isinstance(row, Ruling)]
    return {row.id: number for number, row in enumerate(sorted(rulings, key=newest_first, reverse=True))}


def faults(table: Table[Rule], active_units: Mapping[str, object]) -> tuple[list[RuleConflict], list[Shadowed]]:
    """Compare the rules of each key with one another; rules of inactive units have no effect and no faults."""
    conflicts: list[RuleConflict] = []
    shadowed: list[Shadowed] = []
    for book in table.rows.values():
        for found in book.values():
            if len(found) > 1:
                rules = sorted((rule for rule in found if rule.unit_code in active_units), key=lambda rule: rule.id)
                kept, idle = _without_shadowed(rules)
                conflicts += _conflicts(kept)
                shadowed += idle
    return sorted(conflicts, key=lambda c: c.rule_ids), sorted(shadowed, key=lambda s: s.rule_id)


def _place_key(row: Rule | Ruling) -> tuple[int, str]:
    """Return the row's key; one that lacks its code gets a key no place has."""
    return _REACH[row.scope], EVERYWHERE if row.scope is Scope.CITY else row.scope_code or ""


def _validity(rule: Rule) -> tuple[datetime | None, datetime | None]:
    return rule.valid_from, rule.valid_to


def _without_shadowed(rules: Sequence[Rule]) -> tuple[list[Rule], list[Shadowed]]:
    """Set aside rules whose unit another rule of the key names all the while; of equals the first id stays."""
    kept: list[Rule] = []
    idle: list[Shadowed] = []
    widest_first = sorted(rules, key=lambda rule: (rule.valid_from or _LONG_AGO, _ends_late(rule), rule.id))
    holders: dict[str, list[Rule]] = defaultdict(list)
    for rule in widest_first:
        holder = next((h for h in holders[rule.unit_code] if within(_validity(rule), _validity(h))), None)
        if holder is None:
            kept.append(rule)
            holders[rule.unit_code].append(rule)
        else:
            idle.append(Shadowed(rule_id=rule.id, by_rule_id=holder.id))
    return kept, idle


def _ends_late(rule: Rule) -> float:
    return float("-inf") if rule.valid_to is None else -rule.valid_to.timestamp()


def _conflicts(rules: Sequence[Rule]) -> list[RuleConflict]:
    """Name for each rule the first other that contradicts it; every rule in conflict is named at least once."""
    pairs = set()
    for rule in rules:
        others = (o for o in rules if o.unit_code != rule.unit_code and overlapping(_validity(o), _validity(rule)))
        if other := next(others, None):
            pairs.add(tuple(sorted(((rule.id, rule.unit_code), (other.id, other.unit_code)))))
    return [RuleConflict(rule_ids=(a[0], b[0]), unit_codes=(a[1], b[1])) for a, b in pairs]
