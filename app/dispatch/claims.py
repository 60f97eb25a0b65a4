"""What each ground says, made ready at compile time: a question picks ready-made claims and builds none."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Final, NamedTuple, TypeAlias

from app.dispatch.codes import DecidedBy, LostBecause
from app.dispatch.responsibility import Matter, Place, Rule, Ruling
from app.dispatch.rulebook import EVERYWHERE, Pattern, Table, ages, mask_of, masked
from app.dispatch.validity import valid_at

MATTERS_KEPT: Final = 20_000  # far more than a catalogue has; what is asked beyond is worked out each time


class Claim(NamedTuple):
    """One ground's say; claims come in the order of precedence, those of one `rank` are equals.

    `age` orders rulings of one rank, 0 the newest. `limited` says that there is a validity to look at.
    """

    ground: DecidedBy
    rank: tuple[int, int]
    unit_code: str
    rule_id: str | None = None
    fault: LostBecause | None = None
    age: int = 0
    limited: bool = False
    valid_from: datetime | None = None
    valid_to: datetime | None = None


_Said: TypeAlias = Mapping[int, Sequence[Claim]]  # by number of the pattern


class Claims:
    """The claims of all rules, or of all rulings, by place and pattern."""

    __slots__ = ("_masks", "_numbers", "_patterns_of", "_scopes", "_zones")

    def __init__(self, table: Table[Rule] | Table[Ruling], ground: DecidedBy, active_units: Collection[str]) -> None:
        """Turn every row into its claim."""
        self._masks = table.masks
        self._numbers: dict[Pattern, int] = {}
        self._patterns_of: dict[Matter, tuple[int, ...]] = {}
        fineness = {mask: number for number, mask in enumerate(table.masks)}
        numbers = ages(table)
        scopes: list[dict[str, _Said]] = [{} for _ in range(7)]
        for (reach, code), book in table.rows.items():
            said: dict[int, Sequence[Claim]] = {}
            for pattern, rows in book.items():
                number = self._numbers.setdefault(pattern, len(self._numbers))
                rank = (reach, fineness[mask_of(pattern)])
                said[number] = tuple(_claim(row, ground, rank, numbers, active_units) for row in rows)
            scopes[reach][code] = said
        self._zones, *self._scopes = scopes

    def matching(self, place: Place, matter: Matter, at: datetime) -> list[Claim]:
        """Return what is said about this place and matter, in the order of precedence."""
        if not self._numbers:
            return []
        patterns = self._patterns_of.get(matter)
        if patterns is None:
            patterns = self._patterns(matter)
        found: list[Claim] = []
        if place.zones and self._zones:
            found = self._of_zones(place.zones.values(), patterns)
        codes = (place.cell_code, place.beat, place.community, place.street, place.district, EVERYWHERE)
        for scope, code in zip(self._scopes, codes, strict=True):
            said = scope.get(code)  # type: ignore[arg-type]  # None is no key, and finds nothing
            if said is not None:
                for number in patterns:
                    if (claims := said.get(number)) is not None:
                        found += claims
        return [_judged(claim, at) if claim.limited else claim for claim in found]

    def _of_zones(self, codes: Iterable[str], patterns: Sequence[int]) -> list[Claim]:
        """Return the claims of all zones of a spot: only those of several classes can be out of order."""
        books = [said for code in sorted(codes) if (said := self._zones.get(code)) is not None]
        found = [claim for said in books for number in patterns for claim in said.get(number, ())]
        return sorted(found, key=attrgetter("rank", "age")) if len(books) > 1 else found

    def _patterns(self, matter: Matter) -> tuple[int, ...]:
        """Return the numbers of the patterns that name the matter, the finest first."""
        named = (self._numbers.get(masked(matter, mask)) for mask in self._masks)
        patterns = tuple(number for number in named if number is not None)
        if len(self._patterns_of) < MATTERS_KEPT:
            self._patterns_of[matter] = patterns
        return patterns


def _claim(
    row: Rule | Ruling,
    ground: DecidedBy,
    rank: tuple[int, int],
    numbers: Mapping[str, int],
    active_units: Collection[str],
) -> Claim:
    return Claim(
        ground=ground,
        rank=rank,
        unit_code=row.unit_code,
        rule_id=row.id,
        fault=None if row.unit_code in active_units else LostBecause.INACTIVE_UNIT,
        age=numbers.get(row.id, 0),
        limited=row.valid_from is not None or row.valid_to is not None,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
    )


def _judged(claim: Claim, at: datetime) -> Claim:
    if valid_at(claim.valid_from, claim.valid_to, at):
        return claim
    return claim._replace(fault=LostBecause.NOT_VALID_THEN)
