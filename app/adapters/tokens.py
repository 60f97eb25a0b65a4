"""Access tokens (signed, short-lived, of one city) and refresh tokens (random, stored as digests)."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from joserfc.jws import JWSRegistry

from app.adapters.keys import Key
from app.dispatch.errors import Unauthenticated

ALGORITHM: Final = "HS256"
ISSUER: Final = "gridcase"
AUDIENCE: Final = "gridcase-api"
TYPE: Final = "access"
ACCESS_FOR: Final = timedelta(minutes=30)
LEEWAY_S: Final = 5
"""Seconds by which the clocks of two API hosts may differ."""
_LONGEST: Final = 4096
_REFRESH_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """What an access token says once it is believed."""

    account_id: UUID
    epoch: int


class Tokens:
    """Sign and check the access tokens of one city."""

    def __init__(self, key: Key, city: str) -> None:
        """Take the signing key; tokens of other cities are refused even under the same key."""
        self._key = OctKey.import_key(key.secret, {"kid": key.id})
        self._header = {"alg": ALGORITHM, "kid": key.id}
        self._city = city
        self._registry = JWSRegistry(algorithms=[ALGORITHM])

    def sign(self, account_id: UUID, epoch: int, now: datetime) -> str:
        """Return an access token."""
        issued = int(now.timestamp())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(account_id),
            "city": self._city,
            "epoch": epoch,
            "iat": issued,
            "nbf": issued,
            "exp": issued + int(ACCESS_FOR.total_seconds()),
            "jti": str(uuid4()),
            "typ": TYPE,
        }
        return jwt.encode(self._header, claims, self._key, registry=self._registry)

    def check(self, token: str, now: datetime) -> Bearer:
        """Return what a token says; raise Unauthenticated, always the same, where it is not to be believed."""
        try:
            claims = jwt.decode(token[:_LONGEST], self._key, registry=self._registry).claims
            self._claims(now).validate(claims)
            return Bearer(account_id=UUID(claims["sub"]), epoch=_whole(claims["epoch"]))
        except (JoseError, ValueError, TypeError, AttributeError) as error:
            raise Unauthenticated("登录已失效，请重新登录", code="invalid_token") from error

    def _claims(self, now: datetime) -> jwt.JWTClaimsRegistry:
        return jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=LEEWAY_S,
            iss={"essential": True, "value": ISSUER},
            aud={"essential": True, "value": AUDIENCE},
            city={"essential": True, "value": self._city},
            typ={"essential": True, "value": TYPE},
            sub={"essential": True},
            epoch={"essential": True},
            iat={"essential": True},
            nbf={"essential": True},
            exp={"essential": True},
            jti={"essential": True},
        )


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError
    return value


def new_refresh_token() -> str:
    """Return an opaque refresh token."""
    return secrets.token_urlsafe(_REFRESH_BYTES)


def digest_of(refresh_token: str) -> bytes:
    """Return the form in which a refresh token is stored."""
    return hashlib.sha256(refresh_token.encode("utf-8", "replace")).digest()
