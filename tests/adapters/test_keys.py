from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.adapters.keys import load_keys, place_key, present_keys
from app.dispatch.errors import Unavailable


def test_the_first_start_makes_three_private_keys(tmp_path: Path) -> None:
    keys = load_keys(tmp_path / "keys")
    files = sorted(path.name for path in (tmp_path / "keys").iterdir())
    assert files == ["search-1.key", "token.key", "vault-1.key"]
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in (tmp_path / "keys").iterdir())
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    assert len({keys.token.secret, keys.vault[0].secret, keys.search.secret}) == 3


def test_later_starts_find_the_same_keys(tmp_path: Path) -> None:
    assert load_keys(tmp_path) == load_keys(tmp_path)


def test_many_first_starts_at_once_agree(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(load_keys, [tmp_path / "keys"] * 8))
    assert len({keys.token.secret for keys in found}) == 1
    assert len({keys.vault[-1].id for keys in found}) == 1


def test_the_highest_vault_number_seals_and_the_others_stay(tmp_path: Path) -> None:
    first = load_keys(tmp_path).vault[0]
    other = load_keys(tmp_path / "other").vault[0]
    (tmp_path / "other" / "vault-1.key").rename(tmp_path / "vault-10.key")
    (tmp_path / "vault-2.key").write_bytes((tmp_path / "vault-1.key").read_bytes())
    (tmp_path / "vault-2.key").chmod(0o600)
    assert load_keys(tmp_path).vault == (first, first, other)


def test_a_key_others_may_read_is_refused(tmp_path: Path) -> None:
    load_keys(tmp_path)
    (tmp_path / "token.key").chmod(0o644)
    with pytest.raises(Unavailable, match="chmod 600"):
        load_keys(tmp_path)


def test_a_broken_key_is_refused_and_kept(tmp_path: Path) -> None:
    load_keys(tmp_path)
    (tmp_path / "vault-1.key").write_text("vault-1 short\n", encoding="utf-8")
    with pytest.raises(Unavailable, match="备份"):
        load_keys(tmp_path)
    assert (tmp_path / "vault-1.key").read_text(encoding="utf-8") == "vault-1 short\n"


def test_a_key_does_not_print_its_secret(tmp_path: Path) -> None:
    keys = load_keys(tmp_path)
    assert repr(keys.token.secret) not in repr(keys)


def test_looking_at_the_keys_makes_none(tmp_path: Path) -> None:
    assert present_keys(tmp_path / "keys") == {}
    assert not (tmp_path / "keys").exists()


def test_a_key_that_was_placed_is_the_one_that_is_loaded(tmp_path: Path) -> None:
    made = load_keys(tmp_path / "former")
    for name, key in present_keys(tmp_path / "former").items():
        place_key(tmp_path / "keys", name, key)
    assert load_keys(tmp_path / "keys") == made
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "keys").iterdir()} == {0o600}
    with pytest.raises(FileExistsError):
        place_key(tmp_path / "keys", "token", made.search)
    assert load_keys(tmp_path / "keys") == made


def test_fingerprints_tell_keys_apart_and_give_nothing_away(tmp_path: Path) -> None:
    keys = load_keys(tmp_path / "keys")
    marks = {key.fingerprint for key in (keys.token, keys.search, *keys.vault)}
    assert len(marks) == 3
    assert not any(key.secret.hex() in marks for key in (keys.token, keys.search, *keys.vault))
