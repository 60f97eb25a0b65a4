"""Signed roots over the chains that grew: what lies elsewhere shows a cut tail and a chain calculated anew.

An anchor lists the hash of every step since the one before it, subject by subject, and is linked to that one by its
root: SHA-256 over the lines of the anchor. Source: house design after the checklist for tampering (docs/audit.md).
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from app.dispatch.errors import BadInput

FORMAT: Final = "gridcase-anchor-1"
UNDER_WAY: Final = timedelta(minutes=5)
"""How long a step may have been under way when an anchor was made: it is in the next one at the latest."""
_DIGEST: Final = 32
_NONE: Final = bytes(_DIGEST)
_UNREADABLE: Final = BadInput("不是历史锚点文件 / not an anchor", code="anchor_unreadable")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    """The steps of one chain that an anchor holds: hashes (lower-case hex) of the steps from number `first` on."""

    subject_id: UUID
    first: int
    hashes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """One anchor. It holds every step recorded from `since` (None: from the beginning) until `at`."""

    city: str
    number: int
    at: datetime
    since: datetime | None
    previous: str | None
    chains: tuple[Grown, ...]

    @property
    def text(self) -> str:
        """The lines that are signed: a header, then one line a chain."""
        header = {
            "format": FORMAT,
            "city": self.city,
            "number": self.number,
            "at": self.at.isoformat(),
            "since": self.since.isoformat() if self.since else None,
            "previous": self.previous,
            "chains": len(self.chains),
        }
        lines = (f"{one.subject_id} {one.first} {' '.join(one.hashes)}" for one in self.chains)
        return "\n".join((json.dumps(header, sort_keys=True), *lines)) + "\n"

    @property
    def root(self) -> str:
        """SHA-256 over the lines, in hex."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def next_since(self) -> datetime:
        """From when on the next anchor must hold what was recorded."""
        return self.at - UNDER_WAY


def read_anchor(text: str) -> Anchor:
    """Return the anchor that its lines tell of; raise BadInput where they are none."""
    head, *lines = text.splitlines() or [""]
    try:
        header = json.loads(head)
        since = header["since"]
        anchor = Anchor(
            city=header["city"],
            number=header["number"],
            at=datetime.fromisoformat(header["at"]),
            since=datetime.fromisoformat(since) if since else None,
            previous=header["previous"],
            chains=tuple(_chain(line) for line in lines),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _UNREADABLE from error
    if anchor.text != text:
        raise _UNREADABLE
    return anchor


def _chain(line: str) -> Grown:
    subject_id, first, *hashes = line.split(" ")
    if not hashes or any(len(bytes.fromhex(one)) != _DIGEST for one in hashes):
        raise ValueError("hashes")
    return Grown(subject_id=UUID(subject_id), first=int(first), hashes=tuple(hashes))


class AnchorFlaw(StrEnum):
    """What is wrong with the anchors themselves."""

    ABSENT = "absent"
    UNREADABLE = "unreadable"
    SIGNATURE = "signature"
    UNLINKED = "unlinked"
    OTHER_ROOT = "other_root"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorFinding:
    """An anchor that does not prove what it should."""

    number: int
    flaw: AnchorFlaw


def unlinked(anchors: Sequence[Anchor], known: Mapping[int, str]) -> list[AnchorFinding]:
    """Return what does not hold together: numbers left out, links that lead elsewhere, roots known otherwise.

    `known` are the roots by number as the database keeps them.
    """
    found: list[AnchorFinding] = []
    by_number = {one.number: one for one in anchors}
    last = max((*by_number, *known), default=0)
    for number in range(1, last + 1):
        one, before = by_number.get(number), by_number.get(number - 1)
        if one is None:
            found.append(AnchorFinding(number=number, flaw=AnchorFlaw.ABSENT))
        elif one.previous != (before.root if before else None) and (before is not None or number == 1):
            found.append(AnchorFinding(number=number, flaw=AnchorFlaw.UNLINKED))
        elif number in known and known[number] != one.root:
            found.append(AnchorFinding(number=number, flaw=AnchorFlaw.OTHER_ROOT))
    return found


@dataclass(slots=True)
class Anchored:
    """What all anchors together say of every chain: about 32 bytes a step."""

    settled: datetime | None = None
    """Whatever was recorded before is in some anchor."""
    _steps: dict[UUID, bytearray] = field(default_factory=dict)

    @classmethod
    def of(cls, anchors: Iterable[Anchor]) -> "Anchored":
        """Put the anchors together; where two tell of the same step, the older one counts."""
        whole = cls()
        for one in anchors:
            whole.settled = one.next_since
            for chain in one.chains:
                whole._take(chain)
        return whole

    def _take(self, chain: Grown) -> None:
        steps = self._steps.setdefault(chain.subject_id, bytearray())
        for number, digest in enumerate(chain.hashes, start=chain.first):
            end = number * _DIGEST
            if len(steps) < end:
                steps.extend(bytes(end - len(steps)))
            if steps[end - _DIGEST : end] == _NONE:
                steps[end - _DIGEST : end] = bytes.fromhex(digest)

    @property
    def subjects(self) -> frozenset[UUID]:
        """Everybody whose chain was anchored."""
        return frozenset(self._steps)

    def length(self, subject_id: UUID) -> int:
        """Return the greatest number that was anchored, 0 for none."""
        return len(self._steps.get(subject_id, b"")) // _DIGEST

    def hash_of(self, subject_id: UUID, number: int) -> str | None:
        """Return the hash that a step was anchored with, if it was."""
        steps = self._steps.get(subject_id, b"")
        digest = bytes(steps[(number - 1) * _DIGEST : number * _DIGEST])
        return digest.hex() if digest and digest != _NONE else None
