"""Decide where the private cluster's data and socket live, and which system user runs it."""

import hashlib
import os
import pwd
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.dispatch.errors import Unavailable

SOCKET_NAME: Final = ".s.PGSQL.5432"
LONGEST_SOCKET_PATH: Final = 90
"""Bytes. The kernel's limit is 107 on Linux and 103 elsewhere; the rest is room for the lock file beside it."""
_SHARED_ROOT: Final = Path("/var/lib/gridcase")
_BECOME: Final = (
    "import os, sys; uid, gid = int(sys.argv[1]), int(sys.argv[2]); "
    "os.setgroups([]); os.setgid(gid); os.setuid(uid); os.execv(sys.argv[3], sys.argv[3:])"
)
"""What a fresh interpreter runs to give up root's rights before it becomes another program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerUser:
    """The unprivileged user that root hands the server to."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Data folder, socket folder, and the server's user (None: the caller runs it himself)."""

    data: Path
    sockets: Path
    user: ServerUser | None


def find_places(home: Path) -> Places:
    """Return the places that belong to `home`; look only, create nothing."""
    base = _noted(home) or home
    user = _server_user(base / "pg")
    if user is not None and base == home and not _may_enter(user, home):
        base = _SHARED_ROOT / _short_hash(home)
        user = _server_user(base / "pg")
    return Places(data=base / "pg", sockets=_socket_folder(home, base), user=user)


def prepare_places(home: Path) -> Places:
    """Create what is missing of the places of `home`; no folder that exists gets another mode or owner."""
    home.mkdir(parents=True, exist_ok=True)
    places = find_places(home)
    base = places.data.parent
    if base != home:
        base.mkdir(parents=True, exist_ok=True)
        (home / "where").write_text(f"{base}\n", encoding="utf-8")
    make_private(places.sockets, places.user)
    return places


def make_private(folder: Path, user: ServerUser | None) -> None:
    """Create `folder` with mode 0700 for the server's user, or refuse one that others could have prepared."""
    owner = user.uid if user else os.getuid()
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        found = folder.lstat()
        if folder.is_symlink() or found.st_uid != owner or found.st_mode & 0o077:
            raise Unavailable(
                f"{folder} 不是本程序的私有目录（应为 uid {owner}、权限 0700），请移走后重试。"
                " It is not ours (expected: that owner, mode 0700): move it away and retry.",
                code="folder_not_private",
            ) from None
        return
    if user is not None:
        os.chown(folder, user.uid, user.gid)


def _noted(home: Path) -> Path | None:
    try:
        return Path((home / "where").read_text(encoding="utf-8").strip())
    except FileNotFoundError:
        return None


def as_user(user: ServerUser | None, command: Sequence[str]) -> list[str]:
    """Return a command that gives up root's rights and then becomes `command`; None leaves it as it is.

    Not by `user=` of `subprocess`: that runs the fork handlers of every library, and a lock that another thread of
    ours holds at that instant stays locked in the child for ever.
    """
    if user is None:
        return list(command)
    return [sys.executable, "-I", "-S", "-c", _BECOME, str(user.uid), str(user.gid), *command]


def _server_user(data: Path) -> ServerUser | None:
    """Return whom root starts the server as: the owner of existing data, else `postgres`, else `nobody`."""
    if os.getuid() != 0:
        return None
    try:
        owner = data.stat().st_uid
    except FileNotFoundError:
        owner = 0
    candidates = [entry for entry in pwd.getpwall() if entry.pw_uid == owner] if owner else []
    for name in ("postgres", "nobody"):
        candidates += [entry for entry in pwd.getpwall() if entry.pw_name == name]
    if not candidates:
        raise Unavailable(
            "PostgreSQL 不能以 root 运行，系统里也没有 postgres 或 nobody 用户。"
            " PostgreSQL refuses root and neither user postgres nor nobody exists: useradd --system postgres",
            code="server_user_missing",
        )
    return ServerUser(name=candidates[0].pw_name, uid=candidates[0].pw_uid, gid=candidates[0].pw_gid)


def _may_enter(user: ServerUser, folder: Path) -> bool:
    """Ask the kernel, as that user, whether it may pass through `folder` or its nearest existing parent."""
    while not folder.exists():
        folder = folder.parent
    tried = subprocess.run(
        as_user(user, ["/bin/sh", "-c", 'cd "$1" 2>/dev/null', "sh", str(folder)]), cwd="/", check=False
    )
    return tried.returncode == 0


def _socket_folder(home: Path, base: Path) -> Path:
    folder = base / "run"
    # asyncpg and libpq read a comma as a list of hosts
    if len(os.fsencode(folder / SOCKET_NAME)) <= LONGEST_SOCKET_PATH and "," not in str(folder):
        return folder
    # root's TMPDIR may be closed to the server's user; /tmp never is
    temporary = Path("/tmp") if os.getuid() == 0 else Path(tempfile.gettempdir())  # noqa: S108  # see make_private
    if len(os.fsencode(temporary)) > LONGEST_SOCKET_PATH - 40:
        temporary = Path("/tmp")  # noqa: S108  # see make_private
    return temporary / f"gridcase-{_short_hash(home)}"


def _short_hash(home: Path) -> str:
    return hashlib.sha256(os.fsencode(home.absolute())).hexdigest()[:12]
