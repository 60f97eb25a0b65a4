"""What comes in with a file of master data, and what became of it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from app.adapters.readers import Given
from app.dispatch.errors import BadInput
from app.dispatch.importing.findings import FAULTS, Ledger
from app.dispatch.importing.kinds import ACCOUNTS
from app.dispatch.importing.preparing import Prepared
from app.dispatch.set_codes import SetState
from app.models import sets


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """A file and what was said about it; `datum` for shapes, `plain_is_continuous` for a catalogue's limits."""

    kind: str
    given: Given
    name: str
    datum: str | None = None
    plain_is_continuous: bool = False

    def digest(self, file_digest: bytes) -> bytes:
        """Return what stands for the whole request, for its idempotency key."""
        said = [self.kind, self.name, self.datum, self.plain_is_continuous, self.given.name]
        said += [self.given.layer, self.given.encoding]
        return hashlib.sha256(file_digest + json.dumps(said, ensure_ascii=False).encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedAccount:
    """An account with its first password, told once."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of a file. `also`: a draft of beats that came with cells; `accounts` with their first passwords."""

    id: UUID
    kind: str
    name: str
    state: str
    valid: bool
    findings: Sequence[Mapping[str, Any]]
    counts: Mapping[str, Any]
    also: Sequence["Imported"] = ()
    accounts: Sequence[OpenedAccount] = ()


def told(one: sets.DataSet, *, also: Sequence[sets.DataSet] = ()) -> Imported:
    """Return what became of a set's file."""
    return Imported(
        id=one.id,
        kind=one.kind.value,
        name=one.name,
        state=one.state.value,
        valid=one.valid,
        findings=one.findings,
        counts=one.counts,
        also=tuple(told(other) for other in also),
    )


def opened(batch_id: UUID, name: str, ledger: Ledger, accounts: Sequence[OpenedAccount]) -> Imported:
    """Return what became of a file of accounts, which are no set."""
    return Imported(
        id=batch_id,
        kind=ACCOUNTS,
        name=name,
        state=SetState.ACTIVE.value,
        valid=True,
        findings=[found.told() for found in ledger.told()],
        counts={"rows": len(accounts), **ledger.tally()},
        accounts=accounts,
    )


def refused(ledger: Ledger, prepared: Prepared) -> BadInput:
    """Return the refusal of a file, with everything that is wrong with it."""
    kinds = "、".join(f"{FAULTS[code]} {count}" for code, count in ledger.counts.most_common(5))
    more = "等" if len(ledger.counts) > 5 else ""  # noqa: PLR2004  # as many as one can take in
    return BadInput(
        f"文件没有导入，有 {ledger.errors} 处错误：{kinds}{more}",
        code="unreadable_file",
        fields={
            "findings": [found.told() for found in ledger.told()],
            "counts": {"rows": prepared.count, **ledger.tally()},
        },
    )
