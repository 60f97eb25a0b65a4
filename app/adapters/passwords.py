"""Password hashes by Argon2id: slow on purpose, so done beside the event loop and only a few at a time."""

import asyncio
import secrets
from typing import Final

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

AT_ONCE: Final = 2
"""Hashes in work at once; each takes 64 MiB and most of a core."""


class Passwords:
    """Make and compare password hashes."""

    def __init__(self, hasher: Argon2Hasher | None = None) -> None:
        """Take the cost; the default is the second choice of RFC 9106 (64 MiB, 3 passes)."""
        self._hashes = PasswordHash((hasher or Argon2Hasher(time_cost=3, memory_cost=65_536, parallelism=4),))
        self._few = asyncio.Semaphore(AT_ONCE)
        self._decoy: str | None = None

    async def hash(self, password: str) -> str:
        """Return the hash of a password, with its salt and cost."""
        async with self._few:
            return await asyncio.to_thread(self._hashes.hash, password)

    async def matches(self, password: str, stored: str | None) -> bool:
        """Tell whether the password is the stored one; without a stored one it takes as long, and is not."""
        async with self._few:
            if self._decoy is None:
                self._decoy = await asyncio.to_thread(self._hashes.hash, secrets.token_urlsafe())
            same = await asyncio.to_thread(self._hashes.verify, password, stored or self._decoy)
        return same and stored is not None
