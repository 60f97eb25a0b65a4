"""Bring a city's tables to the newest form, as its owner."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from app.runtime.database import city_names

_ROOT: Final = Path(__file__).parents[2]


def alembic_config() -> Config:
    """Return Alembic's configuration, whatever folder we were started in."""
    config = Config(_ROOT / "alembic.ini")
    config.set_main_option("script_location", str(_ROOT / "migrations").replace("%", "%%"))
    return config


async def upgrade(admin_url: str, city: str, target: str = "head") -> None:
    """Run the missing migrations of `city`; one caller at a time, the others wait and find nothing to do."""
    engine = owner_engine(admin_url, city)
    try:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT pg_advisory_lock(hashtext(:name))"), {"name": f"{city}.migrate"})
            await connection.commit()
            await connection.run_sync(_upgrade, target)
            await connection.commit()
    finally:
        await engine.dispose()


async def revisions(admin_url: str, city: str) -> tuple[str | None, str | None]:
    """Return the revision that the city has, and the newest there is."""
    engine = owner_engine(admin_url, city)
    try:
        async with engine.connect() as connection:
            present = await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())
    finally:
        await engine.dispose()
    return present, ScriptDirectory.from_config(alembic_config()).get_current_head()


def is_known(revision: str) -> bool:
    """Tell whether this release has, or grew out of, the tables of `revision`."""
    known = ScriptDirectory.from_config(alembic_config()).walk_revisions()
    return revision in {one.revision for one in known}


def _upgrade(connection: Connection, target: str) -> None:
    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, target)


def owner_engine(admin_url: str, city: str) -> AsyncEngine:
    """Connect as the owner; an administrator takes the owner's role on the way in, so that the tables are its own."""
    names = city_names(city)
    url = make_url(admin_url)
    settings = {} if url.username == names.owner else {"role": names.owner, "search_path": f"{names.schema}, public"}
    return create_async_engine(url, poolclass=NullPool, connect_args={"server_settings": settings})
