"""One saved city a module, and empty places to bring it back to."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from app.runtime.backup import Order, Saved, save_city
from app.runtime.cluster import Cluster
from app.settings import Settings
from tests.backup.saved_city import empty_place, settle
from tests.towns import Town, worker_name

_NUMBERS = count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A city, its reports, and the file that holds them."""

    settings: Settings
    reports: list[str]
    file: Path
    saved: Saved


def save(settings: Settings, target: Path, *, force: bool = False, passphrase: str | None = None) -> Saved:
    """Save a city, saying nothing."""
    order = Order(target=target, force=force, passphrase=passphrase)
    return asyncio.run(save_city(settings, order, say=_hush, expect=_hush, seen=_hush))


@pytest.fixture(scope="module")
def source(fresh_city: Town, tmp_path_factory: pytest.TempPathFactory) -> Source:
    folder = tmp_path_factory.mktemp("source")
    settings = fresh_city.settings(folder / "home")
    reports = asyncio.run(settle(settings))
    file = folder / "city.backup"
    return Source(settings=settings, reports=reports, file=file, saved=save(settings, file))


@pytest.fixture
def place(cluster: Cluster, tmp_path: Path) -> Iterator[Settings]:
    """Lend a home that is not there yet and an empty database."""
    with empty_place(cluster, tmp_path / "home", f"place_{next(_NUMBERS)}_{worker_name()}") as settings:
        yield settings


def _hush(_said: object) -> None:
    pass
