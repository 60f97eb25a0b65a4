"""Install PostgreSQL and PostGIS where apt can, and say what to type where it cannot."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from app.dispatch.errors import Unavailable
from app.runtime.binaries import OLDEST_MAJOR, installed_servers, missing_server

Say = Callable[[str], None]
_APT: Final = ("apt-get", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300")
_NO_CLUSTER: Final = Path("/etc/postgresql-common/createcluster.d/gridcase.conf")


def ensure_installed(say: Say) -> bool:
    """Install what is missing; return False when all was there. Raises Unavailable with the command that helps."""
    present = installed_servers()
    if any(server.usable for server in present):
        return False
    if shutil.which("apt-get") is None:
        raise Unavailable(missing_server(), code="postgresql_missing")
    root = _become_root()
    say("安装 PostgreSQL 与 PostGIS（apt，约 170 MB）/ installing PostgreSQL and PostGIS by apt, about 170 MB")
    run_step([*root, *_APT, "-q", "update"])
    major = _choose_major([server.major for server in present])
    packages = [f"postgresql-{major}-postgis-3"]
    if not any(server.major == major for server in present):
        _forbid_main_cluster(root, say)
        packages.append(f"postgresql-{major}")  # never named for one that is there: apt would upgrade and restart it
    run_step([*root, *_APT, "-q", "install", *packages])
    if not any(server.usable for server in installed_servers()):
        raise Unavailable(missing_server(), code="postgresql_missing")
    return True


def _become_root() -> list[str]:
    """Return the words to put before a command that needs root; ask for a password only at a terminal."""
    if os.getuid() == 0:
        return ["env", "DEBIAN_FRONTEND=noninteractive"]
    silent = [] if sys.stdin.isatty() else ["-n"]
    if (
        shutil.which("sudo") is None
        or subprocess.run(["sudo", *silent, "-v"], check=False, stderr=subprocess.DEVNULL).returncode
    ):
        raise Unavailable(
            f"需要 root 或 sudo 才能安装。 Root or sudo is needed to install.\n{missing_server()}", code="root_missing"
        )
    # apt's own proxy settings apply; those of the environment are handed through
    return ["sudo", *silent, "--preserve-env=http_proxy,https_proxy,no_proxy", "env", "DEBIAN_FRONTEND=noninteractive"]


def _choose_major(present: Sequence[int]) -> int:
    """Prefer the major that is installed already (only PostGIS is missing then), else the newest that apt offers."""
    usable = [major for major in offered_majors() if major >= OLDEST_MAJOR]
    if not usable:
        raise Unavailable(
            f"本系统的软件源没有 PostgreSQL ≥ {OLDEST_MAJOR} 的 PostGIS，请先加入 PGDG 软件源后重试。"
            " This system's archive is too old; add PostgreSQL's own first:\n"
            "  sudo apt-get install postgresql-common && sudo /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh",
            code="postgresql_missing",
        )
    return max([major for major in usable if major in present] or usable)


def offered_majors() -> list[int]:
    """List the majors of PostgreSQL for which apt knows PostGIS."""
    names = subprocess.run(
        ["apt-cache", "search", "--names-only", r"^postgresql-[0-9]+-postgis-3$"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [int(major) for major in re.findall(r"^postgresql-(\d+)-postgis-3\b", names, re.MULTILINE)]


def _forbid_main_cluster(root: Sequence[str], say: Say) -> None:
    """Keep Debian's package from making and starting a server of its own; one that exists is not touched."""
    say(
        f"写入 {_NO_CLUSTER}：create_main_cluster = false——不让系统包另建并启动数据库。"
        " So that the package makes and starts no server of its own; remove the file to undo."
    )
    line = "# written by gridcase: it starts a private server in its own folder\ncreate_main_cluster = false\n"
    run_step([*root, "mkdir", "-p", str(_NO_CLUSTER.parent)])
    run_step([*root, "tee", str(_NO_CLUSTER)], text=line)


def run_step(command: Sequence[str], text: str = "") -> None:
    """Run an installer's step, its output going where ours goes."""
    quiet = subprocess.DEVNULL if "tee" in command else None
    done = subprocess.run(command, input=text, text=True, stdout=quiet, check=False)
    if done.returncode:
        raise Unavailable(
            f"失败 / failed ({done.returncode}): {' '.join(command)}\n{missing_server()}", code="install_failed"
        )
