import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from app.adapters.keys import Key, load_keys
from app.adapters.tokens import ACCESS_FOR, ALGORITHM, Tokens
from app.dispatch.errors import Unauthenticated

NOW = datetime(2026, 3, 2, 4, 5, 6, tzinfo=UTC)
WHO = UUID(int=7)
KEY = Key(id="token.1", secret=b"k" * 32)
GOOD = {
    "iss": "gridcase",
    "aud": "gridcase-api",
    "sub": str(WHO),
    "city": "demo",
    "epoch": 3,
    "iat": int(NOW.timestamp()),
    "nbf": int(NOW.timestamp()),
    "exp": int(NOW.timestamp()) + 1800,
    "jti": "1",
    "typ": "access",
}


def _forge(claims: dict[str, Any], *, algorithm: str = ALGORITHM, secret: bytes = KEY.secret) -> str:
    return jwt.encode({"alg": algorithm}, claims, OctKey.import_key(secret), algorithms=[algorithm])


def test_a_token_says_who_and_which_epoch() -> None:
    tokens = Tokens(KEY, "demo")
    bearer = tokens.check(tokens.sign(WHO, 3, NOW), NOW + ACCESS_FOR - timedelta(seconds=1))
    assert (bearer.account_id, bearer.epoch) == (WHO, 3)


def test_the_forger_of_these_tests_can_make_good_ones() -> None:
    assert Tokens(KEY, "demo").check(_forge(GOOD), NOW).epoch == 3


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "other"},
        {"aud": "other"},
        {"city": "elsewhere"},
        {"typ": "refresh"},
        {"sub": "nobody"},
        {"sub": 7},
        {"epoch": "3"},
        {"epoch": True},
        {"exp": int(NOW.timestamp()) - 60},
        {"exp": "tomorrow"},
        {"nbf": int(NOW.timestamp()) + 60},
    ],
    ids=str,
)
def test_a_claim_that_is_not_ours_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(Unauthenticated):
        Tokens(KEY, "demo").check(_forge({**GOOD, **change}), NOW)


@pytest.mark.parametrize("missing", sorted(GOOD))
def test_every_claim_is_needed(missing: str) -> None:
    with pytest.raises(Unauthenticated):
        Tokens(KEY, "demo").check(_forge({name: GOOD[name] for name in GOOD if name != missing}), NOW)


def test_other_algorithms_and_keys_are_refused(tmp_path: Path) -> None:
    unsigned = ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({"alg": "none"}, GOOD)
    )
    other = load_keys(tmp_path).token.secret
    good = _forge(GOOD)
    for token in (
        f"{unsigned}.",
        _forge(GOOD, algorithm="HS512", secret=b"k" * 64),
        _forge(GOOD, secret=other),
        good[:-2],
        f"{good}.",
        "",
        "a.b.c",
        "令牌",
        good + "x" * 5000,
    ):
        with pytest.raises(Unauthenticated):
            Tokens(KEY, "demo").check(token, NOW)
