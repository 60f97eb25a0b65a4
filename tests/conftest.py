"""Fixtures for everything that needs a database. What needs none asks for none: `tests/dispatch` starts in no time.

`sessions`    for one test, rolled back at its end; a single connection, so nothing runs side by side.
`app_client`  an HTTP client over the application wired to those sessions.
`fresh_city`  for one module, a database of its own: for what really commits, races, is killed.

A template with more in it (a seeded city) is one more session fixture: `template(cluster, base, "seeded", fill,
of=empty_template)`, and modules copy it like `fresh_city` does.
"""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.pool import NullPool

from app.adapters.keys import Keys, load_keys
from app.adapters.passwords import Passwords
from app.dispatch.codes import Post
from app.runtime.cluster import Cluster
from app.services.transaction import Sessions
from app.settings import Settings
from tests.books import bare_book
from tests.people_stored import Person, SignIn, signed_in
from tests.towns import Town, copied, migrate, shared_cluster, template, worker_name

CHEAP: Final = Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)
"""Passwords of tests protect nothing."""


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that the workers of one run share."""
    own = tmp_path_factory.getbasetemp()
    return own if worker_name() == "alone" else own.parent


@pytest.fixture(scope="session")
def cluster(base: Path) -> Iterator[Cluster]:
    with shared_cluster(base) as running:
        yield running


@pytest.fixture(scope="session")
def empty_template(cluster: Cluster, base: Path) -> str:
    """Return the template of a migrated city without any rows."""
    return template(cluster, base, "template_empty", migrate)


@pytest.fixture(scope="session")
def database(cluster: Cluster, empty_template: str) -> Iterator[Town]:
    """Return this worker's database; tests roll back what they do to it."""
    with copied(cluster, empty_template, f"test_{worker_name()}") as town:
        yield town


@pytest.fixture(scope="module")
def fresh_city(cluster: Cluster, empty_template: str) -> Iterator[Town]:
    """Return a database of the module's own, in which things may be committed."""
    with copied(cluster, empty_template, f"fresh_{worker_name()}") as town:
        yield town


@pytest.fixture
async def sessions(database: Town) -> AsyncIterator[Sessions]:
    """Return a session factory over one connection; commits are savepoints, and all of it is undone."""
    engine = create_async_engine(database.app_url, poolclass=NullPool)
    async with engine.connect() as connection:
        outer = await connection.begin()
        yield async_sessionmaker(connection, expire_on_commit=False, join_transaction_mode="create_savepoint")
        await outer.rollback()
    await engine.dispose()


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return load_keys(tmp_path_factory.mktemp("keys") / "keys")


@pytest.fixture
def settings(database: Town, tmp_path: Path) -> Settings:
    return database.settings(tmp_path)


@pytest.fixture
async def application(settings: Settings, sessions: Sessions, keys: Keys) -> FastAPI:
    """Return the application over the rolled-back sessions; `application.state.wired` holds its services."""
    from app.main import create_app, wire  # noqa: PLC0415  # tests without an application start without it

    app = create_app(settings)
    app.state.wired = wire(settings, sessions, keys, now=_now, passwords=Passwords(CHEAP))
    await app.state.wired.books.refresh()
    return app


@pytest.fixture
async def app_client(application: FastAPI) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(transport=ASGITransport(application), base_url="http://gridcase.test") as client:
        yield client


@pytest.fixture
def booked(application: FastAPI) -> FastAPI:
    """Return the application with the smallest book in force: units in a tree, and nothing else."""
    application.state.wired.books._book = bare_book()
    return application


@pytest.fixture
def sign_in(application: FastAPI, keys: Keys) -> SignIn:
    """Return a function that stores an account with posts and signs it in."""

    async def sign(*posts: Post, unit: str | None = None) -> Person:
        return await signed_in(application, keys, *posts, unit=unit)

    return sign


def _now() -> datetime:
    return datetime.now(UTC)
