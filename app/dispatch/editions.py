"""Which sets make the book of an instant: read from intervals, so that nobody need be awake when one begins."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.dispatch.policy_book import PolicyRow
from app.dispatch.responsibility import Ruling
from app.dispatch.set_codes import SetKind, SetState

NEEDED = frozenset({SetKind.CELLS, SetKind.UNITS, SetKind.CATALOGUE, SetKind.CALENDAR})
"""Without these nothing can be located, decided or timed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetHead:
    """A set without its rows. `active_to` None: until further notice."""

    id: UUID
    kind: SetKind
    name: str
    version: int
    state: SetState
    active_from: datetime | None = None
    active_to: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """What is in force from `since` on: one set a kind at most, and the rulings and policies known then.

    `number` names it in decisions; the same number always means the same sets, rulings and policies.
    """

    number: int
    since: datetime | None
    sets: Mapping[SetKind, SetHead]
    rulings: tuple[Ruling, ...] = ()
    policies: tuple[PolicyRow, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether a book can be made of it."""
        return self.sets.keys() >= NEEDED

    @property
    def ids(self) -> dict[SetKind, UUID]:
        """The id of each set."""
        return {kind: one.id for kind, one in self.sets.items()}

    def same_as(self, other: "Edition") -> bool:
        """Tell whether a book made of the one is the book of the other."""
        ours, theirs = (self.number, self.ids, self.rulings), (other.number, other.ids, other.rulings)
        return ours == theirs and self.policies == other.policies


def editions(
    heads: Iterable[SetHead],
    *,
    number: int,
    since: datetime | None,
    rulings: tuple[Ruling, ...] = (),
    policies: tuple[PolicyRow, ...] = (),
) -> list[Edition]:
    """Return what is in force now and what is planned after it, in the order of time.

    `heads` are active and scheduled sets, `number` and `since` those of the active ones. Each instant at which
    scheduled sets begin takes the next number, whether or not anybody has recorded yet that it has come.
    """
    known = list(heads)
    found = {one.kind: one for one in known if one.state is SetState.ACTIVE}
    planned = [Edition(number=number, since=since, sets=dict(found), rulings=rulings, policies=policies)]
    for at in instants(known):
        found |= {one.kind: one for one in known if one.state is SetState.SCHEDULED and one.active_from == at}
        number += 1
        planned.append(Edition(number=number, since=at, sets=dict(found), rulings=rulings, policies=policies))
    return planned


def instants(heads: Iterable[SetHead]) -> list[datetime]:
    """Return the instants at which scheduled sets begin, ascending."""
    waiting = (one.active_from for one in heads if one.state is SetState.SCHEDULED)
    return sorted({at for at in waiting if at is not None})


def in_force(planned: Sequence[Edition], at: datetime) -> Edition:
    """Return the last edition that has begun by `at`; the first has always begun."""
    begun = [one for one in planned[1:] if one.since is not None and one.since <= at]
    return begun[-1] if begun else planned[0]


def intervals(heads: Iterable[SetHead]) -> dict[UUID, datetime | None]:
    """Return until when each active or scheduled set holds: until the next of its kind begins."""
    ends: dict[UUID, datetime | None] = {}
    following: dict[SetKind, datetime | None] = {}
    begun = [one for one in heads if one.active_from is not None]
    for one in sorted(begun, key=lambda one: (one.state is SetState.SCHEDULED, one.active_from), reverse=True):
        ends[one.id] = following.get(one.kind)
        following[one.kind] = one.active_from
    return ends
