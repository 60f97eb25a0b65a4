"""A ground for benchmarks: the demo city in a database of the module's own, served by a real process."""

import shutil
from collections.abc import Iterator
from contextlib import nullcontext

import pytest

from app.bench.frame import Ground
from app.runtime.binaries import choose_server
from app.runtime.scratch import served
from tests.e2e.conftest import demo_template, demo_town  # noqa: F401  # fixtures
from tests.towns import Town


@pytest.fixture(scope="module")
def ground(demo_town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:  # noqa: F811  # a fixture
    home = tmp_path_factory.mktemp("home")
    settings = demo_town.settings(home).model_copy(update={"admin_url": demo_town.admin_url})
    with served(settings) as where:
        yield Ground(
            settings=settings,
            pgbench=shutil.which("pgbench", path=str(choose_server().folder)),
            serve=lambda: nullcontext(where),
        )
