"""Keep a private PostgreSQL: make it, start it, stop it, name its addresses."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Final
from urllib.parse import quote

from app.dispatch.errors import Unavailable
from app.runtime.binaries import Server, choose_server
from app.runtime.locks import exclusive
from app.runtime.places import Places, as_user, find_places, make_private, prepare_places
from app.runtime.postmaster import clear_remains, is_ready, live_pid, socket_folder, wait_until
from app.runtime.server_config import CONFIG_NAME, server_config

SUPERUSER: Final = "postgres"
_START_S: Final = 120
"""Seconds; recovery after a crash may have to read much of the log again."""
_STOP_S: Final = 60
_START_LOG: Final = "start.log"


class Cluster:
    """The PostgreSQL that belongs to one home folder.

    `start` adopts a server that already runs there. `durable=False` is for throw-away clusters of the tests: no disk
    synchronisation at all. Everything raises Unavailable with a text for people.
    """

    def __init__(self, home: Path, *, durable: bool = True) -> None:
        """Take the home folder; nothing is touched before `start`."""
        self.home = home.absolute()
        self._durable = durable

    @property
    def places(self) -> Places:
        """Tell where data and socket are, or would be."""
        return find_places(self.home)

    @property
    def data(self) -> Path:
        """Tell where the data folder is, or would be."""
        return self.places.data

    @property
    def sockets(self) -> Path:
        """Tell in which folder the server listens, or would listen."""
        places = self.places
        return socket_folder(places.data) or places.sockets

    def pid(self) -> int | None:
        """Return the running server's pid."""
        return live_pid(self.data)

    def exists(self) -> bool:
        """Say whether the data folder has been made."""
        return (self.data / "PG_VERSION").exists()

    def url(self, role: str = SUPERUSER, database: str = "postgres") -> str:
        """Return the address for SQLAlchemy."""
        return f"postgresql+asyncpg://{role}@/{database}?host={quote(str(self.sockets))}"

    def dsn(self, role: str = SUPERUSER, database: str = "postgres") -> str:
        """Return the address for asyncpg and libpq."""
        return f"postgresql://{role}@/{database}?host={quote(str(self.sockets), safe='')}"

    def start(self) -> bool:
        """Start the server, making its data first; return False when it was running already."""
        self._set_former_aside()
        places = prepare_places(self.home)
        with exclusive(self.home / "start.lock"):
            return self._start(places)

    def _start(self, places: Places) -> bool:
        if self._is_up(places.data):
            return False
        server = choose_server(self._data_major(places))
        if not (places.data / "PG_VERSION").exists():
            self._make_data(server, places)
        clear_remains(places.data, places.sockets)
        config = server_config(places.sockets, durable=self._durable)
        _write_private(places.data / CONFIG_NAME, config, places)
        _run([server.program("pg_ctl"), "-s", "-w", "-t", str(_START_S), "-l", _START_LOG, "start"], places)
        return True

    def stop(self) -> bool:
        """Stop the server, giving its clients no more time than they need to roll back; False when none ran."""
        places = self.places
        if live_pid(places.data) is None:
            return False
        server = choose_server(self._data_major(places))
        _run([server.program("pg_ctl"), "-s", "-w", "-t", str(_STOP_S), "-m", "fast", "stop"], places)
        return True

    def server(self) -> Server:
        """Return the installed PostgreSQL that this cluster uses, or would use."""
        return choose_server(self._data_major(self.places))

    def restart(self) -> bool:
        """Start the server over the data that are there; never make new ones where a disk has gone away."""
        if not self.exists():
            raise Unavailable(f"数据目录不见了 / the data folder is gone: {self.data}", code="data_folder_gone")
        return self.start()

    def _is_up(self, data: Path) -> bool:
        """Say whether a server can be adopted, once one that is recovering or stopping has come to its end."""
        wait_until(lambda: live_pid(data) is None or is_ready(data), _START_S)
        return live_pid(data) is not None

    def _set_former_aside(self) -> None:
        """Move away data that an earlier home at this very path left elsewhere: its keys went with that home."""
        base = self.data.parent
        if base == self.home or (self.home / "where").exists() or not base.exists():
            return
        self.stop()
        former = next(name for n in count(1) if not (name := base.with_name(f"{base.name}.former-{n}")).exists())
        base.rename(former)

    def _data_major(self, places: Places) -> int | None:
        try:
            return int((places.data / "PG_VERSION").read_text(encoding="ascii"))
        except FileNotFoundError:
            return None
        except PermissionError:
            raise Unavailable(
                f"{places.data} 属于其他用户，请换用户运行。 It belongs to another user: run as that one.",
                code="folder_not_ours",
            ) from None

    def _make_data(self, server: Server, places: Places) -> None:
        """Run initdb beside the final place and rename, so that a killed one leaves nothing that looks finished."""
        if places.data.exists():
            raise Unavailable(
                f"{places.data} 已存在但不是数据库目录，请移走。 It exists and is no database: move it away.",
                code="data_folder_broken",
            )
        draft = places.data.with_name("pg.new")
        shutil.rmtree(draft, ignore_errors=True)
        make_private(draft, places.user)
        # trust: who reaches the socket has passed a 0700 folder, which proves more than a password in a file beside it
        # could; there is no TCP. Checksums: silent corruption must show.
        # C.UTF-8: in plain C the trigram index knows no Chinese.
        options = ["-k", "-E", "UTF8", "--locale=C.UTF-8", "-U", SUPERUSER, "--auth-local=trust", "--auth-host=reject"]
        if not self._durable:
            options.append("--no-sync")
        _run([server.program("initdb"), "-D", str(draft), *options], places)
        config = draft / "postgresql.conf"
        _write_private(config, config.read_text(encoding="utf-8") + f"\ninclude = '{CONFIG_NAME}'\n", places)
        draft.rename(places.data)


def _run(command: Sequence[str], places: Places) -> None:
    """Run one of PostgreSQL's programs as the server's user, in a session of its own; raise with what it said."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PG", "LC_", "LANG"))}
    # pg_ctl pastes the paths of its options into a shell line: it gets them by PGDATA and as names relative to here
    folder = places.data if places.data.exists() else Path("/")
    log = _Tail(places.data / _START_LOG)
    done = subprocess.run(
        as_user(places.user, command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE if folder != places.data else subprocess.DEVNULL,  # the server would keep a pipe open
        text=True,
        check=False,
        start_new_session=True,
        cwd=folder,
        env={**clean, "LC_ALL": "C.UTF-8", "PGDATA": str(places.data)},
        umask=0o077,
    )
    if done.returncode:
        name = Path(command[0]).name
        said = f"{done.stderr or ''}{log.read()}\n{_last_lines(places.data / 'log')}".strip()
        raise Unavailable(f"{name} 失败 / failed ({done.returncode}):\n{said}", code="postgresql_failed")


class _Tail:
    """What is appended to a file from now on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._start = path.stat().st_size if path.exists() else 0

    def read(self) -> str:
        """Return the new part."""
        return self._path.read_bytes()[self._start :].decode(errors="replace") if self._path.exists() else ""


def _last_lines(folder: Path) -> str:
    """Return the end of the newest server log in `folder`."""
    logs = sorted(folder.glob("*.log"), key=lambda path: path.stat().st_mtime)
    return "\n".join(logs[-1].read_text(encoding="utf-8", errors="replace").splitlines()[-5:]) if logs else ""


def _write_private(path: Path, text: str, places: Places) -> None:
    """Replace a file in the server's folder; never through a link that its user may have put there."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        if places.user is not None:
            os.fchown(file.fileno(), places.user.uid, places.user.gid)
    draft.replace(path)
