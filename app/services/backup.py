"""What a backup takes: one moment of a city, and every object that this moment names."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import IO, Final

from app.adapters.objects import Found, Objects
from app.repositories.backup import BackupRepository, Counts
from app.services.media import objects_of
from app.services.transaction import Sessions, reading

_PHOTO_SHARE: Final = 3
"""An original and what is redrawn of it, as against the latter alone: about."""
_ANY: Final = "-"
"""No row says how long a sealed original is."""
_DUMP_SHARE: Final = 3
"""How much smaller than its tables a compressed dump is: about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What stands in the snapshot; `snapshot` is the name by which pg_dump shares it."""

    snapshot: str
    server_major: int
    revision: str
    counts: Counts
    chains: int
    root: str
    key_ids: tuple[str, ...]

    @property
    def about_bytes(self) -> int:
        """Return about how long the backup will be."""
        return self.counts.table_bytes // _DUMP_SHARE + self.counts.media_bytes * _PHOTO_SHARE


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An object that the snapshot names; `found` is None where the store has not got it whole."""

    key: str
    found: Found | None


class Saving:
    """One snapshot, open for as long as the dump takes; the service goes on writing."""

    def __init__(self, repository: BackupRepository) -> None:
        """Take the snapshot's repository."""
        self._repository = repository

    async def moment(self, snapshot: str) -> Moment:
        """Describe what the snapshot holds."""
        chains, root = await root_of(self._repository)
        return Moment(
            snapshot=snapshot,
            server_major=await self._repository.server_major(),
            revision=await self._repository.revision(),
            counts=await self._repository.counts(),
            chains=chains,
            root=root,
            key_ids=tuple(await self._repository.key_ids()),
        )

    async def list_objects(self, listing: IO[str]) -> None:
        """Write down every object that the snapshot names, a line each, so that it need not stay open for them."""
        async for medium in self._repository.media():
            for key in objects_of(medium.object_key, medium.mime):
                listing.write(f"{medium.size if key == medium.object_key else _ANY} {key}\n")
        listing.seek(0)


@asynccontextmanager
async def saving(sessions: Sessions) -> AsyncIterator[tuple[Saving, Moment]]:
    """Hold one snapshot of a city."""
    async with reading(sessions) as session:
        repository = BackupRepository(session)
        snapshot = await repository.hold_snapshot()
        work = Saving(repository)
        yield work, await work.moment(snapshot)


async def listed_objects(listing: IO[str], objects: Objects) -> AsyncIterator[Wanted]:
    """Yield what was listed; objects are written before their rows and never change."""
    for line in listing:
        size, _, key = line.rstrip("\n").partition(" ")
        found = await objects.find(key)
        if found is not None and size not in {_ANY, str(found.size)}:
            found = None  # cut short on a disk that was full: as good as absent
        yield Wanted(key=key, found=found)


async def root_of(repository: BackupRepository) -> tuple[int, str]:
    """Return how many chains there are, and the SHA-256 over their ends: a line `subject number hash` each."""
    chains, digest = 0, hashlib.sha256()
    async for head in repository.heads():
        chains += 1
        digest.update(f"{head.subject_id} {head.number} {head.hash}\n".encode())
    return chains, digest.hexdigest()
