"""Lock keys away under a passphrase, so that they may travel with a backup."""

import base64
import json
import secrets
from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from app.adapters.keys import Key, read_line
from app.dispatch.errors import BadInput

SHORTEST: Final = 16
"""Characters of a passphrase: who has the file may try for ever."""
_SALT_BYTES: Final = 16
_NONCE_BYTES: Final = 12
_LABEL: Final = b"gridcase keys, scrypt 17 8 1, aes-256-gcm"


def lock(keys: Mapping[str, Key], passphrase: str) -> bytes:
    """Return the keys sealed: AES-256-GCM under scrypt (2^17, 8, 1) of the passphrase."""
    if len(passphrase) < SHORTEST:
        raise BadInput(
            f"口令至少 {SHORTEST} 个字符。 The passphrase has at least {SHORTEST} characters.", code="passphrase_short"
        )
    salt, nonce = secrets.token_bytes(_SALT_BYTES), secrets.token_bytes(_NONCE_BYTES)
    plain = json.dumps({name: key.line for name, key in keys.items()}).encode()
    sealed = AESGCM(_stretch(passphrase, salt)).encrypt(nonce, plain, _LABEL)
    return base64.b64encode(salt + nonce + sealed) + b"\n"


def unlock(box: bytes, passphrase: str) -> dict[str, Key]:
    """Undo `lock`; raise BadInput for another passphrase."""
    content = base64.b64decode(box)
    salt, nonce = content[:_SALT_BYTES], content[_SALT_BYTES : _SALT_BYTES + _NONCE_BYTES]
    try:
        plain = AESGCM(_stretch(passphrase, salt)).decrypt(nonce, content[_SALT_BYTES + _NONCE_BYTES :], _LABEL)
    except InvalidTag:
        raise BadInput("口令不对，密钥打不开。 Wrong passphrase for the keys.", code="passphrase_wrong") from None
    found = {name: read_line(line) for name, line in json.loads(plain).items()}
    return {name: key for name, key in found.items() if key is not None}


def _stretch(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=2**17, r=8, p=1).derive(passphrase.encode("utf-8"))
