"""See that a restored city is the one that was saved: its history, its media, its vault."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from app.adapters.keys import Keys
from app.adapters.objects import Objects
from app.adapters.sealing import Sealer
from app.dispatch.errors import Unavailable
from app.repositories.backup import BackupRepository
from app.services.audit import Audit, ChainReport
from app.services.backup import root_of
from app.services.media import objects_of, original_of, unpack
from app.services.transaction import Sessions, reading
from app.services.vault import Personal, Vault

_OPENED: Final = 5
"""How many sealed originals are opened; all objects are looked for."""


@dataclass(slots=True, kw_only=True)
class Proof:
    """What was found: the root of the history, its chains, objects that are not there, sealed values that open."""

    chains: int
    root: str
    audit: ChainReport
    objects: int = 0
    absent: list[str] = field(default_factory=list)
    opened: int = 0
    closed: int = 0


async def prove(sessions: Sessions, objects: Objects, keys: Keys, *, without: Collection[str]) -> Proof:
    """Read the whole history, look for every object, open values of every key but those that are known to be lost.

    Raises Unavailable where a value does not open although its key is there.
    """
    async with reading(sessions) as session:
        repository = BackupRepository(session)
        await repository.hold_snapshot()
        chains, root = await root_of(repository)
        proof = Proof(chains=chains, root=root, audit=await Audit(sessions).verify(lambda _rows: None))
        await _see_objects(repository, objects, Sealer(keys), without, proof)
        vault = Vault(Sealer(keys))
        for sample in await repository.sealed_samples():
            try:
                await vault.open(session, [sample.report_id], [Personal(sample.field)])
            except Unavailable as error:
                if error.code != "vault_key_missing" or not without:
                    raise
                proof.closed += 1
            else:
                proof.opened += 1
    return proof


async def _see_objects(
    repository: BackupRepository, objects: Objects, sealer: Sealer, without: Collection[str], proof: Proof
) -> None:
    tried = 0
    async for medium in repository.media():
        for key in objects_of(medium.object_key, medium.mime):
            size = await objects.size(key)
            whole = size is not None and (key != medium.object_key or size == medium.size)
            proof.objects += whole
            if not whole:
                proof.absent.append(key)
            elif key == original_of(medium.object_key) and tried < _OPENED:
                tried += 1
                await _open_original(key, objects, sealer, without)


async def _open_original(key: str, objects: Objects, sealer: Sealer, without: Collection[str]) -> None:
    sealed = unpack(b"".join([chunk async for chunk in await objects.get(key)]))
    if sealed.key_id not in without:
        sealer.open_bytes(sealed, key)
