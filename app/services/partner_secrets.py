"""The secrets that partners sign with: sealed in their rows, opened only to verify or to sign."""

from typing import Final
from uuid import UUID

from app.adapters.sealing import Sealed, Sealer
from app.repositories.partners import KnownPartner

_PLACE: Final = ("secret", 0)
"""Follows the partner's id in what a secret is bound to."""


class PartnerSecrets:
    """Seal and open the secret of a partner; sealed for one partner it opens for no other."""

    def __init__(self, sealer: Sealer) -> None:
        """Take the keys' holder."""
        self._sealer = sealer

    def seal(self, partner_id: UUID, secret: str) -> Sealed:
        """Return what the columns `key_id` and `secret` hold; `secret` is the text that was agreed (`whsec_…`)."""
        return self._sealer.seal(secret, partner_id, *_PLACE)

    def open(self, partner: KnownPartner) -> str:
        """Return the text that was agreed; raise Unavailable when its key is gone."""
        return self._sealer.open(Sealed(key_id=partner.key_id, sealed=partner.secret), partner.id, *_PLACE)
