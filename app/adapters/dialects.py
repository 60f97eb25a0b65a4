"""How a partner signs what it sends, and how we sign what we send to it. One dialect: Standard Webhooks 1.0."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from app.dispatch.errors import Unauthenticated

STANDARD_WEBHOOKS: Final = "standard_webhooks"
TOLERANCE: Final = timedelta(minutes=5)
SIGNATURES_AT_MOST: Final = 8
"""Signatures looked at in one header: two are enough to change a secret, more would only cost time."""

_PREFIX: Final = "whsec_"
_ID: Final = re.compile(rb"[\x21-\x2d\x2f-\x7e]{1,255}")
"""Printable ASCII without spaces and without a full stop, which separates the signed parts."""
_SECONDS: Final = re.compile(rb"[0-9]{1,11}")


class Dialect(Protocol):
    """A way of signing."""

    def verify(self, secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
        """Raise Unauthenticated unless the body was signed with the secret, a short while ago."""
        ...

    def sign(self, secret: str, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
        """Return the headers that go with the body."""
        ...


class StandardWebhooks:
    """`webhook-id`, `webhook-timestamp`, `webhook-signature: v1,…`: HMAC-SHA256 over `id.timestamp.body`."""

    def verify(self, secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
        """Compare every signature of version 1 in constant time; the timestamp may be off by five minutes."""
        message_id, seconds = _bytes(headers, "webhook-id"), _bytes(headers, "webhook-timestamp")
        if not _ID.fullmatch(message_id) or not _SECONDS.fullmatch(seconds):
            raise refused()
        expected = _signature(_key(secret), message_id, seconds, body)
        given = _bytes(headers, "webhook-signature").split(b" ")[:SIGNATURES_AT_MOST]
        # all are compared as texts, and none stops the comparing: decoding would accept several spellings of one
        if not sum(hmac.compare_digest(one, expected) for one in given):
            raise refused()
        if abs(now.timestamp() - int(seconds)) > TOLERANCE.total_seconds():
            raise Unauthenticated("签名时间与本机相差超过 5 分钟", code="stale_signature")

    def sign(self, secret: str, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
        """Sign as a Standard Webhooks sender does."""
        seconds = str(int(at.astimezone(UTC).timestamp()))
        signature = _signature(_key(secret), message_id.encode(), seconds.encode(), body)
        return {"webhook-id": message_id, "webhook-timestamp": seconds, "webhook-signature": signature.decode()}


DIALECTS: Final[Mapping[str, Dialect]] = {STANDARD_WEBHOOKS: StandardWebhooks()}


def refused() -> Unauthenticated:
    """Return the one answer to an unknown partner, a bad signature and everything between."""
    return Unauthenticated("签名无效", code="bad_signature")


def _bytes(headers: Mapping[str, str], name: str) -> bytes:
    return headers.get(name, "").encode("utf-8", "replace")


def _signature(key: bytes, message_id: bytes, seconds: bytes, body: bytes) -> bytes:
    digest = hmac.new(key, b".".join((message_id, seconds, body)), hashlib.sha256).digest()
    return b"v1," + base64.b64encode(digest)


def _key(secret: str) -> bytes:
    """Return the bytes behind `whsec_…`; raise ValueError for what is no such secret, a fault of our own data."""
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("a partner's secret is not base64") from error
    if not key:
        raise ValueError("a partner's secret is empty")
    return key
