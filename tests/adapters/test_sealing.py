from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.adapters.keys import Key, Keys, load_keys
from app.adapters.sealing import Sealed, Sealer
from app.dispatch.errors import Unavailable

OLD, NEW = Key(id="vault-1.aa", secret=b"a" * 32), Key(id="vault-2.bb", secret=b"b" * 32)
TOKEN, SEARCH = Key(id="token", secret=b"t" * 32), Key(id="search", secret=b"s" * 32)
KEYS = Keys(token=TOKEN, vault=(OLD,), search=SEARCH)


@given(st.text())
def test_what_is_sealed_opens_in_its_place(value: str) -> None:
    sealer = Sealer(KEYS)
    assert sealer.open(sealer.seal(value, "r1", "phone", 0), "r1", "phone", 0) == value


@pytest.mark.parametrize("place", [("r2", "phone", 0), ("r1", "name", 0), ("r1", "phone", 1), ("r1", "phone")])
def test_moved_elsewhere_it_does_not_open(place: tuple[object, ...]) -> None:
    sealer = Sealer(KEYS)
    with pytest.raises(Unavailable):
        sealer.open(sealer.seal("13800001234", "r1", "phone", 0), *place)


@given(st.integers(min_value=0))
def test_a_changed_bit_shows(at: int) -> None:
    sealer = Sealer(KEYS)
    sealed = sealer.seal("张三", "r1")
    changed = bytearray(sealed.sealed)
    changed[at % len(changed)] ^= 1
    with pytest.raises(Unavailable):
        sealer.open(Sealed(key_id=sealed.key_id, sealed=bytes(changed)), "r1")


def test_the_same_value_never_looks_the_same() -> None:
    sealer = Sealer(KEYS)
    seen = {sealer.seal("13800001234", "r1").sealed for _ in range(100)}
    assert len({one[:12] for one in seen}) == 100
    assert not any(b"13800001234" in one for one in seen)


def test_after_a_new_key_old_values_still_open() -> None:
    sealed = Sealer(KEYS).seal("张三", "r1")
    later = Sealer(replace(KEYS, vault=(OLD, NEW)))
    assert later.open(sealed, "r1") == "张三"
    assert later.seal("张三", "r1").key_id == NEW.id
    with pytest.raises(Unavailable) as refused:
        Sealer(replace(KEYS, vault=(NEW,))).open(sealed, "r1")
    assert refused.value.code == "vault_key_missing"


def test_the_search_digest_needs_the_search_key(tmp_path: Path) -> None:
    ours, theirs = Sealer(KEYS), Sealer(load_keys(tmp_path))
    assert ours.digest("13800001234") == Sealer(KEYS).digest("13800001234")
    assert ours.digest("13800001234") not in {ours.digest("13800001235"), theirs.digest("13800001234")}
