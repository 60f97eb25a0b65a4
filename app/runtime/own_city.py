"""A city of its own for as long as a `with` block lasts: schema, role pair, keys, and nothing of it afterwards."""

import asyncio
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy.engine import URL, make_url

from app.dispatch.errors import NotVisible
from app.runtime.database import city_names, drop_city, ensure_city, present_parts
from app.runtime.lend import lend_administrator
from app.runtime.migrate import upgrade
from app.settings import Settings

PREFIX: Final = "sim_"
FOLDER: Final = "simulations"


@contextmanager
def own_city(settings: Settings, *, keep: bool) -> Iterator[Settings]:
    """Lend the settings of an empty city beside the one that `settings` name; drop it at the end unless it is kept.

    A block that ends by an error or by Ctrl-C keeps nothing.
    """
    city, kept = f"{PREFIX}{secrets.token_hex(4)}", False
    with lend_administrator(settings) as (full, dsn):
        inner = _inner(full, city, private=settings.is_private)
        try:
            asyncio.run(_make(inner, dsn, login=settings.is_private))
            inner.home.mkdir(parents=True)
            yield inner
            kept = keep
        finally:
            if not kept:
                _remove(inner.home, dsn, city)


def drop_kept(settings: Settings, city: str) -> None:
    """Drop a city that was kept; raise NotVisible where there is none of that name."""
    with lend_administrator(settings) as (full, dsn):
        if not city.startswith(PREFIX) or not asyncio.run(present_parts(dsn, city)):
            raise NotVisible(f"没有留下的模拟城市 {city}。 No simulated city of that name was kept.")
        _remove(full.home / FOLDER / city, dsn, city)


def _inner(full: Settings, city: str, *, private: bool) -> Settings:
    names, app, admin = city_names(city), make_url(str(full.database_url)), make_url(str(full.admin_url))
    password = None if private else secrets.token_hex(16)
    return full.model_copy(
        update={
            "city": city,
            "home": full.home / FOLDER / city,
            "media_url": None,
            "replica_url": None,
            "database_url": _text(app.set(username=names.app, password=password)),
            "admin_url": _text(admin.set(username=names.owner) if private else admin),
        }
    )


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)


async def _make(inner: Settings, dsn: str, *, login: bool) -> None:
    password = make_url(str(inner.database_url)).password
    await ensure_city(dsn, inner.city, login=login, app_password=str(password) if password else None)
    await upgrade(str(inner.admin_url), inner.city)


def _remove(home: Path, dsn: str, city: str) -> None:
    asyncio.run(drop_city(dsn, city))
    shutil.rmtree(home, ignore_errors=True)
    if home.parent.exists() and not any(home.parent.iterdir()):
        home.parent.rmdir()
