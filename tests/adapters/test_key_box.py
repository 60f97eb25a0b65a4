import pytest

from app.adapters.key_box import lock, unlock
from app.adapters.keys import Key
from app.dispatch.errors import BadInput

KEYS = {"vault-1": Key(id="vault-1.0a1b2c3d", secret=b"v" * 32), "token": Key(id="token.01020304", secret=b"t" * 32)}
WORDS = "correct horse battery staple"


def test_the_passphrase_opens_what_it_locked_and_no_other_does() -> None:
    box = lock(KEYS, WORDS)
    assert unlock(box, WORDS) == KEYS
    assert b"vault" not in box
    with pytest.raises(BadInput) as refused:
        unlock(box, WORDS + " ")
    assert refused.value.code == "passphrase_wrong"


def test_a_short_passphrase_is_refused() -> None:
    with pytest.raises(BadInput) as refused:
        lock(KEYS, "fifteen letters")
    assert refused.value.code == "passphrase_short"
