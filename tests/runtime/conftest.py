from collections.abc import Iterator

import pytest

from app.runtime.cluster import Cluster
from app.runtime.throwaway import throwaway_cluster


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with throwaway_cluster() as lent:
        yield lent
