"""Encrypt personal values one by one, and find them again by a keyed digest."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.adapters.keys import Key, Keys
from app.dispatch.errors import Unavailable

NONCE_BYTES: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A nonce and the ciphertext behind it, with the id of the key that opens it."""

    key_id: str
    sealed: bytes = field(repr=False)


class Sealer:
    """AES-256-GCM under the newest vault key; every vault key opens what it sealed."""

    def __init__(self, keys: Keys) -> None:
        """Take the keys of the home."""
        self._newest = keys.vault[-1]
        self._ciphers = {key.id: AESGCM(key.secret) for key in keys.vault}
        self._search: Key = keys.search

    def seal(self, value: str, *place: object) -> Sealed:
        """Encrypt a value for the place where it will stand; moved elsewhere it does not open."""
        return self.seal_bytes(value.encode("utf-8"), *place)

    def seal_bytes(self, content: bytes, *place: object) -> Sealed:
        """Encrypt bytes as `seal` does a value."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        text = self._ciphers[self._newest.id].encrypt(nonce, content, _bound_to(place))
        return Sealed(key_id=self._newest.id, sealed=nonce + text)

    def open(self, sealed: Sealed, *place: object) -> str:
        """Decrypt a value; raise Unavailable when its key is gone or it is not what was sealed for this place."""
        return self.open_bytes(sealed, *place).decode("utf-8")

    def open_bytes(self, sealed: Sealed, *place: object) -> bytes:
        """Decrypt bytes as `open` does a value."""
        cipher = self._ciphers.get(sealed.key_id)
        if cipher is None:
            raise Unavailable("解密所需的密钥不在本机", code="vault_key_missing")
        nonce, text = sealed.sealed[:NONCE_BYTES], sealed.sealed[NONCE_BYTES:]
        try:
            return cipher.decrypt(nonce, text, _bound_to(place))
        except InvalidTag as error:
            raise Unavailable("加密数据校验失败", code="vault_damaged") from error

    def digest(self, value: str) -> bytes:
        """Return what a value is searched by: useless without the search key."""
        return hmac.new(self._search.secret, value.encode("utf-8"), hashlib.sha256).digest()


def _bound_to(place: tuple[object, ...]) -> bytes:
    return "|".join(str(part) for part in place).encode("utf-8")
