"""Check published rates against the counts beside them: find the two counts that give the printed figure."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from app.dispatch.appraisal import COMPLEMENT, Definition, check_counts, missing, rate
from app.dispatch.definitions import default_of, definitions_of
from app.dispatch.errors import BadInput, TooLarge

MAX_COMPARISONS: Final = 2_000_000

Pairs = AbstractSet[tuple[str, str]]

_PRINTED: Final = re.compile(r"([0-9]{1,7})(?:\.([0-9]{1,6}))?\s?%?")


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedRow:
    """One line of a bulletin: counts under names of the publisher's own, and the printed rates."""

    name: str
    counts: Mapping[str, int]
    published: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduction:
    """Two counts that give the printed figure; `definition` names the shipped one, `capped` says it was cut at 100."""

    numerator: str
    denominator: str
    capped: bool
    definition: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedRate:
    """What was printed, what the default definition gives (None: not computable), and every way to reproduce it."""

    published: str
    value: Decimal | None
    reproduced_by: tuple[Reproduction, ...]

    @property
    def matches(self) -> bool:
        """Say whether the printed figure follows from the given counts at all."""
        return bool(self.reproduced_by)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedRow:
    """The verdicts of one line by rate."""

    name: str
    rates: Mapping[str, VerifiedRate]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Printed:
    """A percentage as printed: `digits` is its value without the point, `full` is what 100 % would be."""

    digits: int
    full: int

    def match(self, numerator: int, denominator: int) -> bool | None:
        """Return None if the quotient prints otherwise, else whether it had to be capped; half-up, in whole numbers."""
        if denominator == 0:
            return None
        exact = (2 * self.full * numerator + denominator) // (2 * denominator)
        if exact == self.digits:
            return False
        return True if exact > self.full == self.digits else None


def verify(rows: Sequence[PublishedRow]) -> tuple[VerifiedRow, ...]:
    """Find for every published rate all definitions and all ordered pairs of counts that print as it is printed.

    Shipped definitions of that rate come first. Raises BadInput for unusable counts, an unknown rate or a figure
    that is no percentage, TooLarge beyond two million comparisons.
    """
    if sum(len(row.counts) ** 2 * len(row.published) for row in rows) > MAX_COMPARISONS:
        raise TooLarge("行数与计数过多，请分批核验", fields={"limit": MAX_COMPARISONS})
    return tuple(_row(row, ["rows", index]) for index, row in enumerate(rows))


def _row(row: PublishedRow, where: Sequence[str | int]) -> VerifiedRow:
    check_counts(row.counts, [*where, "counts"])
    rates = {
        name: _verified(name, text, row.counts, [*where, "published", name]) for name, text in row.published.items()
    }
    return VerifiedRow(name=row.name, rates=rates)


def _verified(name: str, text: str, counts: Mapping[str, int], where: Sequence[str | int]) -> VerifiedRate:
    default = default_of(name, where)
    printed = _read(text, where)
    known = definitions_of(name)
    shipped = tuple(_shipped(known, counts, printed))
    taken = {(definition.numerator, definition.denominator) for definition in known}
    return VerifiedRate(
        published=text,
        value=None if missing(default, counts) else rate(default, counts).value,
        reproduced_by=(
            *shipped,
            *_pairs(counts, printed, taken),
            *(_complements(counts, printed, taken) if default.numerator.startswith(COMPLEMENT) else ()),
        ),
    )


def _read(text: str, where: Sequence[str | int]) -> _Printed:
    """Read "93.72%", "100 %" or "97％"; the decimals printed are the precision it is judged at."""
    match = _PRINTED.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if match is None:
        raise BadInput.at(where, "公布值应为百分数，例如93.72%", code="published_unreadable")
    decimals = match[2] or ""
    return _Printed(digits=int(match[1] + decimals), full=100 * 10 ** len(decimals))


def _shipped(known: Sequence[Definition], counts: Mapping[str, int], printed: _Printed) -> Iterator[Reproduction]:
    for definition in known:
        if missing(definition, counts):
            continue
        made = rate(definition, counts)
        capped = printed.match(made.numerator[1], made.denominator[1])
        if capped is not None:
            yield Reproduction(
                numerator=definition.numerator,
                denominator=definition.denominator,
                capped=capped,
                definition=definition.name,
            )


def _pairs(counts: Mapping[str, int], printed: _Printed, taken: Pairs) -> Iterator[Reproduction]:
    for bottom, denominator in counts.items():
        for top, numerator in counts.items():
            capped = printed.match(numerator, denominator)
            if capped is not None and top != bottom and (top, bottom) not in taken:
                yield Reproduction(numerator=top, denominator=bottom, capped=capped)


def _complements(counts: Mapping[str, int], printed: _Printed, taken: Pairs) -> Iterator[Reproduction]:
    """Yield pairs by which denominator less another count gives the figure, for rates that are such a remainder."""
    for bottom, denominator in counts.items():
        for other, subtracted in counts.items():
            top = COMPLEMENT + other
            if other == bottom or subtracted > denominator or top in counts or (top, bottom) in taken:
                continue
            if printed.match(denominator - subtracted, denominator) is False:
                yield Reproduction(numerator=top, denominator=bottom, capped=False)
