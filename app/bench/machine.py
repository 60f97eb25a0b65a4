"""Where something was measured: a figure without it says nothing."""

import os
import platform
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from app.services.readiness import RELEASE


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The machine and the program at the time of measuring; `load` is the one-minute average before it began."""

    cpu: str
    cores: int
    memory_gib: float
    system: str
    python: str
    postgresql: str
    load: float
    release: str
    commit: str
    measured_at: datetime


async def this_machine(dsn: str) -> Machine:
    """Describe this machine and the server at `dsn`."""
    connection = await asyncpg.connect(dsn)
    try:
        version = await connection.fetchval("SHOW server_version")
        postgis = await connection.fetchval("SELECT extversion FROM pg_extension WHERE extname = 'postgis'")
    finally:
        await connection.close()
    return Machine(
        cpu=_cpu(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        memory_gib=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30), 1),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        postgresql=f"{version.split()[0]}, PostGIS {postgis}",
        load=round(os.getloadavg()[0], 2),
        release=RELEASE,
        commit=_commit(),
        measured_at=datetime.now(UTC).replace(microsecond=0),
    )


def _cpu() -> str:
    described = Path("/proc/cpuinfo")
    lines = described.read_text(encoding="utf-8").splitlines() if described.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def _commit() -> str:
    """Return the commit, with a plus where files differ from it; empty for an installed copy."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        return ""
    try:
        name = _git(root, "rev-parse", "--short=10", "HEAD")
        return f"{name}+" if _git(root, "status", "--porcelain", "--untracked-files=no", "--", "app") else name
    except (OSError, subprocess.SubprocessError):
        return ""


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)  # noqa: S603  # our own list
    return done.stdout.strip()
