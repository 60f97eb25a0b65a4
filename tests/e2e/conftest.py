"""The seeded demo city: once a run as a template, once a module as a copy in which things are committed."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.adapters.keys import Keys, load_keys
from app.adapters.passwords import Passwords
from app.demo.city import build
from app.demo.seed import fill
from app.repositories.engine import open_engine, open_sessions
from app.runtime.cluster import Cluster
from tests.conftest import CHEAP
from tests.e2e.served import MONDAY, Served, served
from tests.towns import Town, copied, template, worker_name


@pytest.fixture(scope="session")
def demo_template(cluster: Cluster, base: Path, empty_template: str) -> str:
    """Return the template of the seeded demo city."""

    async def seed(town: Town) -> None:
        engine = open_engine(town.app_url)
        keys, cheap = load_keys(base / "demo.keys"), Passwords(CHEAP)
        await fill(open_sessions(engine), build(), keys, passwords=cheap, since=MONDAY - timedelta(days=1))
        await engine.dispose()

    return template(cluster, base, "template_demo", seed, of=empty_template)


@pytest.fixture(scope="session")
def demo_keys(demo_template: str, base: Path) -> Keys:  # noqa: ARG001  # made while the template was filled
    """Return the keys that the template's secrets were sealed with; the workers of a run share them."""
    return load_keys(base / "demo.keys")


@pytest.fixture(scope="module")
def demo_town(cluster: Cluster, demo_template: str) -> Iterator[Town]:
    with copied(cluster, demo_template, f"demo_{worker_name()}") as town:
        yield town


@pytest.fixture(scope="module")
async def city(demo_town: Town, demo_keys: Keys, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """Return the served demo city; its clock stands at nine o'clock of a working Monday until a test moves it."""
    async with served(demo_town, demo_keys, tmp_path_factory.mktemp("home")) as running:
        yield running
