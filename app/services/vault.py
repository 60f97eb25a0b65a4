"""Personal values: sealed on the way in, masked on the way out, opened only by who must answer for it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.adapters.sealing import Sealed, Sealer
from app.dispatch.geocoding.pairs import learnt_key
from app.dispatch.mask import mask_name, mask_phone, normal_phone
from app.repositories.vault import SealedItem, VaultRepository


class Personal(StrEnum):
    """The fields of the vault."""

    NAME = "name"
    PHONE = "phone"
    CALLBACK_PHONE = "callback_phone"
    ADDRESS = "address"
    ORIGINAL_TEXT = "original_text"
    RAW_PAYLOAD = "raw_payload"
    OPINION = "opinion"


_PHONES: Final = frozenset({Personal.PHONE, Personal.CALLBACK_PHONE})


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskedReporter:
    """As much of the reporter as recognising him takes."""

    name: str | None = None
    phone: str | None = None


class Vault:
    """The only way to and from personal values; works within the caller's transaction."""

    def __init__(self, sealer: Sealer) -> None:
        """Take the keys' holder."""
        self._sealer = sealer

    def seal(self, report_id: UUID, values: Mapping[Personal, str | None], *, number: int = 0) -> list[SealedItem]:
        """Return the rows of a report's values; empty ones are left out. Store them by `VaultRepository.add`."""
        return [self._seal(report_id, Personal(name), number, value) for name, value in values.items() if value]

    async def store(self, session: AsyncSession, items: Collection[SealedItem]) -> None:
        """Store rows of any number of reports in one statement."""
        await VaultRepository(session).add(list(items))

    async def add(self, session: AsyncSession, report_id: UUID, name: Personal, value: str) -> int:
        """Keep a further value of a field beside those it has; return its number."""
        repository = VaultRepository(session)
        number = await repository.next_number(report_id, name)
        await repository.add([self._seal(report_id, name, number, value)])
        return number

    async def open(
        self, session: AsyncSession, report_ids: Collection[UUID], fields: Collection[Personal]
    ) -> dict[UUID, dict[Personal, list[str]]]:
        """Decrypt values of many reports, the oldest first. The caller records the look."""
        opened: dict[UUID, dict[Personal, list[str]]] = {}
        for item in await VaultRepository(session).of(report_ids, fields):
            sealed = Sealed(key_id=item.key_id, sealed=item.sealed)
            value = self._sealer.open(sealed, item.report_id, item.field, item.number)
            opened.setdefault(item.report_id, {}).setdefault(Personal(item.field), []).append(value)
        return opened

    async def masked(self, session: AsyncSession, report_ids: Collection[UUID]) -> dict[UUID, MaskedReporter]:
        """Return masked name and phone of those reports that have one; the newest value counts."""
        opened = await self.open(session, report_ids, (Personal.NAME, Personal.PHONE, Personal.CALLBACK_PHONE))
        return {report_id: _mask(values) for report_id, values in opened.items()}

    async def reports_of_phone(self, session: AsyncSession, phone: str) -> list[UUID]:
        """Return the reports that came with this phone, however it was written."""
        digest = self._phone_digest(phone)
        return await VaultRepository(session).with_digest(digest) if digest else []

    def address_digest(self, address: str) -> bytes | None:
        """Return what an address is remembered by, which tells nothing of it; None where it says too little."""
        key = learnt_key(address)
        return self._sealer.digest(f"address {key}") if key else None

    def _seal(self, report_id: UUID, name: Personal, number: int, value: str) -> SealedItem:
        sealed = self._sealer.seal(value, report_id, name, number)
        return SealedItem(
            report_id=report_id,
            field=name,
            number=number,
            key_id=sealed.key_id,
            sealed=sealed.sealed,
            search_digest=self._phone_digest(value) if name in _PHONES else None,
        )

    def _phone_digest(self, phone: str) -> bytes | None:
        number = normal_phone(phone)
        return self._sealer.digest(number) if number else None


def _mask(values: Mapping[Personal, list[str]]) -> MaskedReporter:
    names = values.get(Personal.NAME)
    phones = values.get(Personal.PHONE) or values.get(Personal.CALLBACK_PHONE)
    return MaskedReporter(
        name=mask_name(names[-1]) if names else None, phone=mask_phone(phones[-1]) if phones else None
    )
