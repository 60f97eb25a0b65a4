"""Which policies hold for one report or case at an instant: rows by category, source, desk, unit over defaults."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from app.dispatch.codes import Kind, Source
from app.dispatch.policies import DEFAULTS, Policies
from app.dispatch.validity import overlapping, valid_at

_KEPT: Final = 4096
"""How many answers a book remembers before it begins anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selectors:
    """What a row is about; None matches anything. A unit stands for its whole subtree."""

    kind: Kind | None = None
    major: str | None = None
    minor: str | None = None
    source: Source | None = None
    desk: str | None = None
    unit_code: str | None = None

    @property
    def fineness(self) -> int:
        """How finely the category is named: the minor says more than the major, that more than the kind."""
        return 4 * (self.minor is not None) + 2 * (self.major is not None) + (self.kind is not None)

    @property
    def codes(self) -> tuple[tuple[str, str | None], ...]:
        """What must be just so, by name: all but the unit."""
        return tuple((name, getattr(self, name)) for name in ("kind", "major", "minor", "source", "desk"))

    @property
    def empty(self) -> bool:
        """Whether the row is for the whole city."""
        return self == EVERYTHING


EVERYTHING: Final = Selectors()


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRow:
    """One value of one policy, for what its selectors name, from `valid_from` until `valid_to`."""

    id: str
    policy: str
    value: Any
    selectors: Selectors
    valid_from: datetime
    valid_to: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a question is about. `units`: the unit and those above it, the nearest first."""

    kind: Kind | None = None
    major: str | None = None
    minor: str | None = None
    source: Source | None = None
    desk: str | None = None
    units: tuple[str, ...] = ()


CITY: Final = About()
"""What is asked before anything is known of a report."""

Rank = tuple[int, int, bool, int, bool, datetime, str]


def rank(row: PolicyRow, about: About) -> Rank | None:
    """Return how specific a row is for what is asked, the greater the more; None where it does not apply.

    The number of selectors counts first (a category is one, however finely named); then a unit (the nearer the more)
    before a desk, a desk before a category (minor, major, kind), a category before a source; then the newer row.
    """
    one = row.selectors
    if any(named is not None and named != getattr(about, name) for name, named in one.codes):
        return None
    if one.unit_code is not None and one.unit_code not in about.units:
        return None
    near = len(about.units) - about.units.index(one.unit_code) if one.unit_code is not None else 0
    named = sum((near > 0, one.desk is not None, one.fineness > 0, one.source is not None))
    return named, near, one.desk is not None, one.fineness, one.source is not None, row.valid_from, row.id


def clash(row: PolicyRow, others: Iterable[PolicyRow]) -> PolicyRow | None:
    """Return a row of the same policy, equally specific and in force together with this one, that says otherwise.

    Rows that name the same selectors with other codes never apply to the same thing, except a unit and one above it,
    where the nearer wins: so only rows with the very same selectors are equally specific.
    """
    same = (one for one in others if one.policy == row.policy and one.selectors == row.selectors and one.id != row.id)
    spans = ((one, (one.valid_from, one.valid_to)) for one in same if one.value != row.value)
    return next((one for one, span in spans if overlapping(span, (row.valid_from, row.valid_to))), None)


@dataclass(frozen=True, slots=True)
class PolicyBook:
    """Rows made ready for lookup. Instants fall into stretches within which the same rows hold."""

    rows: tuple[PolicyRow, ...] = ()
    _bounds: Sequence[datetime] = field(init=False, repr=False, compare=False)
    _holding: dict[int, tuple[PolicyRow, ...]] = field(init=False, repr=False, compare=False, default_factory=dict)
    _answers: dict[tuple[int, About], Mapping[str, Any]] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        """Note the instants at which rows begin and end."""
        bounds = {one.valid_from for one in self.rows} | {one.valid_to for one in self.rows if one.valid_to}
        object.__setattr__(self, "_bounds", sorted(bounds))

    def of(self, about: About, at: datetime, base: Policies = DEFAULTS) -> Policies:
        """Return what holds for something at an instant; `base` where no row says otherwise."""
        if not self.rows:
            return base
        over = self._over(about, at)
        return replace(base, **over) if over else base

    def decisive(self, policy: str, about: About, at: datetime) -> PolicyRow | None:
        """Return the row by which a policy holds for something at an instant; None where the default does."""
        found = [(rank(one, about), one) for one in self.holding(at) if one.policy == policy]
        ranked = [(place, one) for place, one in found if place is not None]
        return max(ranked, key=lambda pair: pair[0])[1] if ranked else None

    def holding(self, at: datetime) -> tuple[PolicyRow, ...]:
        """Return the rows in force at an instant."""
        stretch = bisect_right(self._bounds, at)
        if stretch not in self._holding:
            self._holding[stretch] = tuple(one for one in self.rows if valid_at(one.valid_from, one.valid_to, at))
        return self._holding[stretch]

    def values(self, policy: str, at: datetime, base: Policies = DEFAULTS) -> tuple[Any, ...]:
        """Return every value that a policy has for anything at an instant, the city's own first."""
        city = getattr(self.of(CITY, at, base), policy)
        narrower = (one.value for one in self.holding(at) if one.policy == policy and not one.selectors.empty)
        return (city, *narrower)

    def _over(self, about: About, at: datetime) -> Mapping[str, Any]:
        held = self.holding(at)
        asked = _as_named(about, held)
        key = (bisect_right(self._bounds, at), asked)
        if key not in self._answers:
            if len(self._answers) >= _KEPT:
                self._answers.clear()
            self._answers[key] = _most_specific(held, asked)
        return self._answers[key]


def _as_named(about: About, rows: Sequence[PolicyRow]) -> About:
    """Leave out of a question what no row asks for, so that many questions have one answer to remember."""
    named = [one.selectors for one in rows]
    units = {one.unit_code for one in named}
    return About(
        kind=about.kind if any(one.kind for one in named) else None,
        major=about.major if any(one.major for one in named) else None,
        minor=about.minor if any(one.minor for one in named) else None,
        source=about.source if any(one.source for one in named) else None,
        desk=about.desk if any(one.desk for one in named) else None,
        units=tuple(code for code in about.units if code in units),
    )


def _most_specific(rows: Iterable[PolicyRow], about: About) -> Mapping[str, Any]:
    best: dict[str, tuple[Rank, PolicyRow]] = {}
    for one in rows:
        place = rank(one, about)
        if place is not None and (one.policy not in best or best[one.policy][0] < place):
            best[one.policy] = place, one
    return {policy: one.value for policy, (_, one) in best.items()}
