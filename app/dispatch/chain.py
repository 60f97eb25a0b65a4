"""The hash chain of a history: each row's hash covers its content and the hash before it.

Canonical form of a row: JSON in UTF-8, keys sorted by code point, no spaces, no escapes beyond JSON's own, without the
row's own `hash`; instants as UTC with six decimals and `Z`, UUIDs and decimals as text, bytes as hex, whole floats as
integers (jsonb returns 1e16 as an integer, too). The hash is SHA-256 over `{"previous": …, "row": …}`, in lower-case
hex.

The chain shows what was edited, removed, inserted, moved or copied inside it. It does not show a cut-off tail, nor a
chain rewritten as a whole: roots kept elsewhere do.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Final
from uuid import UUID

HASH: Final = "hash"
NUMBER: Final = "number"
MIN_SALT_BYTES: Final = 16
_AS_THEY_ARE: Final = frozenset({str, int, bool, type(None)})
"""Types, not their subclasses, that JSON takes as they are: most of what is hashed."""


def link(previous: str | None, row: Mapping[str, object]) -> str:
    """Return the hash of `row` (its `hash` field is left out) after the row hashed `previous`; None for the first."""
    content = {key: value for key, value in row.items() if key != HASH}
    return hashlib.sha256(canonical({"previous": previous, "row": content})).hexdigest()


def text_digest(salt: bytes, text: str) -> str:
    """Return SHA-256(salt ‖ UTF-8 text) in hex: what stands in the chain for a text that may have to be erased.

    The salt is the row's own, at least 16 random bytes, and is erased with the text.
    """
    if len(salt) < MIN_SALT_BYTES:
        raise ValueError(f"a salt has at least {MIN_SALT_BYTES} bytes")
    return hashlib.sha256(salt + text.encode()).hexdigest()


def verify(rows: Iterable[Mapping[str, object]]) -> int | None:
    """Return the first number at which the chain fails, or None.

    `rows` in order, each with its `number` (1, 2, 3 …), its `hash` and the content that was hashed.
    """
    previous: str | None = None
    for expected, row in enumerate(rows, start=1):
        if row.get(NUMBER) != expected or row.get(HASH) != link(previous, row):
            return expected
        previous = str(row[HASH])
    return None


def canonical(value: object) -> bytes:
    """Return the canonical bytes of a value; see the module for the form. Raises TypeError and ValueError."""
    return json.dumps(plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def plain(value: object) -> object:
    """Return `value` in JSON's own types, the same before and after a journey through jsonb.

    Raises TypeError for other types and for keys that are not text, ValueError for naive instants and for infinities.
    """
    kind = type(value)
    if kind in _AS_THEY_ARE:
        return value
    if kind is dict:  # before it is asked what else may be a mapping, which takes longer than all the rest
        return {_key(key): plain(item) for key, item in value.items()}  # type: ignore[attr-defined]  # it is a dict
    match value:
        case Enum():
            return plain(value.value)
        case Mapping():
            return {_key(key): plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
    return _scalar(value)


def _scalar(value: object) -> str | float | None:
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return _number(value)
        case datetime():
            return _instant(value)
        case UUID() | Decimal():
            return str(value)
        case bytes():
            return value.hex()
    raise TypeError(f"{type(value).__name__} has no canonical form")


def _number(value: float) -> int | float:
    if not math.isfinite(value):
        raise ValueError("an infinity has no canonical form")
    return int(value) if value.is_integer() else value


def _instant(value: datetime) -> str:
    if value.tzinfo is None:
        raise ValueError("a naive instant has no canonical form")
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _key(key: object) -> str:
    if type(key) is str:
        return key
    if not isinstance(key, str):
        raise TypeError("keys are text")
    return str(key.value) if isinstance(key, Enum) else key
