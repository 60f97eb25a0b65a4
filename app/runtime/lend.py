"""Give a command the city's database, whichever it is, for as long as the command needs it."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.engine import make_url

from app.dispatch.errors import Unavailable
from app.runtime.cluster import Cluster
from app.runtime.database import DATABASE, city_names, ensure_city, ensure_database
from app.runtime.locks import is_last, shared
from app.runtime.migrate import upgrade
from app.runtime.unfinished import refuse_unfinished
from app.settings import Settings

Say = Callable[[str], None]


@contextmanager
def lend_cluster(settings: Settings) -> Iterator[Cluster]:
    """Lend the private cluster: started if it is down, stopped afterwards if we started it and nobody else uses it."""
    cluster = Cluster(settings.home)
    settings.home.mkdir(parents=True, exist_ok=True)
    with shared(settings.home / "use.lock") as handle:
        started = cluster.start()
        try:
            yield cluster
        finally:
            if started and is_last(handle):
                cluster.stop()


@contextmanager
def lend_database(settings: Settings) -> Iterator[Settings]:
    """Lend settings whose `database_url` and `admin_url` name a database that runs."""
    if not settings.is_private:
        yield settings
        return
    with lend_cluster(settings) as cluster:
        yield with_addresses(settings, cluster)


@contextmanager
def lend_administrator(settings: Settings) -> Iterator[tuple[Settings, str]]:
    """Lend the same as `lend_database`, with the address (for asyncpg) of one who may make and drop a city there."""
    if settings.is_private:
        with lend_cluster(settings) as cluster:
            asyncio.run(ensure_database(cluster.dsn()))
            yield with_addresses(settings, cluster), cluster.dsn(database=DATABASE)
    elif settings.admin_url is None:
        raise Unavailable("未设 GRIDCASE_ADMIN_URL。 GRIDCASE_ADMIN_URL is not set.")
    else:
        yield settings, plain_dsn(settings.admin_url)


def plain_dsn(url: str) -> str:
    """Return an address of SQLAlchemy's as asyncpg takes it."""
    return url.replace("postgresql+asyncpg://", "postgresql://", 1)


def app_password(settings: Settings) -> str | None:
    """Return the password that the app's address names for the city's app role."""
    if settings.database_url is None:
        raise Unavailable("设了 GRIDCASE_ADMIN_URL 而没有 GRIDCASE_DATABASE_URL。 The app's address is missing.")
    app = make_url(settings.database_url)
    return app.password if app.username == city_names(settings.city).app else None


def with_addresses(settings: Settings, cluster: Cluster) -> Settings:
    """Return the settings with the private cluster's addresses filled in."""
    names = city_names(settings.city)
    addresses = {"database_url": cluster.url(names.app, DATABASE), "admin_url": cluster.url(names.owner, DATABASE)}
    return settings.model_copy(update=addresses)


def prepare_city(settings: Settings, cluster: Cluster | None, say: Say) -> None:
    """Create what the city lacks in its database, then migrate it; without an administrator's address do neither."""
    refuse_unfinished(settings.home)
    if cluster is not None:
        asyncio.run(_prepare_private(settings, cluster, say))
    elif settings.admin_url is not None:
        asyncio.run(_prepare_external(settings, settings.admin_url, say))
    else:
        say("未设 GRIDCASE_ADMIN_URL：不建库、不迁移 / no administrator's address: nothing created, nothing migrated")


async def _prepare_private(settings: Settings, cluster: Cluster, say: Say) -> None:
    await ensure_database(cluster.dsn())
    created = await ensure_city(cluster.dsn(database=DATABASE), settings.city)
    if created:
        say(f"已建城市 {settings.city}：数据库 {DATABASE}、模式、两个角色 / city created: schema and its two roles")
    await upgrade(cluster.url(city_names(settings.city).owner, DATABASE), settings.city)


async def _prepare_external(settings: Settings, admin_url: str, say: Say) -> None:
    password = app_password(settings)
    for statement in await ensure_city(plain_dsn(admin_url), settings.city, login=False, app_password=password):
        say(f"已执行 / ran: {statement}")
    await upgrade(admin_url, settings.city)
