"""What is wrong with a chain of history rows, and where stored facts differ from what the history tells."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.dispatch.anchors import Anchored
from app.dispatch.chain import HASH, NUMBER, link, text_digest


class Flaw(StrEnum):
    """What an audit of the chains can find."""

    MISSING = "missing"
    BROKEN = "broken"
    TEXT = "text"
    STRAY_TEXT = "stray_text"
    TAIL = "tail"
    NO_HISTORY = "no_history"
    NO_SUBJECT = "no_subject"
    ANCHORED = "anchored"
    CUT = "cut"
    BACKDATED = "backdated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What the own row of a report or a case says of its history: whose it is, and the number of its last step."""

    subject: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something wrong, and the row at which it shows; `number` is None where no row is left to name."""

    subject: str
    subject_id: UUID
    number: int | None
    flaw: Flaw
    field: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredText:
    """A text as it is kept beside its row."""

    salt: bytes
    body: str


@dataclass(slots=True)
class ChainCheck:
    """One chain while it is read, first row to last; nothing of a row is kept but its number and its hash.

    After the first row that does not fit the later ones prove nothing and are only counted; texts are checked up to it.
    With anchors every row is compared with what was anchored, too.
    """

    subject_id: UUID
    anchored: Anchored | None = None
    subject: str = ""
    rows: int = 0
    texts: int = 0
    erased: int = 0
    broken: bool = False
    number: int = 0
    hash: str | None = None

    def take(self, row: Mapping[str, Any], texts: Mapping[str, StoredText]) -> Iterator[Finding]:
        """Check the next row: the columns that its hash covers, its hash, and the texts that are left of it."""
        self.rows += 1
        self.subject = self.subject or row["subject"]
        if self.broken:
            return
        if row[NUMBER] != self.number + 1:
            yield self._break(self.number + 1, Flaw.MISSING)
        elif not _fits(self.hash, row):
            yield self._break(self.number + 1, Flaw.BROKEN)
        elif flaw := self._against_anchors(row):
            yield self._break(self.number + 1, flaw)
        else:
            self.number, self.hash = row[NUMBER], row[HASH]
            yield from self._texts(row["payload"].get("texts", {}), texts)

    def end(self, head: Head | None) -> Iterator[Finding]:
        """Compare the end of the chain with what the report's or the case's own row says."""
        if head is None:
            yield self._found(self.number or None, Flaw.NO_SUBJECT)
        if self.broken:
            return
        if self.anchored is not None and self.anchored.length(self.subject_id) > self.number:
            yield self._found(self.number + 1, Flaw.CUT)
        elif head is not None and (head.subject, head.version) != (self.subject, self.number):
            yield self._found(self.number, Flaw.TAIL)

    def _against_anchors(self, row: Mapping[str, Any]) -> Flaw | None:
        """Tell what the anchors say of a row that fits its chain: another hash, or none though it is old enough."""
        if self.anchored is None:
            return None
        known = self.anchored.hash_of(self.subject_id, row[NUMBER])
        if known is not None:
            return None if known == row[HASH] else Flaw.ANCHORED
        settled = self.anchored.settled
        return Flaw.BACKDATED if settled is not None and row["recorded_at"] < settled else None

    def _texts(self, digests: Mapping[str, str], texts: Mapping[str, StoredText]) -> Iterator[Finding]:
        for field, digest in digests.items():
            kept = texts.get(field)
            if kept is None:
                self.erased += 1
            elif not _is_text(kept, digest):
                yield self._found(self.number, Flaw.TEXT, field)
            else:
                self.texts += 1
        for field in sorted(texts.keys() - digests.keys()):
            yield self._found(self.number, Flaw.STRAY_TEXT, field)

    def _break(self, number: int, flaw: Flaw) -> Finding:
        self.broken = True
        return self._found(number, flaw)

    def _found(self, number: int | None, flaw: Flaw, field: str | None = None) -> Finding:
        return Finding(subject=self.subject, subject_id=self.subject_id, number=number, flaw=flaw, field=field)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A stored value that is not what the history tells; `column` is None where a whole row is missing or too many."""

    table: str
    key: tuple[object, ...]
    column: str | None
    stored: object
    told: object


def differences(
    table: str, key: Sequence[str], told: Iterable[Mapping[str, Any]], stored: Iterable[Mapping[str, Any]]
) -> Iterator[Difference]:
    """Compare rows by key, column by column; the columns are those that the history tells of."""
    expected = {tuple(row[name] for name in key): row for row in told}
    found = {tuple(row[name] for name in key): row for row in stored}
    for one in sorted(expected.keys() | found.keys(), key=str):
        here, there = found.get(one), expected.get(one)
        if here is None or there is None:
            yield Difference(table=table, key=one, column=None, stored=_row(here), told=_row(there))
            continue
        for column, value in there.items():
            if here[column] != value:
                yield Difference(table=table, key=one, column=column, stored=here[column], told=value)


def _row(row: Mapping[str, Any] | None) -> str | None:
    return None if row is None else "a row"


def _fits(previous: str | None, row: Mapping[str, Any]) -> bool:
    try:
        return bool(row[HASH] == link(previous, row))
    except (TypeError, ValueError, OverflowError):  # a value of which no hash was ever made
        return False


def _is_text(kept: StoredText, digest: str) -> bool:
    try:
        return text_digest(kept.salt, kept.body) == digest
    except ValueError:  # a salt too short to have been ours
        return False
