"""What a worker that holds the book takes: measured in a process of its own, as `python -m app.bench.worker_memory`."""

import asyncio
import gc
import os
import sys
from pathlib import Path
from typing import Final

from app.main import create_app
from app.repositories.engine import open_engine, open_sessions
from app.services.books import Books
from app.settings import load_settings

_MIB: Final = 1024 * 1024


async def memory_mib(database_url: str) -> float:
    """Return the MiB of a new process that has the application and the book of this database."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "app.bench.worker_memory"),
        env={**os.environ, "GRIDCASE_BENCH_URL": database_url},
        stdout=asyncio.subprocess.PIPE,
    )
    told, _ = await child.communicate()
    return float(told.decode().split()[-1])


async def _loaded() -> float:
    create_app(load_settings())
    engine = open_engine(os.environ["GRIDCASE_BENCH_URL"], pool=1)
    books = Books(open_sessions(engine))
    await books.refresh()
    if not books.current.cells.codes:
        raise RuntimeError("no cells")
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])  # noqa: ASYNC240  # a moment
    await engine.dispose()
    return pages * os.sysconf("SC_PAGE_SIZE") / _MIB


if __name__ == "__main__":
    print(asyncio.run(_loaded()))  # noqa: T201  # the answer to the process that asked
