"""The keys of a home: made on the first start, read by every process, never written anywhere else."""

import base64
import hashlib
import hmac
import os
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from app.dispatch.errors import Unavailable

KEY_BYTES: Final = 32
_LINE: Final = re.compile(r"(?P<id>[a-z0-9.-]{3,40}) (?P<secret>[A-Za-z0-9+/=]{44})\n?")
_VAULT: Final = re.compile(r"vault-(?P<number>[0-9]{1,6})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """Secret bytes and the name by which stored values refer to them."""

    id: str
    secret: bytes = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """Return what tells this key from any other and gives nothing of it away."""
        return hmac.new(self.secret, b"gridcase key fingerprint 1", hashlib.sha256).hexdigest()

    @property
    def line(self) -> str:
        """Return the key as it stands in its file."""
        return f"{self.id} {base64.b64encode(self.secret).decode('ascii')}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """All keys of a home. `vault` is ordered by number: the last one seals, all of them open."""

    token: Key
    vault: tuple[Key, ...]
    search: Key


def load_keys(folder: Path) -> Keys:
    """Read the keys of `folder`, making those that are missing; several processes may do so at once.

    Raises Unavailable when a file is no key, or may be read by others. A further `vault-<n>.key` becomes the one
    that seals; those before it must stay as long as anything sealed by them does.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _ensure(folder, "vault-1")
    found = {int(match["number"]): path for path in folder.glob("*.key") if (match := _VAULT.fullmatch(path.stem))}
    return Keys(
        token=_ensure(folder, "token"),
        vault=tuple(_read(found[number]) for number in sorted(found)),
        search=_ensure(folder, "search-1"),
    )


def anchor_key(folder: Path) -> Key:
    """Read the key that signs anchors, making it when it is missing; raises as `load_keys` does."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return _ensure(folder, "anchor-1")


def present_keys(folder: Path) -> dict[str, Key]:
    """Read all keys of `folder` by the name of their file, without its ending; none is made."""
    return {path.stem: _read(path) for path in sorted(folder.glob("*.key"))}


def place_key(folder: Path, name: str, key: Key) -> None:
    """Put a key that came from elsewhere where `load_keys` finds it; raise FileExistsError where another one is."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(folder / f"{name}.key", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(key.line)
        file.flush()
        os.fsync(file.fileno())
    _sync(folder)


def read_line(line: str) -> Key | None:
    """Return the key that stands in a line of a key file, or None when it is none."""
    match = _LINE.fullmatch(line)
    secret = base64.b64decode(match["secret"]) if match else b""
    return Key(id=match["id"], secret=secret) if match and len(secret) == KEY_BYTES else None


def _ensure(folder: Path, name: str) -> Key:
    path = folder / f"{name}.key"
    if not path.exists():
        _make(path)
    return _read(path)


def _make(path: Path) -> None:
    """Write a new key beside its place and link it there: it appears whole, and only one of several makers wins."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(Key(id=f"{path.stem}.{secrets.token_hex(4)}", secret=secrets.token_bytes(KEY_BYTES)).line)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()
        _sync(path.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _read(path: Path) -> Key:
    if path.stat().st_mode & 0o077:
        raise Unavailable(
            f"密钥文件权限过宽：{path}，请执行 chmod 600。 Others may read it: chmod 600.", code="key_not_private"
        )
    key = read_line(path.read_text(encoding="ascii", errors="replace"))
    if key is None:
        raise Unavailable(f"不是密钥文件：{path}，请从备份恢复。 Not a key: restore it from backup.", code="key_broken")
    return key
