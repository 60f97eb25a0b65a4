"""Count wrong tries under names that nobody has, so that they look like the others."""

import hashlib
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final

_MOST: Final = 20_000


class Tries:
    """Failures and locks by name, of one process. Protects no secret, so memory will do; the oldest are forgotten."""

    def __init__(self, *, most: int, lock_for: timedelta) -> None:
        """Take how many failures lock, and for how long."""
        self._most = most
        self._lock_for = lock_for
        self._seen: OrderedDict[bytes, tuple[int, datetime | None]] = OrderedDict()

    def locked_until(self, name: str, now: datetime) -> datetime | None:
        """Return until when the name is locked."""
        _, until = self._seen.get(_digest(name), (0, None))
        return until if until is not None and until > now else None

    def count(self, name: str, now: datetime) -> None:
        """Count a failure; one against a locked name counts for nothing, an old lock starts the count anew."""
        if self.locked_until(name, now):
            return
        failures, until = self._seen.pop(_digest(name), (0, None))
        failures = 1 if until else failures + 1
        self._seen[_digest(name)] = (failures, now + self._lock_for if failures >= self._most else None)
        if len(self._seen) > _MOST:
            self._seen.popitem(last=False)


def _digest(name: str) -> bytes:
    return hashlib.sha256(name.encode("utf-8", "replace")).digest()
