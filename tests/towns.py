"""Databases for tests: one migrated template a run, copied for each worker and for each module that commits."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncpg

from app.runtime.cluster import Cluster
from app.runtime.database import ensure_city, ensure_database
from app.runtime.locks import exclusive, is_last, shared
from app.runtime.migrate import upgrade
from app.settings import Settings

CITY: Final = "test"
"""Every test database holds this one city: roles belong to the cluster, so its pair serves all copies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """A database with one migrated city, and the addresses to it for SQLAlchemy."""

    cluster: Cluster
    name: str

    @property
    def app_url(self) -> str:
        """As the role that the application runs under."""
        return self.cluster.url(f"{CITY}_app", self.name)

    @property
    def owner_url(self) -> str:
        """As the role that migrations run under."""
        return self.cluster.url(f"{CITY}_owner", self.name)

    @property
    def admin_url(self) -> str:
        """As the superuser."""
        return self.cluster.url(database=self.name)

    @property
    def admin_dsn(self) -> str:
        """As the superuser, for asyncpg and the programs of PostgreSQL."""
        return self.cluster.dsn(database=self.name)

    def settings(self, home: Path, **given: object) -> Settings:
        """Return settings under which the application serves this city."""
        return Settings(home=home, city=CITY, database_url=self.app_url, admin_url=self.owner_url, **given)  # type: ignore[arg-type]


@contextmanager
def shared_cluster(base: Path) -> Iterator[Cluster]:
    """Lend the one cluster of a run: the first worker starts it, the last one stops and deletes it."""
    with shared(base / "cluster.users") as handle:
        with exclusive(base / "cluster.lock"):
            cluster = Cluster(_home(base / "cluster.home"), durable=False)
            cluster.start()
        yield cluster
        with exclusive(base / "cluster.lock"):
            if is_last(handle):
                cluster.stop()
                shutil.rmtree(cluster.home)


def _home(note: Path) -> Path:
    """Return the cluster's folder; not below pytest's own: that is closed to the user to whom root hands the server."""
    if note.exists() and (home := Path(note.read_text(encoding="utf-8"))).exists():
        return home
    home = Path(tempfile.mkdtemp(prefix="gridcase-", dir="/tmp")).resolve()
    home.chmod(0o755)
    note.write_text(str(home), encoding="utf-8")
    return home


def template(
    cluster: Cluster, base: Path, name: str, fill: Callable[[Town], Awaitable[None]], *, of: str | None = None
) -> str:
    """Return the name of a template database, filled once a run; `of` names the template that it starts from."""
    done = base / f"{name}.done"
    with exclusive(base / f"{name}.lock"):
        if not done.exists():
            asyncio.run(_fill(cluster, name, fill, of))
            done.touch()
    return name


async def _fill(cluster: Cluster, name: str, fill: Callable[[Town], Awaitable[None]], of: str | None) -> None:
    await _drop(cluster, name)
    if of is None:
        await ensure_database(cluster.dsn(), name)
    else:
        await _copy(cluster, of, name)
    await fill(Town(cluster=cluster, name=name))


async def migrate(town: Town) -> None:
    """Fill a template with an empty city: extensions, roles, tables."""
    await ensure_city(town.admin_dsn, CITY)
    await upgrade(town.owner_url, CITY)


@contextmanager
def copied(cluster: Cluster, of: str, name: str) -> Iterator[Town]:
    """Lend a copy of a template; it is dropped at the end, whoever is still connected."""
    asyncio.run(_copy(cluster, of, name))
    try:
        yield Town(cluster=cluster, name=name)
    finally:
        asyncio.run(_drop(cluster, name))


async def _copy(cluster: Cluster, of: str, name: str) -> None:
    await _drop(cluster, name)
    await _run(cluster, f'CREATE DATABASE "{name}" TEMPLATE "{of}"')
    await ensure_city(cluster.dsn(database=name), CITY)  # rights on the database itself are not copied


async def _drop(cluster: Cluster, name: str) -> None:
    await _run(cluster, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


async def _run(cluster: Cluster, statement: str) -> None:
    connection = await asyncpg.connect(cluster.dsn())
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def worker_name() -> str:
    """Return the name of this pytest worker."""
    return os.environ.get("PYTEST_XDIST_WORKER", "alone")
