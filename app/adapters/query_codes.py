"""The code that goes with a receipt: made from the report's id under a key, to be shown again and never guessed."""

import hashlib
import hmac
from typing import Final
from uuid import UUID

_ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_LENGTH: Final = 8


class QueryCodes:
    """Codes of eight characters, 40 bits each; tries are limited where they are asked."""

    def __init__(self, key: bytes) -> None:
        """Take the secret that codes are made with."""
        self._key = key

    def code_of(self, report_id: UUID) -> str:
        """Return the code of a report."""
        digest = hmac.new(self._key, b"query-code:" + report_id.bytes, hashlib.sha256).digest()
        number = int.from_bytes(digest[:8], "big")
        return "".join(_ALPHABET[(number >> (5 * place)) & 31] for place in range(_LENGTH))

    def digest(self, code: str) -> bytes:
        """Return what is stored of a code."""
        return hmac.new(self._key, b"query-digest:" + code.strip().upper().encode(), hashlib.sha256).digest()

    def matches(self, code: str, digest: bytes) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(self.digest(code), digest)
