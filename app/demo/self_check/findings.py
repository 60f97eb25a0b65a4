"""What differs, and where."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

NAMED: Final = 20
"""So many findings are kept by name; all are counted."""


class Part(StrEnum):
    """What was looked at."""

    CHAIN = "chain"
    HISTORY = "history"
    DUE = "due"
    COUNT = "count"
    RATE = "rate"
    DRILL = "drill"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One difference: of what kind, where, what by our reading it should be, and what it is."""

    part: Part
    where: str
    expected: str
    got: str


@dataclass(slots=True)
class Verdict:
    """How much was looked at, and what is wrong; `chains` and `rows` of history, `dues` and `figures` compared."""

    chains: int = 0
    rows: int = 0
    dues: int = 0
    questions: int = 0
    figures: int = 0
    wrong: int = 0
    findings: list[Finding] = field(default_factory=list)

    def note(self, found: Iterable[Finding]) -> None:
        """Count what was found, and keep the first of each part by name: one part must not drown the others."""
        for one in found:
            self.wrong += 1
            if len(self.findings) < NAMED and sum(each.part is one.part for each in self.findings) < NAMED // 3:
                self.findings.append(one)

    def compare(self, part: Part, where: str, expected: object, got: object) -> None:
        """Note a difference, if there is one."""
        if expected != got:
            self.note([Finding(part=part, where=where, expected=_text(expected), got=_text(got))])


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return "–" if value is None else str(value)
