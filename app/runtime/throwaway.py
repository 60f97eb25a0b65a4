"""Lend a cluster that lives as long as a `with` block."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.runtime.cluster import Cluster


@contextmanager
def throwaway_cluster(*, durable: bool = False) -> Iterator[Cluster]:
    """Start an empty cluster in a temporary folder; stop and delete it at the end."""
    # not pytest's tmp_path: that is closed to the user to whom root hands the server
    home = Path(tempfile.mkdtemp(prefix="gridcase-", dir="/tmp")).resolve()
    home.chmod(0o755)
    cluster = Cluster(home, durable=durable)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(home)
