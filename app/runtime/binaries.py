"""Find the PostgreSQL server and PostGIS that are installed on this machine."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.dispatch.errors import Unavailable

OLDEST_MAJOR: Final = 15
"""The first major we run on; older ones miss what the migrations use."""

_FOLDERS: Final = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/local/pgsql*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)
_DEBIAN_FOLDER: Final = re.compile(r"^/usr/lib/postgresql/(\d+)/bin$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One installed PostgreSQL."""

    major: int
    folder: Path
    has_postgis: bool

    @property
    def usable(self) -> bool:
        """Say whether a city can live on it."""
        return self.has_postgis and self.major >= OLDEST_MAJOR

    def program(self, name: str) -> str:
        """Return the path of one of its programs, such as `initdb`."""
        return str(self.folder / name)


def installed_servers() -> list[Server]:
    """List every PostgreSQL server found here, the newest first."""
    folders = {folder.resolve(): folder for folder in _folders() if (folder / "initdb").exists()}
    found = [server for folder in folders.values() if (server := _inspect(folder)) is not None]
    return sorted(found, key=lambda server: server.major, reverse=True)


def installed_clients(*programs: str) -> list[tuple[int, Path]]:
    """List major and folder of every installation that has these programs, the newest first; no server is needed."""
    folders = {folder.resolve(): folder for folder in _folders() if all((folder / name).exists() for name in programs)}
    found = [(_major_of(folder, programs[0]), folder) for folder in folders.values()]
    return sorted(((major, folder) for major, folder in found if major is not None), reverse=True)


def choose_server(data_major: int | None = None) -> Server:
    """Return the server to use: the data's own major, else the newest usable; raise Unavailable naming the remedy."""
    servers = [server for server in installed_servers() if server.usable]
    if data_major is not None:
        servers = [server for server in servers if server.major == data_major]
    if servers:
        return servers[0]
    raise Unavailable(missing_server(data_major), code="postgresql_missing")


def missing_server(data_major: int | None = None) -> str:
    """Say what is missing and which command helps."""
    wanted = f"PostgreSQL {data_major}" if data_major else f"PostgreSQL ≥ {OLDEST_MAJOR}"
    major = data_major or OLDEST_MAJOR
    return (
        f"没有找到带 PostGIS 的 {wanted}。 {wanted} with PostGIS was not found.\n"
        f"  Debian/Ubuntu:  sudo apt-get install postgresql-{major} postgresql-{major}-postgis-3\n"
        f"  RHEL/openEuler: sudo dnf install postgresql{major}-server postgis (PGDG)\n"
        f"  macOS:          brew install postgresql@{major} postgis\n"
        "  或改用已有数据库 / or use a database of your own: GRIDCASE_DATABASE_URL=…"
    )


def _folders() -> Iterator[Path]:
    for pattern in _FOLDERS:
        yield from Path("/").glob(pattern.removeprefix("/"))
    for program in ("postgres", "pg_dump"):
        in_path = shutil.which(program)
        if in_path:
            yield Path(in_path).resolve().parent


def _inspect(folder: Path) -> Server | None:
    major = _major_of(folder, "postgres")
    if major is None:
        return None
    # Debian's layout tells all by itself; asking a program would cost 10 ms for each version
    debian = _DEBIAN_FOLDER.match(str(folder))
    share = Path(f"/usr/share/postgresql/{major}" if debian else _ask(folder / "pg_config", "--sharedir"))
    return Server(major=major, folder=folder, has_postgis=(share / "extension" / "postgis.control").exists())


def _major_of(folder: Path, program: str) -> int | None:
    debian = _DEBIAN_FOLDER.match(str(folder))
    version = debian or re.search(r"(\d+)", _ask(folder / program, "--version"))
    return int(version[1]) if version else None


def _ask(program: Path, option: str) -> str:
    try:
        answer = subprocess.run([program, option], capture_output=True, text=True, timeout=10, check=False)
    except OSError:  # the program is not part of this installation
        return ""
    return answer.stdout.strip()
